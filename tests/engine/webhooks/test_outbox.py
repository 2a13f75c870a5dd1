"""What is on its way out: when it leaves, what becomes of it, and what may come in between."""

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


def test_an_event_leaves_once_for_everyone_who_asked_for_its_type(harness: Harness, egress: FakeEgress) -> None:
    for name, events in (("all", ["*"]), ("made", ["note.created"]), ("gone", ["note.deleted"])):
        endpoint(harness, f"http://127.0.0.1:9/{name}", events=events)
    emit_events(harness)
    harness.deliver_due()
    assert [url.rpartition("/")[2] for url, _, _ in egress.sent] == ["all", "made"]
    assert delivery_states(harness) == ["delivered", "delivered"]


def test_an_event_whose_transaction_fails_never_leaves(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    with pytest.raises(RuntimeError), harness.sandbox.transaction():
        emit_events(harness)
        raise RuntimeError
    harness.deliver_due()
    assert (egress.sent, delivery_states(harness), harness.sandbox.outbox.next_due) == ([], [], None)


def test_an_event_before_anyone_asked_is_told_to_nobody(harness: Harness, egress: FakeEgress) -> None:
    emit_events(harness)
    endpoint(harness)
    harness.deliver_due()
    assert egress.sent == []


def test_nothing_is_sent_while_the_sandbox_is_locked(harness: Harness, egress: FakeEgress) -> None:
    entered: list[bool] = []

    def look() -> None:
        other = Thread(target=lambda: entered.append(harness.request("GET", "/v1/notes").status_code == 200))
        other.start()
        other.join(10)

    egress.during_send = look
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert entered == [True]


def test_a_receiver_that_refuses_is_told_again_as_the_schedule_says_and_then_no_more(
    harness: Harness, egress: FakeEgress
) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert (delivery_states(harness), only_delivery(harness)["due"]) == (["pending"], NOON + RETRY_DELAYS[0])
    harness.advance("30d")
    assert delivery_states(harness) == ["failed"]
    passed = [NOON, NOON + RETRY_DELAYS[0], NOON + RETRY_DELAYS[0] + RETRY_DELAYS[1], NOON + sum(RETRY_DELAYS)]
    assert attempt_instants(only_delivery(harness)) == passed
    harness.advance("30d")
    assert len(egress.sent) == 4


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_status_of_the_two_hundreds_takes_a_delivery(harness: Harness, egress: FakeEgress, status: int) -> None:
    egress.respond = lambda _url, _nth: status
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    assert (delivery_states(harness), len(egress.sent)) == (["delivered"], 1)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 304, 400, 410, 500, 503])
def test_any_other_answer_and_none_is_a_failure(harness: Harness, egress: FakeEgress, status: int | None) -> None:
    egress.respond = lambda _url, nth: status if nth == 0 else 200
    endpoint(harness)
    emit_events(harness)
    harness.advance("30d")
    assert (delivery_states(harness), len(egress.sent)) == (["delivered"], 2)
    first, second = only_delivery(harness)["attempts"]
    assert (first["status"], first["error"]) == (status, None if status else "nobody there")
    assert (second["status"], second["error"]) == (200, None)


def test_every_attempt_carries_the_same_id_and_body_and_a_signature_of_its_own(
    harness: Harness, egress: FakeEgress
) -> None:
    egress.respond = lambda _url, _nth: 503
    endpoint(harness)
    (event,) = emit_events(harness, text="ü")
    harness.advance("30d")
    assert egress.ids == [event] * 4
    assert {body for _, _, body in egress.sent} == {
        '{"type":"note.created","timestamp":"2026-03-01T12:00:00.000000Z","data":{"text":"ü"}}'.encode()
    }
    assert len({dict(headers)["webhook-signature"] for _, headers, _ in egress.sent}) == 4


def test_retries_of_many_run_in_the_order_of_time_before_the_clock_is_set(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: None
    endpoint(harness)
    ids = []
    for _ in range(3):
        ids += emit_events(harness)
        harness.advance("1m")
    assert egress.ids == ids
    harness.advance("5m")
    assert egress.ids == ids * 2


def test_the_clock_moves_with_what_is_delivered(harness: Harness, egress: FakeEgress) -> None:
    seen: list[int] = []
    egress.respond = lambda _url, _nth: 500
    egress.during_send = lambda: seen.append(harness.sandbox.now())
    endpoint(harness)
    emit_events(harness)
    harness.advance("1h")
    assert seen == attempt_instants(only_delivery(harness))
    assert harness.sandbox.now() == NOON + 60 * MINUTE


def test_a_clock_whose_move_fails_stands_where_it_stood(harness: Harness, egress: FakeEgress) -> None:
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


def test_a_move_of_a_sandbox_that_is_reset_meanwhile_is_refused(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness)
    egress.respond = lambda _url, _nth: 500
    egress.during_send = lambda: harness.engine.reset("acme")
    with pytest.raises(Refusal, match="was reset while its clock was moving"):
        harness.sandbox.move_clock(lambda clock, _: clock.advance(60 * MINUTE))
    assert (delivery_states(harness), len(egress.sent)) == ([], 1)


def test_a_reset_forgets_what_waits_and_what_is_under_way(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness, 2)
    egress.during_send = lambda: harness.engine.reset("acme")
    harness.deliver_due()
    assert (len(egress.sent), delivery_states(harness), harness.sandbox.outbox.next_due) == (1, [], None)


def test_an_attempt_of_a_former_life_says_nothing_about_a_delivery_of_the_same_id(
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


def test_a_sandbox_that_is_deleted_sends_nothing_more(harness: Harness, egress: FakeEgress) -> None:
    made = harness.engine.create("acme")
    made.endpoints.add("http://127.0.0.1:9/x")
    harness.request("POST", "/v1/notes", sandbox=made.id, json={"text": "a"})
    parcel = made.outbox.lease_next(made.clock_time())
    assert parcel is not None
    harness.engine.delete(made.id)
    with pytest.raises(Exception, match="is not open"):
        made.outbox.send(parcel)
    assert len(egress.sent) == 1
    assert harness.request("GET", "/v1/notes").status_code == 200


def test_what_waits_survives_a_restart_and_goes_on(tmp_path: Path) -> None:
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


def test_what_was_under_way_when_the_server_died_is_sent_again(tmp_path: Path) -> None:
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


def test_an_endpoint_that_is_deleted_is_told_nothing_more(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    gone, stays = endpoint(harness), endpoint(harness, UNREACHABLE_URL)
    emit_events(harness)
    harness.deliver_due()
    harness.sandbox.endpoints.delete(gone["id"])
    harness.advance("1d")
    assert sorted(delivery_states(harness)) == ["abandoned", "failed"]
    assert [url for url, _, _ in egress.sent].count(gone["url"]) == 1
    assert [url for url, _, _ in egress.sent].count(stays["url"]) == 4


def test_an_endpoint_that_is_switched_off_is_told_nothing_until_it_is_switched_on(
    harness: Harness, egress: FakeEgress
) -> None:
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
def test_a_delivery_that_has_nowhere_to_go_is_not_tried_by_hand(harness: Harness, change: str) -> None:
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


def test_a_try_by_hand_that_succeeds_ends_the_schedule(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, nth: 500 if nth == 0 else 200
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert harness.sandbox.outbox.retry(only_delivery(harness)["id"])["state"] == "delivered"
    harness.advance("30d")
    assert len(egress.sent) == 2


def test_a_try_by_hand_that_fails_leaves_the_schedule_as_it_was(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    harness.advance("1m")
    tried = harness.sandbox.outbox.retry(only_delivery(harness)["id"])
    assert (tried["state"], tried["due"]) == ("pending", NOON + RETRY_DELAYS[0])
    harness.advance("30d")
    at = [0, MINUTE, RETRY_DELAYS[0], RETRY_DELAYS[0] + RETRY_DELAYS[1], sum(RETRY_DELAYS)]
    assert attempt_instants(only_delivery(harness)) == [NOON + each for each in at]


def test_what_has_ended_is_tried_by_hand_once_and_not_by_itself(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, nth: 200 if nth == 0 else 500
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert harness.sandbox.outbox.retry(only_delivery(harness)["id"])["state"] == "failed"
    harness.advance("30d")
    assert len(egress.sent) == 2


def test_a_replay_goes_once_to_everyone_who_asks_now(harness: Harness, egress: FakeEgress) -> None:
    emit_events(harness)
    event = harness.engine.export("acme")["collections"]["_events"][0]
    endpoint(harness)
    endpoint(harness, UNREACHABLE_URL, events=["note.deleted"])
    egress.respond = lambda _url, _nth: 500
    (replayed,) = harness.sandbox.outbox.replay(event)
    assert (replayed["state"], len(replayed["attempts"])) == ("failed", 1)
    harness.advance("30d")
    assert len(egress.sent) == 1


def test_a_replay_that_the_courier_has_taken_in_hand_is_not_sent_twice(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness)
    held = harness.sandbox.outbox.lease_next(NOON)
    assert held is not None
    answers: list[Any] = []
    waiting = Thread(target=lambda: answers.append(harness.sandbox.outbox.deliver(held.delivery["id"])))
    waiting.start()
    waiting.join(0.05)
    assert (waiting.is_alive(), egress.sent) == (True, [])
    harness.sandbox.outbox.send(held)
    waiting.join(10)
    assert ([each["state"] for each in answers], len(egress.sent)) == (["delivered"], 1)


def test_a_delivery_nobody_knows_is_refused_with_the_nearest(harness: Harness) -> None:
    endpoint(harness)
    emit_events(harness)
    known = only_delivery(harness)["id"]
    for ask in (harness.sandbox.outbox.get, harness.sandbox.outbox.retry):
        with pytest.raises(UnknownName, match=f"did you mean '{known}'"):
            ask(known[:-1])


def test_two_never_go_to_one_endpoint_at_the_same_time(harness: Harness) -> None:
    endpoint(harness)
    endpoint(harness, UNREACHABLE_URL)
    emit_events(harness, 2)
    box = harness.sandbox.outbox
    held = [box.lease_next(NOON) for _ in range(3)]
    assert [parcel is not None for parcel in held] == [True, True, False]
    assert (box.next_due, box.next_free) == (NOON, None)
    assert held[0] is not None
    assert held[1] is not None
    box.send(held[1])
    assert box.next_free == NOON
    following = box.lease_next(NOON)
    assert following is not None
    assert following.delivery["endpoint"] == held[1].delivery["endpoint"]


def test_a_move_of_the_clock_waits_for_what_is_under_way(harness: Harness, egress: FakeEgress) -> None:
    endpoint(harness)
    emit_events(harness, 2)
    held = harness.sandbox.outbox.lease_next(NOON)
    assert held is not None
    moved = Thread(target=harness.advance, args=("1h",))
    moved.start()
    moved.join(0.05)
    assert moved.is_alive()
    assert egress.sent == []
    harness.sandbox.outbox.send(held)
    moved.join(10)
    assert (delivery_states(harness), egress.ids) == (["delivered", "delivered"], ["evt_1", "evt_2"])


def test_a_full_outbox_gives_up_what_is_done_first(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
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
    kept = [(each["event"]["id"], each["state"]) for each in harness.sandbox.outbox.all()]
    assert kept == [("evt_1", "pending"), ("evt_2", "pending"), ("evt_4", "pending")]


def test_a_full_outbox_in_which_everything_waits_gives_up_the_oldest_and_says_so(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERIES", 3)
    endpoint(harness)
    emit_events(harness, 4)
    harness.deliver_due()
    assert egress.ids == ["evt_2", "evt_3", "evt_4"]
    assert "3 deliveries are pending" in caplog.text


def test_a_delivery_that_was_given_up_under_way_does_not_come_back(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MAX_DELIVERIES", 1)
    endpoint(harness)
    emit_events(harness)
    held = harness.sandbox.outbox.lease_next(NOON)
    assert held is not None
    emit_events(harness)
    harness.sandbox.outbox.send(held)
    assert [each["event"]["id"] for each in harness.sandbox.outbox.all()] == ["evt_2"]


def test_what_is_kept_of_an_attempt_is_bounded(
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


def test_an_attempt_that_cannot_be_made_leaves_its_endpoint_free(
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


def test_a_delivery_that_could_not_be_taken_in_hand_leaves_its_endpoint_free(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_what_has_ended_and_is_put_off_when_tried_by_hand_still_goes_once(harness: Harness, egress: FakeEgress) -> None:
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
def test_of_two_copies_one_that_arrives_is_enough(
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


def test_a_hundred_equal_requests_at_once_make_one_note_one_event_and_one_delivery(
    harness: Harness, egress: FakeEgress
) -> None:
    endpoint(harness)
    headers, answers = {"Idempotency-Key": "k"}, []
    begin = Event()

    def send() -> None:
        begin.wait(10)
        answers.append(harness.request("POST", "/v1/notes", json={"text": "a"}, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(100)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(30)
    harness.deliver_due()
    collections = harness.engine.export("acme")["collections"]
    assert (len(answers), set(answers) <= {201, 409}) == (100, True)
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
def test_whatever_happens_every_delivery_ends_after_exactly_its_schedule_and_none_is_lost(
    steps: list[tuple[str, int]], waits: list[int], verdicts: list[int | None]
) -> None:
    egress = FakeEgress(respond=lambda _url, nth: verdicts[nth % len(verdicts)])
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=egress)
    harness.sandbox.configure({"assumptions": {"webhook_retries": [f"{wait // SECOND}s" for wait in waits]}})
    urls = {endpoint(harness)["id"], endpoint(harness, UNREACHABLE_URL)["id"]}
    when: list[tuple[int, str]] = []
    egress.during_send = lambda: when.append((harness.sandbox.clock_time(), egress.sent[-1][0]))
    events, by_hand = 0, 0
    for step, value in steps:
        if step == "happen":
            events += len(emit_events(harness, value))
        elif step == "advance":
            harness.sandbox.move_clock(lambda clock, _, by=value: clock.advance(by))  # type: ignore[misc]
        elif kept := harness.sandbox.outbox.all():
            harness.sandbox.outbox.retry(kept[value % len(kept)]["id"])
            by_hand += 1
    harness.advance("1d")
    ended = harness.sandbox.outbox.all()
    assert len(ended) == events * len(urls)
    for delivery in ended:
        assert delivery["state"] in ("delivered", "failed")
        assert delivery["tries"] <= len(waits) + 1
        last = delivery["attempts"][-1]["status"]
        assert (last == 200) == (delivery["state"] == "delivered")
        if not by_hand:
            made = attempt_instants(delivery)
            begun = delivery["event"]["created_at"]
            assert made[0] == begun
            assert [later - earlier for earlier, later in pairwise(made)] == waits[: len(made) - 1]
            assert delivery["state"] == "delivered" or len(made) == len(waits) + 1
    assert len(when) == sum(len(each["attempts"]) for each in ended)
    for url in {url for _, url in when}:
        instants_there = [at for at, there in when if there == url]
        assert instants_there == sorted(instants_there)


def nearly(harness: Harness) -> ActiveRule:
    """A rule at work that is about other events than those that happen."""
    rule = {"id": "r", "match": {"event": "note.deleted"}, "fault": {"kind": "dropped_webhook"}}
    harness.sandbox.ruleset.set([FaultRule.model_validate(rule)])
    return harness.sandbox.rules[0]


def test_the_newest_delivery_of_equals_comes_nearest_to_a_rule(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "NEAR_MISS_CANDIDATES", 2)
    endpoint(harness)
    emit_events(harness, 3)
    assert harness.sandbox.outbox.near_miss(nearly(harness)) == {
        "id": harness.sandbox.outbox.all()[-1]["id"],
        "event": "note.created",
        "why": ["event is note.created, not note.deleted"],
    }


def test_a_delivery_whose_endpoint_is_gone_comes_near_to_no_rule(harness: Harness) -> None:
    gone, there = endpoint(harness)["id"], endpoint(harness)["id"]
    emit_events(harness)
    told = harness.sandbox.outbox.all()
    rule = nearly(harness)
    for endpoint_gone in (gone, there):
        near = harness.sandbox.outbox.near_miss(rule)
        assert near is not None
        harness.sandbox.endpoints.delete(endpoint_gone)
    assert (len(told), harness.sandbox.outbox.near_miss(rule)) == (2, None)


def test_how_near_a_delivery_came_is_reckoned_at_its_last_attempt_or_when_it_was_told(
    harness: Harness, egress: FakeEgress
) -> None:
    egress.respond = lambda _url, _nth: 500
    endpoint(harness)
    emit_events(harness)
    harness.sandbox.clock = Clock(frozen_at=NOON + SECOND)
    rule = nearly(harness)

    def why() -> list[str]:
        near = harness.sandbox.outbox.near_miss(rule)
        return [] if near is None else near["why"]

    assert why() == ["the rule has not begun", "event is note.created, not note.deleted"]
    harness.deliver_due()
    assert why() == ["event is note.created, not note.deleted"]


def test_what_cannot_be_put_down_leaves_its_endpoint_free(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(harness)
    emit_events(harness)
    held = harness.sandbox.outbox.lease_next(NOON)
    assert held is not None

    def fail(_space: object) -> None:
        raise OSError("the store has failed")

    with monkeypatch.context() as patch:
        patch.setattr(harness.sandbox.outbox, "reload", fail)
        with pytest.raises(OSError, match="has failed"):
            harness.sandbox.outbox.send(held)
    again = harness.sandbox.outbox.lease_next(NOON)
    assert again is not None
    assert harness.sandbox.outbox.send(again)["state"] == "delivered"
    assert egress.ids == ["evt_1", "evt_1"]


def test_a_test_event_has_the_newest_of_the_forms_an_event_is_written_in(egress: FakeEgress) -> None:
    assert ACME_WITH_WEBHOOKS.webhooks is not None
    harness = make_harness(
        replace(ACME_WITH_WEBHOOKS, webhooks=replace(ACME_WITH_WEBHOOKS.webhooks, versions=("v1", "v2"))), sender=egress
    )
    id = endpoint(harness)["id"]
    with harness.sandbox.transaction() as space:
        harness.sandbox.outbox.send_test(space, NOON, id)
    assert only_delivery(harness)["event"]["version"] == "v2"


def test_a_replay_of_what_nobody_asks_for_goes_nowhere(harness: Harness) -> None:
    event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
    assert harness.sandbox.outbox.replay(event) == []


def test_how_long_an_attempt_took_is_kept_to_the_microsecond(
    harness: Harness, egress: FakeEgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "send", lambda *_: SendResult(200, None, b"", 0.00123456))
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert only_delivery(harness)["attempts"][0]["milliseconds"] == 1.235


def test_a_receiver_is_given_as_long_as_the_sandbox_says_to_the_microsecond(
    harness: Harness, egress: FakeEgress
) -> None:
    harness.admin("PATCH", "/sandboxes/acme", {"assumptions": {"webhook_timeout": "1500ms"}})
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert egress.timeouts == [1.5]


def test_a_delivery_that_is_taken_in_hand_and_put_down_waits_for_no_disk(tmp_path: Path, egress: FakeEgress) -> None:
    waited: list[int] = []
    harness = make_harness(ACME_WITH_WEBHOOKS, store=TinyStore(tmp_path, fsync=waited.append), sender=egress)
    rule = {"trigger": {"probability": 0}, "fault": {"kind": "dropped_webhook"}}
    harness.sandbox.ruleset.set([FaultRule.model_validate(rule)])
    endpoint(harness)
    emit_events(harness)
    waited.clear()
    harness.deliver_due()
    assert (delivery_states(harness), waited) == (["delivered"], [])
