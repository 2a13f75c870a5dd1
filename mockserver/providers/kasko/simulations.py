"""What happens off stage at KASKO: underwriters decide, support rotates keys, products and policies are made."""

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
    """What a simulation is told."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class OfferParameters(KaskoParameters):
    """An offer, by its id."""

    offer_id: str


class PolicyParameters(KaskoParameters):
    """A policy, by its id."""

    policy_id: str


class PolicyCancellationParameters(PolicyParameters):
    """A policy that the insurer cancels."""

    reason: str = Field(default="Cancelled by the insurer", min_length=1, max_length=1_000)


class KaskoMakeKeyParameters(KaskoParameters):
    """A key that support makes."""

    mode: Literal["test", "live"] = "test"
    kind: Literal["secret", "public"] = "secret"
    expires_in: Duration | None = None


class KaskoRotateKeyParameters(KaskoParameters):
    """A key that was lost."""

    key: str = Field(description="The key's id or secret.")


class ExpireTokensParameters(KaskoParameters):
    """Which tokens expire."""

    kind: Literal["quotes", "payments", "all"] = "all"


class PublishProductParameters(KaskoParameters):
    """A product's definition, written as in fixtures/products."""

    product: Product


def _get_pending_offer(moment: SimulationContext, id: str) -> Record:
    offer = moment.space.get(POLICIES, id)
    if offer is None:
        known = [record["id"] for _, record in moment.space.scan(POLICIES) if record["offer_status"] == "pending"]
        raise UnknownName("offer", id, known)
    if offer["offer_status"] != "pending":
        raise Refusal(f"{id} does not wait for an underwriter: it is {offer['offer_status']}")
    return offer


def _approve(moment: SimulationContext, parameters: OfferParameters) -> Mapping[str, Any]:
    offer = _get_pending_offer(moment, parameters.offer_id)
    token = new_payment_token(moment.sandbox.randomness, offer["id"])
    ready = {**offer, "offer_status": "ready", "payment_token": token, "ready_at": moment.now}
    moment.space.put(POLICIES, {**ready, "updated_at": moment.now})
    return {"offer_id": offer["id"], "status": "ready", "payment_token": token}


def _refuse(moment: SimulationContext, parameters: OfferParameters) -> Mapping[str, Any]:
    offer = _get_pending_offer(moment, parameters.offer_id)
    status = assumptions_of(moment).refused_offer
    moment.space.put(POLICIES, {**offer, "offer_status": status, "updated_at": moment.now})
    return {"offer_id": offer["id"], "status": status}


def _issue(moment: SimulationContext, parameters: PolicyParameters) -> Mapping[str, Any]:
    record = payments.issue_policy(moment, parameters.policy_id)
    return {"policy_id": record["id"], "status": record["policy_status"]}


def _cancel(moment: SimulationContext, parameters: PolicyCancellationParameters) -> Mapping[str, Any]:
    record = moment.space.get(POLICIES, parameters.policy_id)
    if record is None:
        raise UnknownName("policy", parameters.policy_id, [])
    if record["policy_status"] != "paid":
        raise Refusal(f"{record['id']} is not paid: it is {record['policy_status'] or record['offer_status']}")
    cancelled = {
        **record,
        "policy_status": "cancelled",
        "cancellation_reason": parameters.reason,
        "cancelled_by": products.get_product(moment, record["quote"]["item"]).insurer_id,
        "cancelled_at": records.format_with_offset(moment.now),
        "version": record["version"] + 1,
        "updated_at": moment.now,
    }
    moment.space.put(POLICIES, cancelled)
    if assumptions_of(moment).cancellation_event:
        records.publish_update(moment, cancelled)
    return {"policy_id": record["id"], "status": "cancelled"}


def _make_key(moment: SimulationContext, parameters: KaskoMakeKeyParameters) -> Mapping[str, Any]:
    mode = parameters.mode if parameters.kind == "secret" else f"public_{parameters.mode}"
    expires_at = None if parameters.expires_in is None else moment.now + parameters.expires_in
    key = moment.mint(mode=mode, expires_at=expires_at)
    return {"id": key.id, "secret": key.secret, "state": key.state(moment.now)}


def _rotate_key(moment: SimulationContext, parameters: KaskoRotateKeyParameters) -> Mapping[str, Any]:
    old = moment.revoke(parameters.key)
    new = moment.mint(mode=old.mode)
    return {"revoked": old.id, "id": new.id, "secret": new.secret, "state": new.state(moment.now)}


def _expire(moment: SimulationContext, parameters: ExpireTokensParameters) -> Mapping[str, Any]:
    kinds = ("quotes", "payments") if parameters.kind == "all" else (parameters.kind,)
    for kind in kinds:
        moment.space.put(tokens.EXPIRIES, {"id": kind, "at": moment.now})
    return {"expired": list(kinds), "made_until": records.format_with_offset(moment.now)}


def _publish(moment: SimulationContext, parameters: PublishProductParameters) -> Mapping[str, Any]:
    product = parameters.product
    definition = product.model_dump(mode="json")
    moment.space.put(products.COLLECTION, {"id": product.item_id, "definition": definition})
    return {
        "item_id": product.item_id,
        "integrations": product.integrations,
        "plans": [each.id for each in product.plans],
    }


SIMULATIONS = (
    Simulation("approve_offer", "An underwriter approves an offer; it can be paid now.", OfferParameters, _approve),
    Simulation("refuse_offer", "An underwriter refuses an offer.", OfferParameters, _refuse),
    Simulation("insurer_cancels", "The insurer cancels a policy.", PolicyCancellationParameters, _cancel),
    Simulation("make_key", "Support makes a key.", KaskoMakeKeyParameters, _make_key),
    Simulation(
        "rotate_key", "Support replaces a lost key by a new one of its kind.", KaskoRotateKeyParameters, _rotate_key
    ),
    Simulation("expire_tokens", "All tokens made until now are good no more.", ExpireTokensParameters, _expire),
    Simulation(
        "publish_product",
        "A product is published, or replaced by its next version.",
        PublishProductParameters,
        _publish,
    ),
    Simulation(
        "issue_policy", "The policy of a paid offer is made, without waiting for its time.", PolicyParameters, _issue
    ),
)
