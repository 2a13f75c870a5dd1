"""POST /quotes, and the older GET /quotes: a price for what the customer has said."""

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
from mockserver.providers.kasko.wire.negotiate import requested_version, require_v3


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What a quote is asked for, whichever version of the API it came through."""

    product: Product
    plan: str
    integration: str
    product_version: str
    integration_version: str
    version: int
    """Of the API: 1, 2 or 3."""


def _create(call: Call) -> Reply:
    require_v3(call)
    body: NewQuote = call.body
    product = products.find_offered_product(call, body.item_id)
    if product is None or body.integration_id not in product.integrations:
        raise not_found(f"Integration - {body.integration_id[:100]} product - {body.item_id[:100]}")
    if product.plan(body.subscription_plan_id) is None:
        raise not_found(f"Subscription plan with id - {body.subscription_plan_id[:100]}")
    wanted = QuoteRequest(
        product,
        body.subscription_plan_id,
        body.integration_id,
        _version("Product", body.product_version_id, body.live_product, product.product_versions),
        _version("Integration", body.integration_version_id, body.live_integration, product.integration_versions),
        3,
    )
    token, quoted = create_quote(call, wanted, body.data)
    return call.sandbox.provider.dialect.render_record(
        call, {"token": token, **quoted}, int(assumptions_of(call).quote_status)
    )


def _version(what: str, pinned: str | None, live: str | bool | None, there: Versions) -> str:
    if pinned is not None:
        if pinned not in (there.published, there.unpublished):
            raise not_found(f"{what} version with id - {pinned[:100]}")
        return pinned
    match rules.to_text(live):
        case "None" | "true":
            return there.published
        case "false":
            return there.unpublished
    raise bad_request(f'live_{what.lower()} must be "true" or "false".')


def create_quote(call: Call, wanted: QuoteRequest, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The token of a quote and what it says; Problems for wrong data, a knock-out, a product without prices."""
    product = wanted.product
    if product.price == "building":
        raise bad_request(assumptions_of(call).building_message, 409)
    if product.price is None:
        raise not_found(f"Pricing logic of product - {product.item_id}")
    read = rules.validate_data(
        product.quote, data, product.today(call.now), strict=assumptions_of(call).rule_types == "strict"
    )
    if pricing.holds(product.knockouts, read):
        raise Problem("knockout", assumptions_of(call).knockout_message, status=int(assumptions_of(call).knockout))
    premium = pricing.premium(product.price, read)
    flow = "manual_underwriting" if pricing.holds(product.manual_underwriting, read) else "default"
    inner = {
        "item": product.item_id,
        "plan": wanted.plan,
        "integration": wanted.integration,
        "product_version": wanted.product_version,
        "integration_version": wanted.integration_version,
        "input": expand_dataset_items(call, data),
        "premium": premium,
        "term": pricing.term(product, read),
        "flow": flow,
        "version": wanted.version,
    }
    extra = premium if flow == "default" else {**premium, "flow": flow}
    return tokens.encode_quote(call, inner), {"gross_payment_amount": premium["gross_premium"], "extra_data": extra}


def expand_dataset_items(call: Call, data: dict[str, Any]) -> dict[str, Any]:
    """The data with ids of dataset items replaced by the items."""
    return {field: _expand_value(call, field, value) for field, value in data.items()}


def _expand_value(call: Call, field: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("dai_"):
        return value
    item = call.space.get("dataset_items", value) if products.has_catalogue(call) else None
    if item is None:
        raise Problem("data_invalid", field, status=400, fields=[FieldError(field, "invalid")])
    dataset = call.space.get("datasets", item["dataset_id"])
    assert dataset is not None
    shown = item["values"][dataset["languages"][0]]
    return {"id": value, **{name: shown[name] for name in dataset["fields"] if name in shown}}


def _get_quote(call: Call) -> Reply:
    asked = call.query_parameters
    assert isinstance(asked, LegacyQuoteQuery)
    data = parse_json_parameter("data", asked.data)
    if not isinstance(data, dict):
        raise bad_request("data must be a JSON object.")
    product = _find_by_legacy_ids(call, asked)
    wanted = QuoteRequest(
        product,
        product.plans[0].id,
        product.integrations[0],
        product.product_versions.published,
        product.integration_versions.published,
        2 if requested_version(call) == 2 else 1,
    )
    token, quoted = create_quote(call, wanted, data)
    name = "signature" if wanted.version == 1 else "token"
    return call.sandbox.provider.dialect.render_record(call, {name: token, **quoted})


def _find_by_legacy_ids(call: Call, asked: LegacyQuoteQuery) -> Product:
    plan_needed = requested_version(call) == 2
    for product in products.list_products(call):
        old = product.legacy
        if old is None or (plan_needed and product.plan(asked.subscription_plan_id or "") is None):
            continue
        by_item = asked.item_id in (old.item_id, product.item_id)
        by_place = asked.touchpoint_id in (old.touchpoint_id, *product.integrations)
        if (by_item and by_place) or (asked.variant_id == old.variant_id and not plan_needed):
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
