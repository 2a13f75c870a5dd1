"""Kota's older health insurance objects: what they mirror, their events, and their operations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import create_insured_employee, enrol_employee
from tests.support.kota_group_helpers import (
    create_available_quote,
    create_employer,
    create_group,
    create_policy_intent,
    create_quote_intent,
    create_staffed_group,
)
from tests.support.kota_helpers import (
    create,
    event_types,
    events,
    fetch,
    freeze_clock,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
    simulate,
    take_step,
)

QUOTE_EVENT_PREFIX = "employer.health_insurance.quote"
PLAN_FIELDS = ("plan_name", "plan_currency", "provider_name")


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def legacy_quote_of(harness: Harness, id: str) -> Any:
    intent = fetch(harness, f"/group_quote_intents/{id}")
    employer = fetch(harness, f"/groups/{intent['group_id']}")["employer_id"]
    return fetch(harness, f"/employers/{employer}/health_insurance/quotes/{id.replace('gqi_', 'erhq_')}")


def state_changes(harness: Harness, type: str) -> list[str]:
    """Returns the event types that start with ``type``, without that prefix."""
    return [each.removeprefix(f"{type}.") for each in event_types(harness) if each.startswith(type)]


def test_an_employers_quote_follows_a_quote_intent_until_it_is_accepted(harness: Harness) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness))
    record = legacy_quote_of(harness, id)
    assert (record["status"], record["required_action"]) == ("pending_quote", None)
    assert [record["coverage_levels"][0][name] for name in PLAN_FIELDS] == ["Core", "eur", "Irish Life Health"]
    harness.advance("2s")
    intent = fetch(harness, f"/group_quote_intents/{id}")["action_required"]
    required = legacy_quote_of(harness, id)["required_action"]
    assert required == {
        "reason": intent["reason"],
        "reason_description": intent["reason_description"],
        "code": intent["code"],
        "due_at": intent["due_by"][:10],
    }
    other = create_available_quote(harness, create_staffed_group(harness))
    create_policy_intent(harness, other)
    assert legacy_quote_of(harness, other)["status"] == "pending_insurer_acceptance"
    assert state_changes(harness, QUOTE_EVENT_PREFIX)[-1] == "pending_insurer_acceptance"


def test_an_employers_quote_emits_an_event_at_each_state_change(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing")
    id = create_available_quote(harness, create_staffed_group(harness))
    assert legacy_quote_of(harness, id)["required_action"]["code"] == "decide_about_quote"
    create_policy_intent(harness, id)
    harness.advance("10s")
    assert legacy_quote_of(harness, id)["status"] == "accepted"
    assert state_changes(harness, QUOTE_EVENT_PREFIX) == [
        "created",
        "action_required",
        "pending_quote",
        "action_required",
        "pending_insurer_acceptance",
        "accepted",
    ]
    v2, v1 = (events(harness, version, f"{QUOTE_EVENT_PREFIX}.accepted")[0]["data"] for version in ("v2", "v1"))
    assert v2 == {
        "id": id.replace("gqi_", "erhq_"),
        "employer_id": v1["employer_id"],
        "resource_type": "employer_health_insurance_quote",
        "object": "employer_health_insurance_quote_event",
    }
    assert v1 == legacy_quote_of(harness, id)


@pytest.mark.parametrize("name", ["reject", "expire"])
def test_a_rejected_or_expired_quote_is_not_undertaken(harness: Harness, name: str) -> None:
    id = create_available_quote(harness, create_staffed_group(harness))
    take_step(harness, id, name)
    assert legacy_quote_of(harness, id)["status"] == "not_undertaken"
    assert state_changes(harness, QUOTE_EVENT_PREFIX)[-1] == "not_undertaken"


def test_a_quote_has_the_time_at_which_the_insurer_made_it(harness: Harness) -> None:
    id = create_available_quote(harness, create_staffed_group(harness))
    generated_at = fetch(harness, f"/group_quote_intents/{id}/quote")["generated_at"]
    harness.advance("1h")
    take_step(harness, id, "reject")
    assert legacy_quote_of(harness, id)["quoted_at"] == generated_at


def test_an_employers_policy_mirrors_the_group_policy(harness: Harness) -> None:
    employee, _ = create_insured_employee(harness)
    employer = fetch(harness, f"/employees/{employee}")["employer_id"]
    (policy,) = fetch(harness, f"/group_policies?employer_id={employer}")["items"]
    path = f"/employers/{employer}/health_insurance/policies"
    single = f"{path}/{policy['id'].replace('gp_', 'erhp_')}"
    record = fetch(harness, single)
    assert fetch(harness, path)["items"] == [record]
    common = ("start_date", "end_date", "cancellation_date", "status")
    assert {name: record[name] for name in common} == {name: policy[name] for name in common}
    insurance = policy["health_insurance"]
    assert record["group_policy_number"] == insurance["group_policy_number"] is not None
    assert (record["enrolment_type"], record["employer_cancellation_period_length"]) == ("opt_in", 14)
    assert record["renewal"]["renewal_date"] == insurance["renewal"]["renewal_date"]
    take_step(harness, policy["id"], "cancel")
    assert fetch(harness, single)["status"] == "cancelled"
    assert fetch(harness, f"{path}?status=cancelled")["total_count"] == 1
    assert fetch(harness, f"{path}?status=active,scheduled")["total_count"] == 0


def test_automatic_groups_opt_out(harness: Harness) -> None:
    set_assumptions(harness, employer_cancellation_period=30)
    employer = create_employer(harness)
    group = create_group(harness, employer)
    simulate(harness, "set_enrolment_type", group_id=group, enrolment_type="automatic")
    plan = fetch(harness, "/plans")["items"][0]["id"]
    simulate(harness, "make_group_policy", group_id=group, plan_id=plan)
    (record,) = fetch(harness, f"/employers/{employer}/health_insurance/policies")["items"]
    assert (record["enrolment_type"], record["employer_cancellation_period_length"]) == ("opt_out", 30)


def test_policies_name_their_successors(harness: Harness) -> None:
    employee, _ = create_insured_employee(harness)
    policy = enrol_employee(harness, (employee, _))
    employer = fetch(harness, f"/employees/{employee}")["employer_id"]
    freeze_clock(harness, "2027-02-25T00:00:00Z")
    for path in (
        f"/employers/{employer}/health_insurance/policies",
        f"/employees/{employee}/health_insurance/policies",
    ):
        successor, before = fetch(harness, path)["items"]
        renewal = before["renewal"]
        assert (renewal["status"], renewal["decision_confirmed"]) == ("renewed", True)
        assert renewal["renewed_health_insurance_id"] == successor["id"]
        assert (successor["renewal"]["renewed_health_insurance_id"], successor["status"]) == (None, "scheduled")
    assert before["id"] == policy["id"].replace("p_", "eehp_")


def legacy_offer_of(harness: Harness, employee: str) -> Any:
    (record,) = fetch(harness, f"/employees/{employee}/health_insurance/offers")["items"]
    return record


def create_enrolment(harness: Harness, pair: tuple[str, str], **fields: Any) -> str:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **fields}
    return str(create(harness, "/enrolment_intents", body)["id"])


def test_an_offer_has_the_required_action_of_its_enrolment(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    id = create_enrolment(harness, pair, force_confirmation=True)
    assert fetch(harness, f"/employees/{pair[0]}/health_insurance/offers")["items"] == []
    harness.advance("2s")
    record = legacy_offer_of(harness, pair[0])
    assert record["id"] == id.replace("ei_", "eeho_")
    pending = fetch(harness, f"/enrolment_intents/{id}")["pending_confirmation"]
    assert record["required_action"]["code"] == pending["code"]
    assert record["required_action"]["due_at"] == pending["due_by"][:10]
    assert fetch(harness, f"/employees/{pair[0]}/health_insurance/offers/{record['id']}") == record
    (v2,), (v1,) = (events(harness, each, "employee.health_insurance.offer") for each in ("v2", "v1"))
    assert v1["data"] == record
    assert v2["data"] == {
        "id": record["id"],
        "employer_id": record["employer_id"],
        "employee_id": pair[0],
        "external_customer_id": None,
        "resource_type": "employee_health_insurance_offer",
        "object": "employee_health_insurance_offer_event",
    }
    take_step(harness, id, "confirm")
    assert (legacy_offer_of(harness, pair[0])["status"], legacy_offer_of(harness, pair[0])["required_action"]) == (
        "accepted",
        None,
    )


def test_an_offer_with_unselected_options_requires_a_selection(harness: Harness) -> None:
    pair = create_insured_employee(harness, "Choice")
    create_enrolment(harness, pair)
    harness.advance("2s")
    assert legacy_offer_of(harness, pair[0])["required_action"] == {
        "reason": "Options are to be selected",
        "reason_description": "Select the coverage options of this policy.",
        "code": "select_coverage_options",
        "due_at": "2026-03-15",
    }


def test_a_declined_offer_is_not_undertaken(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    id = create_enrolment(harness, pair, force_confirmation=True)
    harness.advance("2s")
    take_step(harness, id, "reject")
    assert legacy_offer_of(harness, pair[0])["status"] == "not_undertaken"


def test_an_ineligible_employee_gets_no_offer(harness: Harness) -> None:
    pair = create_insured_employee(harness, date_of_birth="1940-01-01")
    create_enrolment(harness, pair)
    harness.advance("2s")
    assert fetch(harness, f"/employees/{pair[0]}/health_insurance/offers")["items"] == []


def test_an_employees_policy_mirrors_the_policy(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    policy = enrol_employee(harness, pair)
    path = f"/employees/{pair[0]}/health_insurance/policies"
    (record,) = fetch(harness, path)["items"]
    insurance = policy["health_insurance"]
    assert record["policy_number"] == insurance["policy_number"]
    assert record["opt_out_deadline_date"] == insurance["opt_out_deadline"]
    assert record["estimated_gross_premium"] == insurance["estimated_gross_premium"]
    assert (record["enrolled_dependants_count"], record["coverage_level"]["plan_name"]) == (0, "Core")
    assert state_changes(harness, "employee.health_insurance.policy") == ["activated"]
    take_step(harness, policy["id"], "cancel")
    assert fetch(harness, f"{path}/{record['id']}")["status"] == "cancelled"
    assert state_changes(harness, "employee.health_insurance.policy") == ["activated", "cancelled"]


def test_an_employees_policy_that_expires_emits_one_event(harness: Harness) -> None:
    set_assumptions(harness, renewals="cancelled")
    policy = enrol_employee(harness, create_insured_employee(harness))
    freeze_clock(harness, "2027-03-01T00:00:00Z")
    assert fetch(harness, f"/policies/{policy['id']}")["status"] == "expired"
    assert state_changes(harness, "employee.health_insurance.policy")[-1] == "expired"
    assert state_changes(harness, "employee.health_insurance.policy").count("expired") == 1


def test_an_imported_policy_emits_imported_and_an_open_end_becomes_the_renewal_date(harness: Harness) -> None:
    employee, group = create_insured_employee(harness)
    numbers = {"provider_policy_number": "N-1", "member_number": "M-1", "policy_start_date": "2026-01-01"}
    create(harness, "/policy_import_intents", {"employee_id": employee, "group_id": group, **numbers})
    harness.advance("10s")
    (record,) = fetch(harness, f"/employees/{employee}/health_insurance/policies")["items"]
    assert (record["policy_number"], record["end_date"]) == ("N-1", "2027-02-28")
    assert state_changes(harness, "employee.health_insurance.policy") == ["imported"]
    assert events(harness, "v1", "employee.health_insurance.policy") == []


def test_legacy_objects_are_found_only_under_their_owner(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    policy = enrol_employee(harness, pair)
    other_employer = create_employer(harness)
    id = policy["id"].replace("p_", "eehp_")
    employer = fetch(harness, f"/employees/{pair[0]}")["employer_id"]
    (employer_policy,) = fetch(harness, f"/employers/{employer}/health_insurance/policies")["items"]
    unknown = (
        f"/employees/ee_none/health_insurance/policies/{id}",
        f"/employees/{pair[0]}/health_insurance/policies/eehp_none",
        f"/employers/{other_employer}/health_insurance/policies/{employer_policy['id']}",
        f"/employers/{other_employer}/health_insurance/quotes/erhq_none",
        "/employees/ee_none/health_insurance/offers",
    )
    for path in unknown:
        assert refusal_code(harness, "GET", path) == (404, "not_found")


def test_an_assumption_decides_the_legacy_lists_of_unknown_owners(harness: Harness) -> None:
    lists = [f"/employers/er_none/health_insurance/{each}" for each in ("quotes", "policies")]
    lists.append("/employees/ee_none/health_insurance/policies")
    for path in lists:
        assert refusal_code(harness, "GET", path) == (404, "not_found")
    set_assumptions(harness, unknown_parent="empty")
    for path in lists:
        assert fetch(harness, path)["items"] == []
    assert refusal_code(harness, "GET", "/employees/ee_none/health_insurance/offers") == (404, "not_found")


def test_legacy_lists_are_filtered_by_status(harness: Harness) -> None:
    employer = create_employer(harness)
    for name in ("quotes", "policies"):
        assert invalid_fields(harness, "GET", f"/employers/{employer}/health_insurance/{name}?status=gone") == [
            "status"
        ]
    quote = create_available_quote(harness, create_staffed_group(harness))
    other_employer = legacy_quote_of(harness, quote)["employer_id"]
    assert (
        fetch(harness, f"/employers/{other_employer}/health_insurance/quotes?status=action_required")["total_count"]
        == 1
    )
    assert (
        fetch(harness, f"/employers/{other_employer}/health_insurance/quotes?status=accepted,pending_quote")[
            "total_count"
        ]
        == 0
    )
