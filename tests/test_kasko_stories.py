"""KASKO as a developer meets it: a price, an offer, a payment, and a little later a policy that changes and ends."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mockserver.engine import Clock
from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.products import built_in
from mockserver.providers.kasko.seed import ITEM
from tests.worlds import NOON, World, make_world

if TYPE_CHECKING:
    from tests.worlds import Answer

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
INVOICE = {"method": "invoice", "provider": "invoice"}


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


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


# From quote to policy


def test_a_quote_becomes_an_offer_a_payment_and_then_a_policy(world: World) -> None:
    made = offer(world)
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "ready"
    payment = ok(pay(world, made), 201)
    assert (payment["status"], payment["policy_id"], payment["livemode"]) == ("ok", made["id"], False)
    assert ok(world.ask("GET", f"/payments/{payment['id']}")) == payment
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "accepted"
    assert world.ask("GET", f"/policies/{made['id']}").status_code == 404
    world.advance("2s")
    shown = ok(world.ask("GET", f"/policies/{made['id']}"))
    assert (shown["status"], shown["insurer_policy_id"]) == ("paid", made["insurer_policy_id"])
    assert shown["policy_created_date"] == "2026-03-01T12:00:02+00:00"


def test_the_policy_comes_by_itself_when_the_clock_runs(world: World) -> None:
    made = offer(world)
    ok(pay(world, made), 201)
    assert ok(world.admin("GET", f"{S}/clock"))["now"].startswith("2026-03-01T12:00:00")
    world.sandbox.clock = Clock(frozen_at=NOON + 2_000_000)  # as though it had run: nobody has advanced it
    assert ok(world.ask("GET", f"/policies/{made['id']}"))["status"] == "paid"


def test_without_a_delay_the_policy_is_there_at_once(world: World) -> None:
    assume(world, policy_delay="0s")
    made = offer(world)
    ok(pay(world, made), 201)
    assert ok(world.ask("GET", f"/policies/{made['id']}"))["status"] == "paid"


@pytest.mark.parametrize(
    ("data", "net"),
    [
        ({}, 120_000),
        ({"encryption": False}, 150_000),
        ({"insured_sum": 10_000_000}, 60_000),
        ({"employee_number": 21}, 156_000),
        ({"employee_number": 20}, 120_000),
        ({"employee_number": 101, "yearly_turnover": 1_000_000_001}, 441_000),
        ({"deductible": 100_000, "third_party_coverage": True}, 169_920),
        ({"company_backup": "monthly", "online_revenue_percentage": "above_50", "deductible": 1_000_000}, 145_795),
    ],
)
def test_a_price_is_exact_net_and_tax_make_gross(world: World, data: dict[str, Any], net: int) -> None:
    quoted = ok(quote(world, data=data))
    premium = quoted["extra_data"]
    assert premium["net_premium"] == net
    assert premium["net_premium"] + premium["premium_tax"] == premium["gross_premium"] == quoted["gross_payment_amount"]
    assert premium["premium_tax"] == (net * 1_000 + 5_000) // 10_000
    assert premium["tax_rate"] == 0.1


def test_a_policy_lasts_from_local_midnight_to_local_midnight(world: World) -> None:
    shown = ok(world.ask("GET", f"/policies/{policy(world, data={'policy_start_date': '2026-03-02'})}"))
    assert (shown["start_date"], shown["end_date"]) == ("2026-03-01T23:00:00+00:00", "2027-03-01T23:00:00+00:00")
    assert shown["localized_dates"]["start_date"] == "2026-03-02T00:00:00+01:00"
    assert not shown["expired"]
    world.advance("366d")
    assert ok(world.ask("GET", f"/policies/{shown['id']}"))["expired"]


def test_an_offer_repeats_what_the_customer_said(world: World) -> None:
    made = offer(world, metadata={"campaign": "spring"}, distributor_traffic_source="news")
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert shown["quote"]["customer_input"] == DATA
    assert (shown["metadata"], shown["distributor_traffic_source"]) == ({"campaign": "spring"}, "news")
    assert (shown["data"], shown["flow"], shown["payment_token"]) == ([], "default", made["payment_token"])


# Ways in


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def test_a_secret_key_may_be_the_user_of_basic_or_a_bearer(world: World) -> None:
    made = offer(world)
    for headers in (basic(world.key()), {"Authorization": f"Bearer {world.key()}"}):
        assert world.ask("GET", f"/offers/{made['id']}", key=None, headers=headers).status_code == 200


def test_a_public_key_in_the_query_quotes_and_pays(world: World) -> None:
    public: dict[str, Any] = {"key": None, "query_string": {"key": key(world, "public_test")}}
    quoted = world.ask("POST", "/quotes", headers=V3, json={**PRODUCT_KEYS, "data": DATA}, **public)
    made = ok(world.ask("POST", "/policies", json={"quote_token": ok(quoted)["token"], **PERSON}), 201)
    ok(pay(world, made, asked=public), 201)


def test_everything_may_be_sent_as_a_form(world: World) -> None:
    form: dict[str, Any] = {"headers": {**V3, "Content-Type": "application/x-www-form-urlencoded"}}
    whole = urlencode(
        {**PRODUCT_KEYS, "data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    )
    nested = urlencode({**PRODUCT_KEYS, **{f"data[{name}]": str(value).lower() for name, value in DATA.items()}})
    one, two = (ok(world.ask("POST", "/quotes", data=body, **form)) for body in (whole, nested))
    assert one["extra_data"] == two["extra_data"]
    made = ok(world.ask("POST", "/policies", data=urlencode({"quote_token": one["token"], **PERSON}), **form), 201)
    body = urlencode({"token": made["payment_token"], "policy_id": made["id"], **INVOICE})
    ok(world.ask("POST", "/payments", data=body, **form), 201)


def test_test_and_live_are_two_worlds_in_one_account(world: World) -> None:
    live = {"key": key(world, "live")}
    there, here = policy(world, asked=live), policy(world)
    assert there.startswith("lpol_")
    assert here.startswith("tpol_")
    for id, own in ((here, {}), (there, live)):
        other = {} if own else live
        assert world.ask("GET", f"/policies/{id}", **own).status_code == 200
        refused = world.ask("GET", f"/policies/{id}", **other)
        assert (refused.status_code, refused.json) == (404, {"status": "Not Found", "message": "Policy not found."})
    assert [event["data"]["livemode"] for event in events(world)] == [True, False]


def test_a_strangers_policy_is_not_there(world: World) -> None:
    mine = policy(world)
    assert world.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "2"}).status_code == 201
    assert world.ask("GET", f"/policies/{mine}", sandbox="other").status_code == 404


def test_another_version_may_be_pinned_or_the_unpublished_one_asked_for(world: World) -> None:
    there = PRODUCT.product_versions
    for asked, expected in [
        ({}, there.published),
        ({"live_product": "false"}, there.unpublished),
        ({"live_product": "true"}, there.published),
        ({"product_version_id": there.unpublished}, there.unpublished),
    ]:
        token = ok(quote(world, **asked))["token"]
        made = ok(world.ask("POST", "/policies", json={"quote_token": token, **PERSON}), 201)
        assert ok(world.ask("GET", f"/offers/{made['id']}"))["product_version_id"] == expected


# Underwriting


def test_a_large_sum_waits_for_an_underwriter(world: World) -> None:
    assert ok(quote(world, data={"insured_sum": 100_000_000}))["extra_data"]["flow"] == "manual_underwriting"
    made = offer(world, data={"insured_sum": 100_000_000})
    assert "payment_token" not in made
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert (shown["status"], "payment_token" in shown) == ("pending", False)
    approved = ok(simulate(world, "approve_offer", offer_id=made["id"]))
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert (shown["status"], shown["payment_token"]) == ("ready", approved["payment_token"])
    ok(pay(world, shown), 201)


def test_what_the_underwriter_refuses_cannot_be_paid(world: World) -> None:
    made = offer(world, data={"insured_sum": 100_000_000})
    assert ok(simulate(world, "refuse_offer", offer_id=made["id"]))["status"] == "rejected"
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "rejected"
    assert pay(world, made).status_code == 400
    assert simulate(world, "approve_offer", offer_id=made["id"]).status_code == 422


# Cards


def card(number: str, **more: Any) -> dict[str, Any]:
    return {"method": "creditcard", "provider": "stripe", "card": {"number": number, **more}}


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"]
)
def test_a_good_test_card_is_charged(world: World, number: str) -> None:
    payment = ok(pay(world, offer(world), **card(number)), 201)
    assert (payment["status"], payment["error_code"], payment["charge_id"][:3]) == ("ok", None, "ch_")


@pytest.mark.parametrize(
    ("number", "more", "code", "reason"),
    [
        ("4000000000000002", {}, "card_declined", "generic_decline"),
        ("4000000000009995", {}, "card_declined", "insufficient_funds"),
        ("4000000000000069", {}, "expired_card", "expired_card"),
        ("4000000000000127", {}, "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", {}, "processing_error", "processing_error"),
        ("4242424242424241", {}, "incorrect_number", "incorrect_number"),
        ("4929000000000000", {}, "card_declined", "generic_decline"),
        ("4242424242424242", {"exp_month": 13}, "invalid_expiry_month", "invalid_expiry_month"),
        ("4242424242424242", {"exp_year": 2025}, "invalid_expiry_year", "invalid_expiry_year"),
        ("4242424242424242", {"exp_month": 2, "exp_year": 26}, "invalid_expiry_month", "invalid_expiry_month"),
    ],
)
def test_a_bad_card_fails_as_at_stripe_and_the_offer_can_still_be_paid(
    world: World, number: str, more: dict[str, Any], code: str, reason: str
) -> None:
    made = offer(world)
    payment = ok(pay(world, made, **card(number, **more)), 201)
    assert (payment["status"], payment["error_code"], payment["reason"]) == ("failed", code, reason)
    assert ok(world.ask("GET", f"/payments/{payment['id']}"))["status"] == "failed"
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "ready"
    assert ok(pay(world, made, **card("4242424242424242", exp_month=3, exp_year=2026)), 201)["status"] == "ok"


def test_a_test_card_is_worth_nothing_in_live_mode(world: World) -> None:
    live = {"key": key(world, "live")}
    made = offer(world, asked=live)
    assert ok(pay(world, made, asked=live, **card("4242424242424242")), 201)["reason"] == "testmode_decline"
    assert ok(pay(world, made, asked=live, **card("4929000000000000")), 201)["status"] == "ok"


# A policy's life


def test_a_policy_is_changed_in_part_or_as_a_whole(world: World) -> None:
    path = f"/policies/{policy(world)}"
    changed = ok(world.ask("PATCH", path, json={"first_name": "Ida", "data": {"company_name": "New"}}))
    assert (changed["first_name"], changed["last_name"], changed["data"]) == ("Ida", "Kern", {"company_name": "New"})
    whole = {"first_name": "Eva", "last_name": "Lang", "email": "eva@firm.test", "data": {}}
    assert ok(world.ask("PUT", path, json=whole))["email"] == "eva@firm.test"
    shown = ok(world.ask("GET", path))
    assert (shown["first_name"], shown["data"]) == ("Eva", [])


def test_a_new_quote_changes_the_price_of_a_policy(world: World) -> None:
    path = f"/policies/{policy(world)}"
    dearer = ok(quote(world, data={"encryption": False}))
    changed = ok(world.ask("PATCH", path, json={"quote_token": dearer["token"]}))
    assert changed["quote"]["gross_payment_amount"] == dearer["gross_payment_amount"] == 165_000
    assert changed["quote"]["customer_input"]["encryption"] is False


def test_a_cancelled_policy_is_closed_until_it_is_reactivated(world: World) -> None:
    path = f"/policies/{policy(world)}"
    cancelled = {"status": "cancelled", "cancellation_reason": "sold", "termination_date": "2026-05-01"}
    shown = ok(world.ask("PUT", path, json=cancelled))
    assert (shown["status"], shown["cancellation_reason"]) == ("cancelled", "sold")
    assert (shown["termination_date"], shown["cancelled_at"]) == (
        "2026-04-30T22:00:00+00:00",
        "2026-03-01T12:00:02+00:00",
    )
    for method, body in (("PATCH", {"first_name": "Ida"}), ("PUT", cancelled)):
        assert world.ask(method, path, json=body).status_code == 409
    again = ok(world.ask("POST", f"{path}/reactivate"))
    assert (again["status"], again["cancellation_reason"], again["termination_date"]) == ("paid", None, None)
    assert world.ask("POST", f"{path}/reactivate").status_code == 409
    assert world.ask("PATCH", path, json={"first_name": "Ida"}).status_code == 200


def test_a_change_carries_a_new_tag_and_a_stale_one_changes_nothing(world: World) -> None:
    path = f"/policies/{policy(world)}"
    first = world.ask("GET", path)
    assert first.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:02 GMT"
    world.advance("1h")
    second = world.ask("PATCH", path, json={"first_name": "Ida"}, headers={"If-Match": first.headers["ETag"]})
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.headers["ETag"] == world.ask("GET", path).headers["ETag"]
    for name, value in (("If-Match", first.headers["ETag"]), ("If-Unmodified-Since", first.headers["Last-Modified"])):
        stale = world.ask("PATCH", path, json={"first_name": "Eva"}, headers={name: value})
        assert (stale.status_code, ok(stale, 412)["status"]) == (412, "Precondition Failed")
    assert ok(world.ask("GET", path))["first_name"] == "Ida"
    both = {"If-Match": second.headers["ETag"], "If-Unmodified-Since": second.headers["Last-Modified"]}
    assert world.ask("PATCH", path, json={"first_name": "Eva"}, headers=both).status_code == 200
    assert world.ask("PATCH", path, json={}, headers={"If-Match": "*"}).status_code == 200


def test_events_tell_what_has_become_of_a_policy(world: World) -> None:
    path = f"/policies/{policy(world)}"
    ok(world.ask("PATCH", path, json={"first_name": "Ida"}))
    ok(world.ask("PUT", path, json={"status": "cancelled", "cancellation_reason": "sold"}))
    ok(world.ask("POST", f"{path}/reactivate"))
    told = events(world)
    assert [event["type"] for event in told] == ["policy.created", *["policy.updated"] * 3]
    created = told[0]["data"]
    assert created["policy_id"].startswith("TEST-")
    assert (created["gross_premium"], created["premium_tax"]) == (132_000, 12_000)
    assert told[1]["data"]["first_name"] == "Ida"


def test_an_insurer_may_cancel(world: World) -> None:
    id = policy(world)
    ok(simulate(world, "insurer_cancels", policy_id=id, reason="Unpaid"))
    shown = ok(world.ask("GET", f"/policies/{id}"))
    assert (shown["status"], shown["cancelled_by"]) == ("cancelled", PRODUCT.insurer_id)
    assert events(world)[-1]["type"] == "policy.updated"


# Off stage


def test_a_lost_key_is_replaced_by_one_of_its_kind(world: World) -> None:
    old = key(world, "live")
    new = ok(simulate(world, "rotate_key", key=old))["secret"]
    assert new.startswith("sk_live_")
    assert world.ask("GET", "/offers/none", key=old).status_code == 401
    assert world.ask("GET", "/offers/none", key=new).status_code == 404


def test_support_makes_keys_of_every_kind(world: World) -> None:
    for mode in ("test", "live"):
        for kind, prefix in (("secret", "sk"), ("public", "pk")):
            made = ok(simulate(world, "make_key", mode=mode, kind=kind, expires_in="1h"))
            assert made["secret"].startswith(f"{prefix}_{mode}_")
            assert quote(world, key=made["secret"]).status_code == 200
    world.advance("1h")
    assert quote(world, key=made["secret"]).status_code == 401


def test_tokens_expire_when_told_to(world: World) -> None:
    made, token = offer(world), ok(quote(world))["token"]
    ok(simulate(world, "expire_tokens"))
    assert pay(world, made).status_code == 400
    assert world.ask("POST", "/policies", json={"quote_token": token, **PERSON}).status_code == 400
    world.advance("1s")
    ok(pay(world, offer(world)), 201)


def test_a_team_publishes_a_product_of_its_own(world: World) -> None:
    own = PRODUCT.model_dump(mode="json") | {
        "item_id": "ins_own",
        "integrations": ["in_own"],
        "policy_prefix": "OWN",
        "quote": {"insured_sum": "integer|required|in:7", "why": "required_if:insured_sum,7|string|max:3",
                  "policy_start_date": "iso_date|required|after:today"},
        "policy": {"company_name": "string|required"},
        "price": {"base": {"field": "insured_sum", "net": {"7": 333}}, "tax_basis_points": 1900},
    }  # fmt: skip
    ok(simulate(world, "publish_product", product=own))
    wanted = {**PRODUCT_KEYS, "item_id": "ins_own", "integration_id": "in_own"}
    data = {"insured_sum": 7, "why": "yes", "policy_start_date": "2026-04-01"}
    quoted = ok(world.ask("POST", "/quotes", headers=V3, json={**wanted, "data": data}))
    assert quoted["extra_data"] == {"gross_premium": 396, "premium_tax": 63, "net_premium": 333, "tax_rate": 0.19}
    body = {"quote_token": quoted["token"], **PERSON}
    refused = world.ask("POST", "/policies", json=body)
    assert ok(refused, 400)["errors"] == [{"code": "invalid_value", "field": "company_name"}]
    made = ok(world.ask("POST", "/policies", json={**body, "data": {"company_name": "Own"}}), 201)
    assert made["insurer_policy_id"].startswith("OWN-")
    for price, status in (("building", 409), (None, 404)):
        ok(simulate(world, "publish_product", product={**own, "price": price}))
        assert world.ask("POST", "/quotes", headers=V3, json={**wanted, "data": data}).status_code == status
    wrong = simulate(world, "publish_product", product={**own, "quote": {"a": "integre"}})
    assert wrong.status_code == 422
    assert "integre" in wrong.text


# Older operations


def test_older_quotes_answer_with_a_signature_or_a_token(world: World) -> None:
    old = PRODUCT.legacy
    assert old is not None
    data = {"data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    v2 = {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id, "subscription_plan_id": old.subscription_plan_id}
    accept = {"Accept": "application/vnd.kasko.v2+json"}
    second = ok(world.ask("GET", "/quotes", query_string={**v2, **data}, headers=accept))
    for asked in ({"variant_id": old.variant_id}, {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id}):
        first = ok(world.ask("GET", "/quotes", query_string={**asked, **data}))
        assert first["signature"]
        assert first["extra_data"] == second["extra_data"]
    made = ok(world.ask("POST", "/policies", json={"quote_token": second["token"], **PERSON}), 201)
    assert made["payment_token"]


def test_a_lead_is_kept_as_it_was_sent(world: World) -> None:
    made = ok(world.ask("POST", "/leads", json={"email": "a@firm.test", "phone": "1", "data": {"a": [1]}}), 201)
    assert ok(world.ask("GET", f"/leads/{made['id']}")) == made
    assert (made["phone"], made["data"]) == ("1", {"a": [1]})
    assert world.ask("GET", f"/leads/{made['id']}", key=key(world, "live")).status_code == 404


def test_a_file_is_announced_uploaded_and_put_to_a_policy(world: World) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    media = ok(world.ask("POST", "/media", json=announced), 201)
    upload = f"/media/{media['id']}/content"
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="id.pdf"\r\n\r\n%s\r\n--x--\r\n'
    assert world.ask("POST", upload, data=part % b"long file", headers=boundary).status_code == 400
    assert ok(world.ask("POST", upload, data=part % b"\x00\xff12", headers=boundary))["uploaded"]
    id = policy(world)
    ok(world.ask("POST", f"/policies/{id}/media", json={"id": media["id"]}), 201)
    assert [each["id"] for each in ok(world.ask("GET", f"/policies/{id}"))["media"]] == [media["id"]]


def test_policies_are_found_by_the_time_they_were_made(world: World) -> None:
    id = policy(world)
    period = {"start_date": "2026-03-01 12:00:02", "end_date": "2026-03-01 12:00:02"}
    assert [each["id"] for each in ok(world.ask("GET", "/indexed_policies", query_string=period))] == [id]
    assert world.ask("GET", "/indexed_policies", query_string={**period, "end_date": "2026-03-01"}).status_code == 400
