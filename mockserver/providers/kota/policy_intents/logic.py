"""Group policy intents: an employer takes a quote up, the insurer approves, and the group has a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import SECOND, At, Lifecycle, Moment, Record, Step, Timed, parse_instant
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.quotes.logic import action_required, asked_about, employer_of, group_of
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import ends, kept, later, new_id, outcome, today, written

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
FAILED = ("expired", "provider_rejected")
_GATHERING = "manual_renewal_gathering_required"


def _told(at: At, record: Record) -> None:
    ids = {"group_policy_intent_id": record["id"], "group_id": record["group_id"], "plan_id": record["plan_id"]}
    tell(at, f"{KIND}.{record['status']}", KIND, ids)
    quote_intent = kept(at, "group_quote_intent", record["quote_intent_id"])
    if quote_intent is not None:
        legacy.employer_quote(at, quote_intent)


def _ask(at: At, record: dict[str, Any]) -> None:
    record["action_required"] = action_required(at)
    # Asked for by hand, an intent asks about its employer at least.
    rule = assume(at).group_policy_asks
    requirements.ask_all(at, KIND, record, asked_about(at, record, "employer" if rule == "nothing" else rule))
    record["_asked"] = True


def _answered(_at: At, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _processed(moment: Moment, record: Record) -> str | None:
    if requirements.open_ones(moment, record["id"]):
        return "ask"
    wanted = outcome(KIND, employer_of(moment, record))
    if wanted in (*FAILED, _GATHERING):
        return LIFECYCLE.leads_to(record, wanted)
    if wanted is None and assume(moment).renewal_gathering == "manual" and record["_renews"] is not None:
        return "gather"
    asks = assume(moment).group_policy_asks != "nothing" if wanted is None else wanted == "action_required"
    return "ask" if asks and not record["_asked"] else "submit"


def _decided(moment: Moment, record: Record) -> str | None:
    if moment.now > parse_instant(record["due_date"]):
        return "expire"
    wanted = outcome(KIND, employer_of(moment, record))
    return None if wanted == "pending_provider_approval" else "approve"


def _past_due(_at: At, record: Record) -> int:
    return parse_instant(record["due_date"]) + SECOND


def _cover(at: At, record: dict[str, Any]) -> None:
    """Make the policy: from the day that was asked for, or behind the policy it renews."""
    renewed = kept(at, "group_policy", record["_renews"])
    if renewed is not None and renewed["status"] in IN_FORCE:
        group_policies.renew(at, renewed, record["_cost_sharing"])
        return
    group, plan = group_of(at, record), catalog.plan(at, record["plan_id"])
    start = max(record["_start_date"] or group_policies.first_day(at), today(at))
    terms = record["_cost_sharing"], record["_coverage_selections"]
    group_policies.create_group_policy(at, group, plan, start, *terms)


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "group_policy_intents",
    steps=(
        Step("ask", ("processing",), "action_required"),
        Step("gather", ("processing", "action_required"), _GATHERING),
        Step("process", ("action_required", _GATHERING), "processing"),
        Step("submit", ("processing", "action_required", _GATHERING), "pending_provider_approval"),
        Step("approve", ("pending_provider_approval",), "policy_created"),
        Step("refuse", ("processing", "pending_provider_approval"), "provider_rejected"),
        Step("expire", ("processing", "action_required", _GATHERING, "pending_provider_approval"), "expired"),
    ),
    timed=(
        Timed("processing", lambda at, _record: at.now + assume(at).group_policy_processing, _processed),
        Timed("action_required", _past_due, lambda _moment, _record: "expire"),
        Timed(_GATHERING, _past_due, lambda _moment, _record: "expire"),
        Timed(
            "pending_provider_approval",
            lambda at, record: min(at.now + assume(at).group_policy_approval, _past_due(at, record)),
            _decided,
        ),
    ),
    entering={
        "action_required": _ask,
        "processing": _answered,
        "pending_provider_approval": _answered,
        _GATHERING: _answered,
        "policy_created": _cover,
        "expired": _answered,
    },
    entered=_told,
)


def _fulfilled(at: At, record: Record) -> None:
    if record["status"] == "action_required":
        LIFECYCLE.take(at, record, "submit")


requirements.HOOKS[KIND] = _fulfilled


def create_policy_intent(at: At, quote_intent: Record, fields: Mapping[str, Any]) -> Record:
    """Take up the quote of a quote intent."""
    sharing = fields.get("cost_sharing") or quote_intent["cost_sharing"]
    in_force = group_policies.in_force(at, quote_intent["group_id"])
    record = {
        "object": KIND,
        "id": new_id(at, "gpi"),
        "group_id": quote_intent["group_id"],
        "plan_id": quote_intent["plan_id"],
        "quote_intent_id": quote_intent["id"],
        "due_date": written(at, ends(later(today(at), assume(at).group_policy_deadline))),
        "cost_sharing": sharing,
        "action_required": None,
        "disclosures": quote_intent["disclosures"],
        "_cost_sharing": sharing or quote_intent["_quote"]["cost_sharing"],
        "_coverage_selections": quote_intent["_coverage_selections"],
        "_start_date": quote_intent["expected_start_date"],
        # The newest: the oldest may have been renewed already.
        "_renews": next((each["id"] for each in in_force[::-1] if each["plan"]["id"] == quote_intent["plan_id"]), None),
        "_asked": False,
    }
    groups.add_to(at, record["group_id"], "group_policy_intent_ids", record["id"])
    return LIFECYCLE.begin(at, record, "processing")
