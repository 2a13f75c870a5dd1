"""Kota's groups and who is in them: made, joined, checked, moved, closed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_groups import (
    active,
    assume,
    bare_world,
    data_of,
    employee,
    employer,
    get,
    group,
    group_policy,
    impossible,
    join,
    missing,
    not_now,
    ok,
    post,
    refused,
    simulate,
    step,
    told,
)
from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return bare_world()


def member(world: World, group_id: str, employee_id: str) -> Any:
    (found,) = get(world, f"/groups/{group_id}/employees?employee_id={employee_id}")["items"]
    return found


def check(world: World, group_id: str, employee_id: str) -> Any:
    return ok(post(world, f"/groups/{group_id}/eligibility_check", {"employee_id": employee_id}))


def test_a_group_begins_pending_and_of_no_type(world: World) -> None:
    er = employer(world)
    made = ok(post(world, "/groups", {"employer_id": er, "name": "Engineering"}))
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
    assert get(world, f"/groups/{made['id']}") == made
    assert data_of(world, "group.created") == [
        {"id": made["id"], "employer_id": er, "resource_type": "group", "object": "group_event"}
    ]


def test_groups_are_listed_newest_first_by_employer_and_by_status(world: World) -> None:
    one, other = employer(world), employer(world)
    first, second, third = group(world, one), group(world, one), group(world, other)
    group_policy(world, second)
    simulate(world, "archive_group", group_id=third)
    assert [each["id"] for each in get(world, "/groups")["items"]] == [third, second, first]
    assert [each["id"] for each in get(world, f"/groups?employer_id={one}")["items"]] == [second, first]
    assert [each["id"] for each in get(world, "/groups?status=pending,archived")["items"]] == [third, first]
    refused(world.ask("GET", "/groups?status=open"), "status")


def test_only_name_and_description_of_a_group_change(world: World) -> None:
    id = group(world, employer(world))
    before = get(world, f"/groups/{id}")
    body = {"description": "Everybody", "name": None, "status": "ready", "employer_id": "er_x"}
    changed = ok(world.ask("PUT", f"/groups/{id}", json=body))
    assert changed == {**before, "description": "Everybody"} == get(world, f"/groups/{id}")
    assert told(world, id) == ["group.created", "group.updated"]


def test_a_group_needs_an_employer_that_exists_and_a_name(world: World) -> None:
    missing(post(world, "/groups", {"employer_id": "er_none", "name": "x"}))
    refused(post(world, "/groups", {"employer_id": employer(world)}), "name")
    refused(post(world, "/groups", {"employer_id": "ee_1", "name": "x"}), "employer_id")
    missing(world.ask("GET", "/groups/gr_none"))
    missing(world.ask("PUT", "/groups/gr_none", json={"name": "x"}))
    missing(world.ask("GET", "/groups/gr_none/employees"))


def test_whoever_is_added_is_pending_until_the_group_has_a_policy_and_then_eligible(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    dates = {"desired_policy_start_date": "2026-05-01", "enrolment_date": None}
    added = ok(post(world, f"/groups/{gr}/employees", {"employee_id": ee, "policy_configuration": dates}))
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
    group_policy(world, gr)
    assert member(world, gr, ee) == {
        **added,
        "eligibility_status": "eligible",
        "enrolment_status": "enrolment_available",
    }
    expected = {"group_id": gr, "employee_id": ee, "resource_type": "group_employee", "object": "group_employee_event"}
    assert data_of(world, "group.employee.added") == data_of(world, "group.employee.eligible") == [expected]


def test_employees_of_a_group_are_listed_the_last_added_first(world: World) -> None:
    er = employer(world)
    gr, first, second = group(world, er), employee(world, er), employee(world, er)
    join(world, gr, second)
    join(world, gr, first)
    assert [each["id"] for each in get(world, f"/groups/{gr}/employees")["items"]] == [first, second]
    assert [each["id"] for each in get(world, f"/groups/{gr}/employees?employee_id={second}")["items"]] == [second]
    assert get(world, f"/groups/{gr}/employees?page=2&page_size=1")["items"][0]["id"] == second


def test_only_an_employee_of_the_groups_employer_can_be_added(world: World) -> None:
    gr = group(world, employer(world))
    stranger = employee(world, employer(world))
    refused(post(world, f"/groups/{gr}/employees", {"employee_id": stranger}), "employee_id")
    refused(post(world, f"/groups/{gr}/eligibility_check", {"employee_id": stranger}), "employee_id")
    missing(post(world, f"/groups/{gr}/employees", {"employee_id": "ee_none"}))
    refused(post(world, f"/groups/{gr}/employees", {}), "employee_id")
    assert get(world, f"/groups/{gr}/employees")["items"] == []


def test_an_archived_group_takes_nobody(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), employee(world, er)
    simulate(world, "archive_group", group_id=gr)
    not_now(post(world, f"/groups/{gr}/employees", {"employee_id": ee}))
    assert told(world, gr) == ["group.created", "group.archived"]
    impossible(world, "archive_group", group_id=gr)


def test_an_employee_is_in_a_group_once(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), employee(world, er)
    join(world, gr, ee)
    not_now(post(world, f"/groups/{gr}/employees", {"employee_id": ee}))
    assume(world, second_membership="kept")
    join(world, gr, ee)
    assert get(world, f"/groups/{gr}/employees")["total_count"] == 1
    assert told(world, gr).count("group.employee.added") == 1


@pytest.mark.parametrize(
    ("hosted", "asked", "enrolments"), [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0)]
)
def test_hosted_platforms_get_enrolment_intents_unless_they_say_otherwise(
    world: World, hosted: bool, asked: bool | None, enrolments: int
) -> None:
    assume(world, hosted=hosted)
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    group_policy(world, gr)
    added = ok(post(world, f"/groups/{gr}/employees", {"employee_id": ee, "create_enrolment_intents": asked}))
    assert len(added["enrolments"]) == enrolments
    assert added["enrolment_status"] == "enrolment_available"


def test_an_enrolment_asked_for_before_there_is_a_policy_begins_with_the_policy(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    join(world, gr, ee, create_enrolment_intents=True)
    assert member(world, gr, ee)["enrolments"] == []
    group_policy(world, gr)
    assert len(member(world, gr, ee)["enrolments"]) == 1
    group_policy(world, gr, "Family")
    assert len(member(world, gr, ee)["enrolments"]) == 1


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
    world: World, changes: Any, step_taken: str | None, codes: list[str]
) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er, **changes)
    group_policy(world, gr, "Single", "2026-03-01")
    if step_taken:
        step(world, ee, step_taken)
    # The plan covers people from 18 to 65.
    shown = check(world, gr, ee)
    assert [each["code"] for each in shown["reasons"]] == codes
    assert all(each["message"] for each in shown["reasons"])
    assert shown["eligibility_status"] == ("ineligible" if codes else "eligible")


def test_the_age_counts_on_the_day_the_cover_begins(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er, date_of_birth="2008-04-01")
    group_policy(world, gr, "Single", "2026-04-01")
    assert check(world, gr, ee)["eligibility_status"] == "eligible"


def test_an_eligibility_check_changes_nothing_and_names_provider_and_plan(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    not_now(post(world, f"/groups/{gr}/eligibility_check", {"employee_id": ee}))
    gp = get(world, f"/group_policies/{group_policy(world, gr)}")
    events = told(world)
    provider = {name: gp["provider"][name] for name in ("id", "name", "description", "logo_url")}
    assert check(world, gr, ee) == {
        "object": "eligibility_check",
        "eligibility_status": "eligible",
        "reasons": [],
        "provider": provider,
        "plan": {name: gp["plan"][name] for name in ("id", "name", "description")},
    }
    assert told(world) == events
    assert get(world, f"/groups/{gr}/employees")["items"] == []


def test_a_pending_employee_is_pending_until_it_is_active(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), employee(world, er)
    group_policy(world, gr)
    join(world, gr, ee)
    assert check(world, gr, ee)["eligibility_status"] == "pending"
    assert "group.employee.eligible" not in told(world)
    assume(world, eligibility_of_pending="ineligible")
    assert check(world, gr, ee)["eligibility_status"] == "ineligible"
    world.advance("2s")
    assert member(world, gr, ee)["eligibility_status"] == "eligible"
    assert told(world, gr).count("group.employee.eligible") == 1


def test_whether_the_employment_must_have_begun_is_an_assumption(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er, start_on="2026-08-01")
    group_policy(world, gr)
    assert check(world, gr, ee)["eligibility_status"] == "ineligible"
    assume(world, employment_started="not_needed")
    assert check(world, gr, ee)["eligibility_status"] == "eligible"


def test_the_enrolment_status_follows_the_enrolment_and_the_policy(world: World) -> None:
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    group_policy(world, gr)
    join(world, gr, ee, create_enrolment_intents=True)
    intent = member(world, gr, ee)["enrolments"][0]["id"]
    assert member(world, gr, ee)["enrolment_status"] == "enrolment_available"
    world.advance("2s")
    assert member(world, gr, ee)["enrolment_status"] == "enrolling"
    world.advance("3s")
    shown = member(world, gr, ee)
    assert shown["enrolment_status"] == "enrolled"
    assert [each["id"] for each in shown["enrolments"]] == [intent]
    (policy,) = shown["policies"]
    step(world, policy["id"], "cancel")
    assert member(world, gr, ee)["enrolment_status"] == "cancelled"


def test_who_refuses_has_opted_out_and_who_is_ineligible_cannot_enrol(world: World) -> None:
    er = employer(world)
    gr, willing, old = group(world, er), active(world, er), active(world, er, date_of_birth="1940-01-01")
    group_policy(world, gr)
    for each in (willing, old):
        body = {"employee_id": each, "group_id": gr, "force_confirmation": True}
        join(world, gr, each)
        ok(post(world, "/enrolment_intents", body))
    world.advance("2s")
    intent = member(world, gr, willing)["enrolments"][0]["id"]
    ok(post(world, f"/enrolment_intents/{intent}/reject"), 204)
    assert member(world, gr, willing)["enrolment_status"] == "opted_out"
    assert member(world, gr, old)["enrolment_status"] == "not_available"


def test_an_automatic_group_takes_every_new_employee_and_makes_no_enrolment_intents(world: World) -> None:
    assume(world, hosted=True)
    er = employer(world)
    gr, manual = group(world, er), group(world, er)
    simulate(world, "set_enrolment_type", group_id=gr, enrolment_type="automatic")
    assert get(world, f"/groups/{gr}")["enrolment_type"] == "automatic"
    assert told(world, gr) == ["group.created", "group.updated"]
    group_policy(world, gr)
    ee = active(world, er)
    assert member(world, gr, ee)["enrolments"] == []
    assert get(world, f"/groups/{manual}/employees")["items"] == []


def test_an_employee_is_moved_to_another_group(world: World) -> None:
    er = employer(world)
    old, new, ee = group(world, er), group(world, er), active(world, er)
    group_policy(world, new)
    join(world, old, ee, policy_configuration={"enrolment_date": "2026-04-02"})
    simulate(world, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new)
    assert get(world, f"/groups/{old}/employees")["items"] == []
    assert member(world, new, ee)["enrolment_date"] == "2026-04-02"
    expected = {"previous_group_id": old, "new_group_id": new, "employee_id": ee}
    thin = {"resource_type": "group_employee", "object": "group_employee_event"}
    assert data_of(world, "group.employee.moved") == [{**expected, **thin}]
    assert told(world, ee)[-2:] == ["group.employee.moved", "group.employee.eligible"]


def test_a_planned_move_is_shown_and_happens_on_its_day(world: World) -> None:
    er = employer(world)
    old, new, ee = group(world, er), group(world, er), active(world, er)
    join(world, old, ee)
    simulate(world, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new, on="2026-03-03")
    transition = {"new_group_id": new, "scheduled_date": "2026-03-03"}
    assert member(world, old, ee)["scheduled_group_transitions"] == [transition]
    (data,) = data_of(world, "group.employee.move.scheduled")
    assert data.items() >= {"employee_id": ee, "current_group_id": old, **transition}.items()
    world.advance("1d")
    assert member(world, old, ee)["id"] == ee
    world.advance("1d")
    assert get(world, f"/groups/{old}/employees")["items"] == []
    assert member(world, new, ee)["scheduled_group_transitions"] == []


def test_who_is_removed_before_the_day_is_not_moved(world: World) -> None:
    er = employer(world)
    old, new, ee = group(world, er), group(world, er), active(world, er)
    join(world, old, ee)
    simulate(world, "move_group_employee", group_id=old, employee_id=ee, new_group_id=new, on="2026-03-03")
    simulate(world, "remove_group_employee", group_id=old, employee_id=ee)
    (data,) = data_of(world, "group.employee.removed")
    ids = {"employer_id": er, "group_id": old, "employee_id": ee, "removed_at": "2026-03-01T12:00:07Z"}
    assert data.items() >= ids.items()
    assert data["platform_id"] == get(world, f"/employers/{er}")["platform_id"]
    world.advance("3d")
    assert get(world, f"/groups/{new}/employees")["items"] == []
    assert "group.employee.moved" not in told(world)


def test_a_move_needs_a_member_and_another_group_of_the_same_employer(world: World) -> None:
    er = employer(world)
    here, there, ee = group(world, er), group(world, er), employee(world, er)
    strange = group(world, employer(world))
    join(world, here, ee)
    for group_id, target in ((there, here), (here, strange), (here, here), (here, "gr_none")):
        impossible(world, "move_group_employee", group_id=group_id, employee_id=ee, new_group_id=target)
    assert member(world, here, ee)["id"] == ee
