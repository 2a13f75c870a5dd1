"""KASKO's simulations, such as the decision of an underwriter or the issue of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Duration, Record, Refusal, Simulation, SimulationContext, UnknownName
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products.catalog import Product
from mockserver.providers.kasko.sale import payments, records, tokens
from mockserver.providers.kasko.sale.offers import new_payment_token
from mockserver.providers.kasko.sale.records import POLICIES


class KaskoParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class OfferParameters(KaskoParameters):
    offer_id: str


class PolicyParameters(KaskoParameters):
    policy_id: str


class PolicyCancellationParameters(PolicyParameters):
    reason: str = Field(default="Cancelled by the insurer", min_length=1, max_length=1_000)


class KaskoMakeKeyParameters(KaskoParameters):
    mode: Literal["test", "live"] = "test"
    kind: Literal["secret", "public"] = "secret"
    expires_in: Duration | None = None


class KaskoRotateKeyParameters(KaskoParameters):
    key: str = Field(description="The id or the secret of the key.")


class ExpireTokensParameters(KaskoParameters):
    kind: Literal["quotes", "payments", "all"] = "all"


class PublishProductParameters(KaskoParameters):
    """``product`` has the format of the files in fixtures/products."""

    product: Product


def _get_pending_offer(context: SimulationContext, id: str) -> Record:
    offer = context.space.get(POLICIES, id)
    if offer is None:
        pending = [record["id"] for _, record in context.space.scan(POLICIES) if record["offer_status"] == "pending"]
        raise UnknownName("offer", id, pending)
    if offer["offer_status"] != "pending":
        raise Refusal(f"the offer {id} is {offer['offer_status']}; only a pending offer can be decided")
    return offer


def _approve_offer(context: SimulationContext, parameters: OfferParameters) -> Mapping[str, Any]:
    offer = _get_pending_offer(context, parameters.offer_id)
    token = new_payment_token(context.sandbox.randomness, offer["id"])
    ready = {**offer, "offer_status": "ready", "payment_token": token, "ready_at": context.now}
    context.space.put(POLICIES, {**ready, "updated_at": context.now})
    return {"offer_id": offer["id"], "status": "ready", "payment_token": token}


def _refuse_offer(context: SimulationContext, parameters: OfferParameters) -> Mapping[str, Any]:
    offer = _get_pending_offer(context, parameters.offer_id)
    status = assumptions_of(context).refused_offer
    context.space.put(POLICIES, {**offer, "offer_status": status, "updated_at": context.now})
    return {"offer_id": offer["id"], "status": status}


def _issue_policy(context: SimulationContext, parameters: PolicyParameters) -> Mapping[str, Any]:
    record = payments.issue_policy(context, parameters.policy_id)
    return {"policy_id": record["id"], "status": record["policy_status"]}


def _cancel_policy(context: SimulationContext, parameters: PolicyCancellationParameters) -> Mapping[str, Any]:
    record = context.space.get(POLICIES, parameters.policy_id)
    if record is None:
        raise UnknownName("policy", parameters.policy_id, [])
    if record["policy_status"] != "paid":
        status = record["policy_status"] or record["offer_status"]
        raise Refusal(f"the policy {record['id']} is {status}; only a paid policy can be cancelled")
    cancelled = {
        **record,
        "policy_status": "cancelled",
        "cancellation_reason": parameters.reason,
        "cancelled_by": products.get_product(context, record["quote"]["item"]).insurer_id,
        "cancelled_at": records.format_with_offset(context.now),
        "version": record["version"] + 1,
        "updated_at": context.now,
    }
    context.space.put(POLICIES, cancelled)
    if assumptions_of(context).cancellation_event:
        records.publish_update(context, cancelled)
    return {"policy_id": record["id"], "status": "cancelled"}


def _make_key(context: SimulationContext, parameters: KaskoMakeKeyParameters) -> Mapping[str, Any]:
    mode = parameters.mode if parameters.kind == "secret" else f"public_{parameters.mode}"
    expires_at = None if parameters.expires_in is None else context.now + parameters.expires_in
    key = context.mint(mode=mode, expires_at=expires_at)
    return {"id": key.id, "secret": key.secret, "state": key.state(context.now)}


def _rotate_key(context: SimulationContext, parameters: KaskoRotateKeyParameters) -> Mapping[str, Any]:
    old = context.revoke(parameters.key)
    new = context.mint(mode=old.mode)
    return {"revoked": old.id, "id": new.id, "secret": new.secret, "state": new.state(context.now)}


def _expire_tokens(context: SimulationContext, parameters: ExpireTokensParameters) -> Mapping[str, Any]:
    kinds = ("quotes", "payments") if parameters.kind == "all" else (parameters.kind,)
    for kind in kinds:
        context.space.put(tokens.EXPIRIES, {"id": kind, "at": context.now})
    return {"expired": list(kinds), "made_until": records.format_with_offset(context.now)}


def _publish_product(context: SimulationContext, parameters: PublishProductParameters) -> Mapping[str, Any]:
    product = parameters.product
    definition = product.model_dump(mode="json")
    context.space.put(products.COLLECTION, {"id": product.item_id, "definition": definition})
    return {
        "item_id": product.item_id,
        "integrations": product.integrations,
        "plans": [plan.id for plan in product.plans],
    }


SIMULATIONS = (
    Simulation(
        "approve_offer", "An underwriter approves an offer, which can then be paid.", OfferParameters, _approve_offer
    ),
    Simulation("refuse_offer", "An underwriter refuses an offer.", OfferParameters, _refuse_offer),
    Simulation("insurer_cancels", "The insurer cancels a policy.", PolicyCancellationParameters, _cancel_policy),
    Simulation("make_key", "Support creates a key.", KaskoMakeKeyParameters, _make_key),
    Simulation(
        "rotate_key",
        "Support replaces a lost key by a new one of the same kind.",
        KaskoRotateKeyParameters,
        _rotate_key,
    ),
    Simulation("expire_tokens", "All tokens created until now expire.", ExpireTokensParameters, _expire_tokens),
    Simulation(
        "publish_product",
        "A product is published, or replaced by a new version.",
        PublishProductParameters,
        _publish_product,
    ),
    Simulation(
        "issue_policy",
        "The policy of a paid offer is issued immediately, without the delay.",
        PolicyParameters,
        _issue_policy,
    ),
)
