"""Creates group quote intents and defines their lifecycle: requirements, the insurer's quote, and its expiry."""

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
from mockserver.providers.kota.groups.memberships import list_memberships
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


def get_employer(at: WriteContext, record: Record) -> Record:
    """Returns the employer of an intent's group."""
    employer = find_record(at, "employer", get_group(at, record)["employer_id"])
    assert employer is not None
    return employer


def get_group(at: WriteContext, record: Record) -> Record:
    group = find_record(at, "group", record["group_id"])
    assert group is not None
    return group


def requirement_subjects(at: WriteContext, record: Record, rule: str) -> list[tuple[str, str]]:
    """Returns the type and the id of each object that needs a requirement.

    ``rule`` is nothing, employer or employer_and_employees.
    """
    employer = [] if rule == "nothing" else [("employer", get_group(at, record)["employer_id"])]
    memberships = list_memberships(at, record["group_id"]) if rule == "employer_and_employees" else []
    return employer + [("employee", each["employee_id"]) for each in memberships]


def render_action_required(at: WriteContext) -> dict[str, Any]:
    """Returns the member ``action_required``, which an intent has in that state."""
    return {
        "code": "provide_missing_information",
        "reason": "Details needed",
        "reason_description": "Fulfil the open requirements.",
        "due_by": format_date_time(at, end_of_day(add_days(today(at), assumptions_of(at).requirement_deadline))),
    }


def _set_action_required(at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = render_action_required(at)
    # Metadata or a simulation can select this state although the rule is "nothing". The intent needs a requirement
    # then, so it asks about the employer.
    rule = assumptions_of(at).quote_asks
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
    if preset == "rejected_by_insurer":
        return "refuse"
    asks = assumptions_of(context).quote_asks != "nothing" if preset is None else preset == "action_required"
    return "ask" if asks and not record["_asked"] else "submit"


def _insurer_step(context: SimulationContext, record: Record) -> str | None:
    preset = preset_state(KIND, get_employer(context, record))
    if preset == "awaiting_quote":
        return None
    return "quote" if preset is not None or _meets_criteria(context, record) else "refuse"


def _meets_criteria(at: WriteContext, record: Record) -> bool:
    if assumptions_of(at).employer_criteria == "ignored":
        return True
    counted, industry = len(insurable_employees(at, record)), _find_industry(at, record)
    return all(
        _CRITERION_CHECKS[each["type"]](each[each["type"]], counted, industry)
        for each in _employer_criteria(at, record)
    )


def _employer_criteria(at: WriteContext, record: Record) -> list[Record]:
    """Returns the criteria for employers that the plan and its selected options have."""
    plan, selections = catalog.get_plan(at, record["plan_id"]), record["_coverage_selections"] or ()
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


def _find_industry(at: WriteContext, record: Record) -> str | None:
    """Returns the industry that the employer gave in a requirement, or None."""
    employer_requirements = iter_records(at.space, "requirements", _intent_id=record["id"], object_type="employer")
    return next((each["_answers"].get("industry") for each in employer_requirements), None)


def insurable_employees(at: WriteContext, record: Record) -> list[Record]:
    """Returns the employees of the group that the plan would cover if their pending checks passed."""
    plan, day = catalog.get_plan(at, record["plan_id"]), max(today(at), record["expected_start_date"] or "")
    employees = [
        find_record(at, "employee", member["employee_id"]) for member in list_memberships(at, record["group_id"])
    ]
    candidates = [each for each in employees if each is not None and each["status"] not in _NOT_INSURABLE_STATES]
    return [
        each
        for each in candidates
        if evaluate_eligibility(at, plan, {**each, "status": "active"}, day)[0] == "eligible"
    ]


def _set_quote(at: WriteContext, record: dict[str, Any]) -> None:
    plan, employees = catalog.get_plan(at, record["plan_id"]), insurable_employees(at, record)
    options = coverage.monthly_price(plan, record["_coverage_selections"])
    cents = len(employees) * (options + catalog.monthly_premium(plan, ["policyholder"]))
    # A quote that metadata presets as expired is valid for no time.
    is_expired = preset_state(KIND, get_employer(at, record)) == "quote_expired"
    record["_quote"] = {
        "employee_count": len(employees),
        "cost_sharing": record["cost_sharing"] or default_sharing(at),
        "total_monthly_premium": premiums.to_amount(cents),
        "currency": catalog.get_currency(plan).upper(),
        "generated_at": format_date_time(at, at.now),
    }
    record["_expires_at"] = at.now + (0 if is_expired else assumptions_of(at).quote_validity)


def default_sharing(at: WriteContext) -> dict[str, Any]:
    """Returns the cost sharing of a quote whose request has no cost sharing."""
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
            "quote_available", lambda _at, record: record["_expires_at"], lambda _context, _record: "expire"
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
    """Creates a group quote intent, which requests the insurer's quote for a plan."""
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
