"""Creates policy import intents and defines their lifecycle: they import a policy that exists at the insurer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog.members import Dependent, build_members
from mockserver.providers.kota.enrolments.state_details import find_group_policies
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.policies.logic import Cover, create_policy, iter_in_force
from mockserver.providers.kota.values.records import find_record, new_id, preset_state

KIND = "policy_import_intent"
STATES = ("processing", "failed", "success")


def _publish_state(at: WriteContext, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_id")}
    data = {f"{KIND}_id": record["id"], **ids, "policy_id": record["_policy_id"]}
    publish_event(at, f"{KIND}.{record['status']}", KIND, data)


def _create_policy(at: WriteContext, record: dict[str, Any]) -> None:
    employee, group_policy = find_record(at, "employee", record["employee_id"]), _find_group_policy(at, record)
    assert employee is not None, "employees are never deleted"
    assert group_policy is not None, "an import into a group without a policy fails"
    start, number = record["policy_start_date"], record["provider_policy_number"]
    members = build_members(at, employee, list(_iter_dependents(at, record)), start, record["member_number"])
    covered = Cover(members, number=number, end_date=record["policy_end_date"])
    record["_policy_id"] = create_policy(at, group_policy, employee["id"], start, covered)["id"]


def _find_group_policy(at: WriteContext, record: Record) -> Record | None:
    return next(iter(find_group_policies(at, record["group_id"])), None)


def _iter_dependents(at: WriteContext, record: Record) -> Iterator[Dependent]:
    for each in record["associated_persons"]:
        person = find_record(at, "associated_person", each["associated_person_id"])
        if person is not None:
            yield Dependent(person, number=each["member_number"])


def _processing_step(context: SimulationContext, record: Record) -> str:
    employee = find_record(context, "employee", record["employee_id"])
    employer = find_record(context, "employer", employee["employer_id"] if employee else None)
    preset = preset_state(KIND, employee, employer)
    chosen_step = LIFECYCLE.transition_to(record, preset) if preset else None
    filters = {"employee_id": record["employee_id"], "group_id": record["group_id"]}
    fails = next(iter_in_force(context, **filters), None) is not None or _find_group_policy(context, record) is None
    return "fail" if fails else chosen_step or "succeed"


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "policy_import_intents",
    transitions=(Transition("succeed", ("processing",), "success"), Transition("fail", ("processing",), "failed")),
    timed_transitions=(
        TimedTransition(
            "processing", lambda at, _record: at.now + assumptions_of(at).import_processing, _processing_step
        ),
    ),
    before_enter={"success": _create_policy},
    after_enter=_publish_state,
)


def create_import(at: WriteContext, fields: dict[str, Any]) -> Record:
    persons = [
        {"id": at.sandbox.randomness.uuid("imported", at.space.increment("imported")), **each}
        for each in fields.get("associated_persons") or ()
    ]
    names = ("employee_id", "group_id", "provider_policy_number", "member_number", "policy_start_date")
    record = {
        "object": KIND,
        "id": new_id(at, "pii"),
        **{name: fields[name] for name in names},
        "policy_end_date": fields.get("policy_end_date"),
        "associated_persons": persons,
        "_policy_id": None,
    }
    return LIFECYCLE.create(at, record, "processing")
