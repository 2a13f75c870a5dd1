"""Cases that emit Kota's events about employees, enrolments and policies."""

from __future__ import annotations

from typing import Any

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import (
    add_to_group,
    coverage_selection,
    create_insured_employee,
    enrol_employee,
    person,
)
from tests.support.kota_event_cases import EventCases, outcome_metadata, post
from tests.support.kota_group_helpers import (
    create_employee,
    create_employer,
    create_group,
    create_group_policy,
    fulfil_requirement,
)
from tests.support.kota_helpers import create, fetch, freeze_clock, set_assumptions, simulate

EVENT_CASES = EventCases()
emits = EVENT_CASES.emits


@emits("employee.health_insurance.offer", "action_required")
def an_offer_requires_a_decision(harness: Harness) -> None:
    create_enrolment_to_confirm(harness)


@emits("employee.health_insurance.policy", "activated", "cancelled")
def a_policy_begins_and_is_cancelled(harness: Harness) -> None:
    simulate(
        harness, "cancel_policy", id=enrol_employee(harness, create_insured_employee(harness))["id"], day="2026-03-01"
    )


@emits("employee.health_insurance.policy", "activated", "expired")
def a_policy_begins_and_expires(harness: Harness) -> None:
    set_assumptions(harness, renewals="cancelled")
    enrol_employee(harness, create_insured_employee(harness))
    freeze_clock(harness, "2027-03-01T00:00:00Z")


@emits("employee.health_insurance.policy", "imported")
def a_policy_is_imported(harness: Harness) -> None:
    import_policy(harness)


def import_policy(harness: Harness, **changes: Any) -> None:
    employee, group = create_insured_employee(harness, **changes)
    numbers = {"provider_policy_number": "N-1", "member_number": "M-1", "policy_start_date": "2026-01-01"}
    create(harness, "/policy_import_intents", {"employee_id": employee, "group_id": group, **numbers})
    harness.advance("10s")


@emits("contribution_report", "finalized")
def a_report_is_finalized(harness: Harness) -> None:
    enrol_employee(harness, create_insured_employee(harness))
    (report,) = fetch(harness, "/contribution_reports")["items"]
    post(harness, f"/contribution_reports/{report['id']}/finalize")


@emits("policy", "scheduled", "active", "updated", "cancelled")
def cover_is_scheduled_begins_and_is_ended(harness: Harness) -> None:
    id = enrol_employee(harness, create_insured_employee(harness, start="2026-04-01"))["id"]
    freeze_clock(harness, "2026-04-01T00:00:00Z")
    simulate(harness, "cancel_policy", id=id, day="2026-04-02")
    freeze_clock(harness, "2026-04-02T00:00:00Z")


@emits("policy", "active", "renewal.opened", "scheduled", "renewal.renewed", "expired", "active")
def cover_is_renewed(harness: Harness) -> None:
    enrol_employee(harness, create_insured_employee(harness))
    freeze_clock(harness, "2027-03-01T00:00:00Z")


@emits("policy", "imported", "renewal.opened", "renewal.canceled")
def cover_is_imported_and_not_renewed(harness: Harness) -> None:
    set_assumptions(harness, renewals="cancelled")
    import_policy(harness)
    freeze_clock(harness, "2027-02-28T00:00:00Z")


def create_enrolment(harness: Harness, pair: tuple[str, str], **fields: Any) -> str:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **fields}
    return str(create(harness, "/enrolment_intents", body)["id"])


def create_enrolment_to_confirm(harness: Harness) -> str:
    """Create an employee with an enrolment that waits for confirmation, and return the id of the enrolment."""
    id = create_enrolment(harness, create_insured_employee(harness), force_confirmation=True)
    harness.advance("2s")
    return id


@emits("enrolment_intent", "scheduled", "processing", "enrolling", "enrolled")
def somebody_who_is_not_active_yet_is_enrolled(harness: Harness) -> None:
    employer = create_employer(harness)
    group = create_group(harness, employer)
    create_group_policy(harness, group)
    employee = create_employee(harness, employer)
    add_to_group(harness, group, employee)
    create_enrolment(harness, (employee, group))
    harness.advance("10s")


@emits("enrolment_intent", "processing", "action_required", "processing", "coverage_options_required",
       "processing", "pending_confirmation", "not_undertaken")  # fmt: skip
def an_enrolment_requires_every_step_and_is_declined(harness: Harness) -> None:
    set_assumptions(harness, enrolment_information="asked")
    id = create_enrolment(harness, create_insured_employee(harness, "Choice"), force_confirmation=True)
    harness.advance("2s")
    fulfil_requirement(harness, f"/enrolment_intents/{id}", {"treated": False, "truthful": True})
    harness.advance("2s")
    selected = {"coverage_selections": [coverage_selection(harness, "policy")]}
    post(harness, f"/enrolment_intents/{id}/coverage-selections", selected)
    harness.advance("2s")
    post(harness, f"/enrolment_intents/{id}/reject")


@emits("enrolment_intent", "processing", "ineligible")
def somebody_too_old_is_ineligible(harness: Harness) -> None:
    create_enrolment(harness, create_insured_employee(harness, date_of_birth="1940-01-01"))
    harness.advance("2s")


def create_amendment(harness: Harness, **employee: Any) -> tuple[str, str]:
    """Creates an amendment that changes the dependents, and returns its id and path."""
    policy = enrol_employee(harness, create_insured_employee(harness, **employee))["id"]
    reason = {"type": "initial_adjustment_period"}
    body = {"amendment_reason": reason, "requested_changes": [{"change_type": "dependents"}]}
    id = create(harness, f"/policies/{policy}/policy_amendment_intents", body)["id"]
    return id, f"/policies/{policy}/policy_amendment_intents/{id}"


def confirm_no_dependents(harness: Harness, path: str) -> None:
    """Confirm an empty list of dependents, and advance the clock until it is checked."""
    id = create(harness, f"{path}/create_dependents_management_intent")["id"]
    post(harness, f"/dependents_management_intents/{id}/confirm")
    harness.advance("3s")


@emits("policy_amendment_intent", "action_required", "awaiting_quote", "pending_confirmation", "processing", "amended")
def a_policy_is_amended(harness: Harness) -> None:
    _, path = create_amendment(harness)
    confirm_no_dependents(harness, path)
    harness.advance("3s")
    post(harness, f"{path}/confirm")
    harness.advance("3s")


@emits("policy_amendment_intent", "action_required", "awaiting_quote", "processing_error")
def an_amendment_that_no_insurer_quotes_fails(harness: Harness) -> None:
    _, path = create_amendment(harness, **outcome_metadata("policy_amendment_intent", "processing_error"))
    confirm_no_dependents(harness, path)
    harness.advance("3s")


@emits("policy_amendment_intent", "action_required", "not_undertaken")
def an_amendment_is_cancelled(harness: Harness) -> None:
    post(harness, f"{create_amendment(harness)[1]}/cancel")


@emits("dependents_management_intent", "action_required", "dependent.pending_confirmation", "completed")
def a_family_is_listed_and_confirmed(harness: Harness) -> None:
    parent = create_enrolment_to_confirm(harness)
    employee = fetch(harness, f"/enrolment_intents/{parent}")["employee_id"]
    path = f"/enrolment_intents/{parent}/create_dependents_management_intent"
    intent = f"/dependents_management_intents/{create(harness, path)['id']}"
    post(harness, f"{intent}/dependents", {"associated_person_ids": [person(harness, employee)]})
    harness.advance("2s")
    post(harness, f"{intent}/confirm")
    harness.advance("3s")


@emits("dependents_management_intent", "action_required", "not_undertaken")
def a_list_of_dependents_is_cancelled(harness: Harness) -> None:
    id = create(harness, f"{create_amendment(harness)[1]}/create_dependents_management_intent")["id"]
    post(harness, f"/dependents_management_intents/{id}/cancel")


@emits("policy_import_intent", "processing", "success")
def an_import_succeeds(harness: Harness) -> None:
    import_policy(harness)


@emits("policy_import_intent", "processing", "failed")
def an_import_fails(harness: Harness) -> None:
    import_policy(harness, **outcome_metadata("policy_import_intent", "failed"))
