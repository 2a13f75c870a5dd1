"""POST /quotes, and the older GET /quotes: a price for what the customer has said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.engine import Call, FieldError, Operation, Problem, Reply
from mockserver.providers.kasko.assumptions import assume
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products import pricing, rules
from mockserver.providers.kasko.products.catalog import Product, Versions
from mockserver.providers.kasko.sale import tokens
from mockserver.providers.kasko.wire.dialect import bad, json_in, missing
from mockserver.providers.kasko.wire.models import LegacyQuote, NewQuote
from mockserver.providers.kasko.wire.negotiate import need_v3, version


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a quote is asked for, whichever version of the API it came through."""

    product: Product
    plan: str
    integration: str
    product_version: str
    integration_version: str
    version: int
    """Of the API: 1, 2 or 3."""


def _create(call: Call) -> Reply:
    need_v3(call)
    body: NewQuote = call.body
    product = products.offered(call, body.item_id)
    if product is None or body.integration_id not in product.integrations:
        raise missing(f"Integration - {body.integration_id[:100]} product - {body.item_id[:100]}")
    if product.plan(body.subscription_plan_id) is None:
        raise missing(f"Subscription plan with id - {body.subscription_plan_id[:100]}")
    wanted = Wanted(
        product,
        body.subscription_plan_id,
        body.integration_id,
        _version("Product", body.product_version_id, body.live_product, product.product_versions),
        _version("Integration", body.integration_version_id, body.live_integration, product.integration_versions),
        3,
    )
    token, quoted = quote(call, wanted, body.data)
    return call.sandbox.provider.dialect.one(call, {"token": token, **quoted}, int(assume(call).quote_status))


def _version(what: str, pinned: str | None, live: str | bool | None, there: Versions) -> str:
    if pinned is not None:
        if pinned not in (there.published, there.unpublished):
            raise missing(f"{what} version with id - {pinned[:100]}")
        return pinned
    match rules.written(live):
        case "None" | "true":
            return there.published
        case "false":
            return there.unpublished
    raise bad(f'live_{what.lower()} must be "true" or "false".')


def quote(call: Call, wanted: Wanted, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The token of a quote and what it says; Problems for wrong data, a knock-out, a product without prices."""
    product = wanted.product
    if product.price == "building":
        raise bad(assume(call).building_message, 409)
    if product.price is None:
        raise missing(f"Pricing logic of product - {product.item_id}")
    read = rules.check(product.quote, data, product.today(call.now), strict=assume(call).rule_types == "strict")
    if pricing.holds(product.knockouts, read):
        raise Problem("knockout", assume(call).knockout_message, status=int(assume(call).knockout))
    premium = pricing.premium(product.price, read)
    flow = "manual_underwriting" if pricing.holds(product.manual_underwriting, read) else "default"
    inner = {
        "item": product.item_id,
        "plan": wanted.plan,
        "integration": wanted.integration,
        "product_version": wanted.product_version,
        "integration_version": wanted.integration_version,
        "input": expand(call, data),
        "premium": premium,
        "term": pricing.term(product, read),
        "flow": flow,
        "version": wanted.version,
    }
    extra = premium if flow == "default" else {**premium, "flow": flow}
    return tokens.write(call, inner), {"gross_payment_amount": premium["gross_premium"], "extra_data": extra}


def expand(call: Call, data: dict[str, Any]) -> dict[str, Any]:
    """The data with ids of dataset items replaced by the items."""
    return {field: _expanded(call, field, value) for field, value in data.items()}


def _expanded(call: Call, field: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("dai_"):
        return value
    item = call.space.get("dataset_items", value) if products.has_catalogue(call) else None
    if item is None:
        raise Problem("data_invalid", field, status=400, fields=[FieldError(field, "invalid")])
    dataset = call.space.get("datasets", item["dataset_id"])
    assert dataset is not None
    shown = item["values"][dataset["languages"][0]]
    return {"id": value, **{name: shown[name] for name in dataset["fields"] if name in shown}}


def _read(call: Call) -> Reply:
    asked = call.parameters
    assert isinstance(asked, LegacyQuote)
    data = json_in("data", asked.data)
    if not isinstance(data, dict):
        raise bad("data must be a JSON object.")
    product = _by_old_ids(call, asked)
    wanted = Wanted(
        product,
        product.plans[0].id,
        product.integrations[0],
        product.product_versions.published,
        product.integration_versions.published,
        2 if version(call) == 2 else 1,
    )
    token, quoted = quote(call, wanted, data)
    name = "signature" if wanted.version == 1 else "token"
    return call.sandbox.provider.dialect.one(call, {name: token, **quoted})


def _by_old_ids(call: Call, asked: LegacyQuote) -> Product:
    plan_needed = version(call) == 2
    for product in products.all_of(call):
        old = product.legacy
        if old is None or (plan_needed and product.plan(asked.subscription_plan_id or "") is None):
            continue
        by_item = asked.item_id in (old.item_id, product.item_id)
        by_place = asked.touchpoint_id in (old.touchpoint_id, *product.integrations)
        if (by_item and by_place) or (asked.variant_id == old.variant_id and not plan_needed):
            return product
    raise missing("Product")


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
OLDER = (
    Operation(
        "get_quote",
        "GET",
        "/quotes",
        _read,
        "Ask for a price (v1, v2)",
        query=LegacyQuote,
        refusals=(400, 401, 404, 405, 409),
    ),
)
