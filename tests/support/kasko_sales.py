"""What the tests of KASKO ask for: quotes, offers, payments and policies, as its clients do."""

from __future__ import annotations

from base64 import b64encode
from json import dumps
from typing import TYPE_CHECKING, Any

from mockserver.providers.kasko.products.catalog import built_in
from mockserver.providers.kasko.seed import ITEM
from tests.support.worlds import World

if TYPE_CHECKING:
    from tests.support.worlds import Answer

S = "/sandboxes/kasko"
V3 = {"Accept": "application/vnd.kasko.v3+json"}
PRODUCT = built_in()[ITEM]
DATA: dict[str, Any] = {
    "employee_number": 12,
    "yearly_turnover": 90_000_000,
    "company_backup": "weekly",
    "encryption": True,
    "deductible": 500_000,
    "insured_sum": 30_000_000,
    "online_revenue_percentage": "0_25",
    "policy_start_date": "2026-04-01",
    "third_party_coverage": False,
}
PRODUCT_KEYS = {
    "item_id": ITEM,
    "integration_id": PRODUCT.integrations[0],
    "subscription_plan_id": PRODUCT.plans[0].id,
}
PERSON = {"first_name": "Mia", "last_name": "Kern", "email": "mia@firm.test", "language": "en"}
CANCEL = {"status": "cancelled", "cancellation_reason": "sold"}
WHOLE = {"first_name": "Eva", "last_name": "Lang", "email": "eva@firm.test", "data": {}}
INVOICE = {"method": "invoice", "provider": "invoice"}


def key(world: World, mode: str, sandbox: str = "kasko") -> str:
    """The first key of a mode."""
    return next(each.secret for each in world.engine.sandbox(sandbox).keys.values() if each.mode == mode)


def ok(answer: Answer, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def quote(world: World, **changed: Any) -> Answer:
    """Ask for a price; `data` changes the product's data, anything else the request."""
    data = {**DATA, **changed.pop("data", {})}
    asked = {name: changed.pop(name) for name in ("key", "sandbox") if name in changed}
    return world.ask("POST", "/quotes", headers=V3, json={**PRODUCT_KEYS, "data": data, **changed}, **asked)


def offer(world: World, *, asked: Any = None, data: Any = None, **fields: Any) -> Any:
    """Make an offer of a new quote."""
    token = ok(quote(world, data=data or {}, **(asked or {})))["token"]
    return ok(world.ask("POST", "/policies", json={"quote_token": token, **PERSON, **fields}, **(asked or {})), 201)


def pay(world: World, made: Any, *, asked: Any = None, **how: Any) -> Answer:
    body = {"token": made.get("payment_token", ""), "policy_id": made["id"], **INVOICE, **how}
    return world.ask("POST", "/payments", json=body, **(asked or {}))


def policy(world: World, *, asked: Any = None, **fields: Any) -> str:
    """The id of a paid policy that is there."""
    made = offer(world, asked=asked, **fields)
    ok(pay(world, made, asked=asked), 201)
    world.advance("2s")
    return str(made["id"])


def simulate(world: World, name: str, **parameters: Any) -> Answer:
    return world.admin("POST", f"{S}/simulations/{name}", parameters)


def assume(world: World, **assumptions: Any) -> None:
    assert world.admin("PATCH", S, {"assumptions": assumptions}).status_code == 200


def events(world: World) -> list[Any]:
    return list(world.admin("GET", f"{S}/events").json)


def card(number: str, **more: Any) -> dict[str, Any]:
    return {"method": "creditcard", "provider": "stripe", "card": {"number": number, **more}}


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def dataset(world: World) -> str:
    return str(world.engine.export("kasko")["collections"]["datasets"][0]["id"])


def item(world: World) -> str:
    return str(world.engine.export("kasko")["collections"]["dataset_items"][0]["id"])


def cancelled(world: World) -> str:
    id = policy(world)
    ok(world.ask("PUT", f"/policies/{id}", json={"status": "cancelled", "cancellation_reason": "sold"}))
    return id


def said(world: World, method: str, path: str, status: int, **asked: Any) -> str:
    answer = world.ask(method, path, **asked)
    assert answer.status_code == status, answer.text
    assert "X-Request-Id" in answer.headers
    return str(answer.json["message"])


def old_quote(world: World, *, asked: Any = None, **headers: str) -> Any:
    """A price from GET /quotes: in v1 when `Accept` says nothing else, in v2 when it does."""
    old = PRODUCT.legacy
    assert old is not None
    second = old.model_dump(include={"touchpoint_id", "item_id", "subscription_plan_id"})
    query = {"data": dumps(DATA), **(second if headers else {"variant_id": old.variant_id})}
    return ok(world.ask("GET", "/quotes", query_string=query, headers=headers, **(asked or {})))


def old_offer(world: World, *, asked: Any = None, **headers: str) -> Any:
    """An offer from a v1 quote's signature."""
    body = {"quote_token": old_quote(world, asked=asked)["signature"], **PERSON}
    return ok(world.ask("POST", "/policies", json=body, headers=headers, **(asked or {})), 201)
