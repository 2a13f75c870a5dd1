"""Redaction of secrets in the journal."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from json import dumps
from time import thread_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine.core.redaction import mask, redact, redact_headers
from mockserver.engine.pipeline.journal import MAX_SHOWN_BODY_BYTES, render_body
from tests.support.harness import Harness

SECRET = "sk_0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(("value", "hidden"), [("", "***"), ("12345678", "***"), ("123456789", "***6789")])
def test_only_the_end_of_a_long_secret_is_readable(value: str, hidden: str) -> None:
    assert mask(value) == hidden


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Api-Key", "apikey"]
    + ["X-Auth-Token", "X-Webhook-Secret", "X-Password"],
)
def test_headers_with_credentials_are_redacted(name: str) -> None:
    assert redact_headers([(name, "a-very-secret-value")]) == [[name, "***alue"]]


@pytest.mark.parametrize("name", ["Content-Type", "Idempotency-Key", "X-Test", "Host"])
def test_other_headers_are_shown(name: str) -> None:
    assert redact_headers([(name, "a-plain-value")]) == [[name, "a-plain-value"]]


@pytest.mark.parametrize("name", ["key", "api_key", "apiKey", "api-key", "token", "access_token", "client_secret"])
def test_parameters_named_like_a_secret_are_redacted(name: str) -> None:
    assert redact("unknown-to-us", (), name) == "***o-us"


@pytest.mark.parametrize("name", ["limit", "keyboard", "cursor", "name"])
def test_other_parameters_are_shown(name: str) -> None:
    assert redact("plain", (), name) == "plain"


@pytest.mark.parametrize("name", ["password", "newPassword", "client_secret", "access_token", "SECRET", "api_key"])
@pytest.mark.parametrize("space", ["", " ", "\n\t "])
def test_json_members_named_like_a_secret_are_redacted(name: str, space: str) -> None:
    text = f'{{"a": "b", "{name}"{space}:{space}"hunter2\\"more", "c": "d"}}'
    assert redact(text, ()) == text.replace('hunter2\\"more', "***more")


def test_json_members_that_only_mention_a_secret_are_shown() -> None:
    text = '{"note": "the password is here", "tokens": 5, "plain": "secret"}'
    assert redact(text, ()) == text


@given(before=st.text(max_size=30), after=st.text(max_size=30))
@settings(max_examples=100, derandomize=True)
def test_a_known_secret_is_redacted_anywhere_in_a_text(before: str, after: str) -> None:
    assert SECRET not in redact(before + SECRET + after, [SECRET])


@pytest.mark.parametrize("readable", [5, 8, 20, len(SECRET) - 1])
def test_a_secret_at_the_cut_of_a_long_body_is_redacted(readable: int) -> None:
    data = b"x" * (MAX_SHOWN_BODY_BYTES - readable) + SECRET.encode() + b"y" * 100
    text = render_body(data, [SECRET])["text"]
    assert SECRET[:5] not in text
    assert text == "x" * (MAX_SHOWN_BODY_BYTES - readable) + "***"


def test_the_first_four_characters_of_a_secret_at_the_cut_are_shown() -> None:
    data = b"x" * (MAX_SHOWN_BODY_BYTES - 4) + SECRET.encode()
    assert render_body(data, ["another-secret", SECRET])["text"] == "x" * (MAX_SHOWN_BODY_BYTES - 4) + SECRET[:4]


def test_a_password_at_the_cut_of_a_long_body_is_redacted() -> None:
    data = b'{"password": "hunter2' + b"z" * MAX_SHOWN_BODY_BYTES
    assert "hunter2" not in render_body(data, ())["text"]


@pytest.mark.parametrize(
    "text",
    [
        '"' + "secret" * 11_000,
        '"secret": "' + "x" * 65_000,
        '"secret":"' * 6500,
        '"' * 65_000,
        '"secret"' + " " * 65_000,
    ]
    + ['"secret":"' + "\\" * 65_000, '"secret":"' + '\\"' * 32_000],
)
def test_hostile_bodies_are_redacted_fast(text: str) -> None:
    start = thread_time()
    redact(text, ())
    assert thread_time() - start < 5


def collect_output(harness: Harness) -> str:
    """Returns all responses of the admin API about calls and rules."""
    requests = harness.admin("GET", "/sandboxes/smartepi/requests")
    texts = [requests.text, harness.admin("GET", "/sandboxes/smartepi/faults").text]
    for request in requests.json["requests"]:
        texts.append(harness.admin("GET", f"/sandboxes/smartepi/requests/{request['id']}").text)
    for match in (
        {"headers": {"Authorization": "x"}},
        {"headers": {"X-Api-Key": "x", "X-Other": "x"}},
        {"path": "/x"},
        {"body": {"$.name": "x", "$.password": "x"}},
    ):
        texts.append(harness.admin("POST", "/sandboxes/smartepi/requests/verify", {"match": match}).text)
    return "\n".join(texts)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": None, "headers": {"X-Api-Key": "<key>"}},
        {"key": None, "headers": {"X-Other": "prefix <key> suffix"}},
        {"key": None, "query_string": {"api_key": "<key>"}},
        {"key": None, "query_string": {"q": "a<key>b"}},
        {"path": "/v1/sectors/<key>"},
        {"path": "/v1/nothing/<key>"},
        {"method": "POST", "json": {"name": "<key>"}},
        {"method": "POST", "json": {"deep": [{"er": "a <key> b"}]}},
        {"method": "POST", "data": b'{"name": 1, "x": "<key>'},
    ],
)
def test_the_admin_api_never_shows_a_key_wherever_it_was_sent(harness: Harness, options: dict[str, Any]) -> None:
    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner) for inner in value]
        if isinstance(value, bytes):
            return value.replace(b"<key>", harness.key().encode())
        return value.replace("<key>", harness.key()) if isinstance(value, str) else value

    filled_options = fill(options)
    harness.request(filled_options.pop("method", "GET"), filled_options.pop("path", "/v1/sectors"), **filled_options)
    assert len(harness.sandbox.journal.entries()) == 1
    assert harness.key() not in collect_output(harness)


def test_an_unknown_key_is_redacted_too(harness: Harness) -> None:
    harness.request("GET", "/v1/sectors", key="sk_of_somebody_else_entirely")
    harness.request("POST", "/v1/sectors", data=dumps({"name": "a", "password": "of_somebody_else_entirely"}))
    assert "somebody_else" not in collect_output(harness)


def test_a_key_in_a_fault_response_is_redacted_too(harness: Harness) -> None:
    fault = {"kind": "status", "status": 500, "body": f"you sent {harness.key()}", "headers": {"X-Echo": harness.key()}}
    harness.admin("PUT", "/sandboxes/smartepi/faults", {"rules": []})
    harness.sandbox.ruleset.set([])
    harness.admin("POST", "/sandboxes/smartepi/faults", {"id": "echo", "fault": fault})
    harness.request("GET", "/v1/sectors")
    assert harness.key() not in harness.admin("GET", "/sandboxes/smartepi/requests/req_1").text
