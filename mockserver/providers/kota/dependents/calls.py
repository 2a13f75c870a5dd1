"""The calls that list, check and confirm dependents."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.logic import plan as plan_of
from mockserver.providers.kota.dependents.check import BAD, KIND, ineligibility
from mockserver.providers.kota.dependents.logic import LIFECYCLE, entry, to_remove
from mockserver.providers.kota.dependents.schemas import AddDependentsRequest
from mockserver.providers.kota.values.records import found, found_with_body, nothing, one, referred, refuse_fields
from mockserver.providers.kota.wire.lists import Page, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

_ID = f"{KIND}_id"


def _need_open(record: Record) -> None:
    if record["status"] != "action_required":
        raise Problem("invalid_state", f"The dependents management intent is {record['status']}")


def _add(call: Call) -> Reply:
    record, body = found_with_body(call, KIND, _ID)
    _need_open(record)
    selections = {
        each.associated_person_id: coverage.as_kept(each.coverage_selections)
        for each in body.dependent_coverage_selections or ()
    }
    refuse_fields(_wrong(call, record, body))
    soon = call.now + assume(call).dependents_check
    added = [entry(id, selections.get(id), "processing", soon) for id in body.associated_person_ids]
    return one(call, LIFECYCLE.keep(call, {**record, "dependents": [*record["dependents"], *added]}))


def _wrong(call: Call, record: Record, body: AddDependentsRequest) -> Iterator[coverage.Error]:
    listed_already = {each["associated_person_id"] for each in record["dependents"]}
    for nth, id in enumerate(body.associated_person_ids):
        path = f"associated_person_ids[{nth}]"
        person = referred(call, "associated_person", path, id)
        if person["employee_id"] != record["_employee_id"]:
            yield path, "not a person of this employee"
        elif id in listed_already or id in body.associated_person_ids[:nth]:
            yield path, "on the list already"
    yield from _wrong_selections(call, record, body)


def _wrong_selections(call: Call, record: Record, body: AddDependentsRequest) -> Iterator[coverage.Error]:
    plan, field = plan_of(call, record["plan"]["id"]), "dependent_coverage_selections"
    given = body.dependent_coverage_selections or []
    for nth, each in enumerate(given):
        if each.associated_person_id not in body.associated_person_ids:
            yield f"{field}[{nth}].associated_person_id", "not among those who are added"
        if each.associated_person_id in [other.associated_person_id for other in given[:nth]]:
            yield f"{field}[{nth}].associated_person_id", "given twice"
        kept_as = coverage.as_kept(each.coverage_selections) or []
        yield from coverage.errors(plan, "member", kept_as, f"{field}[{nth}].coverage_selections")
    missing = set(body.associated_person_ids) - {each.associated_person_id for each in given}
    if coverage.is_required(plan, "member") and missing:
        yield field, "every dependent needs a selection"


def _remove(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    id = call.args["associated_person_id"]
    removed = next((each for each in record["dependents"] if each["associated_person_id"] == id), None)
    if removed is None:
        raise Problem("not_found", "No dependent on the list has this id.")
    _need_open(record)
    if removed["requirement_id"] is not None:
        call.space.drop("requirements", removed["requirement_id"])
    changed = {**record, "dependents": [each for each in record["dependents"] if each is not removed]}
    changed["action_required"] = to_remove(changed)
    return one(call, LIFECYCLE.keep(call, changed))


def _confirm(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    _need_open(record)
    for each in record["dependents"]:
        if each["status"] in (*BAD, "action_required"):
            raise Problem("invalid_state", f"The dependent {each['associated_person_id']} is {each['status']}")
    LIFECYCLE.take(call, record, "confirm")
    return nothing()


def _cancel(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    if record["status"] != "not_undertaken":
        LIFECYCLE.take(call, record, "cancel")
    return nothing()


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, KIND, _ID))


def _eligibility(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    persons = walk(call.space, "associated_persons", employee_id=record["_employee_id"])
    return listed(call, persons, lambda person: _eligible(call, record, person))


def _eligible(call: Call, record: Record, person: Record) -> Record:
    on_list = {each["associated_person_id"]: each["status"] for each in record["dependents"]}
    here, reason = on_list.get(person["id"]), ineligibility(call, record, person)
    if here == "restricted":
        reason = "The person is restricted."
    status = "ineligible" if reason or here in BAD else "pending" if here == "processing" else "eligible"
    return {
        "object": "associated_person_eligibility",
        "associated_person_id": person["id"],
        **{name: person[name] for name in ("first_name", "last_name", "date_of_birth", "sex_at_birth")},
        "relationship": person["relationship_type"],
        "eligibility_status": status,
        "ineligibility_reason": reason,
    }


def operations() -> Iterator[Operation]:
    """The operations on dependents management intents."""
    answer = shown("dependents", "DependentsManagementIntentResponse")
    single = f"/dependents_management_intents/{{{_ID}}}"
    persons, people = f"{single}/dependents/{{associated_person_id}}", f"{single}/dependents"
    listing = f"{single}/associated_persons_eligibility"
    row_of = paged(shown("dependents", "AssociatedPersonEligibilityResponse"))
    body = AddDependentsRequest
    yield row(f"get_{KIND}", f"GET {single}", _retrieve, "Get a dependents management intent", answer=answer)
    yield row(
        "list_associated_persons_eligibility",
        f"GET {listing}",
        _eligibility,
        "List whom a plan could cover",
        query=Page,
        answer=row_of,
    )
    yield row("add_dependents", f"POST {people}", _add, "Add dependents", body=body, answer=answer)
    yield row("remove_dependent", f"DELETE {persons}", _remove, "Remove a dependent", answer=answer)
    yield row(f"confirm_{KIND}", f"POST {single}/confirm", _confirm, "Confirm the dependents", status=204)
    yield row(f"cancel_{KIND}", f"POST {single}/cancel", _cancel, "Cancel the intent", status=204)
