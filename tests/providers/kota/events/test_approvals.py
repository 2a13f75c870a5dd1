"""Invoices and approvable actions, of which Kota only tells."""

from __future__ import annotations

import pytest

from tests.support.kota_world import S, assume, events, new_world, read, simulate, step, told
from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return new_world()


def test_an_invoice_is_told_of_when_it_is_written_and_when_it_changes(world: World) -> None:
    provider = read(world, "/providers")["items"][0]["id"]
    id = simulate(world, "issue_invoice", provider_id=provider)["id"]
    assert simulate(world, "change_invoice", invoice_id=id) == {"id": id}
    assert told(world) == ["invoice.created", "invoice.updated"]
    data = {"id": id, "provider_id": provider, "resource_type": "invoice", "object": "invoice_event"}
    assert [each["data"] for each in events(world)] == [data, data]
    assert id.startswith("inv_")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("issue_invoice", {"provider_id": "pr_none"}), ("change_invoice", {"invoice_id": "inv_none"})],
)
def test_an_invoice_needs_its_provider_and_itself(world: World, name: str, parameters: dict[str, str]) -> None:
    assert world.admin("POST", f"{S}/simulations/{name}", parameters).status_code == 422


def test_an_action_that_is_approved_is_applied_by_itself(world: World) -> None:
    id = simulate(world, "ask_for_approval")["id"]
    world.advance("1h")
    assert told(world) == ["approvable_action.pending_approval"]
    step(world, id, "approve")
    world.advance("4s")
    stages = ("pending_approval", "approved", "applying", "applied")
    assert told(world) == [f"approvable_action.{each}" for each in stages]
    expected = {"id": id, "resource_type": "approvable_action", "object": "approvable_action_event"}
    assert events(world)[0]["data"] == expected


@pytest.mark.parametrize(
    ("steps", "last"),
    [(["reject"], "rejected"), (["approve", "apply", "fail"], "failed"), (["approve", "apply", "finish"], "applied")],
)
def test_an_action_takes_each_step_of_its_life(world: World, steps: list[str], last: str) -> None:
    id = simulate(world, "ask_for_approval")["id"]
    for each in steps:
        step(world, id, each)
    assert told(world)[-1] == f"approvable_action.{last}"


def test_how_long_an_approved_action_takes_can_be_set(world: World) -> None:
    assume(world, approval_applied="1h")
    step(world, simulate(world, "ask_for_approval")["id"], "approve")
    world.advance("59m")
    assert told(world)[-1] == "approvable_action.approved"
    world.advance("1m")
    assert told(world)[-1] == "approvable_action.applying"
