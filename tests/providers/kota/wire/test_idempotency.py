"""Kota's idempotency keys: what is sent twice is done once, for an hour, and answered as the first time."""

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
from tests.support import concurrency as crowds
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
    """POST with an idempotency key."""
    body = {"json": json} if json is not None else {}
    return harness.request("POST", path, headers={"Idempotency-Key": key}, **body, **options)


def count(harness: Harness) -> int:
    return int(fetch(harness, "/employers")["total_count"])


def conflict_detail(answer: ApiResponse) -> str:
    """The detail of the refusal of a key that is used otherwise."""
    said = answer.json
    assert (answer.status_code, said["error_code"], said["title"]) == (409, "idempotency_error", "Idempotency error")
    assert said["type"] == "https://tools.ietf.org/html/rfc9110#section-15.5.10"
    return str(said["detail"])


def test_the_same_request_is_done_once_and_answered_with_the_same_bytes(harness: Harness) -> None:
    first = post(harness)
    harness.advance("5s")
    second = post(harness)
    assert first.status_code == second.status_code == 200
    assert (first.data, first.headers["Content-Type"]) == (second.data, second.headers["Content-Type"])
    assert count(harness) == 1
    # The employer is active by now: the answer is the stored one.
    assert (second.json["status"], fetch(harness, f"/employers/{second.json['id']}")["status"]) == ("pending", "active")


def test_nothing_marks_a_replay(harness: Harness) -> None:
    first, second = post(harness), post(harness)
    assert set(first.headers) == set(second.headers)


def test_without_a_key_every_request_is_done(harness: Harness) -> None:
    assert create_employer(harness) != create_employer(harness)


def fill_path(operation: Operation) -> str:
    """An operation's path with ids that name nothing."""
    return operation.path.replace("{", "er_").replace("}", HEX)


@pytest.mark.parametrize("operation", POSTS, ids=[op.name for op in POSTS])
def test_every_post_refuses_a_key_that_is_too_long_by_its_name(harness: Harness, operation: Operation) -> None:
    answer = post(harness, "k" * 201, fill_path(operation), {})
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_request")
    said = "idempotency-key must have 1 to 200 printable characters"
    expected: Any = {"Idempotency-Key": [said]}
    if operation.name == "submit_requirement_answers":
        expected = [{"field_id": "Idempotency-Key", "error_type": "invalid", "message": said}]
    assert answer.json["errors"] == expected


@pytest.mark.parametrize("operation", OTHERS, ids=[op.name for op in OTHERS])
def test_no_other_method_looks_at_the_key(harness: Harness, operation: Operation) -> None:
    body: Any = {"json": {}} if operation.body else {}
    keyed = harness.request(operation.method, fill_path(operation), headers={"Idempotency-Key": "k" * 201}, **body)
    plain = harness.request(operation.method, fill_path(operation), **body)
    assert keyed.status_code == plain.status_code
    assert {**keyed.json, "trace_id": ""} == {**plain.json, "trace_id": ""}


def test_a_key_of_200_characters_is_one(harness: Harness) -> None:
    assert post(harness, "k" * 200).data == post(harness, "k" * 200).data
    assert count(harness) == 1


@pytest.mark.parametrize("key", ["", " ", "a\tb", "caf\xe9", "\x7f"])
def test_a_key_that_is_none_is_refused_by_its_name_and_nothing_is_done(harness: Harness, key: str) -> None:
    answer = harness.request("POST", "/employers", json=EMPLOYER, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["Idempotency-Key"])
    assert count(harness) == 0


def test_an_update_with_a_key_is_made_each_time(harness: Harness) -> None:
    path, headers = f"/employers/{create_employer(harness)}", {"Idempotency-Key": "k1"}
    for name in ("One Ltd", "Two Ltd", "One Ltd"):
        assert harness.request("PUT", path, json={"legal_name": name}, headers=headers).json["legal_name"] == name
    assert post(harness).status_code == 200


def test_a_deletion_with_a_key_is_tried_each_time(harness: Harness) -> None:
    someone = harness.request("POST", "/employees", json={**EMPLOYEE, "employer_id": create_employer(harness)}).json[
        "id"
    ]
    child = {"first_name": "Sean", "last_name": "Doyle", "date_of_birth": "2019-02-03", "sex_at_birth": "male"}
    several = f"/employees/{someone}/associated_persons"
    made = harness.request("POST", several, json={**child, "relationship_type": "child"}).json["id"]
    headers = {"Idempotency-Key": "k1"}
    statuses = [harness.request("DELETE", f"{several}/{made}", headers=headers).status_code for _ in range(2)]
    assert statuses == [200, 404]


def test_an_answer_is_kept_for_an_hour_on_the_sandboxs_clock(harness: Harness) -> None:
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
def test_a_key_that_was_used_for_something_else_is_refused_and_still_stands_for_the_first(
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
"""No two examples use the same idempotency key."""
JSON_SPELLINGS: list[dict[str, Any]] = [
    {"indent": 2},
    {"separators": (",", ":")},
    {"sort_keys": True},
    {"ensure_ascii": False},
    {"separators": (" , ", "\t:\r\n")},
]


def reversed_keys(value: Any) -> Any:
    """The same JSON, its members in the other order."""
    if isinstance(value, dict):
        return {name: reversed_keys(value[name]) for name in reversed(value)}
    return [reversed_keys(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def slow_harness() -> Harness:
    """A world that the examples of an invariant share, which each use keys of their own."""
    return make_empty_harness()


def send(harness: Harness, key: str, value: Any, **spelling: Any) -> ApiResponse:
    data = dumps(value, **spelling).encode()
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return harness.request("POST", "/employers", data=data, headers=headers)


def with_notes(value: Any) -> Any:
    """An employer whose metadata hold any text."""
    return {**EMPLOYER, "metadata": {"note": dumps(value)[:500]}}


@settings(max_examples=40, deadline=None)
@given(value=JSON, spelling=st.sampled_from(JSON_SPELLINGS), turned=st.booleans())
def test_another_spelling_of_the_same_json_is_the_same_request(
    slow_harness: Harness, value: Any, spelling: dict[str, Any], turned: bool
) -> None:
    body, key = with_notes(value), f"key-{next(NUMBERS)}"
    first = send(slow_harness, key, body)
    before = count(slow_harness)
    again = send(slow_harness, key, reversed_keys(body) if turned else body, **spelling)
    assert (first.status_code, again.status_code, again.data, count(slow_harness)) == (200, 200, first.data, before)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(JSON, min_size=2, max_size=2, unique_by=dumps))
def test_another_json_is_never_the_same_request(slow_harness: Harness, values: list[Any]) -> None:
    key = f"key-{next(NUMBERS)}"
    first, second = (
        {**EMPLOYER, "metadata": {"note": dumps(value)[:40]}, "legal_name": dumps(value)} for value in values
    )
    made = send(slow_harness, key, first)
    before = count(slow_harness)
    assert conflict_detail(send(slow_harness, key, second))
    assert (made.status_code, count(slow_harness)) == (200, before)


WRONG: dict[str, tuple[str, Any, str]] = {
    "a wrong field": ("/employers", {**EMPLOYER, "contact": None}, "invalid_request"),
    "an unknown employer": ("/employees", {**EMPLOYEE, "employer_id": f"er_{HEX}"}, "invalid_request"),
    "an unknown id": (f"/employers/er_{HEX}/offboard", None, "not_found"),
    "an unknown group": ("/group_quote_intents", {"group_id": f"gr_{HEX}", "plan_id": f"pl_{HEX}"}, "not_found"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_was_refused_is_not_kept_and_leaves_the_key_usable(harness: Harness, what: str) -> None:
    path, body, code = WRONG[what]
    traces = set()
    for _ in range(2):
        answer = post(harness, "k1", path, body)
        assert answer.json["error_code"] == code
        traces.add(answer.json["trace_id"])
    assert len(traces) == 2
    assert post(harness, "k1").status_code == 200


def test_an_operation_that_is_illegal_now_can_be_tried_again_with_the_same_key(harness: Harness) -> None:
    id = post(harness, "made").json["id"]
    left = {"offboard_on": "2026-04-01T00:00:00Z", "offboard_reason": "left"}
    someone = harness.request("POST", "/employees", json={**EMPLOYEE, "employer_id": id}).json["id"]
    cancel = f"/employees/{someone}/offboard/cancel"
    assert post(harness, "k1", cancel, None).json["error_code"] == "invalid_state"
    assert post(harness, "k2", f"/employees/{someone}/offboard", left).status_code == 200
    assert post(harness, "k1", cancel, None).status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_failed_is_not_kept(harness: Harness, status: int) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "status", "status": status}}
    harness.admin("POST", f"{SANDBOX_PATH}/faults", rule)
    assert [post(harness).status_code for _ in range(3)] == [status, 200, 200]
    assert count(harness) == 1


def test_an_answer_without_a_body_is_replayed_without_one(harness: Harness) -> None:
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
    """Holds the first call that waits until it is opened; later ones pass."""

    def __init__(self) -> None:
        self.reached, self.opened = Event(), Event()

    def __call__(self, seconds: float) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(10)


def test_a_duplicate_meets_the_first_under_way_and_can_be_retried(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, answers = Gate(), list[Any]()
    monkeypatch.setattr(edge, "sleep", gate)
    harness.admin("PATCH", SANDBOX_PATH, {"latency": {"type": "fixed", "ms": 50}})
    thread = Thread(target=lambda: answers.append(post(harness)))
    thread.start()
    assert gate.reached.wait(10)
    while_under_way = post(harness)
    another = post(harness, "k2", json={**EMPLOYER, "metadata": {"by": "k2"}})
    gate.opened.set()
    thread.join(10)
    assert "being processed" in conflict_detail(while_under_way)
    assert (another.status_code, answers[0].status_code) == (200, 200)
    assert post(harness).data == answers[0].data
    assert count(harness) == 2


def post_concurrently(harness: Harness, number: int, path: str, json: Any) -> list[ApiResponse]:
    """The answers to so many equal requests that all begin at the same moment."""
    return crowds.run_concurrently(number, lambda _nth: post(harness, "k1", path, json))


def test_a_hundred_equal_requests_at_once_make_one_object_and_one_event(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(PROVIDER, store=store)
    before, told = count(harness), len(events(harness, type="employer.created"))
    answers = post_concurrently(harness, 100, "/employers", EMPLOYER)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    assert statuses[200] >= 1
    assert len({answer.data for answer in answers if answer.status_code == 200}) == 1
    assert {answer.json["error_code"] for answer in answers if answer.status_code == 409} <= {"idempotency_error"}
    assert (count(harness), len(events(harness, type="employer.created"))) == (before + 1, told + 1)
    store.close()


def test_what_was_kept_outlives_a_restart_and_ends_with_its_hour(tmp_path: Path) -> None:
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
