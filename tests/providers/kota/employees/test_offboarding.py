"""Offboarding of Kota's employees: planned, cancelled, immediate, backdated, and its effects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import create_insured_employee, enrol_employee
from tests.support.kota_helpers import (
    create,
    create_employee,
    create_employer,
    event_types,
    fetch,
    freeze_clock,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
    take_step,
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def offboard(harness: Harness, id: str, on: str) -> Any:
    return create(harness, f"/employees/{id}/offboard", {"offboard_on": on, "offboard_reason": "resignation"})


def create_active_employee(harness: Harness) -> str:
    id = create_employee(harness, create_employer(harness))
    harness.advance("2s")
    return id


def test_a_future_offboarding_is_planned_and_happens_on_its_day(harness: Harness) -> None:
    id = create_active_employee(harness)
    record = offboard(harness, id, "2026-03-31T00:00:00Z")
    assert (record["status"], record["offboard_on"]) == ("offboarding", "2026-03-31T00:00:00Z")
    freeze_clock(harness, "2026-03-30T23:59:59Z")
    assert fetch(harness, f"/employees/{id}")["status"] == "offboarding"
    assert "employee.offboarded" not in event_types(harness)
    freeze_clock(harness, "2026-03-31T00:00:00Z")
    assert fetch(harness, f"/employees/{id}") == {**record, "status": "inactive"}
    assert event_types(harness)[-1] == "employee.offboarded"


@pytest.mark.parametrize("state", ["pending", "active", "restricted"])
def test_an_offboarding_can_be_cancelled_until_the_day_before(harness: Harness, state: str) -> None:
    set_assumptions(harness, employee_check="30d")
    id = create_employee(harness, create_employer(harness))
    for each in {"pending": [], "active": ["pass_check"], "restricted": ["fail_check"]}[state]:
        take_step(harness, id, each)
    offboard(harness, id, "2026-03-10T15:00:00Z")
    freeze_clock(harness, "2026-03-09T23:59:59Z")
    record = create(harness, f"/employees/{id}/offboard/cancel")
    assert (record["status"], record["offboard_on"]) == (state, None)
    freeze_clock(harness, "2026-03-10T23:59:59Z")
    assert fetch(harness, f"/employees/{id}")["status"] == state


def test_an_offboarding_cannot_be_cancelled_on_its_day(harness: Harness) -> None:
    id = create_active_employee(harness)
    assert refusal_code(harness, "POST", f"/employees/{id}/offboard/cancel") == (400, "invalid_state")
    offboard(harness, id, "2026-03-10T15:00:00Z")
    freeze_clock(harness, "2026-03-10T00:00:00Z")
    assert refusal_code(harness, "POST", f"/employees/{id}/offboard/cancel") == (400, "invalid_state")
    assert refusal_code(harness, "POST", "/employees/ee_none/offboard/cancel") == (404, "not_found")


@pytest.mark.parametrize("on", ["2026-03-01T23:59:59Z", "2026-03-01T00:00:00Z", "2025-01-01T00:00:00Z"])
def test_an_offboarding_today_or_before_happens_at_once(harness: Harness, on: str) -> None:
    record = offboard(harness, create_active_employee(harness), on)
    assert (record["status"], record["offboard_on"]) == ("inactive", on)
    body = {"offboard_on": on, "offboard_reason": "x"}
    assert refusal_code(harness, "POST", f"/employees/{record['id']}/offboard", body) == (400, "invalid_state")


def test_the_offboarding_of_a_covered_employee_may_be_at_most_thirty_days_ago(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    enrol_employee(harness, pair)
    freeze_clock(harness, "2026-04-15T00:00:00Z")
    body = {"offboard_on": "2026-03-15T23:00:00Z", "offboard_reason": "x"}
    assert invalid_fields(harness, "POST", f"/employees/{pair[0]}/offboard", body) == ["offboard_on"]
    assert offboard(harness, pair[0], "2026-03-16T00:00:00Z")["status"] == "inactive"


@pytest.mark.parametrize("on", ["2026-13-01T00:00:00Z", "tomorrow", None])
def test_an_offboarding_needs_a_date_and_time(harness: Harness, on: str | None) -> None:
    body = {"offboard_on": on, "offboard_reason": "x"}
    assert invalid_fields(harness, "POST", f"/employees/{create_active_employee(harness)}/offboard", body) == [
        "offboard_on"
    ]


def test_an_offboarding_needs_a_reason(harness: Harness) -> None:
    body = {"offboard_on": "2026-04-01T00:00:00Z"}
    assert invalid_fields(harness, "POST", f"/employees/{create_active_employee(harness)}/offboard", body) == [
        "offboard_reason"
    ]


def test_a_planned_offboarding_moves_to_another_day_or_happens_now(harness: Harness) -> None:
    id = create_active_employee(harness)
    offboard(harness, id, "2026-03-10T00:00:00Z")
    offboard(harness, id, "2026-03-20T00:00:00Z")
    freeze_clock(harness, "2026-03-19T23:59:59Z")
    assert fetch(harness, f"/employees/{id}")["status"] == "offboarding"
    assert offboard(harness, id, "2026-03-19T00:00:00Z")["status"] == "inactive"


def test_a_second_offboarding_may_be_refused(harness: Harness) -> None:
    set_assumptions(harness, second_offboarding="refused")
    id = create_active_employee(harness)
    offboard(harness, id, "2026-03-10T00:00:00Z")
    body = {"offboard_on": "2026-03-20T00:00:00Z", "offboard_reason": "x"}
    assert refusal_code(harness, "POST", f"/employees/{id}/offboard", body) == (400, "invalid_state")


def test_an_offboarding_ends_policies_on_its_day_and_open_enrolments(harness: Harness) -> None:
    employee, group = create_insured_employee(harness)
    policy = enrol_employee(harness, (employee, group))
    colleague = create_employee(harness, fetch(harness, f"/employees/{employee}")["employer_id"])
    harness.advance("2s")
    create(harness, f"/groups/{group}/employees", {"employee_id": colleague, "create_enrolment_intents": True})
    offboard(harness, employee, "2026-03-20T00:00:00Z")
    assert fetch(harness, f"/policies/{policy['id']}")["status"] == "active"
    offboard(harness, colleague, "2026-03-01T12:00:00Z")
    (enrolment,) = fetch(harness, f"/enrolment_intents?employee_id={colleague}")["items"]
    assert enrolment["status"] == "not_undertaken"
    freeze_clock(harness, "2026-03-20T00:00:00Z")
    ended = fetch(harness, f"/policies/{policy['id']}")
    assert (ended["status"], ended["cancellation_date"]) == ("cancelled", "2026-03-20")
    assert fetch(harness, f"/groups/{group}/employees")["items"] == []


def test_an_assumption_decides_whether_offboarded_employees_stay_in_groups(harness: Harness) -> None:
    set_assumptions(harness, groups_of_leavers="kept")
    employee, group = create_insured_employee(harness)
    offboard(harness, employee, "2026-03-01T00:00:00Z")
    assert [each["id"] for each in fetch(harness, f"/groups/{group}/employees")["items"]] == [employee]


def test_an_employee_takes_every_transition_of_its_lifecycle(harness: Harness) -> None:
    set_assumptions(harness, employee_check="30d")
    id = create_employee(harness, create_employer(harness))
    steps = {
        "schedule_offboarding": "offboarding",
        "resume_pending": "pending",
        "pass_check": "active",
        "fail_check": "restricted",
    }
    assert [take_step(harness, id, each)["status"] for each in steps] == list(steps.values())
    further_steps = [
        "schedule_offboarding",
        "resume_restricted",
        "pass_check",
        "schedule_offboarding",
        "resume_active",
        "offboard",
    ]
    states = ["offboarding", "restricted", "active", "offboarding", "active", "inactive"]
    assert [take_step(harness, id, each)["status"] for each in further_steps] == states


def test_a_simulated_offboarding_is_due_the_next_day(harness: Harness) -> None:
    id = create_active_employee(harness)
    take_step(harness, id, "schedule_offboarding")
    assert fetch(harness, f"/employees/{id}")["offboard_on"] == "2026-03-02T00:00:00Z"
    freeze_clock(harness, "2026-03-02T00:00:00Z")
    assert fetch(harness, f"/employees/{id}")["status"] == "inactive"
