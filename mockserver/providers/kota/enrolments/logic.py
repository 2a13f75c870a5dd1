"""Creates enrolment intents and defines their lifecycle, which ends with an employee's policies in a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.catalog.members import build_members, member_type
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments.state_details import (
    find_group_policies,
    needs_confirmation,
    needs_information,
    needs_options,
    render_action_required,
    render_ineligibility_reason,
    render_pending_confirmation,
    render_planned_enrolments,
)
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.policies.logic import Cover, create_policy
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import add_days, find_record, new_id, preset_state, start_of_day, today
from mockserver.providers.kota.wire.lists import iter_records

KIND = "enrolment_intent"
STATES = (
    "processing",
    "scheduled",
    "action_required",
    "coverage_options_required",
    "pending_confirmation",
    "enrolling",
    "enrolled",
    "not_undertaken",
    "ineligible",
)
WAITING_STATES = ("action_required", "coverage_options_required", "pending_confirmation")
OPEN_STATES = frozenset(("scheduled", "processing", "enrolling", *WAITING_STATES))


def _set_action_required(at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"action_required": render_action_required(at, record), "_asked": True}
    if not requirements.find_open_requirements(at, record["id"]):
        requirements.add_requirement(at, KIND, record, "employee", record["employee_id"])


def _set_pending_confirmation(at: WriteContext, record: dict[str, Any]) -> None:
    record["pending_confirmation"] = render_pending_confirmation(at, record)


def _set_policy_enrolments(at: WriteContext, record: dict[str, Any]) -> None:
    record["policy_enrolments"] = render_planned_enrolments(at, record)


def _set_ineligibility_reason(at: WriteContext, record: dict[str, Any]) -> None:
    record["ineligibility_reason"] = render_ineligibility_reason(at, record)


def _create_policies(at: WriteContext, record: dict[str, Any]) -> None:
    planned = record["policy_enrolments"]
    types = ["bundled_primary", *["bundled_secondary"] * (len(planned) - 1)] if len(planned) > 1 else ["not_bundled"]
    record["policy_enrolments"] = [
        {**each, "id": _create_policy(at, record, each, bundling_type)["id"]}
        for each, bundling_type in zip(planned, types, strict=False)
    ]


def _create_policy(at: WriteContext, record: Record, planned: Record, bundling_type: str) -> Record:
    group_policy = find_record(at, "group_policy", planned["_group_policy_id"])
    employee = find_record(at, "employee", record["employee_id"])
    assert group_policy is not None, "group policies are never deleted"
    assert employee is not None, "employees are never deleted"
    start = planned["estimated_effective_from"]
    types = get_plan(at, planned["plan"]["id"])["health_insurance"]["supported_member_types"]
    people = dependents.find_confirmed_dependents(at, record["id"]) or []
    # The dependents were checked against one plan. Another plan of the group may not cover all of them.
    insured = [each for each in people if member_type(at, each.person, start) in types]
    selections = planned["health_insurance"]["coverage_selections"]
    covered = Cover(build_members(at, employee, insured, start), selections, bundling=bundling_type)
    return create_policy(at, group_policy, employee["id"], start, covered)


_STATE_HANDLERS: dict[str, Callable[[WriteContext, dict[str, Any]], None]] = {
    "processing": _set_policy_enrolments,
    "scheduled": _set_policy_enrolments,
    "action_required": _set_action_required,
    "pending_confirmation": _set_pending_confirmation,
    "enrolled": _create_policies,
    "ineligible": _set_ineligibility_reason,
}


def _on_enter(at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"ineligibility_reason": None, "action_required": None, "pending_confirmation": None}
    record["_due_day"] = add_days(today(at), assumptions_of(at).enrolment_deadline)
    if record["status"] in _STATE_HANDLERS:
        _STATE_HANDLERS[record["status"]](at, record)


def _publish_state(at: WriteContext, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_id")}
    publish_event(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    if record["status"] != "pending_confirmation":
        dependents.close(at, record["id"])
    legacy.mirror_enrolment(at, record)


_NEED_CHECKS: tuple[tuple[str, Callable[[WriteContext, Record, Record], bool]], ...] = (
    ("ask", needs_information),
    ("offer_options", needs_options),
    ("ask_confirmation", needs_confirmation),
)
"""The steps that ask the client for something, and the conditions for them, in the order of the checks."""
_ANSWERED_FLAGS = {"action_required": "_asked", "coverage_options_required": "_selected"}
"""States that metadata selects only until the client has answered, and the fields that store the answer."""


def _get_owners(at: WriteContext, record: Record) -> tuple[Record, Record, Record | None]:
    group, employee = find_record(at, "group", record["group_id"]), find_record(at, "employee", record["employee_id"])
    assert group is not None, "groups are never deleted"
    assert employee is not None, "employees are never deleted"
    return group, employee, find_record(at, "employer", employee["employer_id"])


def _preset_step(record: Record, preset: str | None) -> str | None:
    """Returns the step to the state that metadata selects, or None if it does not apply."""
    # An enrolment that is processing has left the first two states, processing and scheduled.
    if preset not in STATES[2:] or record.get(_ANSWERED_FLAGS.get(preset, "")):
        return None
    return LIFECYCLE.transition_to(record, preset)


def _processing_step(context: SimulationContext, record: Record) -> str:
    group, employee, employer = _get_owners(context, record)
    chosen = _preset_step(record, preset_state(KIND, employee, employer))
    if chosen is not None:
        return chosen
    if not record["policy_enrolments"]:
        return "abandon"
    if eligibility.check_eligibility(context, group, employee)[0] == "ineligible":
        return "find_ineligible"
    return next((step for step, needed in _NEED_CHECKS if needed(context, record, employee)), "go_on")


def _enrolling_step(context: SimulationContext, record: Record) -> str:
    _, employee, employer = _get_owners(context, record)
    in_force = {each["id"] for each in find_group_policies(context, record["group_id"])}
    if not in_force.issuperset(each["_group_policy_id"] for each in record["policy_enrolments"]):
        return "abandon"
    return _preset_step(record, preset_state(KIND, employee, employer)) or "enrol"


def _deadline(_at: WriteContext, record: Record) -> int:
    return start_of_day(add_days(record["_due_day"], 1))


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "enrolment_intents",
    transitions=(
        Transition("begin", ("scheduled",), "processing"),
        Transition("find_ineligible", ("processing",), "ineligible"),
        Transition("ask", ("processing",), "action_required"),
        Transition("offer_options", ("processing",), "coverage_options_required"),
        Transition("ask_confirmation", ("processing",), "pending_confirmation"),
        Transition("go_on", ("processing",), "enrolling"),
        Transition("provide", ("action_required",), "processing"),
        Transition("select", ("coverage_options_required",), "processing"),
        Transition("confirm", ("pending_confirmation",), "enrolling"),
        Transition("enrol", ("enrolling",), "enrolled"),
        Transition("reject", WAITING_STATES, "not_undertaken"),
        Transition("lapse", WAITING_STATES, "not_undertaken"),
        Transition("abandon", tuple(sorted(OPEN_STATES)), "not_undertaken"),
        Transition("reconsider", ("processing", *WAITING_STATES, "not_undertaken", "ineligible"), "processing"),
        Transition(
            "postpone", ("scheduled", "processing", *WAITING_STATES, "not_undertaken", "ineligible"), "scheduled"
        ),
    ),
    timed_transitions=(
        TimedTransition(
            "processing", lambda at, _record: at.now + assumptions_of(at).enrolment_processing, _processing_step
        ),
        TimedTransition(
            "enrolling", lambda at, _record: at.now + assumptions_of(at).enrolment_enrolling, _enrolling_step
        ),
        *(TimedTransition(state, _deadline, lambda *_: "lapse") for state in WAITING_STATES),
    ),
    before_enter=dict.fromkeys(STATES, _on_enter),
    after_enter=_publish_state,
)


def create_enrolment(
    at: WriteContext,
    group: Record,
    employee: Record,
    *,
    force_confirmation: bool = False,
    configuration: Record | None = None,
    selections: Sequence[Record] | None = None,
) -> Record:
    """Creates an enrolment intent. Dates that ``configuration`` omits come from the membership in the group."""
    membership = next(iter_records(at.space, "group_employees", group_id=group["id"], employee_id=employee["id"]), None)
    dates = ("desired_policy_start_date", "enrolment_date")
    record = {
        "object": KIND,
        "id": new_id(at, "ei"),
        "employee_id": employee["id"],
        "group_id": group["id"],
        "force_confirmation": force_confirmation,
        "policy_enrolments": [],
        "policy_configuration": {each: _first_date(each, configuration, membership) for each in dates},
        "disclosures": [text for each in find_group_policies(at, group["id"]) for text in each["disclosures"]],
        "_selections": selections,
        "_asked": False,
        "_selected": bool(selections),
    }
    return LIFECYCLE.create(at, record, initial_state(employee))


def initial_state(employee: Record) -> str:
    """Returns the state of a new or changed enrolment: scheduled while the employee is pending, else processing."""
    return "scheduled" if employee["status"] == "pending" else "processing"


def _first_date(name: str, *sources: Record | None) -> str | None:
    """Returns the date from the first source that has it, or None."""
    return next((each[name] for each in sources if each is not None and each.get(name) is not None), None)


def begin_scheduled_enrolments(at: WriteContext, employee: Record) -> None:
    """Begins the scheduled enrolments of an employee who has become active."""
    for record in list(iter_records(at.space, "enrolment_intents", employee_id=employee["id"], status="scheduled")):
        LIFECYCLE.apply(at, record, "begin")


def iter_open_enrolments(at: WriteContext, **wanted: Any) -> Iterator[Record]:
    """Yields the open enrolments that match; ``wanted`` has values by field, such as ``employee_id``."""
    yield from list(iter_records(at.space, "enrolment_intents", status=OPEN_STATES, **wanted))


def abandon_enrolments(at: WriteContext, employee: Record) -> None:
    """Ends the open enrolments of an employee as not_undertaken."""
    for record in iter_open_enrolments(at, employee_id=employee["id"]):
        LIFECYCLE.apply(at, record, "abandon")


def _on_requirements_fulfilled(at: WriteContext, record: Record) -> None:
    if LIFECYCLE.find_transition(record, "provide"):
        LIFECYCLE.apply(at, record, "provide")


def _on_dependents_changed(at: WriteContext, intent: Record) -> None:
    record = find_record(at, KIND, intent["parent_intent_id"])
    if record is not None and record["status"] == "pending_confirmation":
        changed = {**record, "pending_confirmation": render_pending_confirmation(at, record)}
        at.space.put("enrolment_intents", changed)


dependents.LISTENERS[KIND] = _on_dependents_changed
requirements.FULFILMENT_HANDLERS[KIND] = _on_requirements_fulfilled
