"""The fault kinds for webhooks: their effect on a receiver that checks signatures, and on the delivery record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.engine import SECOND, Fault, FaultRule, InvalidSignature, as_json
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import (
    CapturedWebhook,
    Receiver,
    delivery_states,
    emit_events,
    run_receiver,
    verify_webhook,
)

KINDS = sorted(kind for kind, model in Fault.KINDS.items() if model.APPLIES_TO == "webhooks")
NOW = NOON // SECOND


@pytest.fixture
def harness() -> Harness:
    return make_harness(ACME_WITH_WEBHOOKS)


@pytest.fixture
def receiver(harness: Harness) -> Iterator[Receiver]:
    with run_receiver() as listening:
        harness.sandbox.endpoints.add(listening.url())
        yield listening


def rule(harness: Harness, kind: str, **rest: Any) -> None:
    fault = {"kind": kind, **rest.pop("fault", {})}
    harness.sandbox.ruleset.set([FaultRule.model_validate_json(as_json({"id": "it", "fault": fault, **rest}))])


def secret(harness: Harness) -> str:
    return str(harness.sandbox.endpoints.all()[0]["secret"])


def check(harness: Harness, webhook: CapturedWebhook, now: int = NOW) -> None:
    verify_webhook(harness.sandbox, webhook, secret(harness), now)


def received_events(receiver: Receiver) -> list[str]:
    return [webhook.headers["webhook-id"] for webhook in receiver.received]


def test_there_are_eight_kinds() -> None:
    assert len(KINDS) == 8


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "old_timestamp", "truncated_webhook"])
def test_a_receiver_refuses_a_faulty_webhook_and_the_delivery_names_the_rule(
    harness: Harness, receiver: Receiver, kind: str
) -> None:
    rule(harness, kind, trigger={"times": 1})
    emit_events(harness, 2)
    harness.deliver_due()
    faulty, good = receiver.received
    with pytest.raises(InvalidSignature):
        check(harness, faulty)
    check(harness, good)
    first, second = harness.sandbox.outbox.all()
    assert (first["faults"], first["attempts"][0]["faults"], second["faults"]) == (["it"], ["it"], [])
    assert first["attempts"][0]["body"].encode() == faulty.body


def test_a_bad_signature_is_computed_over_another_body(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "bad_signature")
    emit_events(harness)
    harness.deliver_due()
    (webhook,) = receiver.received
    check(harness, CapturedWebhook(webhook.path, webhook.headers, webhook.body + b" ", webhook.raw_headers))


def test_an_old_timestamp_has_a_signature_that_was_valid_then(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "old_timestamp", fault={"by": "1h"})
    emit_events(harness)
    harness.deliver_due()
    with pytest.raises(InvalidSignature, match="3600 s ago"):
        check(harness, receiver.received[0])
    check(harness, receiver.received[0], NOW - 3600)


def test_an_old_timestamp_is_never_before_1970(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "old_timestamp", fault={"by": "30000d"})
    emit_events(harness)
    harness.deliver_due()
    assert receiver.received[0].headers["webhook-timestamp"] == "0"


def test_a_wrong_secret_is_unknown_while_no_earlier_secret_has_ended(harness: Harness, receiver: Receiver) -> None:
    before = secret(harness)
    id = harness.sandbox.endpoints.all()[0]["id"]
    rule(harness, "wrong_secret")
    emit_events(harness)
    harness.deliver_due()
    harness.sandbox.endpoints.rotate(id, overlap=60 * SECOND)
    emit_events(harness)
    harness.deliver_due()
    for webhook in receiver.received:
        for known in (before, secret(harness)):
            with pytest.raises(InvalidSignature):
                verify_webhook(harness.sandbox, webhook, known, NOW)


def test_a_wrong_secret_is_the_previous_one_after_its_end(harness: Harness, receiver: Receiver) -> None:
    before = secret(harness)
    harness.sandbox.endpoints.rotate(harness.sandbox.endpoints.all()[0]["id"])
    rule(harness, "wrong_secret")
    emit_events(harness)
    harness.deliver_due()
    with pytest.raises(InvalidSignature):
        check(harness, receiver.received[0])
    verify_webhook(harness.sandbox, receiver.received[0], before, NOW)


@pytest.mark.parametrize("fraction", [0, 0.5, 0.9])
def test_a_truncated_webhook_has_a_part_of_the_body_and_its_length(
    harness: Harness, receiver: Receiver, fraction: float
) -> None:
    emit_events(harness)
    harness.deliver_due()
    rule(harness, "truncated_webhook", fault={"fraction": fraction})
    emit_events(harness)
    harness.deliver_due()
    whole, part = receiver.received
    assert part.body == whole.body[: int(len(whole.body) * fraction)]
    assert part.headers["content-length"] == str(len(part.body))


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_a_duplicate_webhook_are_identical(harness: Harness, receiver: Receiver, copies: int) -> None:
    rule(harness, "duplicate_webhook", fault={"copies": copies}, trigger={"times": 1})
    emit_events(harness, 2)
    harness.deliver_due()
    assert received_events(receiver) == ["evt_1"] * copies + ["evt_2"]
    assert len({(webhook.body, webhook.raw_headers) for webhook in receiver.received[:copies]}) == 1
    check(harness, receiver.received[0])
    assert len(harness.sandbox.outbox.all()[0]["attempts"]) == copies


def test_a_dropped_delivery_never_arrives_and_has_the_state_dropped(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "dropped_webhook", trigger={"times": 1})
    emit_events(harness, 2)
    harness.deliver_due()
    harness.advance("30d")
    assert received_events(receiver) == ["evt_2"]
    first = harness.sandbox.outbox.all()[0]
    assert (first["state"], first["due"], first["attempts"], first["faults"]) == ("dropped", None, [], ["it"])


def test_a_delayed_delivery_arrives_later_with_a_new_signature(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "delayed_webhook", fault={"by": "10m"})
    emit_events(harness)
    harness.deliver_due()
    assert (receiver.received, delivery_states(harness), harness.sandbox.outbox.all()[0]["faults"]) == (
        [],
        ["pending"],
        ["it"],
    )
    harness.advance("599s")
    assert receiver.received == []
    harness.advance("1s")
    check(harness, receiver.received[0], NOW + 600)
    with pytest.raises(InvalidSignature):
        check(harness, receiver.received[0])


def test_a_delivery_is_delayed_once_and_then_follows_its_retry_schedule(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "delayed_webhook", fault={"by": "10m"})
    receiver.response_statuses = [500]
    emit_events(harness)
    harness.advance("30d")
    (delivery,) = harness.sandbox.outbox.all()
    assert [each["at"] - NOON for each in delivery["attempts"]] == [600 * SECOND, 900 * SECOND]


def test_reordered_deliveries_arrive_in_swapped_pairs(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "reordered_webhooks")
    emit_events(harness, 4)
    harness.deliver_due()
    assert received_events(receiver) == ["evt_2", "evt_1", "evt_4", "evt_3"]
    assert delivery_states(harness) == ["delivered"] * 4
    for webhook in receiver.received:
        check(harness, webhook)


def test_a_reordered_delivery_without_a_successor_is_sent_after_a_while(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "reordered_webhooks", fault={"within": "2m"})
    emit_events(harness)
    harness.deliver_due()
    harness.advance("119s")
    assert receiver.received == []
    harness.advance("1s")
    assert received_events(receiver) == ["evt_1"]


def test_a_delivery_that_was_reordered_is_not_sent_again_by_the_next(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "reordered_webhooks", trigger={"times": 1})
    emit_events(harness)
    harness.advance("5m")
    emit_events(harness, 2)
    harness.advance("5m")
    assert received_events(receiver) == ["evt_1", "evt_2", "evt_3"]


def test_a_delivery_to_another_endpoint_does_not_release_a_reordered_one(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "reordered_webhooks", trigger={"times": 1})
    with run_receiver() as other:
        harness.sandbox.endpoints.add(other.url(), events=["note.deleted"])
        emit_events(harness)
        emit_events(harness, type="note.deleted")
        harness.sandbox.endpoints.update(harness.sandbox.endpoints.all()[0]["id"], events=["note.created"])
        harness.deliver_due()
    assert [webhook.headers["webhook-id"] for webhook in other.received] == ["evt_2"]


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
    harness: Harness, receiver: Receiver, match: dict[str, Any], hit: bool
) -> None:
    rule(harness, "dropped_webhook", match=match)
    emit_events(harness, text="a")
    harness.deliver_due()
    assert (receiver.received == []) is hit
    status = harness.admin("GET", "/sandboxes/acme/faults/it").json
    assert (status["matched"], status["fired"]) == (int(hit), int(hit))


def test_a_rule_begins_and_ends_on_the_sandboxs_clock_and_counts_attempts(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "bad_signature", trigger={"after": "5m", "ttl": "10m"})
    receiver.response_statuses = [500, 500]
    emit_events(harness)
    harness.advance("1h")
    verdicts = []
    for webhook, at in zip(receiver.received, (0, 300, 2100), strict=True):
        try:
            check(harness, webhook, NOW + at)
            verdicts.append(True)
        except InvalidSignature:
            verdicts.append(False)
    assert verdicts == [True, False, True]
    status = harness.admin("GET", "/sandboxes/acme/faults/it").json
    assert (status["matched"], status["fired"]) == (1, 1)


def test_a_disabled_rule_does_nothing(harness: Harness, receiver: Receiver) -> None:
    rule(harness, "dropped_webhook", enabled=False)
    emit_events(harness)
    harness.deliver_due()
    assert received_events(receiver) == ["evt_1"]


def test_several_rules_may_hit_one_delivery(harness: Harness, receiver: Receiver) -> None:
    kinds = ("duplicate_webhook", "truncated_webhook")
    harness.sandbox.ruleset.set([FaultRule.model_validate({"id": kind, "fault": {"kind": kind}}) for kind in kinds])
    emit_events(harness)
    harness.deliver_due()
    assert len(receiver.received) == 2
    assert harness.sandbox.outbox.all()[0]["faults"] == list(kinds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["method", "path", "operation", "key", "headers"])
def test_match_members_for_calls_are_refused_in_a_rule_for_webhooks(harness: Harness, kind: str, field: str) -> None:
    value: Any = {"x": "y"} if field == "headers" else "GET"
    refused = harness.admin("PUT", "/sandboxes/acme/faults/it", {"fault": {"kind": kind}, "match": {field: value}})
    assert refused.status_code == 422
    assert f"match.{field} does not apply to webhooks" in refused.json["detail"]


@pytest.mark.parametrize("field", ["event", "endpoint"])
def test_match_members_for_webhooks_are_refused_in_a_rule_for_calls(harness: Harness, field: str) -> None:
    refused = harness.admin("PUT", "/sandboxes/acme/faults/it", {"fault": {"kind": "reset"}, "match": {field: "x"}})
    assert (refused.status_code, f"match.{field} does not apply to calls" in refused.json["detail"]) == (422, True)


def test_deliveries_are_counted_per_rule_only(harness: Harness) -> None:
    body = {"fault": {"kind": "bad_signature"}, "trigger": {"per": "key"}}
    refused = harness.admin("PUT", "/sandboxes/acme/faults/it", body)
    assert (refused.status_code, "trigger.per must be rule" in refused.json["detail"]) == (422, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_for_webhooks_does_not_apply_to_calls(harness: Harness, kind: str) -> None:
    rule(harness, kind)
    assert harness.request("GET", "/v1/notes").status_code == 200
    status = harness.admin("GET", "/sandboxes/acme/faults/it").json
    assert (status["matched"], status["nearest_miss"]) == (0, None)


def test_a_rule_that_never_hit_reports_the_nearest_delivery(harness: Harness, receiver: Receiver) -> None:
    match = {"event": "note.deleted", "body": {"$.data.text": "b"}}
    rule(harness, "dropped_webhook", match=match)
    harness.request("POST", "/v1/notes", json={"text": "b"})
    emit_events(harness, type="note.created", text="a")
    emit_events(harness, type="note.deleted", text="a")
    emit_events(harness, type="note.changed", text="a")
    harness.deliver_due()
    status = harness.admin("GET", "/sandboxes/acme/faults/it").json
    near = harness.sandbox.outbox.all()[2]
    why = ["$.data.text is 'a'"]
    assert status["nearest_miss"] == {"id": near["id"], "event": "note.deleted", "why": why}


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
def test_a_parameter_out_of_its_range_is_refused_and_named(harness: Harness, fault: dict[str, Any], where: str) -> None:
    refused = harness.admin("PUT", "/sandboxes/acme/faults/it", {"fault": fault})
    assert (refused.status_code, f"fault.{fault['kind']}.{where}" in refused.json["detail"]) == (422, True)


def test_the_same_seed_hits_the_same_deliveries(receiver: Receiver) -> None:
    def faulty() -> list[bool]:
        harness = make_harness(ACME_WITH_WEBHOOKS)
        harness.sandbox.endpoints.add(receiver.url())
        rule(harness, "dropped_webhook", trigger={"probability": 0.5})
        emit_events(harness, 30)
        harness.deliver_due()
        return [state == "dropped" for state in delivery_states(harness)]

    first = faulty()
    assert 5 < sum(first) < 25
    assert faulty() == first
