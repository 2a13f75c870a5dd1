"""Enrolment intents: how an employee comes to be covered, from being processed to being enrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog.logic import plan as plan_of
from mockserver.providers.kota.catalog.members import cover, member_type
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments.parts import (
    action_required,
    confirmation_needed,
    ineligibility_reason,
    information_needed,
    options_needed,
    pending_confirmation,
    policies_of,
    policy_enrolments,
)
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.policies.logic import Cover, create_policy
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import begins, kept, later, new_id, outcome, today
from mockserver.providers.kota.wire.lists import walk

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
WAITING = ("action_required", "coverage_options_required", "pending_confirmation")
OPEN = frozenset(("scheduled", "processing", "enrolling", *WAITING))


def _ask(at: At, record: dict[str, Any]) -> None:
    record |= {"action_required": action_required(at, record), "_asked": True}
    if not requirements.open_ones(at, record["id"]):
        requirements.ask(at, KIND, record, "employee", record["employee_id"])


def _wait(at: At, record: dict[str, Any]) -> None:
    record["pending_confirmation"] = pending_confirmation(at, record)


def _process(at: At, record: dict[str, Any]) -> None:
    record["policy_enrolments"] = policy_enrolments(at, record)


def _explain(at: At, record: dict[str, Any]) -> None:
    record["ineligibility_reason"] = ineligibility_reason(at, record)


def _enrol(at: At, record: dict[str, Any]) -> None:
    parts = record["policy_enrolments"]
    bundling = ["bundled_primary", *["bundled_secondary"] * (len(parts) - 1)] if len(parts) > 1 else ["not_bundled"]
    record["policy_enrolments"] = [
        {**part, "id": _cover(at, record, part, bundled)["id"]} for part, bundled in zip(parts, bundling, strict=False)
    ]


def _cover(at: At, record: Record, part: Record, bundling: str) -> Record:
    group_policy = kept(at, "group_policy", part["_group_policy_id"])
    employee = kept(at, "employee", record["employee_id"])
    assert group_policy is not None, "group policies are never deleted"
    assert employee is not None, "employees are never deleted"
    start = part["estimated_effective_from"]
    types = plan_of(at, part["plan"]["id"])["health_insurance"]["supported_member_types"]
    people = dependents.confirmed(at, record["id"]) or []
    # The list was checked against one plan; another of the bundle may not cover everybody.
    insured = [each for each in people if member_type(at, each.person, start) in types]
    selections = part["health_insurance"]["coverage_selections"]
    covered = Cover(cover(at, employee, insured, start), selections, bundling=bundling)
    return create_policy(at, group_policy, employee["id"], start, covered)


_FILLED: dict[str, Callable[[At, dict[str, Any]], None]] = {
    "processing": _process,
    "scheduled": _process,
    "action_required": _ask,
    "pending_confirmation": _wait,
    "enrolled": _enrol,
    "ineligible": _explain,
}


def _entering(at: At, record: dict[str, Any]) -> None:
    record |= {"ineligibility_reason": None, "action_required": None, "pending_confirmation": None}
    record["_due_day"] = later(today(at), assume(at).enrolment_deadline)
    if record["status"] in _FILLED:
        _FILLED[record["status"]](at, record)


def _told(at: At, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_id")}
    tell(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    if record["status"] != "pending_confirmation":
        dependents.close(at, record["id"])
    legacy.employee_offer(at, record)


_NEEDS: tuple[tuple[str, Callable[[At, Record, Record], bool]], ...] = (
    ("ask", information_needed),
    ("offer_options", options_needed),
    ("ask_confirmation", confirmation_needed),
)
"""What an enrolment may need before it goes on, in the order it is looked at."""
_ONCE = {"action_required": "_asked", "coverage_options_required": "_selected"}
"""States that are not chosen again by metadata once their question has been answered, and what says so."""


def _owners(at: At, record: Record) -> tuple[Record, Record, Record | None]:
    group, employee = kept(at, "group", record["group_id"]), kept(at, "employee", record["employee_id"])
    assert group is not None, "groups are never deleted"
    assert employee is not None, "employees are never deleted"
    return group, employee, kept(at, "employer", employee["employer_id"])


def _chosen(record: Record, wanted: str | None) -> str | None:
    if wanted not in STATES[2:] or record.get(_ONCE.get(wanted, "")):
        return None
    return LIFECYCLE.leads_to(record, wanted)


def _processed(moment: Moment, record: Record) -> str:
    group, employee, employer = _owners(moment, record)
    chosen = _chosen(record, outcome(KIND, employee, employer))
    if chosen is not None:
        return chosen
    if not record["policy_enrolments"]:
        return "abandon"
    if eligibility.check(moment, group, employee)[0] == "ineligible":
        return "find_ineligible"
    return next((step for step, needed in _NEEDS if needed(moment, record, employee)), "go_on")


def _enrolled(moment: Moment, record: Record) -> str:
    _, employee, employer = _owners(moment, record)
    in_force = {each["id"] for each in policies_of(moment, record["group_id"])}
    if not in_force.issuperset(each["_group_policy_id"] for each in record["policy_enrolments"]):
        return "abandon"
    return _chosen(record, outcome(KIND, employee, employer)) or "enrol"


def _deadline(_at: At, record: Record) -> int:
    return begins(later(record["_due_day"], 1))


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "enrolment_intents",
    steps=(
        Step("begin", ("scheduled",), "processing"),
        Step("find_ineligible", ("processing",), "ineligible"),
        Step("ask", ("processing",), "action_required"),
        Step("offer_options", ("processing",), "coverage_options_required"),
        Step("ask_confirmation", ("processing",), "pending_confirmation"),
        Step("go_on", ("processing",), "enrolling"),
        Step("provide", ("action_required",), "processing"),
        Step("select", ("coverage_options_required",), "processing"),
        Step("confirm", ("pending_confirmation",), "enrolling"),
        Step("enrol", ("enrolling",), "enrolled"),
        Step("reject", WAITING, "not_undertaken"),
        Step("lapse", WAITING, "not_undertaken"),
        Step("abandon", tuple(sorted(OPEN)), "not_undertaken"),
        Step("reconsider", ("processing", *WAITING, "not_undertaken", "ineligible"), "processing"),
        Step("postpone", ("scheduled", "processing", *WAITING, "not_undertaken", "ineligible"), "scheduled"),
    ),
    timed=(
        Timed("processing", lambda at, _record: at.now + assume(at).enrolment_processing, _processed),
        Timed("enrolling", lambda at, _record: at.now + assume(at).enrolment_enrolling, _enrolled),
        *(Timed(state, _deadline, lambda *_: "lapse") for state in WAITING),
    ),
    entering=dict.fromkeys(STATES, _entering),
    entered=_told,
)


def create_enrolment(
    at: At,
    group: Record,
    employee: Record,
    *,
    force_confirmation: bool = False,
    configuration: Record | None = None,
    selections: Sequence[Record] | None = None,
) -> Record:
    """Make an enrolment intent; it waits while the employee is not active yet."""
    membership = next(walk(at.space, "group_employees", group_id=group["id"], employee_id=employee["id"]), None)
    dates = ("desired_policy_start_date", "enrolment_date")
    record = {
        "object": KIND,
        "id": new_id(at, "ei"),
        "employee_id": employee["id"],
        "group_id": group["id"],
        "force_confirmation": force_confirmation,
        "policy_enrolments": [],
        "policy_configuration": {each: _date(each, configuration, membership) for each in dates},
        "disclosures": [text for each in policies_of(at, group["id"]) for text in each["disclosures"]],
        "_selections": selections,
        "_asked": False,
        "_selected": bool(selections),
    }
    return LIFECYCLE.begin(at, record, first_state(employee))


def first_state(employee: Record) -> str:
    """The state an enrolment of an employee begins in, and goes back to when it is changed."""
    return "scheduled" if employee["status"] == "pending" else "processing"


def _date(name: str, *sources: Record | None) -> str | None:
    return next((each[name] for each in sources if each is not None and each.get(name) is not None), None)


def employee_became_active(at: At, employee: Record) -> None:
    """Go on with the enrolments that have waited for an employee."""
    for record in list(walk(at.space, "enrolment_intents", employee_id=employee["id"], status="scheduled")):
        LIFECYCLE.take(at, record, "begin")


def opened(at: At, **wanted: Any) -> Iterator[Record]:
    """The enrolments under way of an employee_id or a group_id."""
    yield from list(walk(at.space, "enrolment_intents", status=OPEN, **wanted))


def abandon(at: At, employee: Record) -> None:
    """Give up the enrolments of an employee that are under way."""
    for record in opened(at, employee_id=employee["id"]):
        LIFECYCLE.take(at, record, "abandon")


def _information_given(at: At, record: Record) -> None:
    if LIFECYCLE.allows(record, "provide"):
        LIFECYCLE.take(at, record, "provide")


def _dependents_moved(at: At, intent: Record) -> None:
    record = kept(at, KIND, intent["parent_intent_id"])
    if record is not None and record["status"] == "pending_confirmation":
        changed = {**record, "pending_confirmation": pending_confirmation(at, record)}
        at.space.put("enrolment_intents", changed)


dependents.MOVED[KIND] = _dependents_moved
requirements.HOOKS[KIND] = _information_given
