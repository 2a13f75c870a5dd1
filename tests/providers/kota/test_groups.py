"""Kota's groups and their employees: creation, membership, eligibility, moves and archiving."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    add_to_group,
    create_active_employee,
    create_employee,
    create_employer,
    create_group,
    create_group_policy,
    event_data,
    event_types,
    expect_field_refusal,
    expect_invalid_state,
    expect_not_found,
    expect_ok,
    expect_simulation_refused,
    get,
    make_empty_harness,
    post,
    set_assumptions,
    simulate,
    take_step,
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def member(harness: Harness, group_id: str, employee_id: str) -> Any:
    (found,) = get(harness, f"/groups/{group_id}/employees?employee_id={employee_id}")["items"]
    return found


def check(harness: Harness, group_id: str, employee_id: str) -> Any:
    return expect_ok(post(harness, f"/groups/{group_id}/eligibility_check", {"employee_id": employee_id}))


def test_a_new_group_is_pending_and_has_no_type(harness: Harness) -> None:
    employer = create_employer(harness)
    created = expect_ok(post(harness, "/groups", {"employer_id": employer, "name": "Engineering"}))
    assert created == {
        "object": "group",
        "id": created["id"],
        "name": "Engineering",
        "description": None,
        "status": "pending",
        "group_type": "undefined",
        "enrolment_type": "manual",
        "employer_id": employer,
        "group_policy_ids": [],
        "group_quote_intent_ids": [],
        "group_policy_intent_ids": [],
    }
    assert get(harness, f"/groups/{created['id']}") == created
    assert event_data(harness, "group.created") == [
        {"id": created["id"], "employer_id": employer, "resource_type": "group", "object": "group_event"}
    ]


def test_groups_are_listed_newest_first_by_employer_and_by_status(harness: Harness) -> None:
    employer, other_employer = create_employer(harness), create_employer(harness)
    first, second, third = (
        create_group(harness, employer),
        create_group(harness, employer),
        create_group(harness, other_employer),
    )
    create_group_policy(harness, second)
    simulate(harness, "archive_group", group_id=third)
    assert [each["id"] for each in get(harness, "/groups")["items"]] == [third, second, first]
    assert [each["id"] for each in get(harness, f"/groups?employer_id={employer}")["items"]] == [second, first]
    assert [each["id"] for each in get(harness, "/groups?status=pending,archived")["items"]] == [third, first]
    expect_field_refusal(harness.request("GET", "/groups?status=open"), "status")


def test_only_name_and_description_of_a_group_change(harness: Harness) -> None:
    id = create_group(harness, create_employer(harness))
    before = get(harness, f"/groups/{id}")
    body = {"description": "Everybody", "name": None, "status": "ready", "employer_id": "er_x"}
    changed = expect_ok(harness.request("PUT", f"/groups/{id}", json=body))
    assert changed == {**before, "description": "Everybody"} == get(harness, f"/groups/{id}")
    assert event_types(harness, id) == ["group.created", "group.updated"]


def test_a_group_needs_an_employer_that_exists_and_a_name(harness: Harness) -> None:
    expect_not_found(post(harness, "/groups", {"employer_id": "er_none", "name": "x"}))
    expect_field_refusal(post(harness, "/groups", {"employer_id": create_employer(harness)}), "name")
    expect_field_refusal(post(harness, "/groups", {"employer_id": "ee_1", "name": "x"}), "employer_id")
    expect_not_found(harness.request("GET", "/groups/gr_none"))
    expect_not_found(harness.request("PUT", "/groups/gr_none", json={"name": "x"}))
    expect_not_found(harness.request("GET", "/groups/gr_none/employees"))


def test_an_added_employee_is_pending_until_the_group_has_a_policy_and_then_eligible(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    dates = {"desired_policy_start_date": "2026-05-01", "enrolment_date": None}
    added = expect_ok(
        post(harness, f"/groups/{group}/employees", {"employee_id": employee, "policy_configuration": dates})
    )
    assert added == {
        "object": "group_employee",
        "id": employee,
        "group_id": group,
        "policies": [],
        "enrolments": [],
        **dates,
        "eligibility_status": "pending",
        "enrolment_status": "not_available",
        "scheduled_group_transitions": [],
    }
    create_group_policy(harness, group)
    assert member(harness, group, employee) == {
        **added,
        "eligibility_status": "eligible",
        "enrolment_status": "enrolment_available",
    }
    expected = {
        "group_id": group,
        "employee_id": employee,
        "resource_type": "group_employee",
        "object": "group_employee_event",
    }
    assert event_data(harness, "group.employee.added") == event_data(harness, "group.employee.eligible") == [expected]


def test_employees_of_a_group_are_listed_newest_first(harness: Harness) -> None:
    employer = create_employer(harness)
    group, first, second = (
        create_group(harness, employer),
        create_employee(harness, employer),
        create_employee(harness, employer),
    )
    add_to_group(harness, group, second)
    add_to_group(harness, group, first)
    assert [each["id"] for each in get(harness, f"/groups/{group}/employees")["items"]] == [first, second]
    assert [each["id"] for each in get(harness, f"/groups/{group}/employees?employee_id={second}")["items"]] == [second]
    assert get(harness, f"/groups/{group}/employees?page=2&page_size=1")["items"][0]["id"] == second


def test_only_an_employee_of_the_groups_employer_can_be_added(harness: Harness) -> None:
    group = create_group(harness, create_employer(harness))
    foreign = create_employee(harness, create_employer(harness))
    expect_field_refusal(post(harness, f"/groups/{group}/employees", {"employee_id": foreign}), "employee_id")
    expect_field_refusal(post(harness, f"/groups/{group}/eligibility_check", {"employee_id": foreign}), "employee_id")
    expect_not_found(post(harness, f"/groups/{group}/employees", {"employee_id": "ee_none"}))
    expect_field_refusal(post(harness, f"/groups/{group}/employees", {}), "employee_id")
    assert get(harness, f"/groups/{group}/employees")["items"] == []


def test_an_archived_group_takes_no_employees(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_employee(harness, employer)
    simulate(harness, "archive_group", group_id=group)
    expect_invalid_state(post(harness, f"/groups/{group}/employees", {"employee_id": employee}))
    assert event_types(harness, group) == ["group.created", "group.archived"]
    expect_simulation_refused(harness, "archive_group", group_id=group)


def test_an_employee_is_in_a_group_once(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_employee(harness, employer)
    add_to_group(harness, group, employee)
    expect_invalid_state(post(harness, f"/groups/{group}/employees", {"employee_id": employee}))
    set_assumptions(harness, second_membership="kept")
    add_to_group(harness, group, employee)
    assert get(harness, f"/groups/{group}/employees")["total_count"] == 1
    assert event_types(harness, group).count("group.employee.added") == 1


@pytest.mark.parametrize(
    ("hosted", "requested", "enrolments"), [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0)]
)
def test_hosted_platforms_get_enrolment_intents_by_default(
    harness: Harness, hosted: bool, requested: bool | None, enrolments: int
) -> None:
    set_assumptions(harness, hosted=hosted)
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    create_group_policy(harness, group)
    added = expect_ok(
        post(harness, f"/groups/{group}/employees", {"employee_id": employee, "create_enrolment_intents": requested})
    )
    assert len(added["enrolments"]) == enrolments
    assert added["enrolment_status"] == "enrolment_available"


def test_an_enrolment_requested_before_the_group_policy_starts_with_it(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    add_to_group(harness, group, employee, create_enrolment_intents=True)
    assert member(harness, group, employee)["enrolments"] == []
    create_group_policy(harness, group)
    assert len(member(harness, group, employee)["enrolments"]) == 1
    create_group_policy(harness, group, "Family")
    assert len(member(harness, group, employee)["enrolments"]) == 1


NOT_ACTIVE, NOT_STARTED = "employee_not_active", "employment_not_started"


@pytest.mark.parametrize(
    ("changes", "step_taken", "codes"),
    [
        ({"date_of_birth": "2008-03-02"}, None, ["employee_under_minimum_age"]),
        ({"date_of_birth": "2008-03-01"}, None, []),
        ({"date_of_birth": "1960-03-02"}, None, []),
        ({"date_of_birth": "1960-03-01"}, None, ["employee_above_maximum_age"]),
        ({}, "fail_check", ["employee_restricted"]),
        ({}, "offboard", [NOT_ACTIVE]),
        ({"start_on": "2026-03-02"}, None, [NOT_STARTED]),
        ({"start_on": "2026-06-01"}, "offboard", [NOT_ACTIVE, NOT_STARTED]),
    ],
)
def test_an_employee_is_ineligible_for_these_reasons(
    harness: Harness, changes: Any, step_taken: str | None, codes: list[str]
) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer, **changes)
    create_group_policy(harness, group, "Single", "2026-03-01")
    if step_taken:
        take_step(harness, employee, step_taken)
    # The plan covers people from 18 to 65.
    record = check(harness, group, employee)
    assert [each["code"] for each in record["reasons"]] == codes
    assert all(each["message"] for each in record["reasons"])
    assert record["eligibility_status"] == ("ineligible" if codes else "eligible")


def test_the_age_on_the_first_day_of_cover_counts(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = (
        create_group(harness, employer),
        create_active_employee(harness, employer, date_of_birth="2008-04-01"),
    )
    create_group_policy(harness, group, "Single", "2026-04-01")
    assert check(harness, group, employee)["eligibility_status"] == "eligible"


def test_an_eligibility_check_changes_nothing_and_names_provider_and_plan(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    expect_invalid_state(post(harness, f"/groups/{group}/eligibility_check", {"employee_id": employee}))
    group_policy = get(harness, f"/group_policies/{create_group_policy(harness, group)}")
    events = event_types(harness)
    provider = {name: group_policy["provider"][name] for name in ("id", "name", "description", "logo_url")}
    assert check(harness, group, employee) == {
        "object": "eligibility_check",
        "eligibility_status": "eligible",
        "reasons": [],
        "provider": provider,
        "plan": {name: group_policy["plan"][name] for name in ("id", "name", "description")},
    }
    assert event_types(harness) == events
    assert get(harness, f"/groups/{group}/employees")["items"] == []


def test_a_pending_employee_is_pending_until_it_is_active(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_employee(harness, employer)
    create_group_policy(harness, group)
    add_to_group(harness, group, employee)
    assert check(harness, group, employee)["eligibility_status"] == "pending"
    assert "group.employee.eligible" not in event_types(harness)
    set_assumptions(harness, eligibility_of_pending="ineligible")
    assert check(harness, group, employee)["eligibility_status"] == "ineligible"
    harness.advance("2s")
    assert member(harness, group, employee)["eligibility_status"] == "eligible"
    assert event_types(harness, group).count("group.employee.eligible") == 1


def test_an_assumption_decides_whether_employment_must_have_started(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer, start_on="2026-08-01")
    create_group_policy(harness, group)
    assert check(harness, group, employee)["eligibility_status"] == "ineligible"
    set_assumptions(harness, employment_started="not_needed")
    assert check(harness, group, employee)["eligibility_status"] == "eligible"


def test_the_enrolment_status_follows_the_enrolment_and_the_policy(harness: Harness) -> None:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    create_group_policy(harness, group)
    add_to_group(harness, group, employee, create_enrolment_intents=True)
    intent = member(harness, group, employee)["enrolments"][0]["id"]
    assert member(harness, group, employee)["enrolment_status"] == "enrolment_available"
    harness.advance("2s")
    assert member(harness, group, employee)["enrolment_status"] == "enrolling"
    harness.advance("3s")
    record = member(harness, group, employee)
    assert record["enrolment_status"] == "enrolled"
    assert [each["id"] for each in record["enrolments"]] == [intent]
    (policy,) = record["policies"]
    take_step(harness, policy["id"], "cancel")
    assert member(harness, group, employee)["enrolment_status"] == "cancelled"


def test_an_employee_who_rejects_has_opted_out_and_an_ineligible_one_cannot_enrol(harness: Harness) -> None:
    employer = create_employer(harness)
    group, rejecting, ineligible = (
        create_group(harness, employer),
        create_active_employee(harness, employer),
        create_active_employee(harness, employer, date_of_birth="1940-01-01"),
    )
    create_group_policy(harness, group)
    for each in (rejecting, ineligible):
        body = {"employee_id": each, "group_id": group, "force_confirmation": True}
        add_to_group(harness, group, each)
        expect_ok(post(harness, "/enrolment_intents", body))
    harness.advance("2s")
    intent = member(harness, group, rejecting)["enrolments"][0]["id"]
    expect_ok(post(harness, f"/enrolment_intents/{intent}/reject"), 204)
    assert member(harness, group, rejecting)["enrolment_status"] == "opted_out"
    assert member(harness, group, ineligible)["enrolment_status"] == "not_available"


def test_an_automatic_group_adds_every_new_employee_without_enrolment_intents(harness: Harness) -> None:
    set_assumptions(harness, hosted=True)
    employer = create_employer(harness)
    group, manual = create_group(harness, employer), create_group(harness, employer)
    simulate(harness, "set_enrolment_type", group_id=group, enrolment_type="automatic")
    assert get(harness, f"/groups/{group}")["enrolment_type"] == "automatic"
    assert event_types(harness, group) == ["group.created", "group.updated"]
    create_group_policy(harness, group)
    employee = create_active_employee(harness, employer)
    assert member(harness, group, employee)["enrolments"] == []
    assert get(harness, f"/groups/{manual}/employees")["items"] == []


def test_an_employee_is_moved_to_another_group(harness: Harness) -> None:
    employer = create_employer(harness)
    source, target, employee = (
        create_group(harness, employer),
        create_group(harness, employer),
        create_active_employee(harness, employer),
    )
    create_group_policy(harness, target)
    add_to_group(harness, source, employee, policy_configuration={"enrolment_date": "2026-04-02"})
    simulate(harness, "move_group_employee", group_id=source, employee_id=employee, new_group_id=target)
    assert get(harness, f"/groups/{source}/employees")["items"] == []
    assert member(harness, target, employee)["enrolment_date"] == "2026-04-02"
    expected = {"previous_group_id": source, "new_group_id": target, "employee_id": employee}
    constants = {"resource_type": "group_employee", "object": "group_employee_event"}
    assert event_data(harness, "group.employee.moved") == [{**expected, **constants}]
    assert event_types(harness, employee)[-2:] == ["group.employee.moved", "group.employee.eligible"]


def test_a_planned_move_is_shown_and_happens_on_its_day(harness: Harness) -> None:
    employer = create_employer(harness)
    source, target, employee = (
        create_group(harness, employer),
        create_group(harness, employer),
        create_active_employee(harness, employer),
    )
    add_to_group(harness, source, employee)
    simulate(
        harness, "move_group_employee", group_id=source, employee_id=employee, new_group_id=target, on="2026-03-03"
    )
    transition = {"new_group_id": target, "scheduled_date": "2026-03-03"}
    assert member(harness, source, employee)["scheduled_group_transitions"] == [transition]
    (data,) = event_data(harness, "group.employee.move.scheduled")
    assert data.items() >= {"employee_id": employee, "current_group_id": source, **transition}.items()
    harness.advance("1d")
    assert member(harness, source, employee)["id"] == employee
    harness.advance("1d")
    assert get(harness, f"/groups/{source}/employees")["items"] == []
    assert member(harness, target, employee)["scheduled_group_transitions"] == []


def test_an_employee_removed_before_a_planned_move_is_not_moved(harness: Harness) -> None:
    employer = create_employer(harness)
    source, target, employee = (
        create_group(harness, employer),
        create_group(harness, employer),
        create_active_employee(harness, employer),
    )
    add_to_group(harness, source, employee)
    simulate(
        harness, "move_group_employee", group_id=source, employee_id=employee, new_group_id=target, on="2026-03-03"
    )
    simulate(harness, "remove_group_employee", group_id=source, employee_id=employee)
    (data,) = event_data(harness, "group.employee.removed")
    ids = {"employer_id": employer, "group_id": source, "employee_id": employee, "removed_at": "2026-03-01T12:00:07Z"}
    assert data.items() >= ids.items()
    assert data["platform_id"] == get(harness, f"/employers/{employer}")["platform_id"]
    harness.advance("3d")
    assert get(harness, f"/groups/{target}/employees")["items"] == []
    assert "group.employee.moved" not in event_types(harness)


def test_a_move_needs_a_member_and_another_group_of_the_same_employer(harness: Harness) -> None:
    employer = create_employer(harness)
    here, there, employee = (
        create_group(harness, employer),
        create_group(harness, employer),
        create_employee(harness, employer),
    )
    foreign = create_group(harness, create_employer(harness))
    add_to_group(harness, here, employee)
    for group_id, target in ((there, here), (here, foreign), (here, here), (here, "gr_none")):
        expect_simulation_refused(
            harness, "move_group_employee", group_id=group_id, employee_id=employee, new_group_id=target
        )
    assert member(harness, here, employee)["id"] == employee
