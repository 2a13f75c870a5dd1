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
from tests.support import simultaneous as crowds
from tests.support.kota_groups import quote, staffed
from tests.support.kota_world import ADDRESS, EMPLOYEE, EMPLOYER, S, employer, events, new_world, read
from tests.support.worlds import World, make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer

HEX = "0" * 32
POSTS = [op for op in PROVIDER.operations if op.method == "POST"]
OTHERS = [op for op in PROVIDER.operations if op.method != "POST"]


@pytest.fixture
def world() -> World:
    return new_world()


def post(world: World, key: str = "k1", path: str = "/employers", json: Any = EMPLOYER, **options: Any) -> Answer:
    """POST with an idempotency key."""
    body = {"json": json} if json is not None else {}
    return world.ask("POST", path, headers={"Idempotency-Key": key}, **body, **options)


def count(world: World) -> int:
    return int(read(world, "/employers")["total_count"])


def refused(answer: Answer) -> str:
    """The detail of the refusal of a key that is used otherwise."""
    said = answer.json
    assert (answer.status_code, said["error_code"], said["title"]) == (409, "idempotency_error", "Idempotency error")
    assert said["type"] == "https://tools.ietf.org/html/rfc9110#section-15.5.10"
    return str(said["detail"])


def test_the_same_request_is_done_once_and_answered_with_the_same_bytes(world: World) -> None:
    first = post(world)
    world.advance("5s")
    second = post(world)
    assert first.status_code == second.status_code == 200
    assert (first.data, first.headers["Content-Type"]) == (second.data, second.headers["Content-Type"])
    assert count(world) == 1
    # The employer is active by now: the answer is the stored one.
    assert (second.json["status"], read(world, f"/employers/{second.json['id']}")["status"]) == ("pending", "active")


def test_nothing_marks_a_replay(world: World) -> None:
    first, second = post(world), post(world)
    assert set(first.headers) == set(second.headers)


def test_without_a_key_every_request_is_done(world: World) -> None:
    assert employer(world) != employer(world)


def filled(operation: Operation) -> str:
    """An operation's path with ids that name nothing."""
    return operation.path.replace("{", "er_").replace("}", HEX)


@pytest.mark.parametrize("operation", POSTS, ids=[op.name for op in POSTS])
def test_every_post_refuses_a_key_that_is_too_long_by_its_name(world: World, operation: Operation) -> None:
    answer = post(world, "k" * 201, filled(operation), {})
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_request")
    said = "idempotency-key must have 1 to 200 printable characters"
    expected: Any = {"Idempotency-Key": [said]}
    if operation.name == "submit_requirement_answers":
        expected = [{"field_id": "Idempotency-Key", "error_type": "invalid", "message": said}]
    assert answer.json["errors"] == expected


@pytest.mark.parametrize("operation", OTHERS, ids=[op.name for op in OTHERS])
def test_no_other_method_looks_at_the_key(world: World, operation: Operation) -> None:
    body: Any = {"json": {}} if operation.body else {}
    keyed = world.ask(operation.method, filled(operation), headers={"Idempotency-Key": "k" * 201}, **body)
    plain = world.ask(operation.method, filled(operation), **body)
    assert keyed.status_code == plain.status_code
    assert {**keyed.json, "trace_id": ""} == {**plain.json, "trace_id": ""}


def test_a_key_of_200_characters_is_one(world: World) -> None:
    assert post(world, "k" * 200).data == post(world, "k" * 200).data
    assert count(world) == 1


@pytest.mark.parametrize("key", ["", " ", "a\tb", "caf\xe9", "\x7f"])
def test_a_key_that_is_none_is_refused_by_its_name_and_nothing_is_done(world: World, key: str) -> None:
    answer = world.ask("POST", "/employers", json=EMPLOYER, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["Idempotency-Key"])
    assert count(world) == 0


def test_an_update_with_a_key_is_made_each_time(world: World) -> None:
    path, headers = f"/employers/{employer(world)}", {"Idempotency-Key": "k1"}
    for name in ("One Ltd", "Two Ltd", "One Ltd"):
        assert world.ask("PUT", path, json={"legal_name": name}, headers=headers).json["legal_name"] == name
    assert post(world).status_code == 200


def test_a_deletion_with_a_key_is_tried_each_time(world: World) -> None:
    someone = world.ask("POST", "/employees", json={**EMPLOYEE, "employer_id": employer(world)}).json["id"]
    child = {"first_name": "Sean", "last_name": "Doyle", "date_of_birth": "2019-02-03", "sex_at_birth": "male"}
    several = f"/employees/{someone}/associated_persons"
    made = world.ask("POST", several, json={**child, "relationship_type": "child"}).json["id"]
    headers = {"Idempotency-Key": "k1"}
    statuses = [world.ask("DELETE", f"{several}/{made}", headers=headers).status_code for _ in range(2)]
    assert statuses == [200, 404]


def test_an_answer_is_kept_for_an_hour_on_the_sandboxs_clock(world: World) -> None:
    first = post(world)
    world.advance("3599999.999ms")
    assert post(world).data == first.data
    world.advance("0.001ms")
    assert post(world).json["id"] != first.json["id"]
    assert count(world) == 2


def test_two_api_keys_may_use_the_same_idempotency_key(world: World) -> None:
    second = world.admin("POST", f"{S}/keys", {}).json["secret"]
    first = post(world)
    other = world.ask("POST", "/employers", json=EMPLOYER, key=second, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, count(world)) == (200, 2)
    assert other.json["id"] != first.json["id"]
    assert post(world).data == first.data


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
    world: World, options: dict[str, Any]
) -> None:
    first = post(world)
    assert "another request" in refused(post(world, **options))
    assert post(world).data == first.data
    assert count(world) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=4), inner, max_size=4),
    max_leaves=8,
)
NUMBERS = counting(1)
"""No two examples use the same idempotency key."""
SPELLED: list[dict[str, Any]] = [
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
def busy() -> World:
    """A world that the examples of an invariant share, which each use keys of their own."""
    return new_world()


def send(world: World, key: str, value: Any, **spelling: Any) -> Answer:
    data = dumps(value, **spelling).encode()
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return world.ask("POST", "/employers", data=data, headers=headers)


def with_notes(value: Any) -> Any:
    """An employer whose metadata hold any text."""
    return {**EMPLOYER, "metadata": {"note": dumps(value)[:500]}}


@settings(max_examples=40, deadline=None)
@given(value=JSON, spelling=st.sampled_from(SPELLED), turned=st.booleans())
def test_another_spelling_of_the_same_json_is_the_same_request(
    busy: World, value: Any, spelling: dict[str, Any], turned: bool
) -> None:
    body, key = with_notes(value), f"key-{next(NUMBERS)}"
    first = send(busy, key, body)
    before = count(busy)
    again = send(busy, key, reversed_keys(body) if turned else body, **spelling)
    assert (first.status_code, again.status_code, again.data, count(busy)) == (200, 200, first.data, before)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(JSON, min_size=2, max_size=2, unique_by=dumps))
def test_another_json_is_never_the_same_request(busy: World, values: list[Any]) -> None:
    key = f"key-{next(NUMBERS)}"
    first, second = (
        {**EMPLOYER, "metadata": {"note": dumps(value)[:40]}, "legal_name": dumps(value)} for value in values
    )
    made = send(busy, key, first)
    before = count(busy)
    assert refused(send(busy, key, second))
    assert (made.status_code, count(busy)) == (200, before)


WRONG: dict[str, tuple[str, Any, str]] = {
    "a wrong field": ("/employers", {**EMPLOYER, "contact": None}, "invalid_request"),
    "an unknown employer": ("/employees", {**EMPLOYEE, "employer_id": f"er_{HEX}"}, "invalid_request"),
    "an unknown id": (f"/employers/er_{HEX}/offboard", None, "not_found"),
    "an unknown group": ("/group_quote_intents", {"group_id": f"gr_{HEX}", "plan_id": f"pl_{HEX}"}, "not_found"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_was_refused_is_not_kept_and_leaves_the_key_usable(world: World, what: str) -> None:
    path, body, code = WRONG[what]
    traces = set()
    for _ in range(2):
        answer = post(world, "k1", path, body)
        assert answer.json["error_code"] == code
        traces.add(answer.json["trace_id"])
    assert len(traces) == 2
    assert post(world, "k1").status_code == 200


def test_an_operation_that_is_illegal_now_can_be_tried_again_with_the_same_key(world: World) -> None:
    id = post(world, "made").json["id"]
    left = {"offboard_on": "2026-04-01T00:00:00Z", "offboard_reason": "left"}
    someone = world.ask("POST", "/employees", json={**EMPLOYEE, "employer_id": id}).json["id"]
    cancel = f"/employees/{someone}/offboard/cancel"
    assert post(world, "k1", cancel, None).json["error_code"] == "invalid_state"
    assert post(world, "k2", f"/employees/{someone}/offboard", left).status_code == 200
    assert post(world, "k1", cancel, None).status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_failed_is_not_kept(world: World, status: int) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "status", "status": status}}
    world.admin("POST", f"{S}/faults", rule)
    assert [post(world).status_code for _ in range(3)] == [status, 200, 200]
    assert count(world) == 1


def test_an_answer_without_a_body_is_replayed_without_one(world: World) -> None:
    path = f"/group_quote_intents/{quote(world, staffed(world))}/reject"
    first, second = post(world, "k1", path, None), post(world, "k1", path, None)
    assert [(each.status_code, each.data) for each in (first, second)] == [(204, b"")] * 2
    assert post(world, "k2", path, None).json["error_code"] == "invalid_state"


def test_a_lost_response_is_fetched_again_with_the_same_key(world: World) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "lost_response"}}
    world.admin("POST", f"{S}/faults", rule)
    with pytest.raises(KeyError, match=r"werkzeug\.socket"):
        post(world)
    assert (post(world).status_code, count(world)) == (200, 1)


class Gate:
    """Holds the first call that waits until it is opened; later ones pass."""

    def __init__(self) -> None:
        self.reached, self.opened = Event(), Event()

    def __call__(self, seconds: float) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(10)


def test_a_duplicate_meets_the_first_under_way_and_can_be_retried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, answers = Gate(), list[Any]()
    monkeypatch.setattr(edge, "sleep", gate)
    world.admin("PATCH", S, {"latency": {"type": "fixed", "ms": 50}})
    thread = Thread(target=lambda: answers.append(post(world)))
    thread.start()
    assert gate.reached.wait(10)
    while_under_way = post(world)
    another = post(world, "k2", json={**EMPLOYER, "metadata": {"by": "k2"}})
    gate.opened.set()
    thread.join(10)
    assert "being processed" in refused(while_under_way)
    assert (another.status_code, answers[0].status_code) == (200, 200)
    assert post(world).data == answers[0].data
    assert count(world) == 2


def at_once(world: World, number: int, path: str, json: Any) -> list[Answer]:
    """The answers to so many equal requests that all begin at the same moment."""
    return crowds.at_once(number, lambda _nth: post(world, "k1", path, json))


def test_a_hundred_equal_requests_at_once_make_one_object_and_one_event(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    world = make_world(PROVIDER, store=store)
    before, told = count(world), len(events(world, type="employer.created"))
    answers = at_once(world, 100, "/employers", EMPLOYER)
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    assert statuses[200] >= 1
    assert len({answer.data for answer in answers if answer.status_code == 200}) == 1
    assert {answer.json["error_code"] for answer in answers if answer.status_code == 409} <= {"idempotency_error"}
    assert (count(world), len(events(world, type="employer.created"))) == (before + 1, told + 1)
    store.close()


def test_what_was_kept_outlives_a_restart_and_ends_with_its_hour(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    world = make_world(PROVIDER, store=store)
    first, before = post(world), count(world)
    different = {**EMPLOYER, "legal_name": "Another Ltd", "legal_address": ADDRESS}
    store.close()
    store = TinyStore(tmp_path)
    world = make_world(PROVIDER, store=store)
    assert (post(world).data, count(world)) == (first.data, before)
    assert refused(post(world, json=different))
    world.advance("1h")
    assert post(world, json=different).status_code == 200
    store.close()
