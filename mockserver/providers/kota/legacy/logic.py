"""The older health insurance objects: mirrors of quote intents, group policies, enrolments and policies.

A mirror has the id of its original with another prefix, and its own event types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import add_days, find_record, format_date_time
from mockserver.providers.kota.wire.lists import iter_records

EMPLOYER_QUOTE, EMPLOYER_POLICY = "employer_health_insurance_quote", "employer_health_insurance_policy"
EMPLOYEE_OFFER, EMPLOYEE_POLICY = "employee_health_insurance_offer", "employee_health_insurance_policy"
_BY_QUOTE_INTENT = {
    "processing": "pending_quote",
    "awaiting_quote": "pending_quote",
    "action_required": "action_required",
    "quote_available": "action_required",
    "rejected": "not_undertaken",
    "rejected_by_insurer": "not_undertaken",
    "quote_expired": "not_undertaken",
}
_BY_POLICY_INTENT = {"policy_created": "accepted", "expired": "not_undertaken", "provider_rejected": "not_undertaken"}
"""With a policy intent, its state determines the status; in its other states the insurer has not accepted yet."""
_BY_ENROLMENT = {
    "action_required": "action_required",
    "coverage_options_required": "action_required",
    "pending_confirmation": "action_required",
    "enrolling": "accepted",
    "enrolled": "accepted",
    "not_undertaken": "not_undertaken",
    "ineligible": "not_undertaken",
}
"""In its other states an enrolment has no offer yet."""
_COVER_EVENTS = {"active": "activated", "cancelled": "cancelled", "expired": "expired"}


def legacy_id(kind: str, id: str) -> str:
    """Returns the id of the mirror of an object."""
    return f"{KINDS[kind].prefix}_{id.partition('_')[2]}"


def _mirror(at: WriteContext, kind: str, id: str, **fields: Any) -> tuple[Record | None, Record]:
    """Stores a mirror; returns its previous record, or None, and the new one."""
    collection, own = KINDS[kind].collection, legacy_id(kind, id)
    before = at.space.get(collection, own)
    record = {"object": kind, "id": own, **fields}
    at.space.put(collection, record)
    return before, record


def coverage_level(plan: Record) -> dict[str, Any]:
    """Returns a plan as the older objects show it."""
    provider = catalog.policy_provider(plan)
    return {
        "plan_id": plan["id"],
        "plan_name": plan["name"],
        "plan_currency": catalog.currency(plan),
        "provider_name": provider["name"],
        "provider_logo_url": provider["logo_url"],
        "provider_employer_platform_url": provider["employer_portal_url"],
        "provider_support_phone": provider["support_phone_number"],
        "documents": [{"title": each["title"], "link": each["link"]} for each in plan["documents"]],
    }


def mirror_quote_intent(at: WriteContext, quote_intent: Record) -> None:
    """Updates the mirror of a group quote intent after a change of it or of its policy intent."""
    group = find_record(at, "group", quote_intent["group_id"]) or {}
    policy_intent = next(iter_records(at.space, "group_policy_intents", quote_intent_id=quote_intent["id"]), None)
    status = _BY_QUOTE_INTENT[quote_intent["status"]]
    if policy_intent is not None:
        status = _BY_POLICY_INTENT.get(policy_intent["status"], "pending_insurer_acceptance")
    before, record = _mirror(
        at,
        EMPLOYER_QUOTE,
        quote_intent["id"],
        employer_id=group["employer_id"],
        quoted_at=_quoted_at(at, quote_intent),
        status=status,
        required_action=_quote_action(at, quote_intent) if status == "action_required" else None,
        coverage_levels=[coverage_level(catalog.plan(at, quote_intent["plan_id"]))],
    )
    if before is None:
        _publish_quote_event(at, "created", record)
    elif before["status"] != status:
        _publish_quote_event(at, status, record)


def _quoted_at(at: WriteContext, quote_intent: Record) -> str:
    """Returns when the insurer quoted, or until then when the quote was requested."""
    before = at.space.get(KINDS[EMPLOYER_QUOTE].collection, legacy_id(EMPLOYER_QUOTE, quote_intent["id"]))
    quoted = quote_intent.get("_quote")
    if quoted is not None:
        return str(quoted["generated_at"])
    return str(before["quoted_at"]) if before is not None else format_date_time(at, at.now)


def _publish_quote_event(at: WriteContext, what: str, record: Record) -> None:
    ids = {name: record[name] for name in ("id", "employer_id")}
    publish_event(at, f"employer.health_insurance.quote.{what}", EMPLOYER_QUOTE, ids, record)


def _quote_action(at: WriteContext, quote_intent: Record) -> dict[str, str]:
    if quote_intent["action_required"] is not None:
        return _render_action(quote_intent["action_required"])
    return {
        "reason": "The quote is to be decided about",
        "reason_description": "Accept the quote, or reject it.",
        "code": "decide_about_quote",
        "due_at": format_date_time(at, quote_intent["_expires_at"])[:10],
    }


def _render_action(action: Mapping[str, Any]) -> dict[str, str]:
    """Returns the required action of an intent as the older objects show it."""
    copied = {name: action[name] for name in ("reason", "reason_description", "code")}
    return {**copied, "due_at": action["due_by"][:10]}


def mirror_group_policy(at: WriteContext, group_policy: Record) -> None:
    """Updates the mirror of a group policy after a change of it."""
    group = find_record(at, "group", group_policy["group_id"]) or {}
    insurance = group_policy["health_insurance"]
    previous = at.space.get(KINDS[EMPLOYER_POLICY].collection, legacy_id(EMPLOYER_POLICY, group_policy["id"]))
    renewed_by = previous["renewal"]["renewed_health_insurance_id"] if previous else None
    _, record = _mirror(
        at,
        EMPLOYER_POLICY,
        group_policy["id"],
        employer_id=group_policy["employer_id"],
        **_term(group_policy),
        group_policy_number=insurance["group_policy_number"],
        status=group_policy["status"],
        enrolment_type=_enrolment_type(group),
        renewal=_renewal(insurance["renewal"], renewed_by),
        employer_cancellation_period_length=assumptions_of(at).employer_cancellation_period,
        coverage_levels=[coverage_level(catalog.plan(at, group_policy["plan"]["id"]))],
        _group_id=group_policy["group_id"],
    )
    if previous is None:
        _link_renewed_policy(at, record)


def _link_renewed_policy(at: WriteContext, following: Record) -> None:
    """Stores the id of a new policy in the policy that it renews."""
    for before in list(iter_records(at.space, KINDS[EMPLOYER_POLICY].collection, employer_id=following["employer_id"])):
        renewal = before["renewal"]
        same = before["_group_id"] == following["_group_id"] and _plan_id(before) == _plan_id(following)
        if same and renewal["status"] == "renewed" and renewal["renewal_date"] == following["start_date"]:
            renewal = {**renewal, "renewed_health_insurance_id": following["id"]}
            at.space.put(KINDS[EMPLOYER_POLICY].collection, {**before, "renewal": renewal})


def _plan_id(record: Record) -> str:
    return str(record["coverage_levels"][0]["plan_id"])


def _enrolment_type(group: Record) -> str:
    return "opt_out" if group["enrolment_type"] == "automatic" else "opt_in"


def _term(policy: Record) -> dict[str, Any]:
    """Returns a policy's dates; without end date it ends at its renewal, since the older objects require an end."""
    renewal_date = policy["health_insurance"]["renewal"]["renewal_date"]
    return {
        "start_date": policy["start_date"],
        "end_date": policy["end_date"] or add_days(renewal_date, -1),
        "cancellation_date": policy["cancellation_date"],
    }


def _renewal(renewal: Record, renewed_by: str | None) -> dict[str, Any]:
    copied = {name: renewal[name] for name in ("status", "renewal_date", "window_start_date", "window_end_date")}
    decided = renewal["status"] in ("renewed", "cancelled")
    return {**copied, "decision_confirmed": decided, "renewed_health_insurance_id": renewed_by}


def _owner_ids(at: WriteContext, record: Record) -> dict[str, Any]:
    employee = find_record(at, "employee", record["employee_id"]) or {}
    return {
        "employer_id": employee["employer_id"],
        "employee_id": employee["id"],
        "external_customer_id": employee["external_customer_id"],
    }


_EVENT_FIELDS = ("id", "employer_id", "employee_id", "external_customer_id")


def mirror_enrolment(at: WriteContext, enrolment: Record) -> None:
    """Updates the mirror of an enrolment intent, once it has an offer."""
    status = _BY_ENROLMENT.get(enrolment["status"])
    existing = at.space.get(KINDS[EMPLOYEE_OFFER].collection, legacy_id(EMPLOYEE_OFFER, enrolment["id"]))
    nothing_offered = status is None or (existing is None and status == "not_undertaken")
    if nothing_offered or not enrolment["policy_enrolments"]:
        return
    plan = catalog.plan(at, enrolment["policy_enrolments"][0]["plan"]["id"])
    before, record = _mirror(
        at,
        EMPLOYEE_OFFER,
        enrolment["id"],
        **_owner_ids(at, enrolment),
        status=status,
        required_action=_offer_action(enrolment) if status == "action_required" else None,
        coverage_level=coverage_level(plan),
    )
    if status == "action_required" and record != before:
        ids = {name: record[name] for name in _EVENT_FIELDS}
        publish_event(at, "employee.health_insurance.offer.action_required", EMPLOYEE_OFFER, ids, record)


def _offer_action(enrolment: Record) -> dict[str, str]:
    action = enrolment["action_required"] or enrolment["pending_confirmation"]
    return _render_action(action) if action is not None else _selection(enrolment["_due_day"])


def _selection(due_day: str) -> dict[str, str]:
    return {
        "reason": "Options are to be selected",
        "reason_description": "Select the coverage options of this policy.",
        "code": "select_coverage_options",
        "due_at": due_day,
    }


def mirror_policy(at: WriteContext, policy: Record) -> None:
    """Updates the mirror of a policy after a change of it."""
    group, insurance = find_record(at, "group", policy["group_id"]) or {}, policy["health_insurance"]
    renewed = insurance["renewal"]["renewed_policy_id"]
    before, record = _mirror(
        at,
        EMPLOYEE_POLICY,
        policy["id"],
        **_owner_ids(at, policy),
        **_term(policy),
        policy_number=insurance["policy_number"],
        status=policy["status"],
        enrolment_type=_enrolment_type(group),
        renewal=_renewal(insurance["renewal"], legacy_id(EMPLOYEE_POLICY, renewed) if renewed else None),
        opt_out_deadline_date=insurance["opt_out_deadline"],
        coverage_level=coverage_level(catalog.plan(at, policy["plan"]["id"])),
        enrolled_dependants_count=len(insurance["members"]) - 1,
        estimated_gross_premium=insurance["estimated_gross_premium"],
    )
    first, moved = before is None, before is None or before["status"] != policy["status"]
    what = "imported" if first and policy["_imported"] else _COVER_EVENTS.get(policy["status"]) if moved else None
    if what is not None:
        ids = {name: record[name] for name in _EVENT_FIELDS}
        publish_event(at, f"employee.health_insurance.policy.{what}", EMPLOYEE_POLICY, ids, record)
