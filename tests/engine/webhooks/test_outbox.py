"""What is on its way out: when it leaves, what becomes of it, and what may come in between."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import SECOND, FaultRule, Refusal, Unknown, return_to_snapshot, take_snapshot
from mockserver.engine.webhooks import deliveries, outbox
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import TELLING
from tests.support.webhook_receivers import Posts, endpoint, happen, instants, states
from tests.support.worlds import NOON, World, make_world

MINUTE = 60 * SECOND
WAITS = [5 * MINUTE, 30 * MINUTE, 120 * MINUTE]
NOBODY = "http://127.0.0.1:9/b"


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def world(posts: Posts) -> World:
    return make_world(TELLING, post=posts)


def only(world: World) -> Any:
    (delivery,) = world.sandbox.outbox.all()
    return delivery


def test_an_event_leaves_once_for_everyone_who_asked_for_its_type(world: World, posts: Posts) -> None:
    for name, events in (("all", ["*"]), ("made", ["note.created"]), ("gone", ["note.deleted"])):
        endpoint(world, f"http://127.0.0.1:9/{name}", events=events)
    happen(world)
    world.settle()
    assert [url.rpartition("/")[2] for url, _, _ in posts.sent] == ["all", "made"]
    assert states(world) == ["delivered", "delivered"]


def test_an_event_whose_transaction_fails_never_leaves(world: World, posts: Posts) -> None:
    endpoint(world)
    with pytest.raises(RuntimeError), world.sandbox.transaction():
        happen(world)
        raise RuntimeError
    world.settle()
    assert (posts.sent, states(world), world.sandbox.outbox.next_due) == ([], [], None)


def test_an_event_before_anyone_asked_is_told_to_nobody(world: World, posts: Posts) -> None:
    happen(world)
    endpoint(world)
    world.settle()
    assert posts.sent == []


def test_nothing_is_sent_while_the_sandbox_is_locked(world: World, posts: Posts) -> None:
    entered: list[bool] = []

    def look() -> None:
        other = Thread(target=lambda: entered.append(world.ask("GET", "/v1/notes").status_code == 200))
        other.start()
        other.join(10)

    posts.during = look
    endpoint(world)
    happen(world)
    world.settle()
    assert entered == [True]


def test_a_receiver_that_refuses_is_told_again_as_the_schedule_says_and_then_no_more(
    world: World, posts: Posts
) -> None:
    posts.answer = lambda _url, _nth: 500
    endpoint(world)
    happen(world)
    world.settle()
    assert (states(world), only(world)["due"]) == (["pending"], NOON + WAITS[0])
    world.advance("30d")
    assert states(world) == ["failed"]
    passed = [NOON, NOON + WAITS[0], NOON + WAITS[0] + WAITS[1], NOON + sum(WAITS)]
    assert instants(only(world)) == passed
    world.advance("30d")
    assert len(posts.sent) == 4


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_status_of_the_two_hundreds_takes_a_delivery(world: World, posts: Posts, status: int) -> None:
    posts.answer = lambda _url, _nth: status
    endpoint(world)
    happen(world)
    world.advance("30d")
    assert (states(world), len(posts.sent)) == (["delivered"], 1)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 304, 400, 410, 500, 503])
def test_any_other_answer_and_none_is_a_failure(world: World, posts: Posts, status: int | None) -> None:
    posts.answer = lambda _url, nth: status if nth == 0 else 200
    endpoint(world)
    happen(world)
    world.advance("30d")
    assert (states(world), len(posts.sent)) == (["delivered"], 2)
    first, second = only(world)["attempts"]
    assert (first["status"], first["error"]) == (status, None if status else "nobody there")
    assert (second["status"], second["error"]) == (200, None)


def test_every_attempt_carries_the_same_id_and_body_and_a_signature_of_its_own(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, _nth: 503
    endpoint(world)
    (event,) = happen(world, text="ü")
    world.advance("30d")
    assert posts.ids == [event] * 4
    assert {body for _, _, body in posts.sent} == {
        '{"type":"note.created","timestamp":"2026-03-01T12:00:00.000000Z","data":{"text":"ü"}}'.encode()
    }
    assert len({dict(headers)["webhook-signature"] for _, headers, _ in posts.sent}) == 4


def test_retries_of_many_run_in_the_order_of_time_before_the_clock_is_set(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, _nth: None
    endpoint(world)
    ids = []
    for _ in range(3):
        ids += happen(world)
        world.advance("1m")
    assert posts.ids == ids
    world.advance("5m")
    assert posts.ids == ids * 2


def test_the_clock_moves_with_what_is_delivered(world: World, posts: Posts) -> None:
    seen: list[int] = []
    posts.answer = lambda _url, _nth: 500
    posts.during = lambda: seen.append(world.sandbox.now())
    endpoint(world)
    happen(world)
    world.advance("1h")
    assert seen == instants(only(world))
    assert world.sandbox.now() == NOON + 60 * MINUTE


def test_a_clock_whose_move_fails_stands_where_it_stood(world: World, posts: Posts) -> None:
    def fail() -> None:
        raise RuntimeError("on purpose")

    endpoint(world)
    happen(world)
    posts.during = fail
    with pytest.raises(RuntimeError):
        world.sandbox.move_clock(lambda clock, _: clock.advance(60 * MINUTE))
    assert world.sandbox.now() == NOON
    posts.during = lambda: None
    world.advance("1h")
    assert states(world) == ["delivered"]


def test_a_move_of_a_sandbox_that_is_reset_meanwhile_is_refused(world: World, posts: Posts) -> None:
    endpoint(world)
    happen(world)
    posts.answer = lambda _url, _nth: 500
    posts.during = lambda: world.engine.reset("acme")
    with pytest.raises(Refusal, match="was reset while its clock was moving"):
        world.sandbox.move_clock(lambda clock, _: clock.advance(60 * MINUTE))
    assert (states(world), len(posts.sent)) == ([], 1)


def test_a_reset_forgets_what_waits_and_what_is_under_way(world: World, posts: Posts) -> None:
    endpoint(world)
    happen(world, 2)
    posts.during = lambda: world.engine.reset("acme")
    world.settle()
    assert (len(posts.sent), states(world), world.sandbox.outbox.next_due) == (1, [], None)


def test_an_attempt_of_a_former_life_says_nothing_about_a_delivery_of_the_same_id(world: World, posts: Posts) -> None:
    endpoint(world)
    happen(world)
    take_snapshot(world.engine, "acme", "before")

    def restore() -> None:
        posts.during = lambda: None
        return_to_snapshot(world.engine, "acme", "before")

    posts.during = restore
    assert world.sandbox.outbox.deliver_next(NOON)
    assert states(world) == ["pending"]
    world.settle()
    assert (states(world), len(posts.sent)) == (["delivered"], 2)


def test_a_sandbox_that_is_deleted_sends_nothing_more(world: World, posts: Posts) -> None:
    made = world.engine.create("acme")
    made.endpoints.add("http://127.0.0.1:9/x")
    world.ask("POST", "/v1/notes", sandbox=made.id, json={"text": "a"})
    parcel = made.outbox.take(made.instant())
    assert parcel is not None
    world.engine.delete(made.id)
    with pytest.raises(Exception, match="is not open"):
        made.outbox.send(parcel)
    assert len(posts.sent) == 1
    assert world.ask("GET", "/v1/notes").status_code == 200


def test_what_waits_survives_a_restart_and_goes_on(tmp_path: Path) -> None:
    first, second = Posts(answer=lambda _url, _nth: 500), Posts()
    store = TinyStore(tmp_path)
    world = make_world(TELLING, store=store, post=first)
    endpoint(world)
    (event,) = happen(world)
    world.settle()
    happen(world)
    store.close()
    store = TinyStore(tmp_path)
    again = make_world(TELLING, store=store, post=second, freeze=False)
    assert again.sandbox.outbox.next_due == NOON
    again.advance("1d")
    assert (states(again), len(second.sent)) == (["delivered", "delivered"], 2)
    assert instants(again.sandbox.outbox.all()[0]) == [NOON, NOON + WAITS[0]]
    assert event in second.ids
    store.close()


def test_what_was_under_way_when_the_server_died_is_sent_again(tmp_path: Path) -> None:
    world = make_world(TELLING, store=TinyStore(tmp_path), post=Posts())
    endpoint(world)
    happen(world)
    assert world.sandbox.outbox.take(NOON) is not None
    world.engine._store.close()
    posts = Posts()
    store = TinyStore(tmp_path)
    again = make_world(TELLING, store=store, post=posts, freeze=False)
    again.settle()
    assert (states(again), len(posts.sent)) == (["delivered"], 1)
    store.close()


def test_an_endpoint_that_is_deleted_is_told_nothing_more(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, _nth: 500
    gone, stays = endpoint(world), endpoint(world, NOBODY)
    happen(world)
    world.settle()
    world.sandbox.endpoints.drop(gone["id"])
    world.advance("1d")
    assert sorted(states(world)) == ["abandoned", "failed"]
    assert [url for url, _, _ in posts.sent].count(gone["url"]) == 1
    assert [url for url, _, _ in posts.sent].count(stays["url"]) == 4


def test_an_endpoint_that_is_switched_off_is_told_nothing_until_it_is_switched_on(world: World, posts: Posts) -> None:
    id = endpoint(world)["id"]
    happen(world)
    world.sandbox.endpoints.change(id, enabled=False)
    happen(world)
    world.settle()
    assert (states(world), posts.sent) == (["abandoned"], [])
    world.sandbox.endpoints.change(id, enabled=True)
    happen(world)
    world.settle()
    assert states(world) == ["abandoned", "delivered"]


@pytest.mark.parametrize("change", ["drop", "disable"])
def test_a_delivery_that_has_nowhere_to_go_is_not_tried_by_hand(world: World, change: str) -> None:
    id = endpoint(world)["id"]
    happen(world)
    world.settle()
    if change == "drop":
        world.sandbox.endpoints.drop(id)
    else:
        world.sandbox.endpoints.change(id, enabled=False)
    with pytest.raises(Refusal, match="has nowhere to go"):
        world.sandbox.outbox.retry(only(world)["id"])
    assert states(world) == ["delivered"]


def test_a_try_by_hand_that_succeeds_ends_the_schedule(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, nth: 500 if nth == 0 else 200
    endpoint(world)
    happen(world)
    world.settle()
    assert world.sandbox.outbox.retry(only(world)["id"])["state"] == "delivered"
    world.advance("30d")
    assert len(posts.sent) == 2


def test_a_try_by_hand_that_fails_leaves_the_schedule_as_it_was(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, _nth: 500
    endpoint(world)
    happen(world)
    world.settle()
    world.advance("1m")
    tried = world.sandbox.outbox.retry(only(world)["id"])
    assert (tried["state"], tried["due"]) == ("pending", NOON + WAITS[0])
    world.advance("30d")
    at = [0, MINUTE, WAITS[0], WAITS[0] + WAITS[1], sum(WAITS)]
    assert instants(only(world)) == [NOON + each for each in at]


def test_what_has_ended_is_tried_by_hand_once_and_not_by_itself(world: World, posts: Posts) -> None:
    posts.answer = lambda _url, nth: 200 if nth == 0 else 500
    endpoint(world)
    happen(world)
    world.settle()
    assert world.sandbox.outbox.retry(only(world)["id"])["state"] == "failed"
    world.advance("30d")
    assert len(posts.sent) == 2


def test_a_replay_goes_once_to_everyone_who_asks_now(world: World, posts: Posts) -> None:
    happen(world)
    event = world.engine.export("acme")["collections"]["_events"][0]
    endpoint(world)
    endpoint(world, NOBODY, events=["note.deleted"])
    posts.answer = lambda _url, _nth: 500
    (replayed,) = world.sandbox.outbox.replay(event)
    assert (replayed["state"], len(replayed["attempts"])) == ("failed", 1)
    world.advance("30d")
    assert len(posts.sent) == 1


def test_a_replay_that_the_courier_has_taken_in_hand_is_not_sent_twice(world: World, posts: Posts) -> None:
    endpoint(world)
    happen(world)
    held = world.sandbox.outbox.take(NOON)
    assert held is not None
    answers: list[Any] = []
    waiting = Thread(target=lambda: answers.append(world.sandbox.outbox.deliver(held.delivery["id"])))
    waiting.start()
    waiting.join(0.05)
    assert (waiting.is_alive(), posts.sent) == (True, [])
    world.sandbox.outbox.send(held)
    waiting.join(10)
    assert ([each["state"] for each in answers], len(posts.sent)) == (["delivered"], 1)


def test_a_delivery_nobody_knows_is_refused_with_the_nearest(world: World) -> None:
    endpoint(world)
    happen(world)
    known = only(world)["id"]
    for ask in (world.sandbox.outbox.get, world.sandbox.outbox.retry):
        with pytest.raises(Unknown, match=f"did you mean '{known}'"):
            ask(known[:-1])


def test_two_never_go_to_one_endpoint_at_the_same_time(world: World) -> None:
    endpoint(world)
    endpoint(world, NOBODY)
    happen(world, 2)
    box = world.sandbox.outbox
    held = [box.take(NOON) for _ in range(3)]
    assert [parcel is not None for parcel in held] == [True, True, False]
    assert (box.next_due, box.next_free) == (NOON, None)
    assert held[0] is not None
    assert held[1] is not None
    box.send(held[1])
    assert box.next_free == NOON
    following = box.take(NOON)
    assert following is not None
    assert following.delivery["endpoint"] == held[1].delivery["endpoint"]


def test_a_move_of_the_clock_waits_for_what_is_under_way(world: World, posts: Posts) -> None:
    endpoint(world)
    happen(world, 2)
    held = world.sandbox.outbox.take(NOON)
    assert held is not None
    moved = Thread(target=world.advance, args=("1h",))
    moved.start()
    moved.join(0.05)
    assert moved.is_alive()
    assert posts.sent == []
    world.sandbox.outbox.send(held)
    moved.join(10)
    assert (states(world), posts.ids) == (["delivered", "delivered"], ["evt_1", "evt_2"])


def test_a_full_outbox_gives_up_what_is_done_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BOUND", 3)
    posts = Posts(answer=lambda url, _nth: 500 if url == NOBODY else 200)
    world.sandbox.post = posts
    endpoint(world, NOBODY)
    happen(world, 2)
    world.settle()
    world.sandbox.endpoints.change(world.sandbox.endpoints.all()[0]["id"], url="http://127.0.0.1:9/well")
    happen(world, 1)
    world.settle()
    happen(world, 1)
    kept = [(each["event"]["id"], each["state"]) for each in world.sandbox.outbox.all()]
    assert kept == [("evt_1", "pending"), ("evt_2", "pending"), ("evt_4", "pending")]


def test_a_full_outbox_in_which_everything_waits_gives_up_the_oldest_and_says_so(
    world: World, posts: Posts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries, "BOUND", 3)
    endpoint(world)
    happen(world, 4)
    world.settle()
    assert posts.ids == ["evt_2", "evt_3", "evt_4"]
    assert "3 deliveries wait" in caplog.text


def test_a_delivery_that_was_given_up_under_way_does_not_come_back(
    world: World, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "BOUND", 1)
    endpoint(world)
    happen(world)
    held = world.sandbox.outbox.take(NOON)
    assert held is not None
    happen(world)
    world.sandbox.outbox.send(held)
    assert [each["event"]["id"] for each in world.sandbox.outbox.all()] == ["evt_2"]


def test_what_is_kept_of_an_attempt_is_bounded(world: World, posts: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "BODY_KEPT", 10)
    monkeypatch.setattr(outbox, "ANSWER_KEPT", 5)
    monkeypatch.setattr(outbox, "ATTEMPTS_KEPT", 2)
    endpoint(world)
    happen(world)
    world.settle()
    id = only(world)["id"]
    for _ in range(3):
        world.sandbox.outbox.retry(id)
    attempts = only(world)["attempts"]
    assert [(each["body"], each["answer"], each["milliseconds"]) for each in attempts] == [
        ('{"type":"n', "heard", 250.0)
    ] * 2
    assert len(posts.sent) == 4


def test_an_attempt_that_cannot_be_made_leaves_its_endpoint_free(
    world: World, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(world)
    happen(world)

    def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "of", fail)
        with pytest.raises(RuntimeError):
            world.sandbox.outbox.take(NOON)
    world.settle()
    assert states(world) == ["delivered"]


def test_a_delivery_that_could_not_be_taken_in_hand_leaves_its_endpoint_free(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(world)
    happen(world)

    def fail(_space: object) -> None:
        raise OSError("the store has failed")

    with monkeypatch.context() as patch:
        patch.setattr(world.sandbox.outbox, "read", fail)
        with pytest.raises(OSError, match="has failed"):
            world.sandbox.outbox.take(NOON)
    world.settle()
    assert states(world) == ["delivered"]


def test_what_has_ended_and_is_put_off_when_tried_by_hand_still_goes_once(world: World, posts: Posts) -> None:
    fault = {"kind": "dropped_webhook"}
    world.sandbox.ruleset.set([FaultRule.model_validate({"id": "it", "fault": fault})])
    endpoint(world)
    happen(world)
    world.settle()
    world.sandbox.ruleset.set([FaultRule.model_validate({"id": "it", "fault": {"kind": "delayed_webhook"}})])
    posts.answer = lambda _url, _nth: 500
    assert world.sandbox.outbox.retry(only(world)["id"])["state"] == "pending"
    world.advance("30d")
    assert (states(world), instants(only(world))) == (["failed"], [NOON + MINUTE])


@pytest.mark.parametrize(("statuses", "state", "sent"), [([500, 200], "delivered", 2), ([200, 500], "delivered", 2)])
def test_of_two_copies_one_that_arrives_is_enough(
    world: World, posts: Posts, statuses: list[int], state: str, sent: int
) -> None:
    world.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "duplicate_webhook"}})])
    posts.answer = lambda _url, nth: statuses[nth]
    endpoint(world)
    happen(world)
    world.advance("30d")
    assert (states(world), len(posts.sent)) == ([state], sent)


def test_copies_that_fail_count_as_one_attempt_of_the_schedule(world: World, posts: Posts) -> None:
    world.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "duplicate_webhook"}})])
    posts.answer = lambda _url, _nth: 500
    endpoint(world)
    happen(world)
    world.advance("30d")
    at = [0, WAITS[0], WAITS[0] + WAITS[1], sum(WAITS)]
    assert instants(only(world)) == [NOON + each for each in at for _ in range(2)]


def test_a_hundred_equal_requests_at_once_make_one_note_one_event_and_one_delivery(world: World, posts: Posts) -> None:
    endpoint(world)
    headers, answers = {"Idempotency-Key": "k"}, []
    begin = Event()

    def send() -> None:
        begin.wait(10)
        answers.append(world.ask("POST", "/v1/notes", json={"text": "a"}, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(100)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(30)
    world.settle()
    collections = world.engine.export("acme")["collections"]
    assert (len(answers), set(answers) <= {201, 409}) == (100, True)
    assert [len(collections[name]) for name in ("notes", "_events", "_deliveries")] == [1, 1, 1]
    assert len(posts.sent) == 1


WAIT = st.sampled_from([0, 1, 30, 60, 600]).map(lambda seconds: seconds * SECOND)
STEP = st.one_of(
    st.tuples(st.just("happen"), st.integers(1, 3)),
    st.tuples(st.just("advance"), WAIT),
    st.tuples(st.just("retry"), st.integers(0, 20)),
)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(STEP, max_size=12),
    waits=st.lists(WAIT, max_size=4),
    verdicts=st.lists(st.sampled_from([200, 500, None]), min_size=1, max_size=40),
)
def test_whatever_happens_every_delivery_ends_after_exactly_its_schedule_and_none_is_lost(
    steps: list[tuple[str, int]], waits: list[int], verdicts: list[int | None]
) -> None:
    posts = Posts(answer=lambda _url, nth: verdicts[nth % len(verdicts)])
    world = make_world(TELLING, post=posts)
    world.sandbox.configure({"assumptions": {"webhook_retries": [f"{wait // SECOND}s" for wait in waits]}})
    urls = {endpoint(world)["id"], endpoint(world, NOBODY)["id"]}
    when: list[tuple[int, str]] = []
    posts.during = lambda: when.append((world.sandbox.instant(), posts.sent[-1][0]))
    events, by_hand = 0, 0
    for step, value in steps:
        if step == "happen":
            events += len(happen(world, value))
        elif step == "advance":
            world.sandbox.move_clock(lambda clock, _, by=value: clock.advance(by))  # type: ignore[misc]
        elif kept := world.sandbox.outbox.all():
            world.sandbox.outbox.retry(kept[value % len(kept)]["id"])
            by_hand += 1
    world.advance("1d")
    ended = world.sandbox.outbox.all()
    assert len(ended) == events * len(urls)
    for delivery in ended:
        assert delivery["state"] in ("delivered", "failed")
        assert delivery["tries"] <= len(waits) + 1
        last = delivery["attempts"][-1]["status"]
        assert (last == 200) == (delivery["state"] == "delivered")
        if not by_hand:
            made = instants(delivery)
            begun = delivery["event"]["created_at"]
            assert made[0] == begun
            assert [later - earlier for earlier, later in pairwise(made)] == waits[: len(made) - 1]
            assert delivery["state"] == "delivered" or len(made) == len(waits) + 1
    assert len(when) == sum(len(each["attempts"]) for each in ended)
    for url in {url for _, url in when}:
        instants_there = [at for at, there in when if there == url]
        assert instants_there == sorted(instants_there)
