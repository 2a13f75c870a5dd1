"""Operations on group quote intents and their quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import HEX, Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.schemas import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.quotes import schemas
from mockserver.providers.kota.quotes.logic import KIND, LIFECYCLE, create_quote_intent
from mockserver.providers.kota.requirements.logic import render_requirements
from mockserver.providers.kota.requirements.schemas import RequirementsPage
from mockserver.providers.kota.values.records import (
    format_date_time,
    get_or_404,
    get_referenced,
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
    body: schemas.CreateGroupQuoteIntentRequest = call.body
    group = get_referenced(call, "group", "group_id", body.group_id)
    plan = get_referenced(call, "plan", "plan_id", body.plan_id)
    refuse_fields(_body_errors(call, plan, body))
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived")
    return render_one(call, create_quote_intent(call, group, plan, body.model_dump(mode="json")))


def _body_errors(call: Call, plan: Record, body: schemas.CreateGroupQuoteIntentRequest) -> Iterator[tuple[str, str]]:
    yield from sharing_errors(call, plan, body.cost_sharing)
    start = body.expected_start_date
    if start is not None and start < today(call) and assumptions_of(call).start_in_past == "refused":
        yield "expected_start_date", "must not be in the past"
    if not _is_on_sale(call, plan) and assumptions_of(call).plan_not_on_sale == "refused":
        yield "plan_id", "the plan is not on sale today"
    selections = coverage.dump_selections(body.coverage_selections) or []
    yield from coverage.selection_errors(plan, "group_policy", selections, "coverage_selections")


def _is_on_sale(call: Call, plan: Record) -> bool:
    return bool(plan["available_from"] <= today(call) <= (plan["available_to"] or today(call)))


def sharing_errors(
    call: Call, plan: Record, sharing: HealthInsuranceCostSharingConfigurationResponse | None
) -> Iterator[tuple[str, str]]:
    """Yields an error for a type of cost sharing that the plan does not support."""
    supported = plan["health_insurance"]["supported_cost_sharing_options"]
    refused = assumptions_of(call).unsupported_cost_sharing == "refused"
    if sharing is not None and refused and sharing.type not in supported:
        yield "cost_sharing.type", f"the plan supports {', '.join(supported)}"


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {"group_id": query.group_id, "plan_id": query.plan_id, "status": filter_values(query.status)}
    return render_list(call, iter_records(call.space, "group_quote_intents", **filters))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, KIND, "group_quote_intent_id"))


def _requirements(call: Call) -> Reply:
    return render_requirements(call, get_or_404(call, KIND, "group_quote_intent_id"))


def _quote(call: Call) -> Reply:
    record = get_or_404(call, KIND, "group_quote_intent_id")
    if record["status"] != "quote_available":
        raise Problem("invalid_state", f"The group quote intent is {record['status']}")
    require_insurer(call)
    signature = call.sandbox.randomness.text("quote_document", call.serial, 32, HEX)
    document = {
        "pdf_url": f"https://assets.kota.example/quotes/{record['id']}.pdf?sig={signature}",
        "pdf_expires_at": format_date_time(call, call.now + assumptions_of(call).quote_document_validity),
        "expires_at": format_date_time(call, record["_expires_at"]),
    }
    return render_one(call, {"object": "group_quote", **record["_quote"], **document})


def _reject(call: Call) -> Reply:
    LIFECYCLE.apply(call, get_or_404(call, KIND, "group_quote_intent_id"), "reject")
    return no_content()


def operations() -> Iterator[Operation]:
    model, path = response_model("quotes", "GroupQuoteIntentResponse"), "/group_quote_intents"
    item_path, body = f"{path}/{{group_quote_intent_id}}", schemas.CreateGroupQuoteIntentRequest
    list_summary, requirements_summary = "List group quote intents", "List the requirements of a group quote intent"
    yield define_operation(
        f"create_{KIND}", f"POST {path}", _create, "Create a group quote intent", body=body, response=model
    )
    yield define_operation(
        f"list_{KIND}s",
        f"GET {path}",
        _list,
        list_summary,
        query=schemas.QuoteIntentsQuery,
        response=paged_response_model(model),
    )
    yield define_operation(f"get_{KIND}", f"GET {item_path}", _retrieve, "Get a group quote intent", response=model)
    yield define_operation(
        f"list_{KIND}_requirements",
        f"GET {item_path}/requirements",
        _requirements,
        requirements_summary,
        query=RequirementsPage,
        response=paged_response_model(response_model("quotes", "GroupQuoteIntentRequirementResponse")),
    )
    quote = response_model("quotes", "GroupQuoteResponse")
    yield define_operation("get_group_quote", f"GET {item_path}/quote", _quote, "Get a group's quote", response=quote)
    yield define_operation(f"reject_{KIND}", f"POST {item_path}/reject", _reject, "Reject a group's quote", status=204)
