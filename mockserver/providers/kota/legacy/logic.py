"""Mirrors quote intents, group policies, enrolments and policies as the older health insurance objects.

A mirror has the id of its original with another prefix, and publishes events of other types.
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
"""The status of a quote that has a policy intent, by state of that intent.

In the intent's other states the status is pending_insurer_acceptance.
"""
_BY_ENROLMENT = {
    "action_required": "action_required",
    "coverage_options_required": "action_required",
    "pending_confirmation": "action_required",
    "enrolling": "accepted",
    "enrolled": "accepted",
    "not_undertaken": "not_undertaken",
    "ineligible": "not_undertaken",
}
"""The status of an offer by state of its enrolment intent; in the intent's other states there is no offer yet."""
_COVER_EVENTS = {"active": "activated", "cancelled": "cancelled", "expired": "expired"}


def legacy_id(kind: str, id: str) -> str:
    """Returns the id of the mirror of an object."""
    return f"{KINDS[kind].prefix}_{id.partition('_')[2]}"


def _store_mirror(at: WriteContext, kind: str, id: str, **fields: Any) -> tuple[Record | None, Record]:
    """Stores a mirror; returns its previous record, or None if there was none, and its new record."""
    collection, mirror_id = KINDS[kind].collection, legacy_id(kind, id)
    previous = at.space.get(collection, mirror_id)
    record = {"object": kind, "id": mirror_id, **fields}
    at.space.put(collection, record)
    return previous, record


def render_coverage_level(plan: Record) -> dict[str, Any]:
    """Returns a plan in the form that it has in the older objects."""
    provider = catalog.render_policy_provider(plan)
    return {
        "plan_id": plan["id"],
        "plan_name": plan["name"],
        "plan_currency": catalog.get_currency(plan),
        "provider_name": provider["name"],
        "provider_logo_url": provider["logo_url"],
        "provider_employer_platform_url": provider["employer_portal_url"],
        "provider_support_phone": provider["support_phone_number"],
        "documents": [{"title": each["title"], "link": each["link"]} for each in plan["documents"]],
    }


def mirror_quote_intent(at: WriteContext, quote_intent: Record) -> None:
    """Updates the mirror of a group quote intent that has changed, or whose policy intent has changed."""
    group = find_record(at, "group", quote_intent["group_id"]) or {}
    policy_intent = next(iter_records(at.space, "group_policy_intents", quote_intent_id=quote_intent["id"]), None)
    status = _BY_QUOTE_INTENT[quote_intent["status"]]
    if policy_intent is not None:
        status = _BY_POLICY_INTENT.get(policy_intent["status"], "pending_insurer_acceptance")
    previous, record = _store_mirror(
        at,
        EMPLOYER_QUOTE,
        quote_intent["id"],
        employer_id=group["employer_id"],
        quoted_at=_quoted_at(at, quote_intent),
        status=status,
        required_action=_render_quote_action(at, quote_intent) if status == "action_required" else None,
        coverage_levels=[render_coverage_level(catalog.get_plan(at, quote_intent["plan_id"]))],
    )
    if previous is None:
        _publish_quote_event(at, "created", record)
    elif previous["status"] != status:
        _publish_quote_event(at, status, record)


def _quoted_at(at: WriteContext, quote_intent: Record) -> str:
    """Returns the time of the insurer's quote; before it exists, the time of the request."""
    quote = quote_intent.get("_quote")
    if quote is not None:
        return str(quote["generated_at"])
    previous = at.space.get(KINDS[EMPLOYER_QUOTE].collection, legacy_id(EMPLOYER_QUOTE, quote_intent["id"]))
    return str(previous["quoted_at"]) if previous is not None else format_date_time(at, at.now)


def _publish_quote_event(at: WriteContext, change: str, record: Record) -> None:
    ids = {name: record[name] for name in ("id", "employer_id")}
    publish_event(at, f"employer.health_insurance.quote.{change}", EMPLOYER_QUOTE, ids, record)


def _render_quote_action(at: WriteContext, quote_intent: Record) -> dict[str, str]:
    if quote_intent["action_required"] is not None:
        return _render_action(quote_intent["action_required"])
    return {
        "reason": "The quote is to be decided about",
        "reason_description": "Accept the quote, or reject it.",
        "code": "decide_about_quote",
        "due_at": format_date_time(at, quote_intent["_expires_at"])[:10],
    }


def _render_action(action: Mapping[str, Any]) -> dict[str, str]:
    """Returns the required action of an intent in the form that it has in the older objects."""
    copied = {name: action[name] for name in ("reason", "reason_description", "code")}
    return {**copied, "due_at": action["due_by"][:10]}


def mirror_group_policy(at: WriteContext, group_policy: Record) -> None:
    """Updates the mirror of a group policy that has changed."""
    group = find_record(at, "group", group_policy["group_id"]) or {}
    insurance = group_policy["health_insurance"]
    previous = at.space.get(KINDS[EMPLOYER_POLICY].collection, legacy_id(EMPLOYER_POLICY, group_policy["id"]))
    renewed_by = previous["renewal"]["renewed_health_insurance_id"] if previous else None
    _, record = _store_mirror(
        at,
        EMPLOYER_POLICY,
        group_policy["id"],
        employer_id=group_policy["employer_id"],
        **_render_dates(group_policy),
        group_policy_number=insurance["group_policy_number"],
        status=group_policy["status"],
        enrolment_type=_enrolment_type(group),
        renewal=_render_renewal(insurance["renewal"], renewed_by),
        employer_cancellation_period_length=assumptions_of(at).employer_cancellation_period,
        coverage_levels=[render_coverage_level(catalog.get_plan(at, group_policy["plan"]["id"]))],
        _group_id=group_policy["group_id"],
    )
    if previous is None:
        _link_renewed_policy(at, record)


def _link_renewed_policy(at: WriteContext, following: Record) -> None:
    """Stores the id of a new policy in the mirror of the policy that it renews."""
    collection = KINDS[EMPLOYER_POLICY].collection
    for policy in list(iter_records(at.space, collection, employer_id=following["employer_id"])):
        renewal = policy["renewal"]
        has_same_plan = policy["_group_id"] == following["_group_id"] and _plan_id(policy) == _plan_id(following)
        if has_same_plan and renewal["status"] == "renewed" and renewal["renewal_date"] == following["start_date"]:
            renewal = {**renewal, "renewed_health_insurance_id": following["id"]}
            at.space.put(collection, {**policy, "renewal": renewal})


def _plan_id(record: Record) -> str:
    return str(record["coverage_levels"][0]["plan_id"])


def _enrolment_type(group: Record) -> str:
    return "opt_out" if group["enrolment_type"] == "automatic" else "opt_in"


def _render_dates(policy: Record) -> dict[str, Any]:
    """Returns a policy's dates. Without an end date, the end is the day before the renewal: the field is required."""
    renewal_date = policy["health_insurance"]["renewal"]["renewal_date"]
    return {
        "start_date": policy["start_date"],
        "end_date": policy["end_date"] or add_days(renewal_date, -1),
        "cancellation_date": policy["cancellation_date"],
    }


def _render_renewal(renewal: Record, renewed_by: str | None) -> dict[str, Any]:
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
    """Updates the mirror of an enrolment intent, if the employee has an offer."""
    status = _BY_ENROLMENT.get(enrolment["status"])
    existing = at.space.get(KINDS[EMPLOYEE_OFFER].collection, legacy_id(EMPLOYEE_OFFER, enrolment["id"]))
    # An enrolment that ended before it had an offer gets none.
    has_no_offer = status is None or (existing is None and status == "not_undertaken")
    if has_no_offer or not enrolment["policy_enrolments"]:
        return
    plan = catalog.get_plan(at, enrolment["policy_enrolments"][0]["plan"]["id"])
    previous, record = _store_mirror(
        at,
        EMPLOYEE_OFFER,
        enrolment["id"],
        **_owner_ids(at, enrolment),
        status=status,
        required_action=_render_offer_action(enrolment) if status == "action_required" else None,
        coverage_level=render_coverage_level(plan),
    )
    if status == "action_required" and record != previous:
        ids = {name: record[name] for name in _EVENT_FIELDS}
        publish_event(at, "employee.health_insurance.offer.action_required", EMPLOYEE_OFFER, ids, record)


def _render_offer_action(enrolment: Record) -> dict[str, str]:
    action = enrolment["action_required"] or enrolment["pending_confirmation"]
    return _render_action(action) if action is not None else _render_selection_action(enrolment["_due_day"])


def _render_selection_action(due_day: str) -> dict[str, str]:
    return {
        "reason": "Options are to be selected",
        "reason_description": "Select the coverage options of this policy.",
        "code": "select_coverage_options",
        "due_at": due_day,
    }


def mirror_policy(at: WriteContext, policy: Record) -> None:
    """Updates the mirror of an employee's policy that has changed."""
    group, insurance = find_record(at, "group", policy["group_id"]) or {}, policy["health_insurance"]
    renewed = insurance["renewal"]["renewed_policy_id"]
    previous, record = _store_mirror(
        at,
        EMPLOYEE_POLICY,
        policy["id"],
        **_owner_ids(at, policy),
        **_render_dates(policy),
        policy_number=insurance["policy_number"],
        status=policy["status"],
        enrolment_type=_enrolment_type(group),
        renewal=_render_renewal(insurance["renewal"], legacy_id(EMPLOYEE_POLICY, renewed) if renewed else None),
        opt_out_deadline_date=insurance["opt_out_deadline"],
        coverage_level=render_coverage_level(catalog.get_plan(at, policy["plan"]["id"])),
        enrolled_dependants_count=len(insurance["members"]) - 1,
        estimated_gross_premium=insurance["estimated_gross_premium"],
    )
    change = None
    if previous is None and policy["_imported"]:
        change = "imported"
    elif previous is None or previous["status"] != policy["status"]:
        change = _COVER_EVENTS.get(policy["status"])
    if change is not None:
        ids = {name: record[name] for name in _EVENT_FIELDS}
        publish_event(at, f"employee.health_insurance.policy.{change}", EMPLOYEE_POLICY, ids, record)
