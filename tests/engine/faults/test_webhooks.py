"""Every kind of fault of webhooks, as a receiver that checks signatures sees it and as the delivery's record tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.engine import SECOND, Fault, FaultRule, Forged, as_json
from tests.support.acme import TELLING
from tests.support.webhook_receivers import Letter, Receiver, happen, receiving, states, verified
from tests.support.worlds import NOON, World, make_world

KINDS = sorted(kind for kind, model in Fault.KINDS.items() if model.ON == "webhooks")
NOW = NOON // SECOND


@pytest.fixture
def world() -> World:
    return make_world(TELLING)


@pytest.fixture
def receiver(world: World) -> Iterator[Receiver]:
    with receiving() as listening:
        world.sandbox.endpoints.add(listening.url())
        yield listening


def rule(world: World, kind: str, **rest: Any) -> None:
    fault = {"kind": kind, **rest.pop("fault", {})}
    world.sandbox.ruleset.set([FaultRule.model_validate_json(as_json({"id": "it", "fault": fault, **rest}))])


def secret(world: World) -> str:
    return str(world.sandbox.endpoints.all()[0]["secret"])


def check(world: World, letter: Letter, now: int = NOW) -> None:
    verified(world.sandbox, letter, secret(world), now)


def heard(receiver: Receiver) -> list[str]:
    return [letter.headers["webhook-id"] for letter in receiver.heard]


def test_there_are_eight_kinds() -> None:
    assert len(KINDS) == 8


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "old_timestamp", "truncated_webhook"])
def test_what_a_receiver_must_refuse_it_refuses_and_the_record_names_the_rule(
    world: World, receiver: Receiver, kind: str
) -> None:
    rule(world, kind, trigger={"times": 1})
    happen(world, 2)
    world.settle()
    spoilt, good = receiver.heard
    with pytest.raises(Forged):
        check(world, spoilt)
    check(world, good)
    first, second = world.sandbox.outbox.all()
    assert (first["faults"], first["attempts"][0]["faults"], second["faults"]) == (["it"], ["it"], [])
    assert first["attempts"][0]["body"].encode() == spoilt.body


def test_a_bad_signature_is_one_over_another_body(world: World, receiver: Receiver) -> None:
    rule(world, "bad_signature")
    happen(world)
    world.settle()
    (letter,) = receiver.heard
    check(world, Letter(letter.path, letter.headers, letter.body + b" ", letter.raw_headers))


def test_an_old_timestamp_is_signed_rightly_as_of_then(world: World, receiver: Receiver) -> None:
    rule(world, "old_timestamp", fault={"by": "1h"})
    happen(world)
    world.settle()
    with pytest.raises(Forged, match="3600 s ago"):
        check(world, receiver.heard[0])
    check(world, receiver.heard[0], NOW - 3600)


def test_an_old_timestamp_never_goes_below_1970(world: World, receiver: Receiver) -> None:
    rule(world, "old_timestamp", fault={"by": "30000d"})
    happen(world)
    world.settle()
    assert receiver.heard[0].headers["webhook-timestamp"] == "0"


def test_a_wrong_secret_is_a_strange_one_where_none_has_ended(world: World, receiver: Receiver) -> None:
    before = secret(world)
    id = world.sandbox.endpoints.all()[0]["id"]
    rule(world, "wrong_secret")
    happen(world)
    world.settle()
    world.sandbox.endpoints.rotate(id, overlap=60 * SECOND)
    happen(world)
    world.settle()
    for letter in receiver.heard:
        for known in (before, secret(world)):
            with pytest.raises(Forged):
                verified(world.sandbox, letter, known, NOW)


def test_a_wrong_secret_is_the_one_before_once_that_has_ended(world: World, receiver: Receiver) -> None:
    before = secret(world)
    world.sandbox.endpoints.rotate(world.sandbox.endpoints.all()[0]["id"])
    rule(world, "wrong_secret")
    happen(world)
    world.settle()
    with pytest.raises(Forged):
        check(world, receiver.heard[0])
    verified(world.sandbox, receiver.heard[0], before, NOW)


@pytest.mark.parametrize("fraction", [0, 0.5, 0.9])
def test_a_truncated_delivery_is_a_part_of_the_body_whose_length_is_told(
    world: World, receiver: Receiver, fraction: float
) -> None:
    happen(world)
    world.settle()
    rule(world, "truncated_webhook", fault={"fraction": fraction})
    happen(world)
    world.settle()
    whole, part = receiver.heard
    assert part.body == whole.body[: int(len(whole.body) * fraction)]
    assert part.headers["content-length"] == str(len(part.body))


@pytest.mark.parametrize("copies", [2, 5])
def test_a_duplicate_arrives_several_times_the_same_to_the_byte(world: World, receiver: Receiver, copies: int) -> None:
    rule(world, "duplicate_webhook", fault={"copies": copies}, trigger={"times": 1})
    happen(world, 2)
    world.settle()
    assert heard(receiver) == ["evt_1"] * copies + ["evt_2"]
    assert len({(letter.body, letter.raw_headers) for letter in receiver.heard[:copies]}) == 1
    check(world, receiver.heard[0])
    assert len(world.sandbox.outbox.all()[0]["attempts"]) == copies


def test_a_dropped_delivery_never_arrives_and_the_record_says_so(world: World, receiver: Receiver) -> None:
    rule(world, "dropped_webhook", trigger={"times": 1})
    happen(world, 2)
    world.settle()
    world.advance("30d")
    assert heard(receiver) == ["evt_2"]
    first = world.sandbox.outbox.all()[0]
    assert (first["state"], first["due"], first["attempts"], first["faults"]) == ("dropped", None, [], ["it"])


def test_a_delayed_delivery_arrives_that_much_later_under_a_new_signature(world: World, receiver: Receiver) -> None:
    rule(world, "delayed_webhook", fault={"by": "10m"})
    happen(world)
    world.settle()
    assert (receiver.heard, states(world), world.sandbox.outbox.all()[0]["faults"]) == ([], ["pending"], ["it"])
    world.advance("599s")
    assert receiver.heard == []
    world.advance("1s")
    check(world, receiver.heard[0], NOW + 600)
    with pytest.raises(Forged):
        check(world, receiver.heard[0])


def test_a_delayed_delivery_is_put_off_once_and_then_follows_its_schedule(world: World, receiver: Receiver) -> None:
    rule(world, "delayed_webhook", fault={"by": "10m"})
    receiver.answers = [500]
    happen(world)
    world.advance("30d")
    (delivery,) = world.sandbox.outbox.all()
    assert [each["at"] - NOON for each in delivery["attempts"]] == [600 * SECOND, 900 * SECOND]


def test_reordered_deliveries_arrive_in_swapped_pairs(world: World, receiver: Receiver) -> None:
    rule(world, "reordered_webhooks")
    happen(world, 4)
    world.settle()
    assert heard(receiver) == ["evt_2", "evt_1", "evt_4", "evt_3"]
    assert states(world) == ["delivered"] * 4
    for letter in receiver.heard:
        check(world, letter)


def test_a_reordered_delivery_with_nobody_behind_it_goes_after_a_while(world: World, receiver: Receiver) -> None:
    rule(world, "reordered_webhooks", fault={"within": "2m"})
    happen(world)
    world.settle()
    world.advance("119s")
    assert receiver.heard == []
    world.advance("1s")
    assert heard(receiver) == ["evt_1"]


def test_a_delivery_that_was_reordered_is_not_sent_again_by_the_next(world: World, receiver: Receiver) -> None:
    rule(world, "reordered_webhooks", trigger={"times": 1})
    happen(world)
    world.advance("5m")
    happen(world, 2)
    world.advance("5m")
    assert heard(receiver) == ["evt_1", "evt_2", "evt_3"]


def test_a_delivery_of_another_endpoint_lets_nobody_go(world: World, receiver: Receiver) -> None:
    rule(world, "reordered_webhooks", trigger={"times": 1})
    with receiving() as other:
        world.sandbox.endpoints.add(other.url(), events=["note.deleted"])
        happen(world)
        happen(world, type="note.deleted")
        world.sandbox.endpoints.change(world.sandbox.endpoints.all()[0]["id"], events=["note.created"])
        world.settle()
    assert [letter.headers["webhook-id"] for letter in other.heard] == ["evt_2"]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, True),
        ({"event": "note.*"}, True),
        ({"event": "note.deleted"}, False),
        ({"endpoint": "*/hooks"}, True),
        ({"endpoint": "we_*"}, True),
        ({"endpoint": "we_none"}, False),
        ({"body": {"$.data.text": "a"}}, True),
        ({"body": {"$.data.text": {"starts_with": "b"}}}, False),
        ({"event": "note.*", "body": {"$.type": "note.deleted"}}, False),
    ],
)
def test_a_rule_hits_the_deliveries_that_match(
    world: World, receiver: Receiver, match: dict[str, Any], hit: bool
) -> None:
    rule(world, "dropped_webhook", match=match)
    happen(world, text="a")
    world.settle()
    assert (receiver.heard == []) is hit
    shown = world.admin("GET", "/sandboxes/acme/faults/it").json
    assert (shown["matched"], shown["fired"]) == (int(hit), int(hit))


def test_a_rule_begins_and_ends_on_the_sandboxs_clock_and_counts_attempts(world: World, receiver: Receiver) -> None:
    rule(world, "bad_signature", trigger={"after": "5m", "ttl": "10m"})
    receiver.answers = [500, 500]
    happen(world)
    world.advance("1h")
    verdicts = []
    for letter, at in zip(receiver.heard, (0, 300, 2100), strict=True):
        try:
            check(world, letter, NOW + at)
            verdicts.append(True)
        except Forged:
            verdicts.append(False)
    assert verdicts == [True, False, True]
    shown = world.admin("GET", "/sandboxes/acme/faults/it").json
    assert (shown["matched"], shown["fired"]) == (1, 1)


def test_a_rule_that_is_off_does_nothing(world: World, receiver: Receiver) -> None:
    rule(world, "dropped_webhook", enabled=False)
    happen(world)
    world.settle()
    assert heard(receiver) == ["evt_1"]


def test_several_rules_may_hit_one_delivery(world: World, receiver: Receiver) -> None:
    kinds = ("duplicate_webhook", "truncated_webhook")
    world.sandbox.ruleset.set([FaultRule.model_validate({"id": kind, "fault": {"kind": kind}}) for kind in kinds])
    happen(world)
    world.settle()
    assert len(receiver.heard) == 2
    assert world.sandbox.outbox.all()[0]["faults"] == list(kinds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["method", "path", "operation", "key", "headers"])
def test_what_is_for_calls_only_is_refused_on_a_rule_for_webhooks(world: World, kind: str, field: str) -> None:
    value: Any = {"x": "y"} if field == "headers" else "GET"
    refused = world.admin("PUT", "/sandboxes/acme/faults/it", {"fault": {"kind": kind}, "match": {field: value}})
    assert refused.status_code == 422
    assert f"match.{field} is not for webhooks" in refused.json["detail"]


@pytest.mark.parametrize("field", ["event", "endpoint"])
def test_what_is_for_webhooks_only_is_refused_on_a_rule_for_calls(world: World, field: str) -> None:
    refused = world.admin("PUT", "/sandboxes/acme/faults/it", {"fault": {"kind": "reset"}, "match": {field: "x"}})
    assert (refused.status_code, f"match.{field} is not for calls" in refused.json["detail"]) == (422, True)


def test_deliveries_are_counted_per_rule_only(world: World) -> None:
    body = {"fault": {"kind": "bad_signature"}, "trigger": {"per": "key"}}
    refused = world.admin("PUT", "/sandboxes/acme/faults/it", body)
    assert (refused.status_code, "counted per rule only" in refused.json["detail"]) == (422, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_for_webhooks_leaves_calls_alone_and_misses_none_of_them(world: World, kind: str) -> None:
    rule(world, kind)
    assert world.ask("GET", "/v1/notes").status_code == 200
    shown = world.admin("GET", "/sandboxes/acme/faults/it").json
    assert (shown["matched"], shown["nearest_miss"]) == (0, None)


def test_a_rule_that_never_hit_names_the_delivery_that_came_nearest(world: World, receiver: Receiver) -> None:
    match = {"event": "note.deleted", "body": {"$.data.text": "b"}}
    rule(world, "dropped_webhook", match=match)
    world.ask("POST", "/v1/notes", json={"text": "b"})
    happen(world, type="note.created", text="a")
    happen(world, type="note.deleted", text="a")
    happen(world, type="note.changed", text="a")
    world.settle()
    shown = world.admin("GET", "/sandboxes/acme/faults/it").json
    near = world.sandbox.outbox.all()[2]
    why = ["$.data.text is 'a'"]
    assert shown["nearest_miss"] == {"id": near["id"], "event": "note.deleted", "why": why}


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ({"kind": "duplicate_webhook", "copies": 1}, "copies"),
        ({"kind": "duplicate_webhook", "copies": 11}, "copies"),
        ({"kind": "delayed_webhook", "by": 5}, "by"),
        ({"kind": "old_timestamp", "by": "soon"}, "by"),
        ({"kind": "reordered_webhooks", "within": "-1s"}, "within"),
        ({"kind": "truncated_webhook", "fraction": 1}, "fraction"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_and_named(world: World, fault: dict[str, Any], where: str) -> None:
    refused = world.admin("PUT", "/sandboxes/acme/faults/it", {"fault": fault})
    assert (refused.status_code, f"fault.{fault['kind']}.{where}" in refused.json["detail"]) == (422, True)


def test_the_same_seed_spoils_the_same_deliveries(receiver: Receiver) -> None:
    def spoilt() -> list[bool]:
        world = make_world(TELLING)
        world.sandbox.endpoints.add(receiver.url())
        rule(world, "dropped_webhook", trigger={"probability": 0.5})
        happen(world, 30)
        world.settle()
        return [state == "dropped" for state in states(world)]

    first = spoilt()
    assert 5 < sum(first) < 25
    assert spoilt() == first
