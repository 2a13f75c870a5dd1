"""Whose key it is, whether it is alive, and whether it may do this."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Call, Credential, Problem, Reply, authenticate
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness


def request_status(harness: Harness, **options: Any) -> tuple[int, str]:
    answer = harness.request("GET", "/v1/notes", **options)
    return answer.status_code, (answer.json or {}).get("code", "")


def mint(harness: Harness, **wanted: Any) -> str:
    return str(harness.admin("POST", "/sandboxes/acme/keys", wanted).json["secret"])


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
def test_a_call_without_a_good_key_is_refused(acme: Harness, header: str | None, expected: tuple[int, str]) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert request_status(acme, key=None, headers=headers) == expected


def test_a_known_key_opens_its_sandbox(acme: Harness) -> None:
    assert request_status(acme) == (200, "")


@pytest.mark.parametrize(
    ("wanted", "expected"),
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
def test_a_key_is_refused_for_what_it_is(acme: Harness, wanted: dict[str, Any], expected: tuple[int, str]) -> None:
    assert request_status(acme, key=mint(acme, **wanted)) == expected


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"revokes_in": "0s", "expires_in": "0s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_revoked"),
        ({"expires_in": "0s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_expired"),
        ({"activates_in": "1s", "cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "key_propagating"),
        ({"cidrs": ["10.0.0.0/8"], "scopes": ["notes:write"]}, "address_refused"),
    ],
)
def test_state_comes_before_address_and_address_before_scope(acme: Harness, wanted: dict[str, Any], code: str) -> None:
    assert request_status(acme, key=mint(acme, **wanted))[1] == code


def test_a_key_that_may_read_may_not_write_and_nothing_is_written(acme: Harness) -> None:
    key = mint(acme, scopes=["notes:read"])
    answer = acme.request("POST", "/v1/notes", key=key, json={"text": "a"})
    assert (answer.status_code, answer.json["code"], answer.json["detail"]) == (403, "scope_missing", "notes:write")
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
def test_a_header_cannot_claim_another_address(acme: Harness, spoof: dict[str, str]) -> None:
    assert request_status(acme, key=mint(acme, cidrs=["10.0.0.0/8"]), headers=spoof) == (403, "address_refused")


@pytest.mark.parametrize("address", ["10.0.0.1", "::ffff:10.0.0.1"])
def test_the_address_is_the_one_of_the_connection(acme: Harness, address: str) -> None:
    key = mint(acme, cidrs=["10.0.0.0/8"])
    assert request_status(acme, key=key, environ_overrides={"REMOTE_ADDR": address}) == (200, "")


def test_the_key_of_one_sandbox_does_not_open_another(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    acme.request("POST", "/v1/notes", sandbox="other", json={"text": "theirs"})
    assert acme.request("GET", "/v1/notes").json["data"] == []
    assert acme.request("GET", "/v1/notes", sandbox="other").json["data"][0]["text"] == "theirs"
    assert set(other.keys).isdisjoint(acme.sandbox.keys)


def test_a_key_is_not_looked_for_in_the_sandbox_of_a_call_by_its_id(acme: Harness) -> None:
    assert request_status(acme, key="key_1") == (401, "bad_credentials")


def test_the_journal_says_which_key_and_in_which_state(acme: Harness) -> None:
    request_status(acme, key=mint(acme, activates_in="1h"))
    entry = acme.admin("GET", "/sandboxes/acme/requests/req_1").json
    step = next(step for step in entry["trace"] if step["stage"] == "authenticate")
    assert (entry["key"], step["note"]) == ("key_2", "key key_2 is propagating")


def test_a_refused_call_goes_no_further(acme: Harness) -> None:
    def never(call: Call) -> Reply:
        raise AssertionError("it went further")

    call = Call(acme.sandbox, "GET", "/v1/notes", ACME.operations[0], credential=Credential("nobody", shown=True))
    with pytest.raises(Problem) as refused:
        authenticate(call, never)
    assert refused.value.code == "bad_credentials"
    assert acme.sandbox.now() == NOON


def test_a_refusal_never_shows_the_key(acme: Harness) -> None:
    for wanted in (
        {"activates_in": "1h"},
        {"expires_in": "0s"},
        {"cidrs": ["10.0.0.0/8"]},
        {"scopes": ["notes:write"]},
    ):
        secret = mint(acme, **wanted)
        assert secret not in acme.request("GET", "/v1/notes", key=secret).text


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ({}, "no_credentials"),
        ({"Authorization": ""}, "bad_credentials"),
        ({"Authorization": "Bearer x"}, "bad_credentials"),
    ],
)
def test_no_key_and_a_wrong_one_are_told_apart(acme: Harness, shown: dict[str, str], code: str) -> None:
    refused = acme.request("GET", "/v1/notes", key=None, headers=shown)
    assert (refused.status_code, refused.json["code"]) == (401, code)


def test_only_of_a_key_that_is_on_its_way_is_told_when_it_works(acme: Harness) -> None:
    said = {}
    for field in ("activates_in", "expires_in"):
        key = mint(acme, **{field: "60s"})
        acme.advance("60s" if field == "expires_in" else "1s")
        said[field] = acme.request("GET", "/v1/notes", key=key).json["detail"]
    assert said["activates_in"].endswith("is propagating; active at 2026-03-01T12:01:00.000000Z")
    assert said["expires_in"].endswith("is expired")
