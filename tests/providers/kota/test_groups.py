"""Kota's groups and who is in them: made, joined, checked, moved, closed."""

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


def test_a_group_begins_pending_and_of_no_type(harness: Harness) -> None:
    er = create_employer(harness)
    made = expect_ok(post(harness, "/groups", {"employer_id": er, "name": "Engineering"}))
    assert made == {
        "object": "group",
        "id": made["id"],
        "name": "Engineering",
        "description": None,
        "status": "pending",
        "group_type": "undefined",
        "enrolment_type": "manual",
        "employer_id": er,
        "group_policy_ids": [],
        "group_quote_intent_ids": [],
        "group_policy_intent_ids": [],
    }
    assert get(harness, f"/groups/{made['id']}") == made
    assert event_data(harness, "group.created") == [
        {"id": made["id"], "employer_id": er, "resource_type": "group", "object": "group_event"}
    ]


def test_groups_are_listed_newest_first_by_employer_and_by_status(harness: Harness) -> None:
    one, other = create_employer(harness), create_employer(harness)
    first, second, third = create_group(harness, one), create_group(harness, one), create_group(harness, other)
    create_group_policy(harness, second)
    simulate(harness, "archive_group", group_id=third)
    assert [each["id"] for each in get(harness, "/groups")["items"]] == [third, second, first]
    assert [each["id"] for each in get(harness, f"/groups?employer_id={one}")["items"]] == [second, first]
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


def test_whoever_is_added_is_pending_until_the_group_has_a_policy_and_then_eligible(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er)
    dates = {"desired_policy_start_date": "2026-05-01", "enrolment_date": None}
    added = expect_ok(post(harness, f"/groups/{gr}/employees", {"employee_id": ee, "policy_configuration": dates}))
    assert added == {
        "object": "group_employee",
        "id": ee,
        "group_id": gr,
        "policies": [],
        "enrolments": [],
        **dates,
        "eligibility_status": "pending",
        "enrolment_status": "not_available",
        "scheduled_group_transitions": [],
    }
    create_group_policy(harness, gr)
    assert member(harness, gr, ee) == {
        **added,
        "eligibility_status": "eligible",
        "enrolment_status": "enrolment_available",
    }
    expected = {"group_id": gr, "employee_id": ee, "resource_type": "group_employee", "object": "group_employee_event"}
    assert event_data(harness, "group.employee.added") == event_data(harness, "group.employee.eligible") == [expected]


def test_employees_of_a_group_are_listed_the_last_added_first(harness: Harness) -> None:
    er = create_employer(harness)
    gr, first, second = create_group(harness, er), create_employee(harness, er), create_employee(harness, er)
    add_to_group(harness, gr, second)
    add_to_group(harness, gr, first)
    assert [each["id"] for each in get(harness, f"/groups/{gr}/employees")["items"]] == [first, second]
    assert [each["id"] for each in get(harness, f"/groups/{gr}/employees?employee_id={second}")["items"]] == [second]
    assert get(harness, f"/groups/{gr}/employees?page=2&page_size=1")["items"][0]["id"] == second


def test_only_an_employee_of_the_groups_employer_can_be_added(harness: Harness) -> None:
    gr = create_group(harness, create_employer(harness))
    stranger = create_employee(harness, create_employer(harness))
    expect_field_refusal(post(harness, f"/groups/{gr}/employees", {"employee_id": stranger}), "employee_id")
    expect_field_refusal(post(harness, f"/groups/{gr}/eligibility_check", {"employee_id": stranger}), "employee_id")
    expect_not_found(post(harness, f"/groups/{gr}/employees", {"employee_id": "ee_none"}))
    expect_field_refusal(post(harness, f"/groups/{gr}/employees", {}), "employee_id")
    assert get(harness, f"/groups/{gr}/employees")["items"] == []


def test_an_archived_group_takes_nobody(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_employee(harness, er)
    simulate(harness, "archive_group", group_id=gr)
    expect_invalid_state(post(harness, f"/groups/{gr}/employees", {"employee_id": ee}))
    assert event_types(harness, gr) == ["group.created", "group.archived"]
    expect_simulation_refused(harness, "archive_group", group_id=gr)


def test_an_employee_is_in_a_group_once(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_employee(harness, er)
    add_to_group(harness, gr, ee)
    expect_invalid_state(post(harness, f"/groups/{gr}/employees", {"employee_id": ee}))
    set_assumptions(harness, second_membership="kept")
    add_to_group(harness, gr, ee)
    assert get(harness, f"/groups/{gr}/employees")["total_count"] == 1
    assert event_types(harness, gr).count("group.employee.added") == 1


@pytest.mark.parametrize(
    ("hosted", "asked", "enrolments"), [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0)]
)
def test_hosted_platforms_get_enrolment_intents_unless_they_say_otherwise(
    harness: Harness, hosted: bool, asked: bool | None, enrolments: int
) -> None:
    set_assumptions(harness, hosted=hosted)
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er)
    create_group_policy(harness, gr)
    added = expect_ok(post(harness, f"/groups/{gr}/employees", {"employee_id": ee, "create_enrolment_intents": asked}))
    assert len(added["enrolments"]) == enrolments
    assert added["enrolment_status"] == "enrolment_available"


def test_an_enrolment_asked_for_before_there_is_a_policy_begins_with_the_policy(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er)
    add_to_group(harness, gr, ee, create_enrolment_intents=True)
    assert member(harness, gr, ee)["enrolments"] == []
    create_group_policy(harness, gr)
    assert len(member(harness, gr, ee)["enrolments"]) == 1
    create_group_policy(harness, gr, "Family")
    assert len(member(harness, gr, ee)["enrolments"]) == 1


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
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er, **changes)
    create_group_policy(harness, gr, "Single", "2026-03-01")
    if step_taken:
        take_step(harness, ee, step_taken)
    # The plan covers people from 18 to 65.
    shown = check(harness, gr, ee)
    assert [each["code"] for each in shown["reasons"]] == codes
    assert all(each["message"] for each in shown["reasons"])
    assert shown["eligibility_status"] == ("ineligible" if codes else "eligible")


def test_the_age_counts_on_the_day_the_cover_begins(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er, date_of_birth="2008-04-01")
    create_group_policy(harness, gr, "Single", "2026-04-01")
    assert check(harness, gr, ee)["eligibility_status"] == "eligible"


def test_an_eligibility_check_changes_nothing_and_names_provider_and_plan(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er)
    expect_invalid_state(post(harness, f"/groups/{gr}/eligibility_check", {"employee_id": ee}))
    gp = get(harness, f"/group_policies/{create_group_policy(harness, gr)}")
    events = event_types(harness)
    provider = {name: gp["provider"][name] for name in ("id", "name", "description", "logo_url")}
    assert check(harness, gr, ee) == {
        "object": "eligibility_check",
        "eligibility_status": "eligible",
        "reasons": [],
        "provider": provider,
        "plan": {name: gp["plan"][name] for name in ("id", "name", "description")},
    }
    assert event_types(harness) == events
    assert get(harness, f"/groups/{gr}/employees")["items"] == []


def test_a_pending_employee_is_pending_until_it_is_active(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_employee(harness, er)
    create_group_policy(harness, gr)
    add_to_group(harness, gr, ee)
    assert check(harness, gr, ee)["eligibility_status"] == "pending"
    assert "group.employee.eligible" not in event_types(harness)
    set_assumptions(harness, eligibility_of_pending="ineligible")
    assert check(harness, gr, ee)["eligibility_status"] == "ineligible"
    harness.advance("2s")
    assert member(harness, gr, ee)["eligibility_status"] == "eligible"
    assert event_types(harness, gr).count("group.employee.eligible") == 1


def test_whether_the_employment_must_have_begun_is_an_assumption(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er, start_on="2026-08-01")
    create_group_policy(harness, gr)
    assert check(harness, gr, ee)["eligibility_status"] == "ineligible"
    set_assumptions(harness, employment_started="not_needed")
    assert check(harness, gr, ee)["eligibility_status"] == "eligible"


def test_the_enrolment_status_follows_the_enrolment_and_the_policy(harness: Harness) -> None:
    er = create_employer(harness)
    gr, ee = create_group(harness, er), create_active_employee(harness, er)
    create_group_policy(harness, gr)
    add_to_group(harness, gr, ee, create_enrolment_intents=True)
    intent = member(harness, gr, ee)["enrolments"][0]["id"]
    assert member(harness, gr, ee)["enrolment_status"] == "enrolment_available"
    harness.advance("2s")
    assert member(harness, gr, ee)["enrolment_status"] == "enrolling"
    harness.advance("3s")
    shown = member(harness, gr, ee)
    assert shown["enrolment_status"] == "enrolled"
    assert [each["id"] for each in shown["enrolments"]] == [intent]
    (policy,) = shown["policies"]
    take_step(harness, policy["id"], "cancel")
    assert member(harness, gr, ee)["enrolment_status"] == "cancelled"


def test_who_refuses_has_opted_out_and_who_is_ineligible_cannot_enrol(harness: Harness) -> None:
    er = create_employer(harness)
    gr, willing, old = (
        create_group(harness, er),
        create_active_employee(harness, er),
        create_active_employee(harness, er, date_of_birth="1940-01-01"),
    )
    create_group_policy(harness, gr)
    for each in (willing, old):
        body = {"employee_id": each, "group_id": gr, "force_confirmation": True}
        add_to_group(harness, gr, each)
        expect_ok(post(harness, "/enrolment_intents", body))
    harness.advance("2s")
    intent = member(harness, gr, willing)["enrolments"][0]["id"]
    expect_ok(post(harness, f"/enrolment_intents/{intent}/reject"), 204)
    assert member(harness, gr, willing)["enrolment_status"] == "opted_out"
    assert member(harness, gr, old)["enrolment_status"] == "not_available"


def test_an_automatic_group_takes_every_new_employee_and_makes_no_enrolment_intents(harness: Harness) -> None:
    set_assumptions(harness, hosted=True)
    er = create_employer(harness)
    gr, manual = create_group(harness, er), create_group(harness, er)
    simulate(harness, "set_enrolment_type", group_id=gr, enrolment_type="automatic")
    assert get(harness, f"/groups/{gr}")["enrolment_type"] == "automatic"
    assert event_types(harness, gr) == ["group.created", "group.updated"]
    create_group_policy(harness, gr)
    ee = create_active_employee(harness, er)
    assert member(harness, gr, ee)["enrolments"] == []
    assert get(harness, f"/groups/{manual}/employees")["items"] == []


def test_an_employee_is_moved_to_another_group(harness: Harness) -> None:
    er = create_employer(harness)
    old, new, ee = create_group(harness, er), create_group(harness, er), create_active_employee(harness, er)
    create_group_policy(harness, new)
    add_to_group(harness, old, ee, policy_configuration={"enrolment_date": "2026-04-02"})
    simulate(harness, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new)
    assert get(harness, f"/groups/{old}/employees")["items"] == []
    assert member(harness, new, ee)["enrolment_date"] == "2026-04-02"
    expected = {"previous_group_id": old, "new_group_id": new, "employee_id": ee}
    thin = {"resource_type": "group_employee", "object": "group_employee_event"}
    assert event_data(harness, "group.employee.moved") == [{**expected, **thin}]
    assert event_types(harness, ee)[-2:] == ["group.employee.moved", "group.employee.eligible"]


def test_a_planned_move_is_shown_and_happens_on_its_day(harness: Harness) -> None:
    er = create_employer(harness)
    old, new, ee = create_group(harness, er), create_group(harness, er), create_active_employee(harness, er)
    add_to_group(harness, old, ee)
    simulate(harness, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new, on="2026-03-03")
    transition = {"new_group_id": new, "scheduled_date": "2026-03-03"}
    assert member(harness, old, ee)["scheduled_group_transitions"] == [transition]
    (data,) = event_data(harness, "group.employee.move.scheduled")
    assert data.items() >= {"employee_id": ee, "current_group_id": old, **transition}.items()
    harness.advance("1d")
    assert member(harness, old, ee)["id"] == ee
    harness.advance("1d")
    assert get(harness, f"/groups/{old}/employees")["items"] == []
    assert member(harness, new, ee)["scheduled_group_transitions"] == []


def test_who_is_removed_before_the_day_is_not_moved(harness: Harness) -> None:
    er = create_employer(harness)
    old, new, ee = create_group(harness, er), create_group(harness, er), create_active_employee(harness, er)
    add_to_group(harness, old, ee)
    simulate(harness, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new, on="2026-03-03")
    simulate(harness, "remove_group_employee", group_id=old, employee_id=ee)
    (data,) = event_data(harness, "group.employee.removed")
    ids = {"employer_id": er, "group_id": old, "employee_id": ee, "removed_at": "2026-03-01T12:00:07Z"}
    assert data.items() >= ids.items()
    assert data["platform_id"] == get(harness, f"/employers/{er}")["platform_id"]
    harness.advance("3d")
    assert get(harness, f"/groups/{new}/employees")["items"] == []
    assert "group.employee.moved" not in event_types(harness)


def test_a_move_needs_a_member_and_another_group_of_the_same_employer(harness: Harness) -> None:
    er = create_employer(harness)
    here, there, ee = create_group(harness, er), create_group(harness, er), create_employee(harness, er)
    strange = create_group(harness, create_employer(harness))
    add_to_group(harness, here, ee)
    for group_id, target in ((there, here), (here, strange), (here, here), (here, "gr_none")):
        expect_simulation_refused(
            harness, "move_group_employee", group_id=group_id, employee_id=ee, new_group_id=target
        )
    assert member(harness, here, ee)["id"] == ee
