"""Cases that emit Kota's events about employers, employees, groups, quotes and group policies."""

from __future__ import annotations

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import add_to_group, person
from tests.support.kota_event_cases import EventCases, outcome_metadata, post, put
from tests.support.kota_group_helpers import (
    POLICY_ANSWERS,
    create_active_employee,
    create_available_quote,
    create_employee,
    create_employer,
    create_group,
    create_group_policy,
    create_policy_intent,
    create_quote_intent,
    create_staffed_group,
    fulfil_requirement,
)
from tests.support.kota_helpers import ADDRESS, create, fetch, freeze_clock, set_assumptions, simulate, take_step

EVENT_CASES = EventCases()
emits = EVENT_CASES.emits


@emits("employer", "created", "updated", "updated", "offboarded")
def an_employer_is_created_checked_changed_and_offboarded(harness: Harness) -> None:
    id = create_employer(harness)
    put(harness, f"/employers/{id}", {"legal_name": "Harbour and Sons Ltd"})
    post(harness, f"/employers/{id}/offboard")


@emits("employee", "created", "updated", "updated", "updated", "offboarded", "salary_deleted")
def an_employee_is_created_checked_changed_and_offboarded(harness: Harness) -> None:
    id = create_active_employee(harness, create_employer(harness))
    put(
        harness,
        f"/employees/{id}",
        {"home_address": {name: ADDRESS[name] for name in ("line1", "city", "postal_code")}},
    )
    post(harness, f"/employees/{id}/offboard", {"offboard_on": "2026-03-02T00:00:00Z", "offboard_reason": "left"})
    harness.advance("12h")
    salary = {"amount": 52_000, "currency": "eur", "pay_frequency": "annual", "effective_from": "2026-01-01"}
    salary_id = create(harness, f"/employees/{id}/salaries", salary)["id"]
    assert harness.request("DELETE", f"/employees/{id}/salaries/{salary_id}").status_code == 200


@emits("associated_person", "updated")
def a_person_is_changed(harness: Harness) -> None:
    employee = create_employee(harness, create_employer(harness))
    put(harness, f"/employees/{employee}/associated_persons/{person(harness, employee)}", {"first_name": "Shane"})


LEGACY_QUOTE = "employer.health_insurance.quote"


@emits(LEGACY_QUOTE, "created", "action_required", "pending_quote", "action_required",
       "pending_insurer_acceptance", "accepted")  # fmt: skip
def a_quote_is_requested_given_and_accepted(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing")
    create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("5s")


@emits(LEGACY_QUOTE, "created", "action_required", "pending_quote", "action_required", "not_undertaken")
def a_quote_is_declined(harness: Harness) -> None:
    post(harness, f"/group_quote_intents/{create_available_quote(harness, create_staffed_group(harness))}/reject")


@emits("group", "created", "ready", "employee.added", "employee.eligible", "updated", "archived")
def a_group_is_created_insured_joined_changed_and_archived(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_active_employee(harness, employer), create_group(harness, employer)
    create_group_policy(harness, group)
    add_to_group(harness, group, employee)
    put(harness, f"/groups/{group}", {"name": "All of us"})
    simulate(harness, "archive_group", group_id=group)


@emits("group.employee", "added", "move.scheduled", "moved", "removed")
def an_employee_joins_a_group_is_moved_and_removed(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, first, second = (
        create_active_employee(harness, employer),
        create_group(harness, employer),
        create_group(harness, employer),
    )
    add_to_group(harness, first, employee)
    ids = {"employee_id": employee, "group_id": first}
    simulate(harness, "move_group_employee", **ids, new_group_id=second, on="2026-03-02")
    harness.advance("12h")
    simulate(harness, "remove_group_employee", employee_id=employee, group_id=second)


@emits("group_policy", "scheduled", "active", "renewal.opened", "renewal.renewed", "scheduled", "expired", "active")
def a_group_policy_begins_and_is_renewed(harness: Harness) -> None:
    create_group_policy(harness, create_group(harness, create_employer(harness)), start="2026-04-01")
    freeze_clock(harness, "2027-04-01T00:00:00Z")


@emits("group_policy", "active", "renewal.opened", "renewal.canceled", "updated", "cancelled")
def a_group_policy_is_not_renewed_and_ended_early(harness: Harness) -> None:
    id = create_group_policy(harness, create_group(harness, create_employer(harness)))
    simulate(harness, "decide_renewal", group_policy_id=id, decision="open")
    simulate(harness, "decide_renewal", group_policy_id=id, decision="decline")
    simulate(harness, "end_group_policy", group_policy_id=id, on="2026-03-02")
    harness.advance("12h")


@emits("group_quote_intent", "processing", "action_required", "awaiting_quote", "quote_available", "rejected")
def an_insurer_quotes_and_the_platform_rejects(harness: Harness) -> None:
    post(harness, f"/group_quote_intents/{create_available_quote(harness, create_staffed_group(harness))}/reject")


@emits("group_quote_intent", "processing", "rejected_by_insurer")
def an_insurer_does_not_quote(harness: Harness) -> None:
    simulate(harness, "refuse_intent", id=create_quote_intent(harness, create_staffed_group(harness)))


@emits("group_quote_intent", "processing", "action_required", "awaiting_quote", "quote_available", "quote_expired")
def a_quote_expires(harness: Harness) -> None:
    create_available_quote(harness, create_staffed_group(harness))
    harness.advance("30d")


@emits("group_policy_intent", "processing", "action_required", "pending_provider_approval", "policy_created")
def a_quote_becomes_a_group_policy(harness: Harness) -> None:
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("2s")
    fulfil_requirement(harness, f"/group_policy_intents/{id}", POLICY_ANSWERS)
    harness.advance("3s")


@emits("group_policy_intent", "processing", "provider_rejected")
def an_insurer_refuses_a_group(harness: Harness) -> None:
    simulate(
        harness,
        "refuse_intent",
        id=create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness))),
    )


@emits("group_policy_intent", "processing", "action_required", "expired")
def a_group_policy_intent_expires(harness: Harness) -> None:
    create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("29d")


@emits("group_policy_intent", "processing", "manual_renewal_gathering_required")
def the_renewal_of_a_group_policy_is_gathered_by_hand(harness: Harness) -> None:
    gathering = outcome_metadata("group_policy_intent", "manual_renewal_gathering_required")
    create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness, **gathering)))
    harness.advance("2s")


@emits("invoice", "created", "updated")
def an_invoice_is_issued_and_changed(harness: Harness) -> None:
    provider = fetch(harness, "/providers")["items"][0]["id"]
    simulate(harness, "change_invoice", invoice_id=simulate(harness, "issue_invoice", provider_id=provider)["id"])


@emits("approvable_action", "pending_approval", "approved", "applying", "applied")
def an_action_is_approved_and_applied(harness: Harness) -> None:
    take_step(harness, simulate(harness, "ask_for_approval")["id"], "approve")
    harness.advance("4s")


@emits("approvable_action", "pending_approval", "rejected")
def an_action_is_rejected(harness: Harness) -> None:
    take_step(harness, simulate(harness, "ask_for_approval")["id"], "reject")


@emits("approvable_action", "pending_approval", "approved", "applying", "failed")
def an_action_cannot_be_applied(harness: Harness) -> None:
    id = simulate(harness, "ask_for_approval")["id"]
    for step in ("approve", "apply", "fail"):
        take_step(harness, id, step)
