"""What KASKO's documents leave open from the key to the payment: each point is seen to make a difference."""

from __future__ import annotations

from collections.abc import Callable
from json import dumps
from typing import Any

import pytest

from mockserver.engine import Assumptions, describe
from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions
from tests.support.kasko_sales import (
    DATA,
    INVOICE,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    V3,
    S,
    assume,
    card,
    dataset,
    key,
    offer,
    ok,
    old_offer,
    pay,
    quote,
    simulate,
)
from tests.support.worlds import World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def code(method: str, path: str, **asked: Any) -> Callable[[World], Any]:
    return lambda world: world.ask(method, path, **asked).status_code


def a_public_key(world: World) -> Any:
    return world.ask("GET", "/offers/any", key=key(world, "public_test")).status_code


def two_keys(world: World) -> Any:
    return quote(world, key=world.key(), sandbox="kasko").status_code, world.ask(
        "GET", f"/offers/any?key={key(world, 'public_live')}"
    ).status_code


def key_in_the_body(world: World) -> Any:
    public = {"key": key(world, "public_test")}
    made = offer(world)
    quoted = world.ask("POST", "/quotes", key=None, headers=V3, json={**PRODUCT_KEYS, "data": DATA, **public})
    body = {"token": made["payment_token"], "policy_id": made["id"], **INVOICE, **public}
    return quoted.status_code, world.ask("POST", "/payments", key=None, json=body).status_code


def are_old(world: World) -> Any:
    """Of a v1 quote; of a v3 quote; of a v3 quote when Accept asks for v1."""
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    asked = [{}, {"Accept": "application/vnd.kasko.v1+json"}]
    made = [old_offer(world), *(ok(world.ask("POST", "/policies", json=body, headers=each), 201) for each in asked)]
    return [not each["id"].startswith("tpol_") for each in made]


def v1_prefixes(world: World) -> Any:
    ids = [old_offer(world)["id"] for _ in range(5)]
    assert {len(id) for id in ids} == {33}
    return {id[0] for id in ids}


def other_header(world: World) -> Any:
    headers = {"Authentication": f"Bearer {world.key()}"}
    paths = ("/offers/any", f"/datasets/{locked(world)}")
    return [world.ask("GET", path, key=None, headers=headers).status_code for path in paths]


def locked(world: World) -> str:
    return str(world.engine.export("kasko")["collections"]["datasets"][1]["id"])


def offered(world: World, **fields: Any) -> Any:
    return world.ask("POST", "/policies", json={"quote_token": ok(quote(world))["token"], **PERSON, **fields})


def twice_from_one_quote(world: World) -> Any:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    return [world.ask("POST", "/policies", json=body).status_code for _ in range(2)]


def after_an_hour(world: World) -> Any:
    token, made = ok(quote(world))["token"], offer(world)
    world.advance("1h")
    answer = world.ask("POST", "/policies", json={"quote_token": token, **PERSON})
    return answer.status_code, pay(world, made).status_code


def refused_offer(world: World) -> Any:
    made = offer(world, data={"insured_sum": 100_000_000})
    return ok(simulate(world, "refuse_offer", offer_id=made["id"]))["status"]


def declined(world: World) -> Any:
    answer = pay(world, offer(world), **card("4000000000000002"))
    return answer.status_code, answer.json["status"]


def card_in_metadata(world: World) -> Any:
    how = {"method": "creditcard", "provider": "stripe", "metadata": {"card": {"number": "4242424242424242"}, "a": "b"}}
    answer = pay(world, offer(world), **how)
    return answer.status_code, answer.json.get("metadata")


def paid_with_a_public_key(world: World) -> Any:
    made, public = offer(world), {"key": key(world, "public_test")}
    return "token" in ok(pay(world, made, asked=public), 201)


def error(world: World, **data: Any) -> Any:
    return ok(quote(world, data=data), 400)["errors"]


def quoted_as(accept: str) -> Callable[[World], Any]:
    body = {**PRODUCT_KEYS, "data": DATA}
    return code("POST", "/quotes", headers={"Accept": accept}, json=body)


def knocked_out(world: World) -> Any:
    return ok(quote(world, data={"yearly_turnover": 9_000_000_000}), 400)["message"]


def unpriced(world: World) -> Any:
    definition = PRODUCT.model_dump(mode="json") | {"price": "building"}
    ok(simulate(world, "publish_product", product=definition))
    return ok(quote(world), 409)["message"]


def nowhere(world: World) -> Any:
    """Where there is nothing, where the method is wrong and where both are right, without a key; then with one."""
    places = (("GET", "/nothing"), ("DELETE", "/quotes"), ("HEAD", "/offers/any"), ("GET", "/offers/any"))
    return [world.ask(*place, key=shown).status_code for shown in (None, world.key()) for place in places]


def across_the_modes(world: World) -> Any:
    live = {"key": key(world, "live")}
    made, lead = offer(world), ok(world.ask("POST", "/leads", json={}), 201)
    payment = ok(pay(world, made), 201)
    world.advance("2s")
    paths = (f"/offers/{made['id']}", f"/policies/{made['id']}", f"/payments/{payment['id']}", f"/leads/{lead['id']}")
    codes = [world.ask("GET", path, **live).status_code for path in paths]
    return {*codes, pay(world, made, asked=live).status_code}, world.ask("GET", "/offers/no", **live).status_code


def seen_in_live_mode(world: World) -> Any:
    live, mine = {"key": key(world, "live")}, world.engine.export("kasko")["collections"]["dataset_items"][0]["id"]
    old = PRODUCT.legacy
    assert old is not None
    older = {"variant_id": old.variant_id, "data": dumps(DATA)}
    answers = [
        quote(world, **live),
        world.ask("GET", "/quotes", query_string=older, **live),
        world.ask("GET", f"/datasets/{dataset(world)}", **live),
        world.ask("GET", f"/dataset_items/{mine}?language=en", **live),
    ]
    return [answer.status_code for answer in answers]


def forged(world: World) -> Any:
    offered = world.ask("POST", "/policies", json={"quote_token": "x", **PERSON})
    return offered.status_code, pay(world, offer(world), token="x").status_code


def posted_offer(world: World) -> Any:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    answers = [world.ask("POST", "/offers", json=body), world.ask("GET", "/offers")]
    return [answer.status_code for answer in answers]


def paid_offer(world: World) -> Any:
    made = offer(world)
    ok(pay(world, made), 201)
    return ok(world.ask("GET", f"/offers/{made['id']}"))["status"]


OPEN: dict[str, tuple[Any, Callable[[World], Any], Any, Any]] = {
    "unauthorized_message": (
        "No.", lambda world: world.ask("GET", "/offers/a", key=None).json["message"],
        "No valid API key provided.", "No.",
    ),
    "forbidden": ("404", a_public_key, 403, 404),
    "two_keys": ("refused", two_keys, (200, 404), (200, 401)),
    "body_key": ("ignored", key_in_the_body, (200, 201), (401, 401)),
    "authentication_header": ("everywhere", other_header, [401, 200], [404, 200]),
    "quote_without_v3": ("406", quoted_as("*/*"), 400, 406),
    "other_accept": (
        "refused", code("GET", "/policies/a", headers={"Accept": "application/vnd.kasko.v9+json"}), 404, 400
    ),
    "v1_offers": ("accept", are_old, [True, False, True], [True, True, True]),
    "v1_ids": ("bare", lambda world: v1_prefixes(world) == {"t"}, True, False),
    "v1_number": (True, lambda world: "insurer_policy_id" in old_offer(world), False, True),
    "request_ids": ("hex", lambda world: len(world.ask("GET", "/offers/a").headers["X-Request-Id"]), 36, 32),
    "quote_status": ("201", lambda world: quote(world).status_code, 200, 201),
    "offer_status": ("200", lambda world: offered(world).status_code, 201, 200),
    "payment_status": ("200", lambda world: pay(world, offer(world)).status_code, 201, 200),
    "rule_types": (
        "strict", lambda world: quote(world, data={"deductible": "500000", "encryption": 1}).status_code, 200, 400
    ),
    "missing_code": (
        "missing_value", lambda world: error(world, deductible=None)[0]["code"], "invalid_value", "missing_value"
    ),
    "error_fields": ("dotted", lambda world: error(world, deductible=7)[0]["field"], "deductible", "data.deductible"),
    "knockout": ("422", lambda world: quote(world, data={"yearly_turnover": 9_000_000_000}).status_code, 400, 422),
    "quote_lifetime": ("1h", after_an_hour, (201, 201), (400, 201)),
    "quote_reuse": ("refused", twice_from_one_quote, [201, 201], [201, 409]),
    "language_required": (False, lambda world: offered(world, language=None).status_code, 400, 201),
    "email_check": ("none", lambda world: offered(world, email="mia").status_code, 400, 201),
    "refused_offer": ("declined", refused_offer, "rejected", "declined"),
    "payment_token_lifetime": ("1h", after_an_hour, (201, 201), (201, 400)),
    "second_payment": (
        "400", lambda world: [pay(world, made).status_code for made in [offer(world)] * 2], [201, 409], [201, 400]
    ),
    "declined_payment": ("refused", declined, (201, "failed"), (400, "Bad Request")),
    "card_field": ("metadata", card_in_metadata, (400, None), (201, {"a": "b"})),
    "public_payment_view": ("reduced", paid_with_a_public_key, True, False),
    "forbidden_message": (
        "Nope.", lambda world: world.ask("GET", "/offers/a", key=key(world, "public_test")).json["message"],
        "The key may not do this.", "Nope.",
    ),
    "method_message": (
        "No {method}.", lambda world: world.ask("DELETE", "/quotes").json["message"],
        "DELETE is not allowed here.", "No DELETE.",
    ),
    "unknown_path": (
        "401", nowhere, [404, 405, 405, 401, 404, 405, 405, 404], [401, 401, 401, 401, 404, 405, 405, 404]
    ),
    "other_mode": ("403", across_the_modes, ({404}, 404), ({403}, 404)),
    "live_catalogue": ("empty", seen_in_live_mode, [200] * 4, [404] * 4),
    "knockout_message": ("No.", knocked_out, "The quote ended in a knock-out.", "No."),
    "building_message": ("Wait.", unpriced, "The product's pricing logic is still being built.", "Wait."),
    "forged": ("404", forged, (400, 400), (404, 404)),
    "post_offers": (True, posted_offer, [404, 404], [201, 405]),
    "paid_offer": ("paid", paid_offer, "accepted", "paid"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPEN))
def test_an_assumption_makes_the_difference_it_speaks_of(name: str) -> None:
    value, look, by_default, otherwise = OPEN[name]
    world = make_world(PROVIDER)
    assert look(world) == by_default
    world = make_world(PROVIDER)
    assume(world, **{name: value})
    assert look(world) == otherwise


def test_every_point_is_tried_here() -> None:
    assert set(OPEN) == set(SaleAssumptions.model_fields) - set(Assumptions.model_fields)


def test_every_point_says_what_it_decides_and_what_speaks_for_its_default() -> None:
    assert all(each["sentence"] and each["evidence"] for each in describe(KaskoAssumptions))


def test_an_assumption_that_cannot_be_is_refused(world: World) -> None:
    answer = world.admin("PATCH", S, {"assumptions": {"knockout": "418"}})
    assert answer.status_code == 422


def test_a_sandbox_may_have_no_offers_of_the_first_version(world: World) -> None:
    assume(world, v1_offers="never")
    assert are_old(world) == [False, False, False]
