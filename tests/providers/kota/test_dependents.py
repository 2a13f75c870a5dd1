"""Kota's dependents management intents: adding, checking and confirming dependents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.harness import make_harness
from tests.support.kota_cover_helpers import (
    SANDBOX_PATH,
    coverage_selection,
    create_insured_employee,
    event_types,
    expect_ok,
    expect_refusal,
    freeze_clock,
    get,
    person,
    post,
    set_assumptions,
)
from tests.support.kota_helpers import simulate, take_step

if TYPE_CHECKING:
    from tests.support.harness import Harness


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def enrolment_to_confirm(harness: Harness, plan_name: str = "Core", **changes: Any) -> tuple[str, str]:
    """Returns the ids of an enrolment in pending_confirmation and of its employee."""
    employee, group = create_insured_employee(harness, plan_name, **changes)
    body = {"employee_id": employee, "group_id": group, "force_confirmation": True}
    id = expect_ok(post(harness, "/enrolment_intents", body))["id"]
    harness.advance("2s")
    return id, employee


def create_intent(harness: Harness, enrolment: str) -> Any:
    return expect_ok(post(harness, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))


def add(harness: Harness, id: str, *persons: str, **fields: Any) -> Any:
    body = {"associated_person_ids": list(persons), **fields}
    return post(harness, f"/dependents_management_intents/{id}/dependents", body)


def fetch_intent(harness: Harness, id: str) -> Any:
    return get(harness, f"/dependents_management_intents/{id}")


def statuses(harness: Harness, id: str) -> list[str]:
    return [each["status"] for each in fetch_intent(harness, id)["dependents"]]


def first_dependent(harness: Harness, enrolment: str) -> Any:
    pending = get(harness, f"/enrolment_intents/{enrolment}")["pending_confirmation"]
    return pending["associated_persons"]["dependent"]


def test_a_family_is_listed_checked_confirmed_and_covered(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    spouse, child = person(harness, employee, "spouse", "1990-01-01"), person(harness, employee)
    intent = create_intent(harness, enrolment)
    assert (intent["status"], intent["dependents"], intent["parent_intent_id"]) == ("action_required", [], enrolment)
    assert intent["parent_intent_type"] == "enrolment_intent"
    assert first_dependent(harness, enrolment) == {"intent_id": intent["id"], "status": "processing"}
    added = expect_ok(add(harness, intent["id"], spouse, child))
    assert [each["status"] for each in added["dependents"]] == ["processing", "processing"]
    harness.advance("2s")
    assert statuses(harness, intent["id"]) == ["pending_confirmation", "pending_confirmation"]
    assert post(harness, f"/dependents_management_intents/{intent['id']}/confirm").status_code == 204
    assert fetch_intent(harness, intent["id"])["status"] == "processing"
    expect_refusal(post(harness, f"/enrolment_intents/{enrolment}/confirm"))
    harness.advance("3s")
    assert (fetch_intent(harness, intent["id"])["status"], statuses(harness, intent["id"])) == (
        "completed",
        ["ready"] * 2,
    )
    assert first_dependent(harness, enrolment)["status"] == "confirmed"
    assert post(harness, f"/enrolment_intents/{enrolment}/confirm").status_code == 204
    harness.advance("3s")
    policy = get(harness, "/policies")["items"][0]
    members = {each["member_type"]: each["associated_person_id"] for each in policy["health_insurance"]["members"]}
    assert members == {"policyholder": None, "spouse": spouse, "child": child}
    assert policy["health_insurance"]["estimated_gross_premium"]["monthly"]["total"] == 2 * 109.90 + 34.95
    assert event_types(harness, intent["id"]) == [
        "dependents_management_intent.action_required",
        "dependents_management_intent.dependent.pending_confirmation",
        "dependents_management_intent.dependent.pending_confirmation",
        "dependents_management_intent.completed",
    ]


def test_a_dependent_that_the_plan_cannot_cover_must_be_removed(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    spouse, partner = (
        person(harness, employee, "spouse", "1990-01-01"),
        person(harness, employee, "partner", "1990-01-01"),
    )
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, spouse, partner))
    harness.advance("2s")
    assert statuses(harness, id) == ["pending_confirmation", "ineligible"]
    required = fetch_intent(harness, id)["action_required"]
    assert (required["code"], required["due_by"]) == (
        "remove_restricted_or_ineligible_dependents",
        "2026-03-15T23:59:59Z",
    )
    expect_refusal(post(harness, f"/dependents_management_intents/{id}/confirm"))
    remaining = expect_ok(harness.request("DELETE", f"/dependents_management_intents/{id}/dependents/{partner}"))
    assert [each["associated_person_id"] for each in remaining["dependents"]] == [spouse]
    assert remaining["action_required"] is None
    assert post(harness, f"/dependents_management_intents/{id}/confirm").status_code == 204
    missing = harness.request("DELETE", f"/dependents_management_intents/{id}/dependents/{partner}")
    expect_refusal(missing, "not_found", 404)
    expect_refusal(harness.request("DELETE", f"/dependents_management_intents/{id}/dependents/{spouse}"))


def test_a_list_confirmed_before_its_check_may_require_action_again(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness, metadata={"testmode.dependent": "restricted"})
    child = person(harness, employee)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, child))
    assert post(harness, f"/dependents_management_intents/{id}/confirm").status_code == 204
    harness.advance("3s")
    assert (fetch_intent(harness, id)["status"], statuses(harness, id)) == ("action_required", ["restricted"])
    assert fetch_intent(harness, id)["action_required"]["code"] == "remove_restricted_or_ineligible_dependents"
    row = get(harness, f"/dependents_management_intents/{id}/associated_persons_eligibility")["items"][0]
    assert (row["eligibility_status"], row["ineligibility_reason"]) == ("ineligible", "The person is restricted.")


def test_a_list_can_be_cancelled_twice_and_created_again(harness: Harness) -> None:
    enrolment, _ = enrolment_to_confirm(harness)
    id = create_intent(harness, enrolment)["id"]
    expect_refusal(post(harness, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))
    for _ in range(2):
        assert post(harness, f"/dependents_management_intents/{id}/cancel").status_code == 204
    assert fetch_intent(harness, id)["status"] == "not_undertaken"
    assert first_dependent(harness, enrolment) is None
    second = create_intent(harness, enrolment)["id"]
    assert second != id
    post(harness, f"/dependents_management_intents/{second}/confirm")
    expect_refusal(post(harness, f"/dependents_management_intents/{second}/cancel"))
    assert event_types(harness, id)[-1] == "dependents_management_intent.not_undertaken"


def test_a_dependent_may_have_a_requirement(harness: Harness) -> None:
    set_assumptions(harness, dependents_information="asked")
    enrolment, employee = enrolment_to_confirm(harness)
    child = person(harness, employee)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, child))
    harness.advance("2s")
    dependent = fetch_intent(harness, id)["dependents"][0]
    assert dependent["status"] == "action_required"
    expect_refusal(post(harness, f"/dependents_management_intents/{id}/confirm"))
    assert get(harness, f"/requirements/{dependent['requirement_id']}")["is_fulfilled"] is False
    take_step(harness, dependent["requirement_id"], "fulfil")
    assert statuses(harness, id) == ["processing"]
    harness.advance("2s")
    assert statuses(harness, id) == ["pending_confirmation"]


def test_the_requirement_of_a_removed_dependent_is_deleted(harness: Harness) -> None:
    set_assumptions(harness, dependents_information="asked")
    enrolment, employee = enrolment_to_confirm(harness)
    first, second = person(harness, employee), person(harness, employee)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, first, second))
    harness.advance("2s")
    requirements = [each["requirement_id"] for each in fetch_intent(harness, id)["dependents"]]
    expect_ok(harness.request("DELETE", f"/dependents_management_intents/{id}/dependents/{first}"))
    expect_refusal(harness.request("GET", f"/requirements/{requirements[0]}"), "not_found", 404)
    take_step(harness, requirements[1], "fulfil")
    assert statuses(harness, id) == ["processing"]


def test_a_child_above_the_age_limit_is_an_adult_dependant(harness: Harness) -> None:
    set_assumptions(harness, child_until=18)
    enrolment, employee = enrolment_to_confirm(harness)
    adult = person(harness, employee, "child", "2006-03-02")
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, adult))
    post(harness, f"/dependents_management_intents/{id}/confirm")
    harness.advance("3s")
    post(harness, f"/enrolment_intents/{enrolment}/confirm")
    harness.advance("3s")
    members = get(harness, "/policies")["items"][0]["health_insurance"]["members"]
    assert [each["member_type"] for each in members] == ["policyholder", "adult_dependant"]


def test_a_plan_for_the_policyholder_alone_has_no_dependents(harness: Harness) -> None:
    enrolment, _ = enrolment_to_confirm(harness, "Single", sharing={"type": "policyholder_only"})
    assert get(harness, f"/enrolment_intents/{enrolment}")["pending_confirmation"]["associated_persons"] is None
    expect_refusal(post(harness, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))


def test_dependents_are_managed_only_while_the_enrolment_is_pending_confirmation(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    id = create_intent(harness, enrolment)["id"]
    post(harness, f"/enrolment_intents/{enrolment}/reject")
    assert fetch_intent(harness, id)["status"] == "not_undertaken"
    expect_refusal(post(harness, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))
    expect_refusal(post(harness, f"/dependents_management_intents/{id}/confirm"))
    expect_refusal(add(harness, id, person(harness, employee)))


def test_after_the_deadline_nothing_can_be_confirmed(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, person(harness, employee)))
    freeze_clock(harness, "2026-03-16T00:00:00Z")
    expect_refusal(post(harness, f"/dependents_management_intents/{id}/confirm"))


def test_an_assumption_allows_confirmation_with_an_open_list_of_dependents(harness: Harness) -> None:
    set_assumptions(harness, confirm_with_open_dependents="accepted")
    enrolment, employee = enrolment_to_confirm(harness)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, person(harness, employee)))
    assert post(harness, f"/enrolment_intents/{enrolment}/confirm").status_code == 204
    assert fetch_intent(harness, id)["status"] == "not_undertaken"
    harness.advance("3s")
    assert len(get(harness, "/policies")["items"][0]["health_insurance"]["members"]) == 1


def test_invalid_dependents_are_refused_with_their_path(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    child, id = person(harness, employee), create_intent(harness, enrolment)["id"]
    expect_refusal(add(harness, id, "ap_none"), "not_found", 404)
    assert "associated_person_ids" in expect_refusal(add(harness, id), "invalid_request")["errors"]
    expect_ok(add(harness, id, child))
    assert "associated_person_ids[0]" in expect_refusal(add(harness, id, child), "invalid_request")["errors"]
    other = person(harness, employee)
    errors = expect_refusal(add(harness, id, other, other), "invalid_request")["errors"]
    assert list(errors) == ["associated_person_ids[1]"]


def member_selection(harness: Harness, person_id: str) -> dict[str, Any]:
    return {"associated_person_id": person_id, "coverage_selections": [coverage_selection(harness, "member")]}


def test_options_are_selected_for_each_member(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(
        harness, "Choice", metadata={"testmode.enrolment_intent": "pending_confirmation"}
    )
    child, id = person(harness, employee), create_intent(harness, enrolment)["id"]
    assert [each["scope"] for each in fetch_intent(harness, id)["coverage_options"]] == ["member"]
    wrong = [
        member_selection(harness, "ap_none"),
        member_selection(harness, child),
        member_selection(harness, child),
    ]
    wrong[1]["coverage_selections"][0]["configuration_id"] = "pc_none"
    errors = expect_refusal(add(harness, id, child, dependent_coverage_selections=wrong), "invalid_request")["errors"]
    assert set(errors) == {
        "dependent_coverage_selections[0].associated_person_id",
        "dependent_coverage_selections[1].coverage_selections[0].configuration_id",
        "dependent_coverage_selections[2].associated_person_id",
    }
    chosen = [member_selection(harness, child)]
    added = expect_ok(add(harness, id, child, dependent_coverage_selections=chosen))
    assert added["dependents"][0]["coverage_selections"][0]["options"][0]["sub_options"] is None
    post(harness, f"/dependents_management_intents/{id}/confirm")
    harness.advance("3s")
    post(harness, f"/enrolment_intents/{enrolment}/confirm")
    harness.advance("3s")
    premium = get(harness, "/policies")["items"][0]["health_insurance"]["estimated_gross_premium"]
    assert premium["monthly"]["total"] == pytest.approx(142.25 + 44.10 + 3.90)


def test_eligibility_of_all_persons_is_listed_before_they_are_added(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    spouse, child = person(harness, employee, "spouse", "1990-01-01"), person(harness, employee)
    partner = person(harness, employee, "partner", "1990-01-01")
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, spouse))
    items = get(harness, f"/dependents_management_intents/{id}/associated_persons_eligibility")["items"]
    status_by_person = {each["associated_person_id"]: each["eligibility_status"] for each in items}
    assert status_by_person == {spouse: "pending", child: "eligible", partner: "ineligible"}
    assert [each["associated_person_id"] for each in items] == [partner, child, spouse]
    assert items[2]["relationship"] == "spouse"
    expect_refusal(
        harness.request("GET", "/dependents_management_intents/dmi_0/associated_persons_eligibility"), "not_found", 404
    )


def test_a_simulation_ends_the_check_of_a_dependent(harness: Harness) -> None:
    enrolment, employee = enrolment_to_confirm(harness)
    child, id = person(harness, employee), create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, child))
    simulate(harness, "check_dependent", id=id, associated_person_id=child, status="action_required")
    assert fetch_intent(harness, id)["dependents"][0]["requirement_id"] is not None
    simulate(harness, "check_dependent", id=id, associated_person_id=child, status="restricted")
    assert fetch_intent(harness, id)["action_required"] is not None
    path = f"{SANDBOX_PATH}/simulations/check_dependent"
    for wrong in ({"id": "dmi_none", "associated_person_id": child}, {"id": id, "associated_person_id": "ap_none"}):
        assert harness.admin("POST", path, {**wrong, "status": "restricted"}).status_code == 422


@pytest.mark.parametrize("state", ["action_required", "completed"])
def test_metadata_selects_the_outcome_of_a_list_of_dependents(harness: Harness, state: str) -> None:
    enrolment, employee = enrolment_to_confirm(harness, metadata={"testmode.dependents_management_intent": state})
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, person(harness, employee)))
    post(harness, f"/dependents_management_intents/{id}/confirm")
    harness.advance("3s")
    assert fetch_intent(harness, id)["status"] == state


@pytest.mark.parametrize("setting", ["dependents_check", "dependents_processing"])
def test_the_duration_of_checking_dependents_is_an_assumption(harness: Harness, setting: str) -> None:
    set_assumptions(harness, **{setting: "1h"})
    enrolment, employee = enrolment_to_confirm(harness)
    id = create_intent(harness, enrolment)["id"]
    expect_ok(add(harness, id, person(harness, employee)))
    post(harness, f"/dependents_management_intents/{id}/confirm")
    harness.advance("59m")
    assert fetch_intent(harness, id)["status"] == "processing"
    harness.advance("1m")
    assert fetch_intent(harness, id)["status"] == "completed"
