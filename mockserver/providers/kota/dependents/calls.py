"""Operations on dependents management intents."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.dependents.check import KIND, REJECTED_STATES, find_ineligibility_reason
from mockserver.providers.kota.dependents.logic import LIFECYCLE, new_dependent, render_removal_action
from mockserver.providers.kota.dependents.schemas import AddDependentsRequest
from mockserver.providers.kota.values.records import (
    get_or_404,
    get_or_404_with_body,
    get_referenced,
    no_content,
    refuse_fields,
    render_one,
)
from mockserver.providers.kota.wire.lists import PageQuery, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

_ID = f"{KIND}_id"


def _require_action_required(record: Record) -> None:
    if record["status"] != "action_required":
        raise Problem("invalid_state", f"The dependents management intent is {record['status']}")


def _add(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, KIND, _ID)
    _require_action_required(record)
    selections = {
        each.associated_person_id: coverage.dump_selections(each.coverage_selections)
        for each in body.dependent_coverage_selections or ()
    }
    refuse_fields(_body_errors(call, record, body))
    check_at = call.now + assumptions_of(call).dependents_check
    added = [new_dependent(id, selections.get(id), "processing", check_at) for id in body.associated_person_ids]
    return render_one(call, LIFECYCLE.update(call, {**record, "dependents": [*record["dependents"], *added]}))


def _body_errors(call: Call, record: Record, body: AddDependentsRequest) -> Iterator[coverage.Error]:
    listed_ids = {each["associated_person_id"] for each in record["dependents"]}
    for nth, id in enumerate(body.associated_person_ids):
        path = f"associated_person_ids[{nth}]"
        person = get_referenced(call, "associated_person", path, id)
        if person["employee_id"] != record["_employee_id"]:
            yield path, "not a person of this employee"
        elif id in listed_ids or id in body.associated_person_ids[:nth]:
            yield path, "on the list already"
    yield from _selection_errors(call, record, body)


def _selection_errors(call: Call, record: Record, body: AddDependentsRequest) -> Iterator[coverage.Error]:
    plan, field = get_plan(call, record["plan"]["id"]), "dependent_coverage_selections"
    given = body.dependent_coverage_selections or []
    for nth, each in enumerate(given):
        if each.associated_person_id not in body.associated_person_ids:
            yield f"{field}[{nth}].associated_person_id", "not among those who are added"
        if each.associated_person_id in [other.associated_person_id for other in given[:nth]]:
            yield f"{field}[{nth}].associated_person_id", "given twice"
        dumped = coverage.dump_selections(each.coverage_selections) or []
        yield from coverage.selection_errors(plan, "member", dumped, f"{field}[{nth}].coverage_selections")
    missing = set(body.associated_person_ids) - {each.associated_person_id for each in given}
    if coverage.is_required(plan, "member") and missing:
        yield field, "every dependent needs a selection"


def _remove(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    id = call.args["associated_person_id"]
    removed = next((each for each in record["dependents"] if each["associated_person_id"] == id), None)
    if removed is None:
        raise Problem("not_found", "No dependent on the list has this id.")
    _require_action_required(record)
    if removed["requirement_id"] is not None:
        call.space.drop("requirements", removed["requirement_id"])
    changed = {**record, "dependents": [each for each in record["dependents"] if each is not removed]}
    changed["action_required"] = render_removal_action(changed)
    return render_one(call, LIFECYCLE.update(call, changed))


def _confirm(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    _require_action_required(record)
    for each in record["dependents"]:
        if each["status"] in (*REJECTED_STATES, "action_required"):
            raise Problem("invalid_state", f"The dependent {each['associated_person_id']} is {each['status']}")
    LIFECYCLE.apply(call, record, "confirm")
    return no_content()


def _cancel(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    if record["status"] != "not_undertaken":
        LIFECYCLE.apply(call, record, "cancel")
    return no_content()


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, KIND, _ID))


def _eligibility(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    persons = iter_records(call.space, "associated_persons", employee_id=record["_employee_id"])
    return render_list(call, persons, lambda person: _render_eligibility(call, record, person))


def _render_eligibility(call: Call, record: Record, person: Record) -> Record:
    states = {each["associated_person_id"]: each["status"] for each in record["dependents"]}
    state, reason = states.get(person["id"]), find_ineligibility_reason(call, record, person)
    if state == "restricted":
        reason = "The person is restricted."
    status = "ineligible" if reason or state in REJECTED_STATES else "pending" if state == "processing" else "eligible"
    return {
        "object": "associated_person_eligibility",
        "associated_person_id": person["id"],
        **{name: person[name] for name in ("first_name", "last_name", "date_of_birth", "sex_at_birth")},
        "relationship": person["relationship_type"],
        "eligibility_status": status,
        "ineligibility_reason": reason,
    }


def operations() -> Iterator[Operation]:
    model = response_model("dependents", "DependentsManagementIntentResponse")
    item_path = f"/dependents_management_intents/{{{_ID}}}"
    dependents_path = f"{item_path}/dependents"
    eligibility_page = paged_response_model(response_model("dependents", "AssociatedPersonEligibilityResponse"))
    body = AddDependentsRequest
    yield define_operation(
        f"get_{KIND}", f"GET {item_path}", _retrieve, "Get a dependents management intent", response=model
    )
    yield define_operation(
        "list_associated_persons_eligibility",
        f"GET {item_path}/associated_persons_eligibility",
        _eligibility,
        "List whether a plan covers associated persons",
        query=PageQuery,
        response=eligibility_page,
    )
    yield define_operation(
        "add_dependents", f"POST {dependents_path}", _add, "Add dependents", body=body, response=model
    )
    remove_route = f"DELETE {dependents_path}/{{associated_person_id}}"
    yield define_operation("remove_dependent", remove_route, _remove, "Remove a dependent", response=model)
    yield define_operation(
        f"confirm_{KIND}", f"POST {item_path}/confirm", _confirm, "Confirm the dependents", status=204
    )
    yield define_operation(f"cancel_{KIND}", f"POST {item_path}/cancel", _cancel, "Cancel the intent", status=204)
