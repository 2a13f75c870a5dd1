"""The stage authenticate: unknown keys, key states, addresses and scopes."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Call, Credential, Problem, Reply, authenticate
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness


def request_status(harness: Harness, **options: Any) -> tuple[int, str]:
    response = harness.request("GET", "/v1/notes", **options)
    return response.status_code, (response.json or {}).get("code", "")


def create_key(harness: Harness, **body: Any) -> str:
    return str(harness.admin("POST", "/sandboxes/acme/keys", body).json["secret"])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (401, "no_credentials")),
        ("Bearer nobody", (401, "bad_credentials")),
        ("Bearer ", (401, "bad_credentials")),
        ("", (401, "bad_credentials")),
        ("Bearer " + "x" * 8192, (401, "bad_credentials")),
        ("Bearer \xe9\xff", (401, "bad_credentials")),
    ],
)
def test_a_call_without_a_valid_key_is_refused(acme: Harness, header: str | None, expected: tuple[int, str]) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert request_status(acme, key=None, headers=headers) == expected


def test_a_known_key_is_accepted(acme: Harness) -> None:
    assert request_status(acme) == (200, "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"activates_in": "1s"}, (403, "key_propagating")),
        ({"expires_in": "0s"}, (401, "key_expired")),
        ({"revokes_in": "0s"}, (401, "key_revoked")),
        ({"cidrs": ["10.0.0.0/8"]}, (403, "address_refused")),
        ({"scopes": ["notes:write"]}, (403, "scope_missing")),
        ({"scopes": ["notes:read"]}, (200, "")),
        ({"cidrs": ["127.0.0.0/8"]}, (200, "")),
    ],
)
def test_the_properties_of_a_key_decide_on_its_refusal(
    acme: Harness, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert request_status(acme, key=create_key(acme, **body)) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"revokes_in": "0s", "expires_in": "0s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_revoked"),
        ({"expires_in": "0s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_expired"),
        ({"activates_in": "1s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_propagating"),
        ({"cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "address_refused"),
    ],
)
def test_state_is_checked_before_address_and_address_before_scope(
    acme: Harness, body: dict[str, Any], code: str
) -> None:
    assert request_status(acme, key=create_key(acme, **body))[1] == code


def test_a_read_only_key_may_not_write(acme: Harness) -> None:
    key = create_key(acme, scopes=["notes:read"])
    response = acme.request("POST", "/v1/notes", key=key, json={"text": "a"})
    assert (response.status_code, response.json["code"], response.json["detail"]) == (
        403,
        "scope_missing",
        "notes:write",
    )
    assert acme.request("GET", "/v1/notes").json["data"] == []


@pytest.mark.parametrize(
    "spoof",
    [
        {"X-Forwarded-For": "10.0.0.1"},
        {"X-Forwarded-For": "10.0.0.1, 127.0.0.1"},
        {"Forwarded": "for=10.0.0.1"},
        {"X-Real-IP": "10.0.0.1"},
        {"X-Client-IP": "10.0.0.1"},
        {"CF-Connecting-IP": "10.0.0.1"},
        {"Remote-Addr": "10.0.0.1"},
    ],
)
def test_headers_cannot_set_the_client_address(acme: Harness, spoof: dict[str, str]) -> None:
    assert request_status(acme, key=create_key(acme, cidrs=["10.0.0.0/8"]), headers=spoof) == (403, "address_refused")


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1"])
def test_the_client_address_is_that_of_the_connection(acme: Harness, address: str) -> None:
    key = create_key(acme, cidrs=["10.0.0.0/8"])
    assert request_status(acme, key=key, environ_overrides={"REMOTE_ADDR": address}) == (200, "")


def test_a_key_gives_access_only_to_its_sandbox(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    acme.request("POST", "/v1/notes", sandbox="other", json={"text": "theirs"})
    assert acme.request("GET", "/v1/notes").json["data"] == []
    assert acme.request("GET", "/v1/notes", sandbox="other").json["data"][0]["text"] == "theirs"
    assert set(other.keys).isdisjoint(acme.sandbox.keys)


def test_the_id_of_a_key_is_not_accepted_as_a_credential(acme: Harness) -> None:
    assert request_status(acme, key="key_1") == (401, "bad_credentials")


def test_the_journal_has_the_key_and_its_state(acme: Harness) -> None:
    request_status(acme, key=create_key(acme, activates_in="1h"))
    entry = acme.admin("GET", "/sandboxes/acme/requests/req_1").json
    step = next(step for step in entry["trace"] if step["stage"] == "authenticate")
    assert (entry["key"], step["note"]) == ("key_2", "key key_2 is propagating")


def test_a_refused_call_does_not_reach_later_stages(acme: Harness) -> None:
    def never(call: Call) -> Reply:
        raise AssertionError("the next stage was called")

    call = Call(acme.sandbox, "GET", "/v1/notes", ACME.operations[0], credential=Credential("nobody", shown=True))
    with pytest.raises(Problem) as refused:
        authenticate(call, never)
    assert refused.value.code == "bad_credentials"
    assert acme.sandbox.now() == NOON


def test_a_refusal_never_shows_the_key(acme: Harness) -> None:
    for body in (
        {"activates_in": "1h"},
        {"expires_in": "0s"},
        {"cidrs": ["10.0.0.0/8"]},
        {"scopes": ["notes:write"]},
    ):
        secret = create_key(acme, **body)
        assert secret not in acme.request("GET", "/v1/notes", key=secret).text


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_credentials"),
        ({"Authorization": ""}, "bad_credentials"),
        ({"Authorization": "Bearer x"}, "bad_credentials"),
    ],
)
def test_a_missing_key_and_a_wrong_key_have_different_codes(acme: Harness, headers: dict[str, str], code: str) -> None:
    refused = acme.request("GET", "/v1/notes", key=None, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, code)


def test_only_a_propagating_key_is_refused_with_its_activation_time(acme: Harness) -> None:
    details = {}
    for field in ("activates_in", "expires_in"):
        key = create_key(acme, **{field: "60s"})
        acme.advance("60s" if field == "expires_in" else "1s")
        details[field] = acme.request("GET", "/v1/notes", key=key).json["detail"]
    assert details["activates_in"].endswith("is propagating; active at 2026-03-01T12:01:00.000000Z")
    assert details["expires_in"].endswith("is expired")
