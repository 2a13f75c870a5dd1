"""KASKO's policies: changes, cancellation, reactivation, versions and events."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    CANCEL,
    FULL_LEAD,
    PRODUCT,
    create_policy,
    events,
    expect_ok,
    refusal_message,
    request_quote,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def test_a_policy_is_patched_or_replaced(harness: Harness) -> None:
    path = f"/policies/{create_policy(harness)}"
    changed = expect_ok(harness.request("PATCH", path, json={"first_name": "Ida", "data": {"company_name": "New"}}))
    assert (changed["first_name"], changed["last_name"], changed["data"]) == ("Ida", "Kern", {"company_name": "New"})
    replacement = {"first_name": "Eva", "last_name": "Lang", "email": "eva@firm.test", "data": {}}
    assert expect_ok(harness.request("PUT", path, json=replacement))["email"] == "eva@firm.test"
    policy = expect_ok(harness.request("GET", path))
    assert (policy["first_name"], policy["data"]) == ("Eva", [])


def test_a_new_quote_changes_the_price_of_a_policy(harness: Harness) -> None:
    path = f"/policies/{create_policy(harness)}"
    new_quote = expect_ok(request_quote(harness, data={"encryption": False}))
    changed = expect_ok(harness.request("PATCH", path, json={"quote_token": new_quote["token"]}))
    assert changed["quote"]["gross_payment_amount"] == new_quote["gross_payment_amount"] == 165_000
    assert changed["quote"]["customer_input"]["encryption"] is False


def test_a_cancelled_policy_cannot_be_changed_until_it_is_reactivated(harness: Harness) -> None:
    path = f"/policies/{create_policy(harness)}"
    cancellation = {"status": "cancelled", "cancellation_reason": "sold", "termination_date": "2026-05-01"}
    policy = expect_ok(harness.request("PUT", path, json=cancellation))
    assert (policy["status"], policy["cancellation_reason"]) == ("cancelled", "sold")
    assert (policy["termination_date"], policy["cancelled_at"]) == (
        "2026-04-30T22:00:00+00:00",
        "2026-03-01T12:00:02+00:00",
    )
    for method, body in (("PATCH", {"first_name": "Ida"}), ("PUT", cancellation)):
        assert harness.request(method, path, json=body).status_code == 409
    reactivated = expect_ok(harness.request("POST", f"{path}/reactivate"))
    assert (reactivated["status"], reactivated["cancellation_reason"], reactivated["termination_date"]) == (
        "paid",
        None,
        None,
    )
    assert harness.request("POST", f"{path}/reactivate").status_code == 409
    assert harness.request("PATCH", path, json={"first_name": "Ida"}).status_code == 200


def test_a_change_returns_a_new_etag_and_a_stale_etag_is_refused(harness: Harness) -> None:
    path = f"/policies/{create_policy(harness)}"
    first = harness.request("GET", path)
    assert first.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:02 GMT"
    harness.advance("1h")
    second = harness.request("PATCH", path, json={"first_name": "Ida"}, headers={"If-Match": first.headers["ETag"]})
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.headers["ETag"] == harness.request("GET", path).headers["ETag"]
    for name, value in (("If-Match", first.headers["ETag"]), ("If-Unmodified-Since", first.headers["Last-Modified"])):
        stale = harness.request("PATCH", path, json={"first_name": "Eva"}, headers={name: value})
        assert (stale.status_code, expect_ok(stale, 412)["status"]) == (412, "Precondition Failed")
    assert expect_ok(harness.request("GET", path))["first_name"] == "Ida"
    both = {"If-Match": second.headers["ETag"], "If-Unmodified-Since": second.headers["Last-Modified"]}
    assert harness.request("PATCH", path, json={"first_name": "Eva"}, headers=both).status_code == 200
    assert harness.request("PATCH", path, json={}, headers={"If-Match": "*"}).status_code == 200


def test_every_change_of_a_policy_emits_an_event(harness: Harness) -> None:
    path = f"/policies/{create_policy(harness)}"
    expect_ok(harness.request("PATCH", path, json={"first_name": "Ida"}))
    expect_ok(harness.request("PUT", path, json={"status": "cancelled", "cancellation_reason": "sold"}))
    expect_ok(harness.request("POST", f"{path}/reactivate"))
    emitted = events(harness)
    assert [event["type"] for event in emitted] == ["policy.created", *["policy.updated"] * 3]
    created = emitted[0]["data"]
    assert created["policy_id"].startswith("TEST-")
    assert (created["gross_premium"], created["premium_tax"]) == (132_000, 12_000)
    assert emitted[1]["data"]["first_name"] == "Ida"


def test_an_insurer_may_cancel(harness: Harness) -> None:
    id = create_policy(harness)
    expect_ok(simulate(harness, "insurer_cancels", policy_id=id, reason="Unpaid"))
    policy = expect_ok(harness.request("GET", f"/policies/{id}"))
    assert (policy["status"], policy["cancelled_by"]) == ("cancelled", PRODUCT.insurer_id)
    assert events(harness)[-1]["type"] == "policy.updated"


@pytest.mark.parametrize(
    ("field", "value"), [("first_name", "Ida"), ("last_name", "Lang"), ("email", "ida@firm.test"), ("data", {"a": "1"})]
)
def test_a_patch_changes_only_the_fields_it_names(harness: Harness, field: str, value: Any) -> None:
    path = f"/policies/{create_policy(harness)}"
    before = expect_ok(harness.request("GET", path))
    assert expect_ok(harness.request("PATCH", path, json={field: value})) == {**before, field: value}
    assert expect_ok(harness.request("GET", path)) == {**before, field: value}


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "data"])
def test_a_replacement_needs_its_fields(harness: Harness, field: str) -> None:
    body = {name: value for name, value in FULL_LEAD.items() if name != field}
    assert (
        refusal_message(harness, "PUT", f"/policies/{create_policy(harness)}", 400, json=body)
        == f"{field}: field required."
    )


def test_a_replacement_may_contain_a_new_quote(harness: Harness) -> None:
    new_quote = expect_ok(request_quote(harness, data={"encryption": False}))
    policy = expect_ok(
        harness.request(
            "PUT", f"/policies/{create_policy(harness)}", json={**FULL_LEAD, "quote_token": new_quote["token"]}
        )
    )
    assert (policy["email"], policy["quote"]["gross_payment_amount"]) == (FULL_LEAD["email"], 165_000)


def test_a_cancellation_needs_no_termination_date(harness: Harness) -> None:
    policy = expect_ok(harness.request("PUT", f"/policies/{create_policy(harness)}", json=CANCEL))
    assert (policy["status"], policy["cancellation_reason"], policy["termination_date"]) == ("cancelled", "sold", None)


def test_a_new_policy_is_neither_deleted_nor_locked(harness: Harness) -> None:
    policy = expect_ok(harness.request("GET", f"/policies/{create_policy(harness)}"))
    assert (policy["deleted_at"], policy["deleted_by"], policy["is_locked"]) == (None, "", False)
