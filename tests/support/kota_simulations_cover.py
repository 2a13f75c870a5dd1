"""What can be made to happen at Kota to those who are covered, and to their cover."""

from __future__ import annotations

from typing import Any

from tests.support.kota_cover import enrolled, insured_pair, join, person, selection
from tests.support.kota_event_stories import Happenings, post, wanting
from tests.support.kota_groups import employee, employer, fulfil, group, group_policy
from tests.support.kota_world import assume, freeze, made, read, simulate
from tests.support.worlds import World

HAPPENINGS = Happenings()
tells = HAPPENINGS.tells


@tells("employee.health_insurance.offer", "action_required")
def an_offer_is_to_be_decided_about(world: World) -> None:
    waiting_enrolment(world)


@tells("employee.health_insurance.policy", "activated", "cancelled")
def a_policy_begins_and_is_cancelled(world: World) -> None:
    simulate(world, "cancel_policy", id=enrolled(world, insured_pair(world))["id"], day="2026-03-01")


@tells("employee.health_insurance.policy", "activated", "expired")
def a_policy_begins_and_runs_out(world: World) -> None:
    assume(world, renewals="cancelled")
    enrolled(world, insured_pair(world))
    freeze(world, "2027-03-01T00:00:00Z")


@tells("employee.health_insurance.policy", "imported")
def a_policy_is_taken_over(world: World) -> None:
    taken_over(world)


def taken_over(world: World, **changes: Any) -> None:
    someone, everybody = insured_pair(world, **changes)
    numbers = {"provider_policy_number": "N-1", "member_number": "M-1", "policy_start_date": "2026-01-01"}
    made(world, "/policy_import_intents", {"employee_id": someone, "group_id": everybody, **numbers})
    world.advance("10s")


@tells("contribution_report", "finalized")
def a_report_is_finalized(world: World) -> None:
    enrolled(world, insured_pair(world))
    (report,) = read(world, "/contribution_reports")["items"]
    post(world, f"/contribution_reports/{report['id']}/finalize")


@tells("policy", "scheduled", "active", "updated", "cancelled")
def cover_is_scheduled_begins_and_is_ended(world: World) -> None:
    id = enrolled(world, insured_pair(world, start="2026-04-01"))["id"]
    freeze(world, "2026-04-01T00:00:00Z")
    simulate(world, "cancel_policy", id=id, day="2026-04-02")
    freeze(world, "2026-04-02T00:00:00Z")


@tells("policy", "active", "renewal.opened", "scheduled", "renewal.renewed", "expired", "active")
def cover_is_renewed(world: World) -> None:
    enrolled(world, insured_pair(world))
    freeze(world, "2027-03-01T00:00:00Z")


@tells("policy", "imported", "renewal.opened", "renewal.canceled")
def cover_is_taken_over_and_not_renewed(world: World) -> None:
    assume(world, renewals="cancelled")
    taken_over(world)
    freeze(world, "2027-02-28T00:00:00Z")


def enrolment(world: World, pair: tuple[str, str], **fields: Any) -> str:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **fields}
    return str(made(world, "/enrolment_intents", body)["id"])


def waiting_enrolment(world: World) -> str:
    """The id of an enrolment that has to be confirmed, of the only employee there is."""
    id = enrolment(world, insured_pair(world), force_confirmation=True)
    world.advance("2s")
    return id


@tells("enrolment_intent", "scheduled", "processing", "enrolling", "enrolled")
def somebody_who_is_not_active_yet_is_enrolled(world: World) -> None:
    owner = employer(world)
    everybody = group(world, owner)
    group_policy(world, everybody)
    someone = employee(world, owner)
    join(world, everybody, someone)
    enrolment(world, (someone, everybody))
    world.advance("10s")


@tells("enrolment_intent", "processing", "action_required", "processing", "coverage_options_required",
       "processing", "pending_confirmation", "not_undertaken")  # fmt: skip
def an_enrolment_asks_for_everything_and_is_declined(world: World) -> None:
    assume(world, enrolment_information="asked")
    id = enrolment(world, insured_pair(world, "Choice"), force_confirmation=True)
    world.advance("2s")
    fulfil(world, f"/enrolment_intents/{id}", {"treated": False, "truthful": True})
    world.advance("2s")
    selected = {"coverage_selections": [selection(world, "policy")]}
    post(world, f"/enrolment_intents/{id}/coverage-selections", selected)
    world.advance("2s")
    post(world, f"/enrolment_intents/{id}/reject")


@tells("enrolment_intent", "processing", "ineligible")
def somebody_too_old_is_ineligible(world: World) -> None:
    enrolment(world, insured_pair(world, date_of_birth="1940-01-01"))
    world.advance("2s")


def amendment(world: World, **employee: Any) -> tuple[str, str]:
    """The id and the path of an amendment that is to have other dependents."""
    cover = enrolled(world, insured_pair(world, **employee))["id"]
    reason = {"type": "initial_adjustment_period"}
    asked = {"amendment_reason": reason, "requested_changes": [{"change_type": "dependents"}]}
    id = made(world, f"/policies/{cover}/policy_amendment_intents", asked)["id"]
    return id, f"/policies/{cover}/policy_amendment_intents/{id}"


def list_nobody(world: World, path: str) -> None:
    """Confirm an empty list of dependents, and wait for it to be checked."""
    listed = made(world, f"{path}/create_dependents_management_intent")["id"]
    post(world, f"/dependents_management_intents/{listed}/confirm")
    world.advance("3s")


@tells("policy_amendment_intent", "action_required", "awaiting_quote", "pending_confirmation", "processing", "amended")
def a_policy_is_amended(world: World) -> None:
    _, path = amendment(world)
    list_nobody(world, path)
    world.advance("3s")
    post(world, f"{path}/confirm")
    world.advance("3s")


@tells("policy_amendment_intent", "action_required", "awaiting_quote", "processing_error")
def an_amendment_that_no_insurer_quotes_fails(world: World) -> None:
    _, path = amendment(world, **wanting("policy_amendment_intent", "processing_error"))
    list_nobody(world, path)
    world.advance("3s")


@tells("policy_amendment_intent", "action_required", "not_undertaken")
def an_amendment_is_given_up(world: World) -> None:
    post(world, f"{amendment(world)[1]}/cancel")


@tells("dependents_management_intent", "action_required", "dependent.pending_confirmation", "completed")
def a_family_is_listed_and_confirmed(world: World) -> None:
    parent = waiting_enrolment(world)
    someone = read(world, f"/enrolment_intents/{parent}")["employee_id"]
    path = f"/enrolment_intents/{parent}/create_dependents_management_intent"
    listed = f"/dependents_management_intents/{made(world, path)['id']}"
    post(world, f"{listed}/dependents", {"associated_person_ids": [person(world, someone)]})
    world.advance("2s")
    post(world, f"{listed}/confirm")
    world.advance("3s")


@tells("dependents_management_intent", "action_required", "not_undertaken")
def a_list_of_dependents_is_given_up(world: World) -> None:
    listed = made(world, f"{amendment(world)[1]}/create_dependents_management_intent")["id"]
    post(world, f"/dependents_management_intents/{listed}/cancel")


@tells("policy_import_intent", "processing", "success")
def an_import_succeeds(world: World) -> None:
    taken_over(world)


@tells("policy_import_intent", "processing", "failed")
def an_import_fails(world: World) -> None:
    taken_over(world, **wanting("policy_import_intent", "failed"))
