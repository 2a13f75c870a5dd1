"""What must not stand readable in a journal."""

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
def test_headers_that_carry_credentials_are_hidden(name: str) -> None:
    assert redact_headers([(name, "a-very-secret-value")]) == [[name, "***alue"]]


@pytest.mark.parametrize("name", ["Content-Type", "Idempotency-Key", "X-Test", "Host"])
def test_other_headers_are_shown(name: str) -> None:
    assert redact_headers([(name, "a-plain-value")]) == [[name, "a-plain-value"]]


@pytest.mark.parametrize("name", ["key", "api_key", "apiKey", "api-key", "token", "access_token", "client_secret"])
def test_parameters_named_like_a_secret_are_hidden(name: str) -> None:
    assert redact("unknown-to-us", (), name) == "***o-us"


@pytest.mark.parametrize("name", ["limit", "keyboard", "cursor", "name"])
def test_other_parameters_are_shown(name: str) -> None:
    assert redact("plain", (), name) == "plain"


@pytest.mark.parametrize("name", ["password", "newPassword", "client_secret", "access_token", "SECRET", "api_key"])
@pytest.mark.parametrize("space", ["", " ", "\n\t "])
def test_members_of_json_named_like_a_secret_are_hidden(name: str, space: str) -> None:
    text = f'{{"a": "b", "{name}"{space}:{space}"hunter2\\"more", "c": "d"}}'
    assert redact(text, ()) == text.replace('hunter2\\"more', "***more")


def test_members_that_only_speak_of_a_secret_are_shown() -> None:
    text = '{"note": "the password is here", "tokens": 5, "plain": "secret"}'
    assert redact(text, ()) == text


@given(before=st.text(max_size=30), after=st.text(max_size=30))
@settings(max_examples=100, derandomize=True)
def test_a_known_secret_is_hidden_wherever_it_stands(before: str, after: str) -> None:
    assert SECRET not in redact(before + SECRET + after, [SECRET])


@pytest.mark.parametrize("readable", [5, 8, 20, len(SECRET) - 1])
def test_a_secret_that_the_cut_goes_through_is_hidden(readable: int) -> None:
    data = b"x" * (MAX_SHOWN_BODY_BYTES - readable) + SECRET.encode() + b"y" * 100
    text = render_body(data, [SECRET])["text"]
    assert SECRET[:5] not in text
    assert text == "x" * (MAX_SHOWN_BODY_BYTES - readable) + "***"


def test_a_cut_body_that_ends_in_no_secret_is_shown_as_it_is() -> None:
    data = b"x" * (MAX_SHOWN_BODY_BYTES - 4) + SECRET.encode()
    assert render_body(data, ["another-secret", SECRET])["text"] == "x" * (MAX_SHOWN_BODY_BYTES - 4) + SECRET[:4]


def test_a_password_that_the_cut_goes_through_is_hidden() -> None:
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
def test_a_body_meant_to_take_long_takes_no_time(text: str) -> None:
    began = thread_time()
    redact(text, ())
    assert thread_time() - began < 5


def collect_output(harness: Harness) -> str:
    """All that the admin API says about the calls."""
    requests = harness.admin("GET", "/sandboxes/smartepi/requests")
    said = [requests.text, harness.admin("GET", "/sandboxes/smartepi/faults").text]
    for request in requests.json["requests"]:
        said.append(harness.admin("GET", f"/sandboxes/smartepi/requests/{request['id']}").text)
    for match in (
        {"headers": {"Authorization": "x"}},
        {"headers": {"X-Api-Key": "x", "X-Other": "x"}},
        {"path": "/x"},
        {"body": {"$.name": "x", "$.password": "x"}},
    ):
        said.append(harness.admin("POST", "/sandboxes/smartepi/requests/verify", {"match": match}).text)
    return "\n".join(said)


@pytest.mark.parametrize(
    "how",
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
def test_no_way_to_show_a_key_makes_the_admin_api_say_it(harness: Harness, how: dict[str, Any]) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner) for inner in value]
        if isinstance(value, bytes):
            return value.replace(b"<key>", harness.key().encode())
        return value.replace("<key>", harness.key()) if isinstance(value, str) else value

    asked = filled(how)
    harness.request(asked.pop("method", "GET"), asked.pop("path", "/v1/sectors"), **asked)
    assert len(harness.sandbox.journal.entries()) == 1
    assert harness.key() not in collect_output(harness)


def test_a_key_that_nobody_knows_is_hidden_too(harness: Harness) -> None:
    harness.request("GET", "/v1/sectors", key="sk_of_somebody_else_entirely")
    harness.request("POST", "/v1/sectors", data=dumps({"name": "a", "password": "of_somebody_else_entirely"}))
    assert "somebody_else" not in collect_output(harness)


def test_the_way_a_fault_answers_hides_the_key_too(harness: Harness) -> None:
    fault = {"kind": "status", "status": 500, "body": f"you sent {harness.key()}", "headers": {"X-Echo": harness.key()}}
    harness.admin("PUT", "/sandboxes/smartepi/faults", {"rules": []})
    harness.sandbox.ruleset.set([])
    harness.admin("POST", "/sandboxes/smartepi/faults", {"id": "echo", "fault": fault})
    harness.request("GET", "/v1/sectors")
    assert harness.key() not in harness.admin("GET", "/sandboxes/smartepi/requests/req_1").text
