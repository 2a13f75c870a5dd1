"""A KASKO policy's life: changed, cancelled, reactivated, told of."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.kasko_sales import CANCEL, PRODUCT, WHOLE, events, ok, policy, quote, said, simulate
from tests.support.worlds import World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


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


@pytest.mark.parametrize(
    ("field", "value"), [("first_name", "Ida"), ("last_name", "Lang"), ("email", "ida@firm.test"), ("data", {"a": "1"})]
)
def test_a_patch_changes_what_it_names_and_nothing_else(world: World, field: str, value: Any) -> None:
    path = f"/policies/{policy(world)}"
    before = ok(world.ask("GET", path))
    assert ok(world.ask("PATCH", path, json={field: value})) == {**before, field: value}
    assert ok(world.ask("GET", path)) == {**before, field: value}


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "data"])
def test_a_replacement_needs_its_fields(world: World, field: str) -> None:
    body = {name: value for name, value in WHOLE.items() if name != field}
    assert said(world, "PUT", f"/policies/{policy(world)}", 400, json=body) == f"{field}: field required."


def test_a_replacement_may_bring_a_new_quote(world: World) -> None:
    dearer = ok(quote(world, data={"encryption": False}))
    shown = ok(world.ask("PUT", f"/policies/{policy(world)}", json={**WHOLE, "quote_token": dearer["token"]}))
    assert (shown["email"], shown["quote"]["gross_payment_amount"]) == (WHOLE["email"], 165_000)


def test_a_cancellation_needs_no_termination_date(world: World) -> None:
    shown = ok(world.ask("PUT", f"/policies/{policy(world)}", json=CANCEL))
    assert (shown["status"], shown["cancellation_reason"], shown["termination_date"]) == ("cancelled", "sold", None)


def test_a_policy_is_neither_deleted_nor_locked(world: World) -> None:
    shown = ok(world.ask("GET", f"/policies/{policy(world)}"))
    assert (shown["deleted_at"], shown["deleted_by"], shown["is_locked"]) == (None, "", False)
