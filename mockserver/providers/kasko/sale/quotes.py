"""POST /quotes and the older GET /quotes: return a price and a token for the data of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.engine import Call, FieldError, Operation, Problem, Reply
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products import pricing, rules
from mockserver.providers.kasko.products.catalog import Product, Versions
from mockserver.providers.kasko.sale import tokens
from mockserver.providers.kasko.wire.dialect import bad_request, not_found, parse_json_parameter
from mockserver.providers.kasko.wire.models import LegacyQuoteQuery, NewQuote
from mockserver.providers.kasko.wire.negotiate import parse_requested_version, require_v3


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """The request for a quote, with the same fields in all versions of the API."""

    product: Product
    plan: str
    integration: str
    product_version: str
    integration_version: str
    api_version: int
    """1, 2 or 3."""


def _create(call: Call) -> Reply:
    require_v3(call)
    body: NewQuote = call.body
    product = products.find_offered_product(call, body.item_id)
    if product is None or body.integration_id not in product.integrations:
        raise not_found(f"Integration - {body.integration_id[:100]} product - {body.item_id[:100]}")
    if product.find_plan(body.subscription_plan_id) is None:
        raise not_found(f"Subscription plan with id - {body.subscription_plan_id[:100]}")
    request = QuoteRequest(
        product,
        body.subscription_plan_id,
        body.integration_id,
        _select_version("Product", body.product_version_id, body.live_product, product.product_versions),
        _select_version(
            "Integration", body.integration_version_id, body.live_integration, product.integration_versions
        ),
        3,
    )
    token, price = create_quote(call, request, body.data)
    return call.sandbox.provider.dialect.render_record(
        call, {"token": token, **price}, int(assumptions_of(call).quote_status)
    )


def _select_version(noun: str, pinned: str | None, live: str | bool | None, versions: Versions) -> str:
    """Returns the requested version id, or the published or unpublished one as ``live`` says. Raises Problem."""
    if pinned is not None:
        if pinned not in (versions.published, versions.unpublished):
            raise not_found(f"{noun} version with id - {pinned[:100]}")
        return pinned
    match rules.to_text(live):
        case "None" | "true":
            return versions.published
        case "false":
            return versions.unpublished
    raise bad_request(f'live_{noun.lower()} must be "true" or "false".')


def create_quote(call: Call, request: QuoteRequest, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns a quote token and the price. Raises Problem for invalid data, a knock-out or a product without prices."""
    product = request.product
    if product.price == "building":
        raise bad_request(assumptions_of(call).building_message, 409)
    if product.price is None:
        raise not_found(f"Pricing logic of product - {product.item_id}")
    validated = rules.validate_data(
        product.quote, data, product.today(call.now), strict=assumptions_of(call).rule_types == "strict"
    )
    if pricing.meets_any(product.knockouts, validated):
        raise Problem("knockout", assumptions_of(call).knockout_message, status=int(assumptions_of(call).knockout))
    premium = pricing.calculate_premium(product.price, validated)
    flow = "manual_underwriting" if pricing.meets_any(product.manual_underwriting, validated) else "default"
    quote = {
        "item": product.item_id,
        "plan": request.plan,
        "integration": request.integration,
        "product_version": request.product_version,
        "integration_version": request.integration_version,
        "input": expand_dataset_items(call, data),
        "premium": premium,
        "term": pricing.calculate_term(product, validated),
        "flow": flow,
        "version": request.api_version,
    }
    extra = premium if flow == "default" else {**premium, "flow": flow}
    return tokens.encode_quote(call, quote), {"gross_payment_amount": premium["gross_premium"], "extra_data": extra}


def expand_dataset_items(call: Call, data: dict[str, Any]) -> dict[str, Any]:
    """Returns the data with dataset items in place of their ids. Raises Problem for an unknown id."""
    return {field: _expand_value(call, field, value) for field, value in data.items()}


def _expand_value(call: Call, field: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("dai_"):
        return value
    item = call.space.get("dataset_items", value) if products.has_catalogue(call) else None
    if item is None:
        raise Problem("data_invalid", field, status=400, fields=[FieldError(field, "invalid")])
    dataset = call.space.get("datasets", item["dataset_id"])
    assert dataset is not None
    values = item["values"][dataset["languages"][0]]
    return {"id": value, **{name: values[name] for name in dataset["fields"] if name in values}}


def _get_quote(call: Call) -> Reply:
    parameters = call.query_parameters
    assert isinstance(parameters, LegacyQuoteQuery)
    data = parse_json_parameter("data", parameters.data)
    if not isinstance(data, dict):
        raise bad_request("data must be a JSON object.")
    product = _find_by_legacy_ids(call, parameters)
    request = QuoteRequest(
        product,
        product.plans[0].id,
        product.integrations[0],
        product.product_versions.published,
        product.integration_versions.published,
        2 if parse_requested_version(call) == 2 else 1,
    )
    token, price = create_quote(call, request, data)
    name = "signature" if request.api_version == 1 else "token"
    return call.sandbox.provider.dialect.render_record(call, {name: token, **price})


def _find_by_legacy_ids(call: Call, parameters: LegacyQuoteQuery) -> Product:
    # In v2 a request needs the plan; only in v1 can variant_id replace the touchpoint and the item.
    plan_needed = parse_requested_version(call) == 2
    for product in products.list_products(call):
        legacy = product.legacy
        if legacy is None or (plan_needed and product.find_plan(parameters.subscription_plan_id or "") is None):
            continue
        item_matches = parameters.item_id in (legacy.item_id, product.item_id)
        touchpoint_matches = parameters.touchpoint_id in (legacy.touchpoint_id, *product.integrations)
        if (item_matches and touchpoint_matches) or (parameters.variant_id == legacy.variant_id and not plan_needed):
            return product
    raise not_found("Product")


OPERATIONS = (
    Operation(
        "create_quote",
        "POST",
        "/quotes",
        _create,
        "Ask for a price",
        body=NewQuote,
        refusals=(400, 401, 404, 405, 409, 413),
    ),
)
LEGACY_OPERATIONS = (
    Operation(
        "get_quote",
        "GET",
        "/quotes",
        _get_quote,
        "Ask for a price (v1, v2)",
        query=LegacyQuoteQuery,
        refusals=(400, 401, 404, 405, 409),
    ),
)
