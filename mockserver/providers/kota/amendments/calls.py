"""Operations on policy amendment intents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.amendments import schemas
from mockserver.providers.kota.amendments.logic import (
    KIND,
    LIFECYCLE,
    OPEN_STATES,
    create_amendment,
    create_dependents_intent,
)
from mockserver.providers.kota.amendments.state_details import CANCELLATION, DEPENDENTS, requested_changes
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.policies.logic import IN_FORCE
from mockserver.providers.kota.values.records import (
    get_or_404,
    get_or_404_with_body,
    no_content,
    refuse_fields,
    render_one,
    require_insurer,
    today,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    policy, body = get_or_404_with_body(call, "policy", "policy_id")
    refuse_fields(_body_errors(body))
    requested = [each.change_type for each in body.requested_changes]
    _check_allowed(call, policy, body.amendment_reason.type, requested)
    return render_one(call, create_amendment(call, policy, _render_reason(body.amendment_reason), requested))


def _body_errors(body: schemas.CreatePolicyAmendmentIntentRequest) -> Iterator[tuple[str, str]]:
    reason = body.amendment_reason
    if reason.type == "qualifying_life_event" and reason.qualifying_life_event is None:
        yield "amendment_reason.qualifying_life_event", "required for this type of reason"
    requested = [each.change_type for each in body.requested_changes]
    if not requested:
        yield "requested_changes", "ask for a change"
    if len(requested) > 1:
        yield "requested_changes", "ask for one change at a time"


def _render_reason(given: schemas.PolicyAmendmentReasonRequest) -> Record:
    event = given.qualifying_life_event if given.type == "qualifying_life_event" else None
    return {"type": given.type, "qualifying_life_event": event.model_dump() if event else None}


def _check_allowed(call: Call, policy: Record, reason: str, requested: list[str]) -> None:
    insurance = policy["health_insurance"]
    if policy["status"] not in IN_FORCE:
        raise Problem("invalid_state", f"The policy is {policy['status']}")
    if DEPENDENTS in requested and not insurance["dependents_supported"]:
        raise Problem("invalid_state", "The plan covers no dependents.")
    deadline = insurance["opt_out_deadline" if CANCELLATION in requested else "initial_dependents_update_deadline"]
    if reason == "initial_adjustment_period" and (deadline is None or deadline < today(call)):
        raise Problem("invalid_state", f"The initial adjustment period ended on {deadline}")
    open_amendment = next(
        iter_records(call.space, "policy_amendment_intents", policy_id=policy["id"], status=OPEN_STATES), None
    )
    if open_amendment is not None and assumptions_of(call).second_amendment == "refused":
        raise Problem("invalid_state", f"Another amendment is under way: {open_amendment['id']}")


def _list(call: Call) -> Reply:
    policy, query = get_or_404(call, "policy", "policy_id"), call.query_parameters
    status = filter_values(getattr(query, "status", None))
    amendments = iter_records(
        call.space, "policy_amendment_intents", oldest_first=True, policy_id=policy["id"], status=status
    )
    return render_list(call, amendments)


def _get_amendment(call: Call, parameter: str = f"{KIND}_id") -> Record:
    policy, record = get_or_404(call, "policy", "policy_id"), get_or_404(call, KIND, parameter)
    if record["policy_id"] != policy["id"]:
        raise Problem("not_found", "No policy amendment intent of this policy has this id.")
    return record


def _retrieve(call: Call) -> Reply:
    return render_one(call, _get_amendment(call))


def _confirm(call: Call) -> Reply:
    record = _get_amendment(call)
    if LIFECYCLE.find_transition(record, "confirm"):
        require_insurer(call)
    LIFECYCLE.apply(call, record, "confirm")
    return no_content()


def _cancel(call: Call) -> Reply:
    LIFECYCLE.apply(call, _get_amendment(call, "id"), "cancel")
    return no_content()


def _create_dependents_intent(call: Call) -> Reply:
    record = _get_amendment(call, "id")
    if record["status"] != "action_required" or DEPENDENTS not in requested_changes(record):
        raise Problem("invalid_state", f"The policy amendment intent is {record['status']}")
    intent = dependents.find_latest_intent(call, record["id"])
    if intent is not None and intent["status"] in dependents.OPEN_STATES:
        raise Problem("invalid_state", f"There is a dependents management intent already: {intent['id']}")
    return render_one(call, create_dependents_intent(call, record))


def operations() -> Iterator[Operation]:
    path = "/policies/{policy_id}/policy_amendment_intents"
    model = response_model("amendments", "PolicyAmendmentIntentResponse")
    # Documented: two of the paths name their parameter id.
    item_path, path_with_id = f"{path}/{{{KIND}_id}}", f"{path}/{{id}}"
    listing: dict[str, Any] = {"query": schemas.AmendmentsQuery, "response": paged_response_model(model)}
    body = schemas.CreatePolicyAmendmentIntentRequest
    dependents_model = response_model("dependents", "DependentsManagementIntentResponse")
    yield define_operation(f"list_{KIND}s", f"GET {path}", _list, "List policy amendment intents", **listing)
    yield define_operation(
        f"create_{KIND}", f"POST {path}", _create, "Create a policy amendment intent", body=body, response=model
    )
    yield define_operation(
        f"get_{KIND}", f"GET {item_path}", _retrieve, "Get a policy amendment intent", response=model
    )
    yield define_operation(
        f"confirm_{KIND}", f"POST {item_path}/confirm", _confirm, "Confirm a policy amendment intent", status=204
    )
    yield define_operation(
        f"cancel_{KIND}", f"POST {path_with_id}/cancel", _cancel, "Cancel a policy amendment intent", status=204
    )
    yield define_operation(
        f"create_dependents_of_{KIND}",
        f"POST {path_with_id}/create_dependents_management_intent",
        _create_dependents_intent,
        "Create a dependents management intent of an amendment",
        response=dependents_model,
    )
