"""The outbox: due deliveries, retries, leases, replays, and resets and failures during an attempt."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import (
    SECOND,
    ActiveRule,
    Clock,
    FaultRule,
    Refusal,
    SendResult,
    UnknownName,
    restore_from_snapshot,
    take_snapshot,
)
from mockserver.engine.webhooks import deliveries, outbox
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, attempt_instants, delivery_states, emit_events, endpoint

MINUTE = 60 * SECOND
RETRY_DELAYS = [5 * MINUTE, 30 * MINUTE, 120 * MINUTE]
UNREACHABLE_URL = "http://127.0.0.1:9/b"


@pytest.fixture
def egress() -> FakeEgress:
    return FakeEgress()


@pytest.fixture
def harness(egress: FakeEgress) -> Harness:
    return make_harness(ACME_WITH_WEBHOOKS, sender=egress)


def only_delivery(harness: Harness) -> Any:
    (delivery,) = harness.sandbox.outbox.all()
    return delivery


def test_an_event_is_sent_once_to_each_subscribed_endpoint(harness: Harness, egress: FakeEgress) -> None:
    for name, events in (("all", ["*"]), ("made", ["note.created"]), ("gone", ["note.deleted"])):
        endpoint(harness, f"http://127.0.0.1:9/{name}", events=events)
    emit_events(harness)
    harness.deliver_due()
    assert [url.rpartition("/")[2] for url, _, _ in egress.sent] == ["all", "made"]
    assert delivery_states(harness) == ["delivered", "delivered"]


def test_an_event_of_a_failed_transaction_is_not_sent(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    with pytest.raises(RuntimeError), harness.sandbox.transaction():
        emit_events(harness)
        raise RuntimeError
    harness.deliver_due()
    assert (egress.sent, delivery_states(harness), harness.sandbox.outbox.next_due) == ([], [], None)


def test_an_event_emitted_before_the_endpoint_exists_is_not_sent(harness: Harness, egress: FakeEgress) -> None:
    emit_events(harness)
    endpoint(harness)
    harness.deliver_due()
    assert egress.sent == []


def test_nothing_is_sent_while_the_sandbox_is_locked(harness: Harness, egress: FakeEgress) -> None:
    entered: list[bool] = []

    def request_from_thread() -> None:
        other = Thread(target=lambda: entered.append(harness.request("GET", "/v1/notes").status_code == 200))
        other.start()
        other.join(10)

    egress.during_send = request_from_thread
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert entered == [True]


def test_a_failing_delivery_is_retried_by_the_schedule_and_then_fails(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert (delivery_states(harness), only_delivery(harness)["due"]) == (["pending"], NOON + RETRY_DELAYS[0])
    harness.advance("30d")
    assert delivery_states(harness) == ["failed"]
    expected = [NOON, NOON + RETRY_DELAYS[0], NOON + RETRY_DELAYS[0] + RETRY_DELAYS[1], NOON + sum(RETRY_DELAYS)]
    assert attempt_instants(only_delivery(harness)) == expected
    harness.advance("30d")
    assert len(egress.sent) == 4


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_status_means_delivered(harness: Harness, egress: FakeEgress, status: int) -> None:
    egress.respond = lambda _url, _nth: status
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    assert (delivery_states(harness), len(egress.sent)) == (["delivered"], 1)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 304, 400, 410, 500, 503])
def test_any_other_status_or_no_response_is_a_failure(harness: Harness, egress: FakeEgress, status: int | None) -> None:
    egress.respond = lambda _url, nth: status if nth == 0 else 200
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    assert (delivery_states(harness), len(egress.sent)) == (["delivered"], 2)
    first, second = only_delivery(harness)["attempts"]
    assert (first["status"], first["error"]) == (status, None if status else "nobody there")
    assert (second["status"], second["error"]) == (200, None)


def test_every_attempt_has_the_same_id_and_body_and_its_own_signature(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 503
    endpoint(harness)
    (event,) = emit_events(harness, text="ü")
    harness.advance("30d")
    assert egress.ids == [event] * 4
    assert {body for _, _, body in egress.sent} == {
        '{"type":"note.created","timestamp":"2026-03-01T12:00:00.000000Z","data":{"text":"ü"}}'.encode()
    }
    assert len({dict(headers)["webhook-signature"] for _, headers, _ in egress.sent}) == 4


def test_retries_run_in_the_order_of_their_instants(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: None
    endpoint(harness)
    ids = []
    for _ in range(3):
        ids += emit_events(harness)
        harness.advance("1m")
    assert egress.ids == ids
    harness.advance("5m")
    assert egress.ids == ids * 2


def test_during_a_move_the_clock_shows_the_instant_of_each_attempt(harness: Harness, egress: FakeEgress) -> None:
    seen: list[int] = []
    egress.respond = lambda _url, _nth: 500
    egress.during_send = lambda: seen.append(harness.sandbox.now())
    endpoint(harness)
    emit_events(harness)
    harness.advance("1h")
    assert seen == attempt_instants(only_delivery(harness))
    assert harness.sandbox.now() == NOON + 60 * MINUTE


def test_a_clock_whose_move_fails_is_unchanged(harness: Harness, egress: FakeEgress) -> None:
    def fail() -> None:
        raise RuntimeError("on purpose")

    endpoint(harness)
    emit_events(harness)
    egress.during_send = fail
    with pytest.raises(RuntimeError):
        harness.sandbox.move_clock(lambda clock, _: clock.advance(60 * MINUTE))
    assert harness.sandbox.now() == NOON
    egress.during_send = lambda: None
    harness.advance("1h")
    assert delivery_states(harness) == ["delivered"]


def test_a_clock_move_during_which_the_sandbox_is_reset_is_refused(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness)
    egress.respond = lambda _url, _nth: 500
    egress.during_send = lambda: harness.engine.reset("acme")
    with pytest.raises(Refusal, match="was reset while its clock was moving"):
        harness.sandbox.move_clock(lambda clock, _: clock.advance(60 * MINUTE))
    assert (delivery_states(harness), len(egress.sent)) == ([], 1)


def test_a_reset_removes_pending_and_running_deliveries(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness, 2)
    egress.during_send = lambda: harness.engine.reset("acme")
    harness.deliver_due()
    assert (len(egress.sent), delivery_states(harness), harness.sandbox.outbox.next_due) == (1, [], None)


def test_an_attempt_started_before_a_restore_does_not_change_the_restored_delivery(
    harness: Harness, egress: FakeEgress
) -> None:
    endpoint(harness)
    emit_events(harness)
    take_snapshot(harness.engine, "acme", "before")

    def restore() -> None:
        egress.during_send = lambda: None
        restore_from_snapshot(harness.engine, "acme", "before")

    egress.during_send = restore
    assert harness.sandbox.outbox.deliver_next(NOON)
    assert delivery_states(harness) == ["pending"]
    harness.deliver_due()
    assert (delivery_states(harness), len(egress.sent)) == (["delivered"], 2)


def test_a_deleted_sandbox_sends_nothing_more(harness: Harness, egress: FakeEgress) -> None:
    created = harness.engine.create("acme")
    created.endpoints.add("http://127.0.0.1:9/x")
    harness.request("POST", "/v1/notes", sandbox=created.id, json={"text": "a"})
    lease = created.outbox.lease_next(created.clock_time())
    assert lease is not None
    harness.engine.delete(created.id)
    with pytest.raises(Exception, match="is not open"):
        created.outbox.send(lease)
    assert len(egress.sent) == 1
    assert harness.request("GET", "/v1/notes").status_code == 200


def test_pending_deliveries_survive_a_restart_and_continue(tmp_path: Path) -> None:
    first, second = FakeEgress(respond=lambda _url, _nth: 500), FakeEgress()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME_WITH_WEBHOOKS, store=store, sender=first)
    endpoint(harness)
    (event,) = emit_events(harness)
    harness.deliver_due()
    emit_events(harness)
    store.close()
    store = TinyStore(tmp_path)
    again = make_harness(ACME_WITH_WEBHOOKS, store=store, sender=second, freeze=False)
    assert again.sandbox.outbox.next_due == NOON
    again.advance("1d")
    assert (delivery_states(again), len(second.sent)) == (["delivered", "delivered"], 2)
    assert attempt_instants(again.sandbox.outbox.all()[0]) == [NOON, NOON + RETRY_DELAYS[0]]
    assert event in second.ids
    store.close()


def test_a_delivery_leased_by_a_dead_server_is_sent_again(tmp_path: Path) -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, store=TinyStore(tmp_path), sender=FakeEgress())
    endpoint(harness)
    emit_events(harness)
    assert harness.sandbox.outbox.lease_next(NOON) is not None
    harness.engine._store.close()
    egress = FakeEgress()
    store = TinyStore(tmp_path)
    again = make_harness(ACME_WITH_WEBHOOKS, store=store, sender=egress, freeze=False)
    again.deliver_due()
    assert (delivery_states(again), len(egress.sent)) == (["delivered"], 1)
    store.close()


def test_nothing_more_is_sent_to_a_deleted_endpoint(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    deleted, remaining = endpoint(harness), endpoint(harness, UNREACHABLE_URL)
    emit_events(harness)
    harness.deliver_due()
    harness.sandbox.endpoints.delete(deleted["id"])
    harness.advance("1d")
    assert sorted(delivery_states(harness)) == ["abandoned", "failed"]
    assert [url for url, _, _ in egress.sent].count(deleted["url"]) == 1
    assert [url for url, _, _ in egress.sent].count(remaining["url"]) == 4


def test_nothing_is_sent_to_a_disabled_endpoint(harness: Harness, egress: FakeEgress) -> None:
    id = endpoint(harness)["id"]
    emit_events(harness)
    harness.sandbox.endpoints.update(id, enabled=False)
    emit_events(harness)
    harness.deliver_due()
    assert (delivery_states(harness), egress.sent) == (["abandoned"], [])
    harness.sandbox.endpoints.update(id, enabled=True)
    emit_events(harness)
    harness.deliver_due()
    assert delivery_states(harness) == ["abandoned", "delivered"]


@pytest.mark.parametrize("change", ["drop", "disable"])
def test_a_delivery_to_a_deleted_or_disabled_endpoint_cannot_be_retried(harness: Harness, change: str) -> None:
    id = endpoint(harness)["id"]
    emit_events(harness)
    harness.deliver_due()
    if change == "drop":
        harness.sandbox.endpoints.delete(id)
    else:
        harness.sandbox.endpoints.update(id, enabled=False)
    with pytest.raises(Refusal, match="cannot be sent"):
        harness.sandbox.outbox.retry(only_delivery(harness)["id"])
    assert delivery_states(harness) == ["delivered"]


def test_a_manual_retry_that_succeeds_ends_the_schedule(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, nth: 500 if nth == 0 else 200
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert harness.sandbox.outbox.retry(only_delivery(harness)["id"])["state"] == "delivered"
    harness.advance("30d")
    assert len(egress.sent) == 2


def test_a_manual_retry_that_fails_keeps_the_schedule(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    harness.advance("1m")
    retried = harness.sandbox.outbox.retry(only_delivery(harness)["id"])
    assert (retried["state"], retried["due"]) == ("pending", NOON + RETRY_DELAYS[0])
    harness.advance("30d")
    at = [0, MINUTE, RETRY_DELAYS[0], RETRY_DELAYS[0] + RETRY_DELAYS[1], sum(RETRY_DELAYS)]
    assert attempt_instants(only_delivery(harness)) == [NOON + each for each in at]


def test_a_finished_delivery_is_retried_manually_once(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, nth: 200 if nth == 0 else 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert harness.sandbox.outbox.retry(only_delivery(harness)["id"])["state"] == "failed"
    harness.advance("30d")
    assert len(egress.sent) == 2


def test_a_replay_is_sent_once_to_each_currently_subscribed_endpoint(harness: Harness, egress: FakeEgress) -> None:
    emit_events(harness)
    event = harness.engine.export("acme")["collections"]["_events"][0]
    endpoint(harness)
    endpoint(harness, UNREACHABLE_URL, events=["note.deleted"])
    egress.respond = lambda _url, _nth: 500
    (replayed,) = harness.sandbox.outbox.replay(event)
    assert (replayed["state"], len(replayed["attempts"])) == ("failed", 1)
    harness.advance("30d")
    assert len(egress.sent) == 1


def test_a_delivery_leased_by_the_delivery_worker_is_not_sent_twice(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness)
    lease = harness.sandbox.outbox.lease_next(NOON)
    assert lease is not None
    responses: list[Any] = []
    waiting = Thread(target=lambda: responses.append(harness.sandbox.outbox.deliver(lease.delivery["id"])))
    waiting.start()
    waiting.join(0.05)
    assert (waiting.is_alive(), egress.sent) == (True, [])
    harness.sandbox.outbox.send(lease)
    waiting.join(10)
    assert ([each["state"] for each in responses], len(egress.sent)) == (["delivered"], 1)


def test_an_unknown_delivery_is_refused_with_the_nearest(harness: Harness) -> None:
    endpoint(harness)
    emit_events(harness)
    known = only_delivery(harness)["id"]
    for method in (harness.sandbox.outbox.get, harness.sandbox.outbox.retry):
        with pytest.raises(UnknownName, match=f"did you mean '{known}'"):
            method(known[:-1])


def test_one_endpoint_gets_one_delivery_at_a_time(harness: Harness) -> None:
    endpoint(harness)
    endpoint(harness, UNREACHABLE_URL)
    emit_events(harness, 2)
    outbox_ = harness.sandbox.outbox
    leases = [outbox_.lease_next(NOON) for _ in range(3)]
    assert [lease is not None for lease in leases] == [True, True, False]
    assert (outbox_.next_due, outbox_.next_free) == (NOON, None)
    assert leases[0] is not None
    assert leases[1] is not None
    outbox_.send(leases[1])
    assert outbox_.next_free == NOON
    following = outbox_.lease_next(NOON)
    assert following is not None
    assert following.delivery["endpoint"] == leases[1].delivery["endpoint"]


def test_a_move_of_the_clock_waits_for_a_running_delivery(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness, 2)
    lease = harness.sandbox.outbox.lease_next(NOON)
    assert lease is not None
    moved = Thread(target=harness.advance, args=("1h",))
    moved.start()
    moved.join(0.05)
    assert moved.is_alive()
    assert egress.sent == []
    harness.sandbox.outbox.send(lease)
    moved.join(10)
    assert (delivery_states(harness), egress.ids) == (["delivered", "delivered"], ["evt_1", "evt_2"])


def test_a_full_outbox_drops_finished_deliveries_first(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERIES", 3)
    egress = FakeEgress(respond=lambda url, _nth: 500 if url == UNREACHABLE_URL else 200)
    harness.sandbox.sender = egress
    endpoint(harness, UNREACHABLE_URL)
    emit_events(harness, 2)
    harness.deliver_due()
    harness.sandbox.endpoints.update(harness.sandbox.endpoints.all()[0]["id"], url="http://127.0.0.1:9/well")
    emit_events(harness, 1)
    harness.deliver_due()
    emit_events(harness, 1)
    remaining = [(each["event"]["id"], each["state"]) for each in harness.sandbox.outbox.all()]
    assert remaining == [("evt_1", "pending"), ("evt_2", "pending"), ("evt_4", "pending")]


def test_a_full_outbox_of_pending_deliveries_drops_the_oldest_with_a_warning(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERIES", 3)
    endpoint(harness)
    emit_events(harness, 4)
    harness.deliver_due()
    assert egress.ids == ["evt_2", "evt_3", "evt_4"]
    assert "3 deliveries are pending" in caplog.text


def test_a_delivery_dropped_during_its_attempt_is_not_stored_again(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERIES", 1)
    endpoint(harness)
    emit_events(harness)
    lease = harness.sandbox.outbox.lease_next(NOON)
    assert lease is not None
    emit_events(harness)
    harness.sandbox.outbox.send(lease)
    assert [each["event"]["id"] for each in harness.sandbox.outbox.all()] == ["evt_2"]


def test_the_stored_attempts_and_bodies_are_bounded(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_STORED_BODY_BYTES", 10)
    monkeypatch.setattr(outbox, "MAX_STORED_RESPONSE_BYTES", 5)
    monkeypatch.setattr(outbox, "MAX_STORED_ATTEMPTS", 2)
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    id = only_delivery(harness)["id"]
    for _ in range(3):
        harness.sandbox.outbox.retry(id)
    attempts = only_delivery(harness)["attempts"]
    assert [(each["body"], each["answer"], each["milliseconds"]) for each in attempts] == [
        ('{"type":"n', "heard", 250.0)
    ] * 2
    assert len(egress.sent) == 4


def test_an_attempt_that_cannot_be_created_releases_its_endpoint(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(harness)
    emit_events(harness)

    def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "create", fail)
        with pytest.raises(RuntimeError):
            harness.sandbox.outbox.lease_next(NOON)
    harness.deliver_due()
    assert delivery_states(harness) == ["delivered"]


def test_a_lease_that_fails_releases_its_endpoint(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint(harness)
    emit_events(harness)

    def fail(_space: object) -> None:
        raise OSError("the store has failed")

    with monkeypatch.context() as patch:
        patch.setattr(harness.sandbox.outbox, "reload", fail)
        with pytest.raises(OSError, match="has failed"):
            harness.sandbox.outbox.lease_next(NOON)
    harness.deliver_due()
    assert delivery_states(harness) == ["delivered"]


def test_a_finished_delivery_that_a_fault_postpones_is_sent_once(harness: Harness, egress: FakeEgress) -> None:
    fault = {"kind": "dropped_webhook"}
    harness.sandbox.ruleset.set([FaultRule.model_validate({"id": "it", "fault": fault})])
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    harness.sandbox.ruleset.set([FaultRule.model_validate({"id": "it", "fault": {"kind": "delayed_webhook"}})])
    egress.respond = lambda _url, _nth: 500
    assert harness.sandbox.outbox.retry(only_delivery(harness)["id"])["state"] == "pending"
    harness.advance("30d")
    assert (delivery_states(harness), attempt_instants(only_delivery(harness))) == (["failed"], [NOON + MINUTE])


@pytest.mark.parametrize(("statuses", "state", "sent"), [([500, 200], "delivered", 2), ([200, 500], "delivered", 2)])
def test_one_delivered_copy_of_two_is_enough(
    harness: Harness, egress: FakeEgress, statuses: list[int], state: str, sent: int
) -> None:
    harness.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "duplicate_webhook"}})])
    egress.respond = lambda _url, nth: statuses[nth]
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    assert (delivery_states(harness), len(egress.sent)) == ([state], sent)


def test_copies_that_fail_count_as_one_attempt_of_the_schedule(harness: Harness, egress: FakeEgress) -> None:
    harness.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "duplicate_webhook"}})])
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    at = [0, RETRY_DELAYS[0], RETRY_DELAYS[0] + RETRY_DELAYS[1], sum(RETRY_DELAYS)]
    assert attempt_instants(only_delivery(harness)) == [NOON + each for each in at for _ in range(2)]


def test_a_hundred_concurrent_equal_requests_create_one_note_one_event_and_one_delivery(
    harness: Harness, egress: FakeEgress
) -> None:
    endpoint(harness)
    headers, responses = {"Idempotency-Key": "k"}, []
    begin = Event()

    def send() -> None:
        begin.wait(10)
        responses.append(harness.request("POST", "/v1/notes", json={"text": "a"}, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(100)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(30)
    harness.deliver_due()
    collections = harness.engine.export("acme")["collections"]
    assert (len(responses), set(responses) <= {201, 409}) == (100, True)
    assert [len(collections[name]) for name in ("notes", "_events", "_deliveries")] == [1, 1, 1]
    assert len(egress.sent) == 1


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
def test_every_delivery_ends_after_exactly_its_schedule_in_any_sequence_of_steps(
    steps: list[tuple[str, int]], waits: list[int], verdicts: list[int | None]
) -> None:
    egress = FakeEgress(respond=lambda _url, nth: verdicts[nth % len(verdicts)])
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=egress)
    harness.sandbox.configure({"assumptions": {"webhook_retries": [f"{wait // SECOND}s" for wait in waits]}})
    urls = {endpoint(harness)["id"], endpoint(harness, UNREACHABLE_URL)["id"]}
    sent_at: list[tuple[int, str]] = []
    egress.during_send = lambda: sent_at.append((harness.sandbox.clock_time(), egress.sent[-1][0]))
    events, by_hand = 0, 0
    for step, value in steps:
        if step == "happen":
            events += len(emit_events(harness, value))
        elif step == "advance":
            harness.sandbox.move_clock(lambda clock, _, by=value: clock.advance(by))  # type: ignore[misc]
        elif existing := harness.sandbox.outbox.all():
            harness.sandbox.outbox.retry(existing[value % len(existing)]["id"])
            by_hand += 1
    harness.advance("1d")
    finished = harness.sandbox.outbox.all()
    assert len(finished) == events * len(urls)
    for delivery in finished:
        assert delivery["state"] in ("delivered", "failed")
        assert delivery["tries"] <= len(waits) + 1
        last = delivery["attempts"][-1]["status"]
        assert (last == 200) == (delivery["state"] == "delivered")
        if not by_hand:
            instants = attempt_instants(delivery)
            created_at = delivery["event"]["created_at"]
            assert instants[0] == created_at
            assert [later - earlier for earlier, later in pairwise(instants)] == waits[: len(instants) - 1]
            assert delivery["state"] == "delivered" or len(instants) == len(waits) + 1
    assert len(sent_at) == sum(len(each["attempts"]) for each in finished)
    for url in {url for _, url in sent_at}:
        instants_there = [at for at, there in sent_at if there == url]
        assert instants_there == sorted(instants_there)


def set_rule_for_other_events(harness: Harness) -> ActiveRule:
    """Returns an active rule for other events than those that the tests emit."""
    rule = {"id": "r", "match": {"event": "note.deleted"}, "fault": {"kind": "dropped_webhook"}}
    harness.sandbox.ruleset.set([FaultRule.model_validate(rule)])
    return harness.sandbox.rules[0]


def test_of_equal_near_misses_the_newest_delivery_is_reported(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "NEAR_MISS_CANDIDATES", 2)
    endpoint(harness)
    emit_events(harness, 3)
    assert harness.sandbox.outbox.near_miss(set_rule_for_other_events(harness)) == {
        "id": harness.sandbox.outbox.all()[-1]["id"],
        "event": "note.created",
        "why": ["event is note.created, not note.deleted"],
    }


def test_a_delivery_to_a_deleted_endpoint_is_no_near_miss(harness: Harness) -> None:
    first, second = endpoint(harness)["id"], endpoint(harness)["id"]
    emit_events(harness)
    enqueued = harness.sandbox.outbox.all()
    rule = set_rule_for_other_events(harness)
    for deleted in (first, second):
        near = harness.sandbox.outbox.near_miss(rule)
        assert near is not None
        harness.sandbox.endpoints.delete(deleted)
    assert (len(enqueued), harness.sandbox.outbox.near_miss(rule)) == (2, None)


def test_a_near_miss_is_evaluated_at_the_last_attempt_or_at_the_event(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.sandbox.clock = Clock(frozen_at=NOON + SECOND)
    rule = set_rule_for_other_events(harness)

    def why() -> list[str]:
        near = harness.sandbox.outbox.near_miss(rule)
        return [] if near is None else near["why"]

    assert why() == ["the rule has not begun", "event is note.created, not note.deleted"]
    harness.deliver_due()
    assert why() == ["event is note.created, not note.deleted"]


def test_an_attempt_whose_result_cannot_be_stored_releases_its_endpoint(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(harness)
    emit_events(harness)
    lease = harness.sandbox.outbox.lease_next(NOON)
    assert lease is not None

    def fail(_space: object) -> None:
        raise OSError("the store has failed")

    with monkeypatch.context() as patch:
        patch.setattr(harness.sandbox.outbox, "reload", fail)
        with pytest.raises(OSError, match="has failed"):
            harness.sandbox.outbox.send(lease)
    again = harness.sandbox.outbox.lease_next(NOON)
    assert again is not None
    assert harness.sandbox.outbox.send(again)["state"] == "delivered"
    assert egress.ids == ["evt_1", "evt_1"]


def test_a_test_event_has_the_newest_version(egress: FakeEgress) -> None:
    assert ACME_WITH_WEBHOOKS.webhooks is not None
    harness = make_harness(
        replace(ACME_WITH_WEBHOOKS, webhooks=replace(ACME_WITH_WEBHOOKS.webhooks, versions=("v1", "v2"))), sender=egress
    )
    id = endpoint(harness)["id"]
    with harness.sandbox.transaction() as space:
        harness.sandbox.outbox.send_test(space, NOON, id)
    assert only_delivery(harness)["event"]["version"] == "v2"


def test_a_replay_without_subscribed_endpoints_sends_nothing(harness: Harness) -> None:
    event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
    assert harness.sandbox.outbox.replay(event) == []


def test_the_duration_of_an_attempt_is_stored_to_the_microsecond(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "send", lambda *_: SendResult(200, None, b"", 0.00123456))
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert only_delivery(harness)["attempts"][0]["milliseconds"] == 1.235


def test_the_webhook_timeout_of_the_sandbox_is_used_exactly(harness: Harness, egress: FakeEgress) -> None:
    harness.admin("PATCH", "/sandboxes/acme", {"assumptions": {"webhook_timeout": "1500ms"}})
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert egress.timeouts == [1.5]


def test_sending_a_delivery_does_not_wait_for_the_disk(tmp_path: Path, egress: FakeEgress) -> None:
    fsyncs: list[int] = []
    harness = make_harness(ACME_WITH_WEBHOOKS, store=TinyStore(tmp_path, fsync=fsyncs.append), sender=egress)
    rule = {"trigger": {"probability": 0}, "fault": {"kind": "dropped_webhook"}}
    harness.sandbox.ruleset.set([FaultRule.model_validate(rule)])
    endpoint(harness)
    emit_events(harness)
    fsyncs.clear()
    harness.deliver_due()
    assert (delivery_states(harness), fsyncs) == (["delivered"], [])
