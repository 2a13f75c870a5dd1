"""What can be made to happen at Kota to employers, employees, groups, quotes and group policies."""

from __future__ import annotations

from tests.support.kota_cover import join, person
from tests.support.kota_event_stories import Happenings, post, put, wanting
from tests.support.kota_groups import (
    POLICY_ANSWERS,
    active,
    employee,
    employer,
    fulfil,
    group,
    group_policy,
    policy_intent,
    quote,
    quote_intent,
    staffed,
)
from tests.support.kota_world import ADDRESS, assume, freeze, made, read, simulate, step
from tests.support.worlds import World

HAPPENINGS = Happenings()
tells = HAPPENINGS.tells


@tells("employer", "created", "updated", "updated", "offboarded")
def an_employer_is_made_checked_changed_and_offboarded(world: World) -> None:
    id = employer(world)
    put(world, f"/employers/{id}", {"legal_name": "Harbour and Sons Ltd"})
    post(world, f"/employers/{id}/offboard")


@tells("employee", "created", "updated", "updated", "updated", "offboarded", "salary_deleted")
def an_employee_is_made_checked_changed_and_offboarded(world: World) -> None:
    id = active(world, employer(world))
    put(world, f"/employees/{id}", {"home_address": {name: ADDRESS[name] for name in ("line1", "city", "postal_code")}})
    post(world, f"/employees/{id}/offboard", {"offboard_on": "2026-03-02T00:00:00Z", "offboard_reason": "left"})
    world.advance("12h")
    salary = {"amount": 52_000, "currency": "eur", "pay_frequency": "annual", "effective_from": "2026-01-01"}
    made_of_it = made(world, f"/employees/{id}/salaries", salary)["id"]
    assert world.ask("DELETE", f"/employees/{id}/salaries/{made_of_it}").status_code == 200


@tells("associated_person", "updated")
def a_person_is_changed(world: World) -> None:
    someone = employee(world, employer(world))
    put(world, f"/employees/{someone}/associated_persons/{person(world, someone)}", {"first_name": "Shane"})


OLDER_QUOTE = "employer.health_insurance.quote"


@tells(OLDER_QUOTE, "created", "action_required", "pending_quote", "action_required",
       "pending_insurer_acceptance", "accepted")  # fmt: skip
def a_quote_is_asked_for_given_and_taken_up(world: World) -> None:
    assume(world, group_policy_asks="nothing")
    policy_intent(world, quote(world, staffed(world)))
    world.advance("5s")


@tells(OLDER_QUOTE, "created", "action_required", "pending_quote", "action_required", "not_undertaken")
def a_quote_is_declined(world: World) -> None:
    post(world, f"/group_quote_intents/{quote(world, staffed(world))}/reject")


@tells("group", "created", "ready", "employee.added", "employee.eligible", "updated", "archived")
def a_group_is_made_insured_joined_changed_and_closed(world: World) -> None:
    owner = employer(world)
    someone, everybody = active(world, owner), group(world, owner)
    group_policy(world, everybody)
    join(world, everybody, someone)
    put(world, f"/groups/{everybody}", {"name": "All of us"})
    simulate(world, "archive_group", group_id=everybody)


@tells("group.employee", "added", "move.scheduled", "moved", "removed")
def an_employee_joins_a_group_is_moved_and_removed(world: World) -> None:
    owner = employer(world)
    someone, first, second = active(world, owner), group(world, owner), group(world, owner)
    join(world, first, someone)
    both = {"employee_id": someone, "group_id": first}
    simulate(world, "move_group_employee", **both, new_group_id=second, on="2026-03-02")
    world.advance("12h")
    simulate(world, "remove_group_employee", employee_id=someone, group_id=second)


@tells("group_policy", "scheduled", "active", "renewal.opened", "renewal.renewed", "scheduled", "expired", "active")
def a_group_policy_begins_and_is_renewed(world: World) -> None:
    group_policy(world, group(world, employer(world)), start="2026-04-01")
    freeze(world, "2027-04-01T00:00:00Z")


@tells("group_policy", "active", "renewal.opened", "renewal.canceled", "updated", "cancelled")
def a_group_policy_is_not_renewed_and_ended_early(world: World) -> None:
    id = group_policy(world, group(world, employer(world)))
    simulate(world, "decide_renewal", group_policy_id=id, decision="open")
    simulate(world, "decide_renewal", group_policy_id=id, decision="decline")
    simulate(world, "end_group_policy", group_policy_id=id, on="2026-03-02")
    world.advance("12h")


@tells("group_quote_intent", "processing", "action_required", "awaiting_quote", "quote_available", "rejected")
def an_insurer_quotes_and_the_platform_rejects(world: World) -> None:
    post(world, f"/group_quote_intents/{quote(world, staffed(world))}/reject")


@tells("group_quote_intent", "processing", "rejected_by_insurer")
def an_insurer_does_not_quote(world: World) -> None:
    simulate(world, "refuse_intent", id=quote_intent(world, staffed(world)))


@tells("group_quote_intent", "processing", "action_required", "awaiting_quote", "quote_available", "quote_expired")
def a_quote_runs_out(world: World) -> None:
    quote(world, staffed(world))
    world.advance("30d")


@tells("group_policy_intent", "processing", "action_required", "pending_provider_approval", "policy_created")
def a_quote_becomes_a_group_policy(world: World) -> None:
    id = policy_intent(world, quote(world, staffed(world)))
    world.advance("2s")
    fulfil(world, f"/group_policy_intents/{id}", POLICY_ANSWERS)
    world.advance("3s")


@tells("group_policy_intent", "processing", "provider_rejected")
def an_insurer_refuses_a_group(world: World) -> None:
    simulate(world, "refuse_intent", id=policy_intent(world, quote(world, staffed(world))))


@tells("group_policy_intent", "processing", "action_required", "expired")
def a_group_policy_intent_is_forgotten(world: World) -> None:
    policy_intent(world, quote(world, staffed(world)))
    world.advance("29d")


@tells("group_policy_intent", "processing", "manual_renewal_gathering_required")
def the_renewal_of_a_group_policy_is_gathered_by_hand(world: World) -> None:
    gathering = wanting("group_policy_intent", "manual_renewal_gathering_required")
    policy_intent(world, quote(world, staffed(world, **gathering)))
    world.advance("2s")


@tells("invoice", "created", "updated")
def an_invoice_is_written_and_changed(world: World) -> None:
    provider = read(world, "/providers")["items"][0]["id"]
    simulate(world, "change_invoice", invoice_id=simulate(world, "issue_invoice", provider_id=provider)["id"])


@tells("approvable_action", "pending_approval", "approved", "applying", "applied")
def an_action_is_approved_and_applied(world: World) -> None:
    step(world, simulate(world, "ask_for_approval")["id"], "approve")
    world.advance("4s")


@tells("approvable_action", "pending_approval", "rejected")
def an_action_is_rejected(world: World) -> None:
    step(world, simulate(world, "ask_for_approval")["id"], "reject")


@tells("approvable_action", "pending_approval", "approved", "applying", "failed")
def an_action_cannot_be_applied(world: World) -> None:
    id = simulate(world, "ask_for_approval")["id"]
    for each in ("approve", "apply", "fail"):
        step(world, id, each)
