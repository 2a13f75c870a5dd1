"""Creates group policy intents and defines their lifecycle: an accepted quote becomes a policy after approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import (
    SECOND,
    Lifecycle,
    Record,
    SimulationContext,
    TimedTransition,
    Transition,
    WriteContext,
    parse_instant,
)
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.quotes.logic import get_employer, get_group, render_action_required, requirement_subjects
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import (
    add_days,
    end_of_day,
    find_record,
    format_date_time,
    new_id,
    preset_state,
    today,
)

KIND = "group_policy_intent"
STATES = (
    "processing",
    "action_required",
    "pending_provider_approval",
    "policy_created",
    "expired",
    "provider_rejected",
    "manual_renewal_gathering_required",
)
FAILED_STATES = ("expired", "provider_rejected")
_GATHERING = "manual_renewal_gathering_required"


def _publish_state(at: WriteContext, record: Record) -> None:
    ids = {"group_policy_intent_id": record["id"], "group_id": record["group_id"], "plan_id": record["plan_id"]}
    publish_event(at, f"{KIND}.{record['status']}", KIND, ids)
    quote_intent = find_record(at, "group_quote_intent", record["quote_intent_id"])
    if quote_intent is not None:
        legacy.mirror_quote_intent(at, quote_intent)


def _set_action_required(at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = render_action_required(at)
    # Metadata or a simulation can select this state although the rule is "nothing". The intent needs a requirement
    # then, so it asks about the employer.
    rule = assumptions_of(at).group_policy_asks
    requirements.add_requirements(
        at, KIND, record, requirement_subjects(at, record, "employer" if rule == "nothing" else rule)
    )
    record["_asked"] = True


def _clear_action_required(_at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _processing_step(context: SimulationContext, record: Record) -> str | None:
    if requirements.find_open_requirements(context, record["id"]):
        return "ask"
    preset = preset_state(KIND, get_employer(context, record))
    if preset in (*FAILED_STATES, _GATHERING):
        return LIFECYCLE.transition_to(record, preset)
    if preset is None and assumptions_of(context).renewal_gathering == "manual" and record["_renews"] is not None:
        return "gather"
    asks = assumptions_of(context).group_policy_asks != "nothing" if preset is None else preset == "action_required"
    return "ask" if asks and not record["_asked"] else "submit"


def _approval_step(context: SimulationContext, record: Record) -> str | None:
    if context.now > parse_instant(record["due_date"]):
        return "expire"
    preset = preset_state(KIND, get_employer(context, record))
    return None if preset == "pending_provider_approval" else "approve"


def _expires_at(_at: WriteContext, record: Record) -> int:
    return parse_instant(record["due_date"]) + SECOND


def _create_policy(at: WriteContext, record: dict[str, Any]) -> None:
    """Renews the policy of the same plan if there is one in force, else creates a policy from the requested day."""
    renewed = find_record(at, "group_policy", record["_renews"])
    if renewed is not None and renewed["status"] in IN_FORCE:
        group_policies.renew(at, renewed, record["_cost_sharing"])
        return
    group, plan = get_group(at, record), catalog.get_plan(at, record["plan_id"])
    start = max(record["_start_date"] or group_policies.default_start_date(at), today(at))
    terms = record["_cost_sharing"], record["_coverage_selections"]
    group_policies.create_group_policy(at, group, plan, start, *terms)


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "group_policy_intents",
    transitions=(
        Transition("ask", ("processing",), "action_required"),
        Transition("gather", ("processing", "action_required"), _GATHERING),
        Transition("process", ("action_required", _GATHERING), "processing"),
        Transition("submit", ("processing", "action_required", _GATHERING), "pending_provider_approval"),
        Transition("approve", ("pending_provider_approval",), "policy_created"),
        Transition("refuse", ("processing", "pending_provider_approval"), "provider_rejected"),
        Transition("expire", ("processing", "action_required", _GATHERING, "pending_provider_approval"), "expired"),
    ),
    timed_transitions=(
        TimedTransition(
            "processing", lambda at, _record: at.now + assumptions_of(at).group_policy_processing, _processing_step
        ),
        TimedTransition("action_required", _expires_at, lambda _context, _record: "expire"),
        TimedTransition(_GATHERING, _expires_at, lambda _context, _record: "expire"),
        TimedTransition(
            "pending_provider_approval",
            lambda at, record: min(at.now + assumptions_of(at).group_policy_approval, _expires_at(at, record)),
            _approval_step,
        ),
    ),
    before_enter={
        "action_required": _set_action_required,
        "processing": _clear_action_required,
        "pending_provider_approval": _clear_action_required,
        _GATHERING: _clear_action_required,
        "policy_created": _create_policy,
        "expired": _clear_action_required,
    },
    after_enter=_publish_state,
)


def _on_requirements_fulfilled(at: WriteContext, record: Record) -> None:
    if record["status"] == "action_required":
        LIFECYCLE.apply(at, record, "submit")


requirements.FULFILMENT_HANDLERS[KIND] = _on_requirements_fulfilled


def create_policy_intent(at: WriteContext, quote_intent: Record, fields: Mapping[str, Any]) -> Record:
    """Creates the group policy intent that accepts the quote of a quote intent."""
    sharing = fields.get("cost_sharing") or quote_intent["cost_sharing"]
    in_force = group_policies.list_in_force(at, quote_intent["group_id"])
    record = {
        "object": KIND,
        "id": new_id(at, "gpi"),
        "group_id": quote_intent["group_id"],
        "plan_id": quote_intent["plan_id"],
        "quote_intent_id": quote_intent["id"],
        "due_date": format_date_time(at, end_of_day(add_days(today(at), assumptions_of(at).group_policy_deadline))),
        "cost_sharing": sharing,
        "action_required": None,
        "disclosures": quote_intent["disclosures"],
        "_cost_sharing": sharing or quote_intent["_quote"]["cost_sharing"],
        "_coverage_selections": quote_intent["_coverage_selections"],
        "_start_date": quote_intent["expected_start_date"],
        # The newest policy of the plan, because an older policy may be renewed already.
        "_renews": next((each["id"] for each in in_force[::-1] if each["plan"]["id"] == quote_intent["plan_id"]), None),
        "_asked": False,
    }
    groups.append_id(at, record["group_id"], "group_policy_intent_ids", record["id"])
    return LIFECYCLE.create(at, record, "processing")
