"""Events: stored in the transaction of the change that they announce."""

from __future__ import annotations

import pytest

from mockserver.engine import SimulationContext, emit
from mockserver.engine.webhooks import events
from tests.support.harness import NOON, Harness


def stored_event_ids(harness: Harness) -> list[str]:
    return [event["id"] for event in harness.admin("GET", f"/sandboxes/{harness.sandbox.id}/events").json]


def test_an_event_is_shown_with_its_type_instant_and_data(acme: Harness) -> None:
    with acme.sandbox.transaction() as space:
        emit(SimulationContext(acme.sandbox, NOON, space), "evt_1", "note.created", {"id": "note_1"})
    (shown,) = acme.admin("GET", f"/sandboxes/{acme.sandbox.id}/events").json
    assert shown == {
        "id": "evt_1",
        "type": "note.created",
        "created_at": "2026-03-01T12:00:00.000000Z",
        "data": {"id": "note_1"},
    }


def test_an_event_is_rolled_back_with_its_change(acme: Harness) -> None:
    with pytest.raises(RuntimeError), acme.sandbox.transaction() as space:
        emit(SimulationContext(acme.sandbox, NOON, space), "evt_1", "note.created", {})
        raise RuntimeError
    assert stored_event_ids(acme) == []


def test_events_are_listed_in_order_and_the_oldest_are_dropped_first(
    acme: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_EVENTS", 3)
    for number in range(5):
        with acme.sandbox.transaction() as space:
            emit(SimulationContext(acme.sandbox, NOON, space), f"evt_{number}", "note.created", {})
    assert stored_event_ids(acme) == ["evt_2", "evt_3", "evt_4"]


def test_a_reset_removes_events(acme: Harness) -> None:
    with acme.sandbox.transaction() as space:
        emit(SimulationContext(acme.sandbox, NOON, space), "evt_1", "note.created", {})
    acme.engine.reset(acme.sandbox.id)
    assert stored_event_ids(acme) == []
