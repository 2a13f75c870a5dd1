"""Invoices and approvable actions, which Kota announces only by events."""

from __future__ import annotations

import pytest

from tests.support.harness import Harness
from tests.support.kota_helpers import (
    SANDBOX_PATH,
    event_types,
    events,
    fetch,
    make_empty_harness,
    set_assumptions,
    simulate,
    take_step,
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def test_an_invoice_emits_events_when_it_is_issued_and_changed(harness: Harness) -> None:
    provider = fetch(harness, "/providers")["items"][0]["id"]
    id = simulate(harness, "issue_invoice", provider_id=provider)["id"]
    assert simulate(harness, "change_invoice", invoice_id=id) == {"id": id}
    assert event_types(harness) == ["invoice.created", "invoice.updated"]
    data = {"id": id, "provider_id": provider, "resource_type": "invoice", "object": "invoice_event"}
    assert [each["data"] for each in events(harness)] == [data, data]
    assert id.startswith("inv_")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("issue_invoice", {"provider_id": "pr_none"}), ("change_invoice", {"invoice_id": "inv_none"})],
)
def test_invoice_simulations_need_an_existing_provider_or_invoice(
    harness: Harness, name: str, parameters: dict[str, str]
) -> None:
    assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters).status_code == 422


def test_an_approved_action_is_applied_automatically(harness: Harness) -> None:
    id = simulate(harness, "ask_for_approval")["id"]
    harness.advance("1h")
    assert event_types(harness) == ["approvable_action.pending_approval"]
    take_step(harness, id, "approve")
    harness.advance("4s")
    states = ("pending_approval", "approved", "applying", "applied")
    assert event_types(harness) == [f"approvable_action.{each}" for each in states]
    expected = {"id": id, "resource_type": "approvable_action", "object": "approvable_action_event"}
    assert events(harness)[0]["data"] == expected


@pytest.mark.parametrize(
    ("steps", "last"),
    [(["reject"], "rejected"), (["approve", "apply", "fail"], "failed"), (["approve", "apply", "finish"], "applied")],
)
def test_an_action_takes_every_transition_of_its_lifecycle(harness: Harness, steps: list[str], last: str) -> None:
    id = simulate(harness, "ask_for_approval")["id"]
    for each in steps:
        take_step(harness, id, each)
    assert event_types(harness)[-1] == f"approvable_action.{last}"


def test_how_long_an_approved_action_takes_can_be_set(harness: Harness) -> None:
    set_assumptions(harness, approval_applied="1h")
    take_step(harness, simulate(harness, "ask_for_approval")["id"], "approve")
    harness.advance("59m")
    assert event_types(harness)[-1] == "approvable_action.approved"
    harness.advance("1m")
    assert event_types(harness)[-1] == "approvable_action.applying"
