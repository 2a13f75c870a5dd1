"""One attempt as data: what is sent, and what is delivered."""

from __future__ import annotations

import pytest

from mockserver.engine import Outcome
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.engine.webhooks.post import Unsent
from tests.support.acme import TELLING
from tests.support.webhook_receivers import endpoint, happen, states
from tests.support.worlds import NOON, World, make_world


def attempt(world: World) -> Attempt:
    sandbox = world.sandbox
    where = endpoint(world)
    happen(world)
    assert sandbox.provider.webhooks is not None
    return Attempt.of(sandbox, sandbox.provider.webhooks, sandbox.outbox.all()[0], where, NOON)


@pytest.mark.parametrize(
    ("status", "delivered"), [(None, False), (199, False), (200, True), (299, True), (300, False), (500, False)]
)
def test_an_outcome_is_a_delivery_from_200_to_299(status: int | None, delivered: bool) -> None:
    assert Outcome(status).delivered is delivered


def test_without_faults_what_is_signed_is_what_is_sent() -> None:
    made = attempt(make_world(TELLING))
    assert (made.signed, made.signed_at, made.copies) == (made.body, NOON, 1)
    assert (made.leaves, made.first) == (True, True)


def test_one_that_is_dropped_or_put_off_does_not_leave() -> None:
    made = attempt(make_world(TELLING))
    made.put_off = 0
    assert not made.leaves
    made.put_off, made.dropped = None, True
    assert not made.leaves


def test_the_headers_are_made_of_what_is_signed_when_and_with_which_secrets() -> None:
    made = attempt(make_world(TELLING))
    style = TELLING.webhooks
    assert style is not None
    whole = made.headers(style)
    for name, value in (("signed", b"other"), ("signed_at", NOON - 10**6), ("secrets", ("other",))):
        kept = getattr(made, name)
        setattr(made, name, value)
        assert made.headers(style) != whole
        setattr(made, name, kept)
    made.body = b"spoilt"
    assert made.headers(style) == whole


def test_an_engine_without_a_server_sends_nothing_and_says_so() -> None:
    world = make_world(TELLING, post=Unsent())
    endpoint(world, "anything goes")
    happen(world)
    world.settle()
    assert states(world) == ["pending"]
    assert world.sandbox.outbox.all()[0]["attempts"][0]["error"] == "this engine sends nothing"
