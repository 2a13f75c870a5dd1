"""Operations on group policy intents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.policy_intents import schemas
from mockserver.providers.kota.policy_intents.logic import FAILED_STATES, KIND, create_policy_intent
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.quotes.calls import sharing_errors
from mockserver.providers.kota.requirements.logic import render_requirements
from mockserver.providers.kota.requirements.schemas import RequirementsPage
from mockserver.providers.kota.values.records import (
    get_or_404,
    get_referenced,
    refuse_fields,
    render_one,
    require_insurer,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    body: schemas.CreateGroupPolicyIntentRequest = call.body
    quote_intent = get_referenced(call, quotes.KIND, "quote_intent_id", body.quote_intent_id)
    plan = catalog.get_plan(call, quote_intent["plan_id"])
    refuse_fields(sharing_errors(call, plan, body.cost_sharing))
    refuse_fields(_consent_errors(call, quote_intent, body))
    _check_state(call, quote_intent)
    require_insurer(call)
    return render_one(call, create_policy_intent(call, quote_intent, body.model_dump(mode="json")))


def _consent_errors(
    call: Call, quote_intent: Record, body: schemas.CreateGroupPolicyIntentRequest
) -> Iterator[tuple[str, str]]:
    given = {(each.type, each.version) for each in body.consent_approvals or ()}
    for link in quote_intent["consent_links"] if assumptions_of(call).consents == "required" else ():
        if (link["type"], link["version"]) not in given:
            yield "consent_approvals", f"{link['type']} must be approved in version {link['version']}"


def _check_state(call: Call, quote_intent: Record) -> None:
    if quote_intent["status"] != "quote_available":
        raise Problem("invalid_state", f"The group quote intent is {quote_intent['status']}")
    group = quotes.get_group(call, quote_intent)
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived")
    policies = group_policies.list_in_force(call, group["id"])
    has_other_plan = any(each["plan"]["id"] != quote_intent["plan_id"] for each in policies)
    if has_other_plan and assumptions_of(call).second_plan == "refused":
        raise Problem("invalid_state", "The group has a policy of another plan")
    intents = iter_records(call.space, "group_policy_intents", quote_intent_id=quote_intent["id"])
    is_taken_up = any(each["status"] not in FAILED_STATES for each in intents)
    if is_taken_up and assumptions_of(call).policy_intents_of_quote == "one":
        raise Problem("invalid_state", "The quote has been taken up already")


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {"group_id": query.group_id, "plan_id": query.plan_id, "status": filter_values(query.status)}
    return render_list(call, iter_records(call.space, "group_policy_intents", **filters))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, KIND, "group_policy_intent_id"))


def _requirements(call: Call) -> Reply:
    return render_requirements(call, get_or_404(call, KIND, "group_policy_intent_id"))


def operations() -> Iterator[Operation]:
    model, path = response_model("policy_intents", "GroupPolicyIntentResponse"), "/group_policy_intents"
    item_path, body = f"{path}/{{group_policy_intent_id}}", schemas.CreateGroupPolicyIntentRequest
    list_summary, requirements_summary = "List group policy intents", "List the requirements of a group policy intent"
    yield define_operation(
        f"create_{KIND}", f"POST {path}", _create, "Create a group policy intent", body=body, response=model
    )
    yield define_operation(
        f"list_{KIND}s",
        f"GET {path}",
        _list,
        list_summary,
        query=schemas.PolicyIntentsQuery,
        response=paged_response_model(model),
    )
    yield define_operation(f"get_{KIND}", f"GET {item_path}", _retrieve, "Get a group policy intent", response=model)
    yield define_operation(
        f"list_{KIND}_requirements",
        f"GET {item_path}/requirements",
        _requirements,
        requirements_summary,
        query=RequirementsPage,
        response=paged_response_model(response_model("policy_intents", "GroupPolicyIntentRequirementResponse")),
    )
