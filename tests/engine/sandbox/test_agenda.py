"""The order of time between what is done and what is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mockserver.engine import SECOND, Moment, Simulation
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import TELLING, tell
from tests.support.webhook_receivers import Posts, endpoint, happen
from tests.support.worlds import NOON, World, make_world


class Change(BaseModel):
    """Which note has changed."""

    text: str


def _change(moment: Moment, asked: Change) -> Mapping[str, Any]:
    return {"event": tell(moment, "note.changed", text=asked.text)}


CHANGING = replace(TELLING, simulations=(Simulation("change", "A note changes.", Change, _change),))


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def world(posts: Posts) -> World:
    made = make_world(CHANGING, post=posts)
    endpoint(made)
    return made


def change(world: World, text: str, within: int = 0) -> Mapping[str, Any]:
    return world.sandbox.simulate("change", {"text": text}, within * SECOND)


def test_what_a_timer_tells_is_delivered_at_its_instant(world: World, posts: Posts) -> None:
    seen: list[int] = []
    posts.during = lambda: seen.append(world.sandbox.now() - NOON)
    for within in (40, 10, 20):
        change(world, "a", within)
    world.advance("1m")
    assert seen == [10 * SECOND, 20 * SECOND, 40 * SECOND]


def test_a_move_over_many_timers_waits_for_the_disk_a_few_times_and_not_for_each(tmp_path: Path) -> None:
    waited: list[int] = []
    world = make_world(CHANGING, store=TinyStore(tmp_path, fsync=waited.append))
    for _ in range(50):
        change(world, "a", 10)
    waited.clear()
    world.advance("1m")
    assert len(waited) <= 2


def test_nobody_outside_is_told_of_what_is_not_yet_on_the_disk(tmp_path: Path, posts: Posts) -> None:
    order: list[str] = []
    posts.during = lambda: order.append("told")
    world = make_world(CHANGING, store=TinyStore(tmp_path, fsync=lambda _handle: order.append("on disk")), post=posts)
    endpoint(world)
    change(world, "a", 10)
    order.clear()
    world.advance("1m")
    assert order.index("on disk") < order.index("told")


def test_a_delivery_goes_before_a_timer_of_the_same_instant(world: World, posts: Posts) -> None:
    order: list[str] = []
    posts.during = lambda: order.append(posts.ids[-1])
    posts.answer = lambda _url, nth: 500 if nth == 0 else 200
    happen(world)
    world.settle()
    change(world, "a", 300)
    world.advance("5m")
    assert order == ["evt_1", "evt_1", "evt_2"]


def test_done_tells_of_timers_only_and_all_of_them(world: World) -> None:
    change(world, "a", 10)
    happen(world)
    told = world.advance("1m")["done"]
    assert [(each["action"], each["result"]) for each in told] == [("change", {"event": "evt_2"})]


def test_what_could_not_be_done_is_told_and_keeps_nothing_back(world: World, posts: Posts) -> None:
    change(world, "a", 10)
    with world.sandbox.transaction() as space:
        (timer,) = [record for _, record in space.scan("_timers")]
        space.put("_timers", {**timer, "parameters": {"txet": "a"}})
    change(world, "b", 20)
    done = world.advance("1m")["done"]
    assert ["error" in each for each in done] == [True, False]
    assert len(posts.sent) == 1


def test_the_soonest_is_the_first_of_both(world: World) -> None:
    agenda = world.sandbox.agenda
    assert agenda.soonest is None
    change(world, "a", 10)
    assert agenda.soonest == NOON + 10 * SECOND
    happen(world)
    assert agenda.soonest == NOON
    world.settle()
    assert agenda.soonest == NOON + 10 * SECOND


def test_every_instant_is_reached_before_what_happens_at_it_and_none_beyond(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, _nth: 500
    happen(world)
    change(world, "a", 60)
    reached: list[int] = []
    world.sandbox.agenda.catch_up(NOON + 60 * SECOND, lambda instant: reached.append(instant - NOON))
    assert reached == [0, 60 * SECOND, 60 * SECOND]


def test_one_move_delivers_what_two_would(posts: Posts) -> None:
    def run(*moves: str) -> list[bytes]:
        told = Posts(answer=lambda _url, nth: None if nth % 3 else 200)
        world = make_world(CHANGING, post=told)
        endpoint(world)
        for within in (5, 90, 400):
            change(world, str(within), within)
        for move in moves:
            world.advance(move)
        return [body + str(headers).encode() for _, headers, body in told.sent]

    assert run("3h") == run("1m", "7m", "172m")
