"""Policy import intents: policies that exist at the insurer already are taken over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from mockserver.engine import At, Call, Lifecycle, Moment, Operation, Record, Reply, Step, Timed
from mockserver.providers.kota import models
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog.members import Dependent, cover
from mockserver.providers.kota.enrolments.calls import refuse_uninsurable
from mockserver.providers.kota.enrolments.parts import policies_of
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.policies.logic import Cover, create_policy, in_force
from mockserver.providers.kota.values.fields import OLDEST
from mockserver.providers.kota.values.records import (
    found,
    kept,
    need_insurer,
    new_id,
    one,
    outcome,
    referred,
    refuse_fields,
)
from mockserver.providers.kota.values.terms import EmployeeId, GroupId
from mockserver.providers.kota.wire.lists import Page, chosen, listed, states, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

KIND = "policy_import_intent"
STATES = ("processing", "failed", "success")


class ImportsPage(Page):
    """The query of the list of policy import intents."""

    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, states(*STATES)] = None


def _told(at: At, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_id")}
    told = {f"{KIND}_id": record["id"], **ids, "policy_id": record["_policy_id"]}
    tell(at, f"{KIND}.{record['status']}", KIND, told)


def _take_over(at: At, record: dict[str, Any]) -> None:
    employee, group_policy = kept(at, "employee", record["employee_id"]), _group_policy(at, record)
    assert employee is not None, "employees are never deleted"
    assert group_policy is not None, "an import into a group without a policy fails"
    start, number = record["policy_start_date"], record["provider_policy_number"]
    members = cover(at, employee, list(_people(at, record)), start, record["member_number"])
    covered = Cover(members, number=number, end_date=record["policy_end_date"])
    record["_policy_id"] = create_policy(at, group_policy, employee["id"], start, covered)["id"]


def _group_policy(at: At, record: Record) -> Record | None:
    return next(iter(policies_of(at, record["group_id"])), None)


def _people(at: At, record: Record) -> Iterator[Dependent]:
    for each in record["associated_persons"]:
        person = kept(at, "associated_person", each["associated_person_id"])
        if person is not None:
            yield Dependent(person, number=each["member_number"])


def _processed(moment: Moment, record: Record) -> str:
    employee = kept(moment, "employee", record["employee_id"])
    employer = kept(moment, "employer", employee["employer_id"] if employee else None)
    wanted = outcome(KIND, employee, employer)
    chosen_step = LIFECYCLE.leads_to(record, wanted) if wanted else None
    both = {"employee_id": record["employee_id"], "group_id": record["group_id"]}
    fails = next(in_force(moment, **both), None) is not None or _group_policy(moment, record) is None
    return "fail" if fails else chosen_step or "succeed"


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "policy_import_intents",
    steps=(Step("succeed", ("processing",), "success"), Step("fail", ("processing",), "failed")),
    timed=(Timed("processing", lambda at, _record: at.now + assume(at).import_processing, _processed),),
    entering={"success": _take_over},
    entered=_told,
)


def create_import(at: At, fields: dict[str, Any]) -> Record:
    """Make an intent to take over an employee's policy."""
    persons = [
        {"id": at.sandbox.randomness.uuid("imported", at.space.bump("imported")), **each}
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
    return LIFECYCLE.begin(at, record, "processing")


def _create(call: Call) -> Reply:
    body: models.CreatePolicyImportIntentRequest = call.body
    employee = referred(call, "employee", "employee_id", body.employee_id)
    group = referred(call, "group", "group_id", body.group_id)
    refuse_fields(_wrong(call, body))
    refuse_uninsurable(call, group, employee)
    ends_on = policies_of(call, group["id"])[0]["end_date"]
    if body.policy_start_date > ends_on:
        refuse_fields([("policy_start_date", f"the group's policy ends on {ends_on}")])
    need_insurer(call)
    return one(call, create_import(call, body.model_dump(mode="json")))


def _wrong(call: Call, body: models.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    yield from _wrong_dates(body)
    persons = body.associated_persons or []
    for nth, each in enumerate(persons):
        path = f"associated_persons[{nth}]"
        person = referred(call, "associated_person", f"{path}.associated_person_id", each.associated_person_id)
        if person["employee_id"] != body.employee_id:
            yield f"{path}.associated_person_id", "not a person of this employee"
        if each.associated_person_id in [other.associated_person_id for other in persons[:nth]]:
            yield f"{path}.associated_person_id", "given twice"
        if each.start_date and each.end_date and each.end_date < each.start_date:
            yield f"{path}.end_date", "must not be before the start"


def _wrong_dates(body: models.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    if body.policy_start_date <= OLDEST:
        yield "policy_start_date", f"must be after {OLDEST}"
    if body.policy_end_date is not None and body.policy_end_date < body.policy_start_date:
        yield "policy_end_date", "must not be before the start"


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = {"employee_id": query.employee_id, "group_id": query.group_id, "status": chosen(query.status)}
    return listed(call, walk(call.space, "policy_import_intents", **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, KIND, f"{KIND}_id"))


def operations() -> Iterator[Operation]:
    """The operations on policy import intents."""
    base, answer = "/policy_import_intents", shown("PolicyImportIntentResponse")
    body, listing = models.CreatePolicyImportIntentRequest, {"query": ImportsPage, "answer": paged(answer)}
    yield row(f"create_{KIND}", f"POST {base}", _create, "Create a policy import intent", body=body, answer=answer)
    yield row(f"list_{KIND}s", f"GET {base}", _list, "List policy import intents", **listing)
    yield row(f"get_{KIND}", f"GET {base}/{{{KIND}_id}}", _retrieve, "Get a policy import intent", answer=answer)
