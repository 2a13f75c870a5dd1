"""SmartEPI's behaviour across calls: key propagation, versions, one rate limit for all keys, and determinism."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.providers.smartepi import PROVIDER
from tests.support.harness import Harness, make_harness

DENIED = {"Message": "User is not authorized to access this resource with an explicit deny in an identity-based policy"}
UNAUTHORIZED = {"message": "Unauthorized"}
LIST = "/v1/sectors"
KEYS = "/sandboxes/smartepi/keys"


def new_key(harness: Harness, **options: Any) -> str:
    response = harness.admin("POST", KEYS, options)
    assert response.status_code == 201, response.text
    assert response.json is not None
    return str(response.json["secret"])


def data_of(response: TestResponse) -> Any:
    assert response.json is not None, response.text
    return response.json["data"]


def create(harness: Harness, resource: str, **fields: Any) -> str:
    response = harness.request("POST", f"/v1/{resource}", json=fields)
    assert response.status_code == 201, response.text
    return str(data_of(response)["id"])


def refusal_details(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["type"].removeprefix("urn:smartepi:error:")


def is_denied(response: TestResponse) -> bool:
    raw = response.headers["Content-Type"] == "application/json" and "X-Request-Id" not in response.headers
    return raw and (response.status_code, response.json) == (403, DENIED)


def test_a_new_key_is_refused_until_its_minute_is_over(harness: Harness) -> None:
    key = new_key(harness)
    assert is_denied(harness.request("GET", LIST, key=key))
    harness.advance("59.999999s")
    assert is_denied(harness.request("GET", LIST, key=key))
    harness.advance("0.001ms")
    assert harness.request("GET", LIST, key=key).status_code == 200


def test_a_revoked_key_works_for_another_minute(harness: Harness) -> None:
    key = harness.key()
    assert harness.admin("DELETE", f"{KEYS}/{key}", {}).status_code == 200
    assert harness.request("GET", LIST, key=key).status_code == 200
    harness.advance("59.999999s")
    assert harness.request("GET", LIST, key=key).status_code == 200
    harness.advance("0.001ms")
    assert is_denied(harness.request("GET", LIST, key=key))


def test_revoking_a_key_again_does_not_extend_its_grace_period(harness: Harness) -> None:
    key = harness.key()
    harness.admin("DELETE", f"{KEYS}/{key}", {})
    harness.advance("30s")
    harness.admin("DELETE", f"{KEYS}/{key}", {})
    harness.advance("30s")
    assert is_denied(harness.request("GET", LIST, key=key))


def test_a_key_is_refused_from_the_instant_it_expires(harness: Harness) -> None:
    key = new_key(harness, activates_in="0s", expires_in="10m")
    harness.advance("599.999999s")
    assert harness.request("GET", LIST, key=key).status_code == 200
    harness.advance("0.001ms")
    assert is_denied(harness.request("GET", LIST, key=key))


@pytest.mark.parametrize(
    ("cidrs", "address", "admitted"),
    [
        (["203.0.113.0/24"], "203.0.113.255", True),
        (["203.0.113.0/24"], "203.0.114.0", False),
        (["203.0.113.7"], "203.0.113.7", True),
        (["203.0.113.7"], "203.0.113.6", False),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", True),
        (["203.0.113.0/24"], "::ffff:203.0.114.9", False),
        (["2001:db8::/32"], "2001:db8:1::1", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        (["2001:db8::/32"], "203.0.113.9", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["::/0"], "203.0.113.9", False),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        (["0.0.0.0/0"], "not-an-address", False),
    ],
)
def test_a_key_with_address_ranges_works_only_from_those_addresses(
    harness: Harness, cidrs: list[str], address: str, admitted: bool
) -> None:
    key = new_key(harness, activates_in="0s", cidrs=cidrs)
    response = harness.request("GET", LIST, key=key, environ_overrides={"REMOTE_ADDR": address})
    assert response.status_code == 200 if admitted else is_denied(response)


@pytest.mark.parametrize("path", [LIST, "/v1/sectors/any", "/v1/nothing-here", "/", "//"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_every_call_without_a_key_is_401(harness: Harness, method: str, path: str) -> None:
    response = harness.request(method, path, key=None)
    assert (response.status_code, response.json) == (401, UNAUTHORIZED)
    assert "X-Request-Id" not in response.headers


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer sk_wrong", "Bearer key", "Basic c2s6eA==", "sk_x", "ñ"]
)
def test_a_wrong_key_is_denied(harness: Harness, sent: str) -> None:
    assert is_denied(harness.request("GET", LIST, key=None, headers={"Authorization": sent}))


def test_a_key_with_extra_or_missing_characters_is_denied(harness: Harness) -> None:
    for sent in (f"Bearer  {harness.key()}", f"Bearer {harness.key()}x", f"Bearer {harness.key()[:-1]}", harness.key()):
        assert is_denied(harness.request("GET", LIST, key=None, headers={"Authorization": sent}))


def test_a_stale_version_is_refused_and_changes_nothing(harness: Harness) -> None:
    sector = f"/v1/sectors/{create(harness, 'sectors', name='Paint')}"
    first = harness.request("PUT", sector, headers={"If-Match": '"1"'}, json={"name": "Paint 2"})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    for method, body in (("PUT", {"name": "Paint 3"}), ("DELETE", None)):
        stale = harness.request(method, sector, headers={"If-Match": '"1"'}, json=body)
        assert refusal_details(stale) == (409, "conflict")
        assert stale.json is not None
        assert stale.json["detail"] == "Version is stale"
    current = harness.request("GET", sector)
    assert (data_of(current)["name"], current.headers["ETag"]) == ("Paint 2", '"2"')


def test_the_version_may_be_in_the_body_of_an_update_and_in_the_query_of_a_delete(harness: Harness) -> None:
    sector = f"/v1/sectors/{create(harness, 'sectors', name='Paint')}"
    assert refusal_details(harness.request("PUT", sector, json={"_version": 2, "name": "B"})) == (409, "conflict")
    assert harness.request("PUT", sector, json={"_version": 1, "name": "B"}).headers["ETag"] == '"2"'
    assert refusal_details(harness.request("DELETE", f"{sector}?_version=1")) == (409, "conflict")
    assert harness.request("DELETE", f"{sector}?_version=2").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_without_a_version_is_a_bad_request(harness: Harness, method: str) -> None:
    sector = f"/v1/sectors/{create(harness, 'sectors', name='Paint')}"
    assert refusal_details(harness.request(method, sector, json={"name": "B"} if method == "PUT" else None)) == (
        400,
        "bad_request",
    )
    assert data_of(harness.request("GET", sector))["name"] == "Paint"


def test_an_update_changes_only_the_fields_it_names(harness: Harness) -> None:
    before = {"name": "Ana", "identification": "1", "email": "ana@epi.test"}
    employee = f"/v1/employees/{create(harness, 'employees', **before)}"
    harness.advance("1h")
    response = harness.request("PUT", employee, headers={"If-Match": '"1"'}, json={"identification": "2"})
    after = data_of(response)
    assert {name: after[name] for name in before} == before | {"identification": "2"}
    assert after["updatedAt"] - after["createdAt"] == 3600


def test_a_delete_returns_the_record_which_is_then_not_found(harness: Harness) -> None:
    id = create(harness, "sectors", name="Gone")
    response = harness.request("DELETE", f"/v1/sectors/{id}", headers={"If-Match": '"1"'})
    assert (response.status_code, data_of(response)["id"], data_of(response)["name"]) == (200, id, "Gone")
    assert refusal_details(harness.request("GET", f"/v1/sectors/{id}")) == (404, "not_found")
    assert refusal_details(harness.request("DELETE", f"/v1/sectors/{id}", headers={"If-Match": '"2"'})) == (
        404,
        "not_found",
    )
    assert id not in [record["id"] for record in data_of(harness.request("GET", "/v1/sectors?limit=100"))]


def test_all_keys_of_an_organization_share_one_rate_limit(harness: Harness) -> None:
    keys = [harness.key(), new_key(harness, activates_in="0s")]
    harness.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 2, "burst": 4}})
    statuses = [harness.request("GET", LIST, key=keys[nth % 2]).status_code for nth in range(6)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    harness.advance("499ms")
    assert harness.request("GET", LIST, key=keys[1]).status_code == 429
    harness.advance("1ms")
    assert [harness.request("GET", LIST, key=key).status_code for key in keys] == [200, 429]
    harness.advance("1d")
    assert [harness.request("GET", LIST).status_code for _ in range(5)] == [200, 200, 200, 200, 429]


def test_the_gateway_refuses_too_many_requests_without_retry_after(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1}})
    harness.request("GET", LIST)
    response = harness.request("POST", "/v1/sectors", json={"name": "Never made"})
    assert (response.status_code, response.json) == (429, {"message": "Too Many Requests"})
    assert response.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert not {"X-Request-Id", "Retry-After"} & set(response.headers.keys())
    harness.advance("1s")
    assert "Never made" not in harness.request("GET", f"{LIST}?limit=100").text


def test_a_call_with_a_wrong_key_does_not_count_against_the_rate_limit(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1}})
    for key in ("sk_wrong", None, "sk_wrong"):
        harness.request("GET", LIST, key=key)
    assert harness.request("GET", LIST).status_code == 200


def test_a_repeated_create_makes_a_second_record_despite_an_idempotency_key(harness: Harness) -> None:
    headers = {"Idempotency-Key": "the-same"}
    responses = [harness.request("POST", "/v1/employees", headers=headers, json={"name": "Ana"}) for _ in range(2)]
    assert [response.status_code for response in responses] == [201, 201]
    assert data_of(responses[0])["id"] != data_of(responses[1])["id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *[(method, f"/v1/{name}", "GET") for name in ("access-groups", "withdrawals", "returns", "exchanges")
          for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD")],
        *[(method, f"/v1/{name}/any", "") for name in ("access-groups", "withdrawals", "returns", "exchanges")
          for method in ("GET", "PUT", "DELETE", "POST", "PATCH")],
        ("PATCH", "/v1/employees/any", "DELETE, GET, PUT"),
        ("PUT", "/v1/employees", "GET, POST"),
    ],
)  # fmt: skip
def test_an_unsupported_method_is_405_with_an_allow_header(
    harness: Harness, method: str, path: str, allowed: str
) -> None:
    response = harness.request(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "X-Request-Id" in response.headers


def test_the_gateway_checks_the_key_before_the_path(harness: Harness) -> None:
    for key, status in ((None, 401), ("sk_wrong", 403)):
        assert harness.request("GET", "/v1/no/such/path", key=key).status_code == status
        assert harness.request("POST", "/v1/returns/r-1", key=key).status_code == status
    assert refusal_details(harness.request("GET", "/v1/no/such/path")) == (404, "not_found")


SCRIPT: list[tuple[str, str, Any]] = [
    *[("POST", "/v1/sectors", {"name": f"Sector {nth}"}) for nth in range(8)],
    *[("POST", "/v1/products", {"name": f"Product {nth}", "sizes": [{"name": "P"}, {}]}) for nth in range(6)],
    *[("POST", "/v1/employees", {"name": f"Person {nth % 3}", "email": f"p{nth % 6}@epi.test"}) for nth in range(10)],
    *[("GET", f"/v1/{name}?limit={most}", None) for name in ("employees", "returns", "groups") for most in (1, 0, 7)],
    *[("PUT", "/v1/sectors/{sectors}", {"_version": nth, "name": f"Other {nth}"}) for nth in (1, 1, 2)],
    *[("DELETE", f"/v1/products/{{products}}?_version={nth}", None) for nth in (2, 1, 1)],
    *[("GET", "/v1/sectors/{sectors}", None), ("PATCH", "/v1/sectors", None), ("GET", "/v1/nothing", None)] * 7,
]  # fmt: skip


def run_script() -> list[tuple[int, list[tuple[str, str]], bytes]]:
    harness, ids, replies = make_harness(PROVIDER), {"sectors": "", "products": ""}, []
    for method, path, body in SCRIPT:
        response = harness.request(method, path.format(**ids), json=body)
        replies.append((response.status_code, list(response.headers), response.data))
        if response.status_code == 201:
            ids[path.rpartition("/")[2]] = data_of(response)["id"]
        harness.advance("1500ms")
    return replies


def test_the_same_seed_and_the_same_requests_give_the_same_bytes() -> None:
    first, second = run_script(), run_script()
    assert len(first) == 60
    assert {reply[0] for reply in first} >= {200, 201, 400, 404, 405, 409}
    assert first == second
