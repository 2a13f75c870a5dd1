"""Kota's idempotency keys: a repeated request is executed once and gets the stored response for an hour."""

from __future__ import annotations

from collections import Counter
from itertools import count as counting
from json import dumps
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Operation
from mockserver.http import edge
from mockserver.providers.kota import PROVIDER
from mockserver.storage.tinydb.store import TinyStore
from tests.support import concurrency
from tests.support.harness import Harness, make_harness
from tests.support.kota_group_helpers import create_available_quote, create_staffed_group
from tests.support.kota_helpers import (
    ADDRESS,
    EMPLOYEE,
    EMPLOYER,
    SANDBOX_PATH,
    create_employer,
    events,
    fetch,
    make_empty_harness,
)

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

HEX = "0" * 32
POSTS = [op for op in PROVIDER.operations if op.method == "POST"]
OTHERS = [op for op in PROVIDER.operations if op.method != "POST"]


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def post(
    harness: Harness, key: str = "k1", path: str = "/employers", json: Any = EMPLOYER, **options: Any
) -> ApiResponse:
    """Sends a POST with an idempotency key."""
    body = {"json": json} if json is not None else {}
    return harness.request("POST", path, headers={"Idempotency-Key": key}, **body, **options)


def count(harness: Harness) -> int:
    return int(fetch(harness, "/employers")["total_count"])


def conflict_detail(response: ApiResponse) -> str:
    """Asserts that a response is an idempotency error; returns its detail."""
    problem = response.json
    assert (response.status_code, problem["error_code"], problem["title"]) == (
        409,
        "idempotency_error",
        "Idempotency error",
    )
    assert problem["type"] == "https://tools.ietf.org/html/rfc9110#section-15.5.10"
    return str(problem["detail"])


def test_a_repeated_request_is_executed_once_and_gets_the_same_bytes(harness: Harness) -> None:
    first = post(harness)
    harness.advance("5s")
    second = post(harness)
    assert first.status_code == second.status_code == 200
    assert (first.data, first.headers["Content-Type"]) == (second.data, second.headers["Content-Type"])
    assert count(harness) == 1
    # The employer is active by now, so the response is the stored one.
    assert (second.json["status"], fetch(harness, f"/employers/{second.json['id']}")["status"]) == ("pending", "active")


def test_a_replayed_response_has_no_extra_header(harness: Harness) -> None:
    first, second = post(harness), post(harness)
    assert set(first.headers) == set(second.headers)


def test_without_a_key_every_request_is_executed(harness: Harness) -> None:
    assert create_employer(harness) != create_employer(harness)


def fill_path(operation: Operation) -> str:
    """Returns an operation's path with ids of no records."""
    return operation.path.replace("{", "er_").replace("}", HEX)


@pytest.mark.parametrize("operation", POSTS, ids=[op.name for op in POSTS])
def test_every_post_refuses_a_key_that_is_too_long(harness: Harness, operation: Operation) -> None:
    response = post(harness, "k" * 201, fill_path(operation), {})
    assert (response.status_code, response.json["error_code"]) == (400, "invalid_request")
    message = "idempotency-key must have 1 to 200 printable characters"
    expected: Any = {"Idempotency-Key": [message]}
    if operation.name == "submit_requirement_answers":
        expected = [{"field_id": "Idempotency-Key", "error_type": "invalid", "message": message}]
    assert response.json["errors"] == expected


@pytest.mark.parametrize("operation", OTHERS, ids=[op.name for op in OTHERS])
def test_no_other_method_reads_the_key(harness: Harness, operation: Operation) -> None:
    body: Any = {"json": {}} if operation.body else {}
    with_key = harness.request(operation.method, fill_path(operation), headers={"Idempotency-Key": "k" * 201}, **body)
    without_key = harness.request(operation.method, fill_path(operation), **body)
    assert with_key.status_code == without_key.status_code
    assert {**with_key.json, "trace_id": ""} == {**without_key.json, "trace_id": ""}


def test_a_key_of_200_characters_is_valid(harness: Harness) -> None:
    assert post(harness, "k" * 200).data == post(harness, "k" * 200).data
    assert count(harness) == 1


@pytest.mark.parametrize("key", ["", " ", "a\tb", "caf\xe9", "\x7f"])
def test_an_invalid_key_is_refused_and_nothing_is_executed(harness: Harness, key: str) -> None:
    response = harness.request("POST", "/employers", json=EMPLOYER, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert (response.status_code, list(response.json["errors"])) == (400, ["Idempotency-Key"])
    assert count(harness) == 0


def test_an_update_with_a_key_is_executed_each_time(harness: Harness) -> None:
    path, headers = f"/employers/{create_employer(harness)}", {"Idempotency-Key": "k1"}
    for name in ("One Ltd", "Two Ltd", "One Ltd"):
        assert harness.request("PUT", path, json={"legal_name": name}, headers=headers).json["legal_name"] == name
    assert post(harness).status_code == 200


def test_a_deletion_with_a_key_is_executed_each_time(harness: Harness) -> None:
    employee = harness.request("POST", "/employees", json={**EMPLOYEE, "employer_id": create_employer(harness)}).json[
        "id"
    ]
    child = {"first_name": "Sean", "last_name": "Doyle", "date_of_birth": "2019-02-03", "sex_at_birth": "male"}
    path = f"/employees/{employee}/associated_persons"
    created = harness.request("POST", path, json={**child, "relationship_type": "child"}).json["id"]
    headers = {"Idempotency-Key": "k1"}
    statuses = [harness.request("DELETE", f"{path}/{created}", headers=headers).status_code for _ in range(2)]
    assert statuses == [200, 404]


def test_a_response_is_stored_for_an_hour_of_the_sandbox_clock(harness: Harness) -> None:
    first = post(harness)
    harness.advance("3599999.999ms")
    assert post(harness).data == first.data
    harness.advance("0.001ms")
    assert post(harness).json["id"] != first.json["id"]
    assert count(harness) == 2


def test_two_api_keys_may_use_the_same_idempotency_key(harness: Harness) -> None:
    second = harness.admin("POST", f"{SANDBOX_PATH}/keys", {}).json["secret"]
    first = post(harness)
    other = harness.request("POST", "/employers", json=EMPLOYER, key=second, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, count(harness)) == (200, 2)
    assert other.json["id"] != first.json["id"]
    assert post(harness).data == first.data


@pytest.mark.parametrize(
    "options",
    [
        {"json": {**EMPLOYER, "legal_name": "Another Ltd"}},
        {"json": {**EMPLOYER, "metadata": {}}},
        {"path": "/employers?a=1"},
        {"path": "/groups", "json": {"employer_id": f"er_{HEX}", "name": "All"}},
        {"path": "/groups"},
    ],
    ids=["another value", "another field", "another query", "another endpoint and body", "another endpoint"],
)
def test_a_key_used_for_another_request_is_refused_and_still_replays_the_first(
    harness: Harness, options: dict[str, Any]
) -> None:
    first = post(harness)
    assert "another request" in conflict_detail(post(harness, **options))
    assert post(harness).data == first.data
    assert count(harness) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=4), inner, max_size=4),
    max_leaves=8,
)
NUMBERS = counting(1)
"""Numbers for unique idempotency keys."""
JSON_SPELLINGS: list[dict[str, Any]] = [
    {"indent": 2},
    {"separators": (",", ":")},
    {"sort_keys": True},
    {"ensure_ascii": False},
    {"separators": (" , ", "\t:\r\n")},
]


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reversed_keys(value[name]) for name in reversed(value)}
    return [reversed_keys(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def shared_harness() -> Harness:
    """A harness that the examples of a property test share; each example uses its own keys."""
    return make_empty_harness()


def send(harness: Harness, key: str, value: Any, **spelling: Any) -> ApiResponse:
    data = dumps(value, **spelling).encode()
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return harness.request("POST", "/employers", data=data, headers=headers)


def with_notes(value: Any) -> Any:
    """Returns an employer with a value in its metadata."""
    return {**EMPLOYER, "metadata": {"note": dumps(value)[:500]}}


@settings(max_examples=40, deadline=None)
@given(value=JSON, spelling=st.sampled_from(JSON_SPELLINGS), reordered=st.booleans())
def test_another_spelling_of_the_same_json_is_the_same_request(
    shared_harness: Harness, value: Any, spelling: dict[str, Any], reordered: bool
) -> None:
    body, key = with_notes(value), f"key-{next(NUMBERS)}"
    first = send(shared_harness, key, body)
    before = count(shared_harness)
    again = send(shared_harness, key, reversed_keys(body) if reordered else body, **spelling)
    assert (first.status_code, again.status_code, again.data, count(shared_harness)) == (200, 200, first.data, before)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(JSON, min_size=2, max_size=2, unique_by=dumps))
def test_different_json_is_never_the_same_request(shared_harness: Harness, values: list[Any]) -> None:
    key = f"key-{next(NUMBERS)}"
    first, second = (
        {**EMPLOYER, "metadata": {"note": dumps(value)[:40]}, "legal_name": dumps(value)} for value in values
    )
    created = send(shared_harness, key, first)
    before = count(shared_harness)
    assert conflict_detail(send(shared_harness, key, second))
    assert (created.status_code, count(shared_harness)) == (200, before)


REFUSED_REQUESTS: dict[str, tuple[str, Any, str]] = {
    "a wrong field": ("/employers", {**EMPLOYER, "contact": None}, "invalid_request"),
    "an unknown employer": ("/employees", {**EMPLOYEE, "employer_id": f"er_{HEX}"}, "invalid_request"),
    "an unknown id": (f"/employers/er_{HEX}/offboard", None, "not_found"),
    "an unknown group": ("/group_quote_intents", {"group_id": f"gr_{HEX}", "plan_id": f"pl_{HEX}"}, "not_found"),
}


@pytest.mark.parametrize("case", REFUSED_REQUESTS)
def test_a_refusal_is_not_stored_and_the_key_can_be_used_again(harness: Harness, case: str) -> None:
    path, body, code = REFUSED_REQUESTS[case]
    traces = set()
    for _ in range(2):
        response = post(harness, "k1", path, body)
        assert response.json["error_code"] == code
        traces.add(response.json["trace_id"])
    assert len(traces) == 2
    assert post(harness, "k1").status_code == 200


def test_an_operation_refused_by_its_state_can_be_retried_with_the_same_key(harness: Harness) -> None:
    id = post(harness, "made").json["id"]
    offboarding = {"offboard_on": "2026-04-01T00:00:00Z", "offboard_reason": "left"}
    employee = harness.request("POST", "/employees", json={**EMPLOYEE, "employer_id": id}).json["id"]
    cancel = f"/employees/{employee}/offboard/cancel"
    assert post(harness, "k1", cancel, None).json["error_code"] == "invalid_state"
    assert post(harness, "k2", f"/employees/{employee}/offboard", offboarding).status_code == 200
    assert post(harness, "k1", cancel, None).status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_failed_response_is_not_stored(harness: Harness, status: int) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "status", "status": status}}
    harness.admin("POST", f"{SANDBOX_PATH}/faults", rule)
    assert [post(harness).status_code for _ in range(3)] == [status, 200, 200]
    assert count(harness) == 1


def test_a_response_without_a_body_is_replayed_without_one(harness: Harness) -> None:
    path = f"/group_quote_intents/{create_available_quote(harness, create_staffed_group(harness))}/reject"
    first, second = post(harness, "k1", path, None), post(harness, "k1", path, None)
    assert [(each.status_code, each.data) for each in (first, second)] == [(204, b"")] * 2
    assert post(harness, "k2", path, None).json["error_code"] == "invalid_state"


def test_a_lost_response_is_fetched_again_with_the_same_key(harness: Harness) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "lost_response"}}
    harness.admin("POST", f"{SANDBOX_PATH}/faults", rule)
    with pytest.raises(KeyError, match=r"werkzeug\.socket"):
        post(harness)
    assert (post(harness).status_code, count(harness)) == (200, 1)


class Gate:
    """Blocks the first call that sleeps until ``opened`` is set; later calls pass."""

    def __init__(self) -> None:
        self.reached, self.opened = Event(), Event()

    def __call__(self, seconds: float) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(10)


def test_a_duplicate_of_a_request_in_progress_is_refused_and_can_be_retried(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, responses = Gate(), list[Any]()
    monkeypatch.setattr(edge, "sleep", gate)
    harness.admin("PATCH", SANDBOX_PATH, {"latency": {"type": "fixed", "ms": 50}})
    thread = Thread(target=lambda: responses.append(post(harness)))
    thread.start()
    assert gate.reached.wait(10)
    duplicate = post(harness)
    another = post(harness, "k2", json={**EMPLOYER, "metadata": {"by": "k2"}})
    gate.opened.set()
    thread.join(10)
    assert "being processed" in conflict_detail(duplicate)
    assert (another.status_code, responses[0].status_code) == (200, 200)
    assert post(harness).data == responses[0].data
    assert count(harness) == 2


def post_concurrently(harness: Harness, number: int, path: str, json: Any) -> list[ApiResponse]:
    """Returns the responses to ``number`` equal requests sent at the same time."""
    return concurrency.run_concurrently(number, lambda _nth: post(harness, "k1", path, json))


def test_a_hundred_equal_requests_at_once_make_one_object_and_one_event(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(PROVIDER, store=store)
    before, emitted = count(harness), len(events(harness, type="employer.created"))
    responses = post_concurrently(harness, 100, "/employers", EMPLOYER)
    statuses = Counter(response.status_code for response in responses)
    assert set(statuses) <= {200, 409}
    assert statuses[200] >= 1
    assert len({response.data for response in responses if response.status_code == 200}) == 1
    assert {response.json["error_code"] for response in responses if response.status_code == 409} <= {
        "idempotency_error"
    }
    assert (count(harness), len(events(harness, type="employer.created"))) == (before + 1, emitted + 1)
    store.close()


def test_a_stored_response_survives_a_restart_and_expires_after_an_hour(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(PROVIDER, store=store)
    first, before = post(harness), count(harness)
    different = {**EMPLOYER, "legal_name": "Another Ltd", "legal_address": ADDRESS}
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(PROVIDER, store=store)
    assert (post(harness).data, count(harness)) == (first.data, before)
    assert conflict_detail(post(harness, json=different))
    harness.advance("1h")
    assert post(harness, json=different).status_code == 200
    store.close()
