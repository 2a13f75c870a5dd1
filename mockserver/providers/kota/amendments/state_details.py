"""Renders the members of a policy amendment intent that depend on its state: required action, quote, error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import premiums
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.catalog.members import build_dependant
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.values.records import today

DEPENDENTS, CANCELLATION = "dependents", "cancellation"
_CONFIRMATIONS = {
    "confirm_quote": ("The quote is to be confirmed", "Look at what the changed policy costs, then confirm."),
    "confirm_opt_out": ("The opt-out is to be confirmed", "The policy ends as if it had not begun."),
    "confirm_qle": ("The cancellation is to be confirmed", "The policy ends because of the life event."),
}
_FAILURES = {
    "provider_rejected": ("The insurer has refused", "The insurer does not make this change."),
    "unable_to_quote": ("No quote could be made", "The insurer has no price for the changed policy."),
}


def requested_changes(record: Record) -> list[str]:
    """Returns the kinds of change that an amendment requests: dependents or cancellation."""
    return [each["change_type"] for each in record["requested_changes"]]


def render_associated_persons(at: WriteContext, record: Record) -> dict[str, Any]:
    """Returns a reference to the amendment's newest dependents management intent; without one, its members are None."""
    intent = dependents.find_latest_intent(at, record["id"])
    state = {
        "dependents_management_intent_id": intent["id"] if intent else None,
        "status": intent["status"] if intent else None,
    }
    return {"type": "dependents", "dependents": state}


def render_required_action(at: WriteContext, record: Record) -> dict[str, Any]:
    """Returns the member ``required_action``, which an intent has in the state action_required."""
    return {
        "code": "provide_dependents_information",
        "reason": "Dependents are to be listed",
        "reason_description": "Add or remove dependents, then confirm the list.",
        "due_by": record["_due_day"],
        "associated_persons": render_associated_persons(at, record),
    }


def render_pending_confirmation(at: WriteContext, record: Record, policy: Record) -> dict[str, Any]:
    """Returns the member ``pending_confirmation``, which an intent has in that state."""
    changes_dependents = DEPENDENTS in requested_changes(record)
    event = record["amendment_reason"]["qualifying_life_event"]
    code = "confirm_quote" if changes_dependents else "confirm_qle" if event else "confirm_opt_out"
    reason, description = _CONFIRMATIONS[code]
    return {
        "code": code,
        "reason": reason,
        "reason_description": description,
        "due_by": record["_due_day"],
        "quote": _render_quote(at, policy, find_members_after(at, record, policy)) if changes_dependents else None,
        "associated_persons": render_associated_persons(at, record) if changes_dependents else None,
    }


def render_failure(code: str) -> dict[str, str]:
    """Returns the member ``processing_error``, which an intent has in that state."""
    reason, description = _FAILURES[code]
    return {"code": code, "reason": reason, "reason_description": description}


def find_members_after(at: WriteContext, record: Record, policy: Record) -> list[Record]:
    """Returns the policy's members after the amendment; members who stay keep their records and ids."""
    # The policyholder has no associated person, so that its key is None.
    current = {each["associated_person_id"]: each for each in policy["health_insurance"]["members"]}
    people = dependents.find_confirmed_dependents(at, record["id"])
    if people is None:
        return list(current.values())
    return [current[None], *(current.get(each.person["id"]) or build_dependant(at, each, today(at)) for each in people)]


def _render_quote(at: WriteContext, policy: Record, members: Sequence[Record]) -> dict[str, Any]:
    insurance, plan = policy["health_insurance"], get_plan(at, policy["plan"]["id"])
    sharing = insurance["configuration"]["cost_sharing"]
    parts = premiums.split_premium(plan, sharing, members, policy["_coverage_selections"])
    employer, total = sum(each.employer for each in parts), sum(each.total for each in parts)
    term = policy["start_date"], insurance["renewal"]["renewal_date"]
    currency = policy["plan"]["currency"]
    return {
        "currency": currency.upper() if assumptions_of(at).amendment_currency == "upper" else currency,
        "monthly": _render_contributions(at, employer, total),
        "term": _render_contributions(
            at, premiums.amount_for_term(employer, *term), premiums.amount_for_term(total, *term)
        ),
    }


def _render_contributions(at: WriteContext, employer: int, total: int) -> dict[str, Any]:
    # The employee's net amount is the rest of the total, so that both amounts add up to the total.
    total_net, employer_net = _net(at, total), _net(at, employer)
    return {
        "employee_contribution": _render_amount(total_net - employer_net, total - employer),
        "employer_contribution": _render_amount(employer_net, employer),
        "total": _render_amount(total_net, total),
    }


def _net(at: WriteContext, gross: int) -> int:
    divisor = 10_000 + assumptions_of(at).amendment_tax
    return (2 * gross * 10_000 + divisor) // (2 * divisor)


def _render_amount(net: int, gross: int) -> dict[str, float]:
    cents = {"net": net, "tax": gross - net, "gross": gross}
    return {name: premiums.to_amount(amount) for name, amount in cents.items()}
