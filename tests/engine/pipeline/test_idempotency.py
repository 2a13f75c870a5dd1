"""Idempotency keys: a repeated request is executed once and replayed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import SECOND, IdempotencyPolicy, Reply
from mockserver.engine.pipeline import idempotency
from mockserver.http import edge
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness

REPLAY_HEADER = "Idempotent-Replayed"


def post(harness: Harness, key: str | None = "k1", **options: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    options.setdefault("json", {"text": "hello"})
    return harness.request("POST", options.pop("path", "/v1/notes"), headers=headers, **options)


def notes(harness: Harness) -> list[str]:
    return [note["text"] for note in harness.request("GET", "/v1/notes").json["data"]]


def test_a_repeated_request_is_replayed_byte_for_byte_and_executed_once(acme: Harness) -> None:
    first, second = post(acme), post(acme)
    assert (
        (first.status_code, first.data) == (second.status_code, second.data) == (201, b'{"id":"note_1","text":"hello"}')
    )
    assert (first.headers.get(REPLAY_HEADER), second.headers.get(REPLAY_HEADER)) == (None, "true")
    assert notes(acme) == ["hello"]


def test_a_replay_has_the_headers_of_the_first_response_and_a_new_date(acme: Harness) -> None:
    first = post(acme)
    acme.advance("60s")
    second = post(acme)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers.getlist("X-Acme") == ["1"]
    assert (first.headers["Date"], second.headers["Date"]) == (
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "Sun, 01 Mar 2026 12:01:00 GMT",
    )


def test_without_an_idempotency_key_every_request_is_executed(acme: Harness) -> None:
    assert [post(acme, None).json["id"] for _ in range(2)] == ["note_1", "note_2"]


@pytest.mark.parametrize(
    "other",
    [
        {"json": {"text": "other"}},
        {"data": b'{ "text":"hello" }', "json": None, "content_type": "application/json"},
        {"query_string": "a=1"},
    ],
)
def test_another_request_with_the_same_key_is_refused_and_not_executed(acme: Harness, other: dict[str, Any]) -> None:
    post(acme)
    refused = post(acme, **other)
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_mismatch")
    assert notes(acme) == ["hello"]


def test_the_same_body_to_another_path_with_the_same_key_is_refused() -> None:
    create = next(op for op in ACME.operations if op.name == "create_note")
    draft = replace(create, name="create_draft", path="/v1/drafts")
    harness = make_harness(replace(ACME, operations=(*ACME.operations, draft)))
    assert [post(harness).status_code, post(harness, path="/v1/drafts").status_code] == [201, 422]


def test_a_mismatch_keeps_the_first_response(acme: Harness) -> None:
    first = post(acme)
    post(acme, json={"text": "other"})
    assert post(acme).data == first.data


def test_the_order_of_the_query_does_not_make_another_request(acme: Harness) -> None:
    assert post(acme, query_string="a=1&b=2").status_code == 201
    assert post(acme, query_string="b=2&a=1").headers[REPLAY_HEADER] == "true"


class Gate:
    """Blocks the first call that waits until it is opened; later calls pass."""

    def __init__(self) -> None:
        self.reached, self.opened = Event(), Event()

    def __call__(self, seconds: float) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(10)


@pytest.fixture
def gate(acme: Harness, monkeypatch: pytest.MonkeyPatch) -> Gate:
    blocker = Gate()
    acme.admin("PATCH", "/sandboxes/acme", {"latency": {"type": "fixed", "ms": 50}})
    monkeypatch.setattr(edge, "sleep", blocker)
    return blocker


def start_blocked_post(harness: Harness, gate: Gate, responses: list[Any], **options: Any) -> Thread:
    thread = Thread(target=lambda: responses.append(post(harness, **options)))
    thread.start()
    assert gate.reached.wait(10)
    return thread


def test_an_equal_request_is_refused_while_the_first_is_in_flight(acme: Harness, gate: Gate) -> None:
    responses: list[Any] = []
    thread = start_blocked_post(acme, gate, responses)
    refused = post(acme)
    gate.opened.set()
    thread.join(10)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_in_flight")
    assert responses[0].status_code == 201
    assert post(acme).data == responses[0].data
    assert notes(acme) == ["hello"]


def test_requests_with_other_keys_or_no_key_do_not_wait(acme: Harness, gate: Gate) -> None:
    responses: list[Any] = []
    thread = start_blocked_post(acme, gate, responses)
    assert [post(acme, "k2").status_code, post(acme, None).status_code] == [201, 201]
    gate.opened.set()
    thread.join(10)
    assert len(notes(acme)) == 3


def test_api_keys_and_sandboxes_have_separate_idempotency_keys(acme: Harness, gate: Gate) -> None:
    second = acme.admin("POST", "/sandboxes/acme/keys", {}).json["secret"]
    acme.engine.create("acme", "other")
    responses: list[Any] = []
    thread = start_blocked_post(acme, gate, responses)
    by_key = acme.request("POST", "/v1/notes", key=second, headers={"Idempotency-Key": "k1"}, json={"text": "second"})
    by_sandbox = post(acme, sandbox="other", json={"text": "third"})
    gate.opened.set()
    thread.join(10)
    assert [by_key.status_code, by_sandbox.status_code, responses[0].status_code] == [201, 201, 201]


def test_a_provider_may_share_idempotency_keys_between_api_keys() -> None:
    shared = replace(ACME, idempotency=IdempotencyPolicy(per_key=False, replay_header=None))
    harness = make_harness(shared)
    second = harness.admin("POST", "/sandboxes/acme/keys", {}).json["secret"]
    first = post(harness)
    again = harness.request("POST", "/v1/notes", key=second, headers={"Idempotency-Key": "k1"}, json={"text": "hello"})
    assert again.data == first.data
    assert REPLAY_HEADER not in again.headers
    assert notes(harness) == ["hello"]


@pytest.mark.parametrize("delayed", [False, True])
def test_a_hundred_concurrent_equal_requests_create_one_record(acme: Harness, delayed: bool) -> None:
    if delayed:
        acme.admin("PATCH", "/sandboxes/acme", {"latency": {"type": "fixed", "ms": 1}})
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda _: post(acme), range(100)))
    good = [response for response in responses if response.status_code == 201]
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.data for response in good}) == 1
    assert sum(REPLAY_HEADER not in response.headers for response in good) == 1
    assert notes(acme) == ["hello"]


def test_a_response_is_replayed_until_its_exact_expiry(acme: Harness) -> None:
    first = post(acme)
    acme.advance("3599999.999ms")
    assert post(acme).data == first.data
    acme.advance("0.001ms")
    assert (post(acme).json["id"], len(notes(acme))) == ("note_2", 2)


def test_a_replay_does_not_extend_the_lifetime(acme: Harness) -> None:
    post(acme)
    acme.advance("59m")
    post(acme)
    acme.advance("1m")
    assert post(acme).json["id"] == "note_2"


def test_a_request_executed_again_after_the_expiry_is_stored_again(acme: Harness) -> None:
    post(acme)
    acme.advance("1h")
    post(acme)
    acme.advance("59m")
    assert post(acme).json["id"] == "note_2"


def test_a_get_with_an_idempotency_key_is_not_stored(acme: Harness) -> None:
    headers = {"Idempotency-Key": "k1"}
    acme.request("GET", "/v1/notes", headers=headers)
    post(acme, "k2")
    response = acme.request("GET", "/v1/notes", headers=headers)
    assert (len(response.json["data"]), response.headers.get(REPLAY_HEADER)) == (1, None)
    assert post(acme, "k1").status_code == 201


@pytest.mark.parametrize(
    ("one", "two"),
    [("abc", '"abc"'), ('"abc"', "abc"), ("abc", " abc "), ('""x""', '""x""'), ("a" * 64, f'"{"a" * 64}"')],
)
def test_a_bare_and_a_quoted_key_are_the_same(acme: Harness, one: str, two: str) -> None:
    assert post(acme, one).status_code == 201
    assert post(acme, two).headers[REPLAY_HEADER] == "true"


@pytest.mark.parametrize(("one", "two"), [("abc", "ABC"), ("abc", "abd"), ("a" * 63, "a" * 64), ("a,b", "a")])
def test_different_keys_are_different_requests(acme: Harness, one: str, two: str) -> None:
    assert [post(acme, one).json["id"], post(acme, two).json["id"]] == ["note_1", "note_2"]


@pytest.mark.parametrize("key", ["", " ", '""', "a" * 65, f'"{"a" * 65}"', "a\tb", "a\x7f", "caf\xe9", "\x01"])
def test_an_invalid_idempotency_key_is_refused(acme: Harness, key: str) -> None:
    refused = acme.request("POST", "/v1/notes", json={"text": "x"}, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert (refused.status_code, refused.json["code"]) == (400, "idempotency_key_invalid")
    assert "64" in refused.json["detail"]
    assert notes(acme) == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"text": ""}}, 400),
        ({"json": None, "data": b"{"}, 400),
        ({"json": {"text": "x" * 2_000_000}}, 413),
        ({"key": "nobody"}, 401),
    ],
)
def test_a_refused_request_is_neither_stored_nor_claimed(acme: Harness, options: dict[str, Any], status: int) -> None:
    headers = {"Idempotency-Key": "k1"}
    for _ in range(2):
        refused = acme.request("POST", "/v1/notes", headers=headers, **options)
        assert (refused.status_code, REPLAY_HEADER in refused.headers) == (status, False)
    assert post(acme).status_code == 201


def test_a_stored_response_survives_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    first = post(make_harness(ACME, store=store))
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME, store=store)
    assert (post(harness).data, notes(harness)) == (first.data, ["hello"])
    store.close()


def test_a_stored_response_survives_a_crash(tmp_path: Path) -> None:
    first = post(make_harness(ACME, store=TinyStore(tmp_path / "a")))
    # After a crash the disk has what is there while the store is still open.
    copied = tmp_path / "b"
    (copied / "sandboxes").mkdir(parents=True)
    for file in (tmp_path / "a" / "sandboxes").iterdir():
        (copied / "sandboxes" / file.name).write_bytes(file.read_bytes())
    store = TinyStore(copied)
    again = post(make_harness(ACME, store=store))
    store.close()
    assert (again.data, again.headers.get(REPLAY_HEADER)) == (first.data, "true")


def test_a_bug_in_the_operation_releases_the_claim(acme: Harness) -> None:
    broken = [True]

    def create(call: Any) -> Any:
        if broken:
            broken.clear()
            call.space.put("notes", {"id": "half", "text": "half"})
            raise RuntimeError("a bug, on purpose")
        return next(op for op in ACME.operations if op.name == "create_note").perform(call)

    operations = tuple(replace(op, perform=create) if op.name == "create_note" else op for op in ACME.operations)
    harness = make_harness(replace(ACME, operations=operations))
    harness.engine.propagate = False
    assert post(harness).headers["X-Testmode-Bug"] == "1"
    assert (post(harness).status_code, notes(harness)) == (201, ["hello"])


def test_a_lost_response_is_replayed_for_the_same_key(acme: Harness) -> None:
    rule = {"id": "lost", "trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "lost_response"}}
    acme.admin("POST", "/sandboxes/acme/faults", rule)
    with pytest.raises(KeyError, match=r"werkzeug\.socket"):
        post(acme)
    again = post(acme)
    assert (again.status_code, again.headers[REPLAY_HEADER], notes(acme)) == (201, "true", ["hello"])


def test_a_status_fault_is_not_stored(acme: Harness) -> None:
    rule = {"trigger": {"times": 1}, "match": {"method": "POST"}, "fault": {"kind": "status", "status": 503}}
    acme.admin("POST", "/sandboxes/acme/faults", rule)
    assert [post(acme).status_code for _ in range(2)] == [503, 201]


def test_a_reset_removes_stored_responses(acme: Harness) -> None:
    post(acme)
    acme.admin("POST", "/sandboxes/acme/reset")
    assert REPLAY_HEADER not in post(acme).headers


def test_a_replay_is_not_delayed_and_is_noted_in_the_journal(acme: Harness) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"latency": {"type": "fixed", "ms": 250}})
    post(acme)
    post(acme)
    trace = acme.admin("GET", "/sandboxes/acme/requests/req_2").json["trace"]
    assert acme.sleeps == [0.25]
    assert (trace[-1]["stage"], trace[-1]["note"]) == ("idempotency", "replayed")


def test_moving_the_clock_back_keeps_a_stored_response(acme: Harness) -> None:
    acme.advance("2h")
    first = post(acme)
    acme.sandbox.set_clock(replace(acme.sandbox.clock, frozen_at=SECOND))
    assert post(acme).data == first.data


@pytest.fixture
def canonical() -> Harness:
    """A provider that compares request bodies as canonical JSON."""
    return make_harness(replace(ACME, idempotency=IdempotencyPolicy(compares_canonical_json=True)))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (b'{"text": "a", "weight": 1.5}', b'{ "weight":1.5,"text":"\\u0061" }'),
        (b'{"text": "a", "x": {"b": [1, 2], "a": null}}', b'{"x": {"a": null, "b": [1,2]}, "text": "a"}'),
    ],
)
def test_canonical_comparison_ignores_the_formatting_of_bodies(canonical: Harness, one: bytes, two: bytes) -> None:
    assert post(canonical, json=None, data=one, content_type="application/json").status_code == 201
    assert post(canonical, json=None, data=two, content_type="application/json").headers[REPLAY_HEADER] == "true"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (b'{"text": "a"}', b'{"text": "b"}'),
        (b'{"text": "a", "x": [1, 2]}', b'{"text": "a", "x": [2, 1]}'),
        (b'{"text": "a"}', b"text"),
        (b'{"text": "a"}', b'{"text": "a", "weight": NaN}'),
    ],
)
def test_canonical_comparison_tells_different_values_apart(canonical: Harness, one: bytes, two: bytes) -> None:
    assert post(canonical, json=None, data=one, content_type="application/json").status_code == 201
    assert post(canonical, json=None, data=two, content_type="application/json").status_code == 422


def test_bodies_that_are_not_json_are_compared_byte_by_byte() -> None:
    create = next(op for op in ACME.operations if op.name == "create_note")
    ping = replace(
        create,
        path="/v1/ping",
        body=None,
        perform=lambda call: Reply(201, [("Content-Type", "application/json")], call.data),
    )
    harness = make_harness(
        replace(ACME, operations=(ping,), idempotency=IdempotencyPolicy(compares_canonical_json=True))
    )
    bodies = (b'{"a": NaN}', b'{"a": NaN}', b'{"a":NaN}', b"{")
    statuses = [post(harness, path="/v1/ping", json=None, data=body).status_code for body in bodies]
    assert statuses == [201, 201, 422, 422]


def test_a_response_stored_again_is_the_newest_and_is_dropped_last(
    acme: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_IDEMPOTENCY_RECORDS", 2)
    post(acme, "first")
    acme.advance("30m")
    post(acme, "second")
    acme.advance("30m")
    for key in ("first", "third"):
        assert REPLAY_HEADER not in post(acme, key).headers
    assert [REPLAY_HEADER in post(acme, key).headers for key in ("first", "third")] == [True, True]
