"""Group quote intents: an insurer quotes a plan for a group, once its requirements are fulfilled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage, premiums
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import evaluate_eligibility
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups.memberships import members_of
from mockserver.providers.kota.legacy import logic as legacy
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
from mockserver.providers.kota.wire.lists import iter_records

KIND = "group_quote_intent"
STATES = (
    "processing",
    "action_required",
    "awaiting_quote",
    "quote_available",
    "rejected",
    "rejected_by_insurer",
    "quote_expired",
)
_NOT_INSURABLE_STATES = frozenset(("offboarding", "inactive", "restricted"))
_COST_SHARINGS: Mapping[str, Any] = {
    "policyholder_only": {"type": "policyholder_only", "percentage": None},
    "percentage": {"type": "percentage", "percentage": {"percentage": 100}},
}
CONSENTS = ("terms_of_business", "privacy_policy")
CONSENT_VERSION = "1"


def _publish_state(at: WriteContext, record: Record) -> None:
    ids = {"group_quote_intent_id": record["id"], "group_id": record["group_id"], "plan_id": record["plan_id"]}
    publish_event(at, f"{KIND}.{record['status']}", KIND, ids)
    legacy.mirror_quote_intent(at, record)


def employer_of(at: WriteContext, record: Record) -> Record:
    """Returns the employer of an intent's group."""
    employer = find_record(at, "employer", group_of(at, record)["employer_id"])
    assert employer is not None
    return employer


def group_of(at: WriteContext, record: Record) -> Record:
    group = find_record(at, "group", record["group_id"])
    assert group is not None
    return group


def requirement_subjects(at: WriteContext, record: Record, rule: str) -> list[tuple[str, str]]:
    """Returns type and id of each object to ask about; ``rule`` is nothing, employer or employer_and_employees."""
    employer = [] if rule == "nothing" else [("employer", group_of(at, record)["employer_id"])]
    members = members_of(at, record["group_id"]) if rule == "employer_and_employees" else []
    return employer + [("employee", member["employee_id"]) for member in members]


def action_required(at: WriteContext) -> dict[str, Any]:
    """Returns the member shown in the state action_required."""
    return {
        "code": "provide_missing_information",
        "reason": "Details needed",
        "reason_description": "Fulfil the open requirements.",
        "due_by": format_date_time(at, end_of_day(add_days(today(at), assumptions_of(at).requirement_deadline))),
    }


def _set_action_required(at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = action_required(at)
    # Metadata or a simulation can select this state although the rule is nothing: then ask about the employer.
    rule = assumptions_of(at).quote_asks
    requirements.add_requirements(
        at, KIND, record, requirement_subjects(at, record, "employer" if rule == "nothing" else rule)
    )
    record["_asked"] = True


def _clear_action_required(_at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _processing_step(moment: SimulationContext, record: Record) -> str | None:
    if requirements.open_requirements(moment, record["id"]):
        return "ask"
    wanted = preset_state(KIND, employer_of(moment, record))
    if wanted == "rejected_by_insurer":
        return "refuse"
    asks = assumptions_of(moment).quote_asks != "nothing" if wanted is None else wanted == "action_required"
    return "ask" if asks and not record["_asked"] else "submit"


def _insurer_step(moment: SimulationContext, record: Record) -> str | None:
    wanted = preset_state(KIND, employer_of(moment, record))
    if wanted == "awaiting_quote":
        return None
    return "quote" if wanted is not None or _meets_criteria(moment, record) else "refuse"


def _meets_criteria(at: WriteContext, record: Record) -> bool:
    if assumptions_of(at).employer_criteria == "ignored":
        return True
    counted, industry = len(insurable_employees(at, record)), _industry(at, record)
    return all(_CRITERION_CHECKS[each["type"]](each[each["type"]], counted, industry) for each in _criteria(at, record))


def _criteria(at: WriteContext, record: Record) -> list[Record]:
    """Returns the criteria for employers of the plan and of its selected options."""
    plan, selections = catalog.plan(at, record["plan_id"]), record["_coverage_selections"] or ()
    selected = {option["option_id"] for selection in selections for option in selection["options"]}
    options = [option for configuration in plan["coverage_options"] or () for option in configuration["options"]]
    of_options = [
        each for option in options if option["id"] in selected for each in option["eligibility_criteria"] or ()
    ]
    return [*plan["employer_eligibility_criteria"], *of_options]


def _is_within_limits(limits: Mapping[str, Any], counted: int, _industry: str | None) -> bool:
    least, most = limits["min"], limits["max"]
    return (least is None or counted >= least) and (most is None or counted <= most)


_CRITERION_CHECKS: Mapping[str, Callable[[Mapping[str, Any], int, str | None], bool]] = {
    "employees_count": _is_within_limits,
    "members_count": _is_within_limits,
    "industry_exclusions": lambda details, _counted, industry: industry not in details["excluded_industries"],
}


def _industry(at: WriteContext, record: Record) -> str | None:
    """Returns the employer's answer about its industry, or None."""
    employer_requirements = iter_records(at.space, "requirements", _intent_id=record["id"], object_type="employer")
    return next((each["_answers"].get("industry") for each in employer_requirements), None)


def insurable_employees(at: WriteContext, record: Record) -> list[Record]:
    """Returns the employees of the group that the plan would cover if every pending check passed."""
    plan, day = catalog.plan(at, record["plan_id"]), max(today(at), record["expected_start_date"] or "")
    employees = [find_record(at, "employee", member["employee_id"]) for member in members_of(at, record["group_id"])]
    candidates = [each for each in employees if each is not None and each["status"] not in _NOT_INSURABLE_STATES]
    return [
        each
        for each in candidates
        if evaluate_eligibility(at, plan, {**each, "status": "active"}, day)[0] == "eligible"
    ]


def _set_quote(at: WriteContext, record: dict[str, Any]) -> None:
    plan, employees = catalog.plan(at, record["plan_id"]), insurable_employees(at, record)
    options = coverage.monthly_price(plan, record["_coverage_selections"])
    cents = len(employees) * (options + catalog.monthly_premium(plan, ["policyholder"]))
    expired = preset_state(KIND, employer_of(at, record)) == "quote_expired"
    record["_quote"] = {
        "employee_count": len(employees),
        "cost_sharing": record["cost_sharing"] or default_sharing(at),
        "total_monthly_premium": premiums.money(cents),
        "currency": catalog.currency(plan).upper(),
        "generated_at": format_date_time(at, at.now),
    }
    record["_expires_at"] = at.now + (0 if expired else assumptions_of(at).quote_validity)


def default_sharing(at: WriteContext) -> dict[str, Any]:
    """Returns the cost sharing of a quote that was requested without one."""
    others = dict.fromkeys(("member_count", "member_selection", "family_type"))
    return {**_COST_SHARINGS[assumptions_of(at).quote_cost_sharing], **others}


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "group_quote_intents",
    transitions=(
        Transition("ask", ("processing",), "action_required"),
        Transition("process", ("action_required",), "processing"),
        Transition("submit", ("processing", "action_required"), "awaiting_quote"),
        Transition("quote", ("processing", "awaiting_quote"), "quote_available"),
        Transition("refuse", ("processing", "awaiting_quote"), "rejected_by_insurer"),
        Transition("reject", ("quote_available",), "rejected"),
        Transition("expire", ("quote_available",), "quote_expired"),
    ),
    timed_transitions=(
        TimedTransition(
            "processing", lambda at, _record: at.now + assumptions_of(at).quote_processing, _processing_step
        ),
        TimedTransition("awaiting_quote", lambda at, _record: at.now + assumptions_of(at).quote_insurer, _insurer_step),
        TimedTransition(
            "quote_available", lambda _at, record: record["_expires_at"], lambda _moment, _record: "expire"
        ),
    ),
    before_enter={
        "action_required": _set_action_required,
        "processing": _clear_action_required,
        "awaiting_quote": _clear_action_required,
        "quote_available": _set_quote,
    },
    after_enter=_publish_state,
)


def _on_requirements_fulfilled(at: WriteContext, record: Record) -> None:
    step = (
        LIFECYCLE.transition_to(record, assumptions_of(at).quote_answered)
        if record["status"] == "action_required"
        else None
    )
    if step is not None:
        LIFECYCLE.apply(at, record, step)


requirements.FULFILMENT_HANDLERS[KIND] = _on_requirements_fulfilled


def create_quote_intent(at: WriteContext, group: Record, plan: Record, fields: Mapping[str, Any]) -> Record:
    """Creates a group quote intent: the request for a quote of a plan."""
    record = {
        "object": KIND,
        "id": new_id(at, "gqi"),
        "group_id": group["id"],
        "plan_id": plan["id"],
        "cost_sharing": fields.get("cost_sharing"),
        "expected_start_date": fields.get("expected_start_date"),
        "action_required": None,
        "consent_links": list(_consent_links(plan)),
        "disclosures": catalog.disclosures(plan),
        "_coverage_selections": fields.get("coverage_selections"),
        "_asked": False,
    }
    groups.append_id(at, group["id"], "group_quote_intent_ids", record["id"])
    return LIFECYCLE.create(at, record, "processing")


def _consent_links(plan: Record) -> Iterator[dict[str, str]]:
    for type in CONSENTS:
        url = f"https://assets.kota.example/{plan['country']}/{type}-{CONSENT_VERSION}.pdf"
        yield {"type": type, "url": url, "version": CONSENT_VERSION}
