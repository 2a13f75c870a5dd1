"""Offboarding of employees: planned and taken back, done at once, dated back; and what it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_cover import enrolled, insured_pair
from tests.support.kota_world import assume, code, employee, employer, freeze, made, new_world, read, step, told, wrong
from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return new_world()


def offboard(world: World, id: str, on: str) -> Any:
    return made(world, f"/employees/{id}/offboard", {"offboard_on": on, "offboard_reason": "resignation"})


def active(world: World) -> str:
    id = employee(world, employer(world))
    world.advance("2s")
    return id


def test_an_offboarding_ahead_is_planned_and_happens_on_its_day(world: World) -> None:
    id = active(world)
    shown = offboard(world, id, "2026-03-31T00:00:00Z")
    assert (shown["status"], shown["offboard_on"]) == ("offboarding", "2026-03-31T00:00:00Z")
    freeze(world, "2026-03-30T23:59:59Z")
    assert read(world, f"/employees/{id}")["status"] == "offboarding"
    assert "employee.offboarded" not in told(world)
    freeze(world, "2026-03-31T00:00:00Z")
    assert read(world, f"/employees/{id}") == {**shown, "status": "inactive"}
    assert told(world)[-1] == "employee.offboarded"


@pytest.mark.parametrize("state", ["pending", "active", "restricted"])
def test_an_offboarding_can_be_taken_back_until_the_day_before(world: World, state: str) -> None:
    assume(world, employee_check="30d")
    id = employee(world, employer(world))
    for each in {"pending": [], "active": ["pass_check"], "restricted": ["fail_check"]}[state]:
        step(world, id, each)
    offboard(world, id, "2026-03-10T15:00:00Z")
    freeze(world, "2026-03-09T23:59:59Z")
    shown = made(world, f"/employees/{id}/offboard/cancel")
    assert (shown["status"], shown["offboard_on"]) == (state, None)
    freeze(world, "2026-03-10T23:59:59Z")
    assert read(world, f"/employees/{id}")["status"] == state


def test_an_offboarding_cannot_be_taken_back_on_its_day(world: World) -> None:
    id = active(world)
    assert code(world, "POST", f"/employees/{id}/offboard/cancel") == (400, "invalid_state")
    offboard(world, id, "2026-03-10T15:00:00Z")
    freeze(world, "2026-03-10T00:00:00Z")
    assert code(world, "POST", f"/employees/{id}/offboard/cancel") == (400, "invalid_state")
    assert code(world, "POST", "/employees/ee_none/offboard/cancel") == (404, "not_found")


@pytest.mark.parametrize("on", ["2026-03-01T23:59:59Z", "2026-03-01T00:00:00Z", "2025-01-01T00:00:00Z"])
def test_an_offboarding_today_or_before_happens_at_once(world: World, on: str) -> None:
    shown = offboard(world, active(world), on)
    assert (shown["status"], shown["offboard_on"]) == ("inactive", on)
    body = {"offboard_on": on, "offboard_reason": "x"}
    assert code(world, "POST", f"/employees/{shown['id']}/offboard", body) == (400, "invalid_state")


def test_who_is_covered_can_have_left_thirty_days_ago_and_no_more(world: World) -> None:
    pair = insured_pair(world)
    enrolled(world, pair)
    freeze(world, "2026-04-15T00:00:00Z")
    body = {"offboard_on": "2026-03-15T23:00:00Z", "offboard_reason": "x"}
    assert wrong(world, "POST", f"/employees/{pair[0]}/offboard", body) == ["offboard_on"]
    assert offboard(world, pair[0], "2026-03-16T00:00:00Z")["status"] == "inactive"


@pytest.mark.parametrize("on", ["2026-13-01T00:00:00Z", "tomorrow", None])
def test_an_offboarding_needs_a_date_and_time(world: World, on: str | None) -> None:
    body = {"offboard_on": on, "offboard_reason": "x"}
    assert wrong(world, "POST", f"/employees/{active(world)}/offboard", body) == ["offboard_on"]


def test_an_offboarding_needs_a_reason(world: World) -> None:
    body = {"offboard_on": "2026-04-01T00:00:00Z"}
    assert wrong(world, "POST", f"/employees/{active(world)}/offboard", body) == ["offboard_reason"]


def test_a_planned_offboarding_moves_to_another_day_or_happens_now(world: World) -> None:
    id = active(world)
    offboard(world, id, "2026-03-10T00:00:00Z")
    offboard(world, id, "2026-03-20T00:00:00Z")
    freeze(world, "2026-03-19T23:59:59Z")
    assert read(world, f"/employees/{id}")["status"] == "offboarding"
    assert offboard(world, id, "2026-03-19T00:00:00Z")["status"] == "inactive"


def test_a_second_offboarding_may_be_refused(world: World) -> None:
    assume(world, second_offboarding="refused")
    id = active(world)
    offboard(world, id, "2026-03-10T00:00:00Z")
    body = {"offboard_on": "2026-03-20T00:00:00Z", "offboard_reason": "x"}
    assert code(world, "POST", f"/employees/{id}/offboard", body) == (400, "invalid_state")


def test_leaving_ends_policies_on_the_day_and_gives_enrolments_up(world: World) -> None:
    someone, everybody = insured_pair(world)
    policy = enrolled(world, (someone, everybody))
    colleague = employee(world, read(world, f"/employees/{someone}")["employer_id"])
    world.advance("2s")
    made(world, f"/groups/{everybody}/employees", {"employee_id": colleague, "create_enrolment_intents": True})
    offboard(world, someone, "2026-03-20T00:00:00Z")
    assert read(world, f"/policies/{policy['id']}")["status"] == "active"
    offboard(world, colleague, "2026-03-01T12:00:00Z")
    (enrolment,) = read(world, f"/enrolment_intents?employee_id={colleague}")["items"]
    assert enrolment["status"] == "not_undertaken"
    freeze(world, "2026-03-20T00:00:00Z")
    ended = read(world, f"/policies/{policy['id']}")
    assert (ended["status"], ended["cancellation_date"]) == ("cancelled", "2026-03-20")
    assert read(world, f"/groups/{everybody}/employees")["items"] == []


def test_whether_leavers_stay_in_their_groups_can_be_set(world: World) -> None:
    assume(world, groups_of_leavers="kept")
    someone, everybody = insured_pair(world)
    offboard(world, someone, "2026-03-01T00:00:00Z")
    assert [each["id"] for each in read(world, f"/groups/{everybody}/employees")["items"]] == [someone]


def test_an_employee_takes_each_step_of_its_life(world: World) -> None:
    assume(world, employee_check="30d")
    id = employee(world, employer(world))
    path = {
        "schedule_offboarding": "offboarding",
        "resume_pending": "pending",
        "pass_check": "active",
        "fail_check": "restricted",
    }
    assert [step(world, id, each)["status"] for each in path] == list(path.values())
    again = [
        "schedule_offboarding",
        "resume_restricted",
        "pass_check",
        "schedule_offboarding",
        "resume_active",
        "offboard",
    ]
    reached = ["offboarding", "restricted", "active", "offboarding", "active", "inactive"]
    assert [step(world, id, each)["status"] for each in again] == reached


def test_a_step_off_stage_to_offboarding_is_due_the_next_day(world: World) -> None:
    id = active(world)
    step(world, id, "schedule_offboarding")
    assert read(world, f"/employees/{id}")["offboard_on"] == "2026-03-02T00:00:00Z"
    freeze(world, "2026-03-02T00:00:00Z")
    assert read(world, f"/employees/{id}")["status"] == "inactive"
