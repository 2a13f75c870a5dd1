"""Requests that the tests of KASKO send: quotes, offers, payments and policies."""

from __future__ import annotations

from base64 import b64encode
from json import dumps
from typing import TYPE_CHECKING, Any

from mockserver.providers.kasko.products.catalog import built_in_products
from mockserver.providers.kasko.seed import PRODUCT_ITEM_ID
from tests.support.harness import Harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

SANDBOX_PATH = "/sandboxes/kasko"
V3_HEADERS = {"Accept": "application/vnd.kasko.v3+json"}
PRODUCT = built_in_products()[PRODUCT_ITEM_ID]
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
    "item_id": PRODUCT_ITEM_ID,
    "integration_id": PRODUCT.integrations[0],
    "subscription_plan_id": PRODUCT.plans[0].id,
}
PERSON = {"first_name": "Mia", "last_name": "Kern", "email": "mia@firm.test", "language": "en"}
CANCEL = {"status": "cancelled", "cancellation_reason": "sold"}
FULL_LEAD = {"first_name": "Eva", "last_name": "Lang", "email": "eva@firm.test", "data": {}}
INVOICE = {"method": "invoice", "provider": "invoice"}


def key(harness: Harness, mode: str, sandbox: str = "kasko") -> str:
    """Returns the secret of the first key with this mode."""
    return next(each.secret for each in harness.engine.get_sandbox(sandbox).keys.values() if each.mode == mode)


def expect_ok(answer: ApiResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def request_quote(harness: Harness, **changed: Any) -> ApiResponse:
    """Request a quote; `data` changes members of the product's data, other arguments change members of the body."""
    data = {**DATA, **changed.pop("data", {})}
    options = {name: changed.pop(name) for name in ("key", "sandbox") if name in changed}
    return harness.request(
        "POST", "/quotes", headers=V3_HEADERS, json={**PRODUCT_KEYS, "data": data, **changed}, **options
    )


def create_offer(harness: Harness, *, request_options: Any = None, data: Any = None, **fields: Any) -> Any:
    """Request a quote and create an offer from it."""
    token = expect_ok(request_quote(harness, data=data or {}, **(request_options or {})))["token"]
    return expect_ok(
        harness.request(
            "POST", "/policies", json={"quote_token": token, **PERSON, **fields}, **(request_options or {})
        ),
        201,
    )


def pay(harness: Harness, offer: Any, *, request_options: Any = None, **how: Any) -> ApiResponse:
    body = {"token": offer.get("payment_token", ""), "policy_id": offer["id"], **INVOICE, **how}
    return harness.request("POST", "/payments", json=body, **(request_options or {}))


def create_policy(harness: Harness, *, request_options: Any = None, **fields: Any) -> str:
    """Create and pay a policy, and return its id."""
    offer = create_offer(harness, request_options=request_options, **fields)
    expect_ok(pay(harness, offer, request_options=request_options), 201)
    harness.advance("2s")
    return str(offer["id"])


def simulate(harness: Harness, name: str, **parameters: Any) -> ApiResponse:
    return harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters)


def set_assumptions(harness: Harness, **assumptions: Any) -> None:
    assert harness.admin("PATCH", SANDBOX_PATH, {"assumptions": assumptions}).status_code == 200


def events(harness: Harness) -> list[Any]:
    return list(harness.admin("GET", f"{SANDBOX_PATH}/events").json)


def card(number: str, **more: Any) -> dict[str, Any]:
    return {"method": "creditcard", "provider": "stripe", "card": {"number": number, **more}}


def basic_auth(user: str, password: str = "") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def dataset_id(harness: Harness) -> str:
    return str(harness.engine.export("kasko")["collections"]["datasets"][0]["id"])


def item(harness: Harness) -> str:
    return str(harness.engine.export("kasko")["collections"]["dataset_items"][0]["id"])


def create_cancelled_policy(harness: Harness) -> str:
    id = create_policy(harness)
    expect_ok(harness.request("PUT", f"/policies/{id}", json={"status": "cancelled", "cancellation_reason": "sold"}))
    return id


def refusal_message(harness: Harness, method: str, path: str, status: int, **options: Any) -> str:
    answer = harness.request(method, path, **options)
    assert answer.status_code == status, answer.text
    assert "X-Request-Id" in answer.headers
    return str(answer.json["message"])


def create_legacy_quote(harness: Harness, *, request_options: Any = None, **headers: str) -> Any:
    """Returns the quote of GET /quotes: v1 without an `Accept` header, v2 with one."""
    legacy = PRODUCT.legacy
    assert legacy is not None
    ids = legacy.model_dump(include={"touchpoint_id", "item_id", "subscription_plan_id"})
    query = {"data": dumps(DATA), **(ids if headers else {"variant_id": legacy.variant_id})}
    return expect_ok(harness.request("GET", "/quotes", query_string=query, headers=headers, **(request_options or {})))


def create_legacy_offer(harness: Harness, *, request_options: Any = None, **headers: str) -> Any:
    """Creates an offer from the signature of a v1 quote."""
    body = {"quote_token": create_legacy_quote(harness, request_options=request_options)["signature"], **PERSON}
    return expect_ok(harness.request("POST", "/policies", json=body, headers=headers, **(request_options or {})), 201)
