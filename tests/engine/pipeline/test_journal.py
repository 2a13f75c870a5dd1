"""The journal: its entries, bounds, queries and verification of calls."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import Call, Journals, Match, Reply
from mockserver.engine.pipeline.journal import ENTRY_OVERHEAD_BYTES, MAX_SHOWN_BODY_BYTES, Entry, Journal, render_body
from mockserver.engine.pipeline.journal import journal as write_down
from mockserver.http import edge
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness

REQUESTS = "/sandboxes/acme/requests"


def list_entries(harness: Harness, query: str = "") -> Any:
    return harness.admin("GET", f"{REQUESTS}{query}").json


def get_entry(harness: Harness, id: str) -> Any:
    return harness.admin("GET", f"{REQUESTS}/{id}").json


def entry(harness: Harness, serial: int, request_size: int = 0, response_size: int = 0) -> Entry:
    call = Call(harness.sandbox, "POST", "/v1/notes", serial=serial, data=b"q" * request_size)
    return Entry(call, Reply(201, body=b"a" * response_size), 1.0)


def test_calls_are_recorded_in_the_order_of_their_responses(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    acme.request("POST", "/v1/notes", json={"text": "a"})
    acme.request("GET", "/v1/nothing")
    acme.request("DELETE", "/v1/notes")
    acme.request("GET", "/v1/notes", key=None)
    brief = [(r["method"], r["path"], r["operation"], r["status"]) for r in list_entries(acme)["requests"]]
    assert brief == [
        ("GET", "/acme/v1/notes", "list_notes", 200),
        ("POST", "/acme/v1/notes", "create_note", 201),
        ("GET", "/acme/v1/nothing", None, 404),
        ("DELETE", "/acme/v1/notes", None, 405),
        ("GET", "/acme/v1/notes", "list_notes", 401),
    ]


def test_the_call_with_the_first_response_is_recorded_first(acme: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, opened = Event(), Event()

    def hold(seconds: float) -> None:
        reached.set()
        assert opened.wait(10)

    monkeypatch.setattr(edge, "sleep", hold)
    fault = {"kind": "latency", "distribution": {"type": "fixed", "ms": 1}}
    acme.admin("POST", "/sandboxes/acme/faults", {"match": {"method": "POST"}, "fault": fault})
    slow = Thread(target=acme.request, args=("POST", "/v1/notes"), kwargs={"json": {"text": "a"}})
    slow.start()
    assert reached.wait(10)
    acme.request("GET", "/v1/notes")
    opened.set()
    slow.join(10)
    assert [(r["id"], r["method"]) for r in list_entries(acme)["requests"]] == [("req_2", "GET"), ("req_1", "POST")]


def test_concurrent_calls_are_each_recorded_once(acme: Harness) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: acme.request("GET", "/v1/notes"), range(400)))
    ids = [request["id"] for request in list_entries(acme, "?limit=1000")["requests"]]
    assert sorted(ids) == sorted(f"req_{nth}" for nth in range(1, 401))


@pytest.mark.parametrize("path", ["/health", "/ready", "/healthz", "/__admin/version", "/nothing", "/__admin/nothing"])
def test_requests_that_are_not_for_a_provider_are_not_recorded(acme: Harness, path: str) -> None:
    acme.app.test_client().get(path)
    list_entries(acme)
    assert list_entries(acme) == {"requests": [], "dropped": 0}


def test_beyond_the_maximum_number_the_oldest_entries_are_dropped_and_counted() -> None:
    harness = make_harness(ACME, journals=Journals(10))
    for _ in range(35):
        harness.request("GET", "/v1/notes")
    listed = list_entries(harness)
    assert [request["id"] for request in listed["requests"]] == [f"req_{nth}" for nth in range(26, 36)]
    assert listed["dropped"] == 25


def test_beyond_the_maximum_bytes_the_oldest_entries_are_dropped_and_counted(acme: Harness) -> None:
    journal = Journal(1000, 10 * (ENTRY_OVERHEAD_BYTES + 3000))
    for serial in range(25):
        journal.add(entry(acme, serial, request_size=1000, response_size=2000))
    assert [recorded.call.serial for recorded in journal.entries()] == list(range(15, 25))
    assert journal.dropped == 15


def test_an_entry_larger_than_the_maximum_is_kept_alone(acme: Harness) -> None:
    journal = Journal(1000, 4096)
    for serial in range(3):
        journal.add(entry(acme, serial, request_size=50_000))
    assert [recorded.call.serial for recorded in journal.entries()] == [2]


def test_small_entries_fit_again_once_large_ones_are_dropped(acme: Harness) -> None:
    journal = Journal(1000, 10 * ENTRY_OVERHEAD_BYTES)
    for serial in range(30):
        journal.add(entry(acme, serial, request_size=5 * ENTRY_OVERHEAD_BYTES if serial < 5 else 0))
    assert len(journal.entries()) == 10


@pytest.mark.parametrize(
    ("size", "cut"),
    [(MAX_SHOWN_BODY_BYTES - 1, False), (MAX_SHOWN_BODY_BYTES, False), (MAX_SHOWN_BODY_BYTES + 1, True)],
)
def test_a_long_body_is_cut_and_has_its_full_size_and_hash(size: int, cut: bool) -> None:
    data = b"x" * size
    body = render_body(data, ())
    assert (body["size"], len(body["text"]), body.get("cut", False)) == (size, min(size, MAX_SHOWN_BODY_BYTES), cut)
    assert body.get("sha256") == (sha256(data).hexdigest() if cut else None)


def test_a_body_that_is_not_text_is_shown_with_replacement_characters(acme: Harness) -> None:
    acme.request("POST", "/v1/notes", data=b"\xff\x00{", content_type="application/json")
    assert get_entry(acme, "req_1")["request"]["body"] == {"size": 3, "text": "\ufffd\x00{"}


def test_an_entry_shows_request_and_response(acme: Harness) -> None:
    acme.request("POST", "/v1/notes?a=1&b=", json={"text": "a"}, headers={"X-Test": "t"})
    whole = get_entry(acme, "req_1")
    assert whole["request"]["query"] == {"a": "1", "b": ""}
    assert ["x-test", "t"] in whole["request"]["headers"]
    assert whole["request"]["body"]["text"] == '{"text": "a"}'
    assert whole["response"]["body"]["text"] == '{"id":"note_1","text":"a"}'
    assert ["X-Acme", "1"] in whole["response"]["headers"]
    assert (whole["key"], whole["problem"], whole["bug"], whole["at"]) == (
        "key_1",
        None,
        None,
        "2026-03-01T12:00:00.000000Z",
    )


STAGE_ORDER = [
    "journal",
    "faults",
    "decorate",
    "locate",
    "authenticate",
    "ratelimit",
    "idempotency",
    "latency",
    "validate",
]


@pytest.mark.parametrize(
    ("options", "status", "reached"),
    [
        ({"method": "GET", "path": "/v1/notes"}, 200, [*STAGE_ORDER, "perform"]),
        ({"method": "GET", "path": "/v1/nothing"}, 404, STAGE_ORDER[:4]),
        ({"method": "GET", "path": "/v1/notes", "key": None}, 401, STAGE_ORDER[:5]),
        ({"method": "POST", "path": "/v1/notes", "data": b"{"}, 400, STAGE_ORDER),
        (
            {"method": "POST", "path": "/v1/notes", "headers": {"Idempotency-Key": ""}, "data": b"{}"},
            400,
            STAGE_ORDER[:7],
        ),
    ],
)
def test_the_trace_has_each_stage_up_to_the_one_that_responded(
    acme: Harness, options: dict[str, Any], status: int, reached: list[str]
) -> None:
    acme.request(options.pop("method"), options.pop("path"), **options)
    trace = get_entry(acme, "req_1")["trace"]
    assert [step["stage"] for step in trace] == reached
    assert {step["status"] for step in trace} == {status}


def test_a_fired_fault_is_noted_at_its_stage(acme: Harness) -> None:
    fault = {"kind": "latency", "distribution": {"type": "fixed", "ms": 1}}
    acme.admin("POST", "/sandboxes/acme/faults", {"id": "slow", "fault": fault})
    acme.request("GET", "/v1/nothing")
    whole = get_entry(acme, "req_1")
    notes = {step["stage"]: step["note"] for step in whole["trace"]}
    assert (whole["faults"], notes["faults"]) == (["slow"], "fired: slow")
    assert notes["locate"] == "no_such_path: There is nothing at /acme/v1/nothing"


def test_a_bug_is_recorded_with_its_traceback_and_not_shown_to_the_client(acme: Harness) -> None:
    acme.engine.propagate = acme.app.testing = False
    response = acme.request("GET", "/v1/boom")
    whole = get_entry(acme, "req_1")
    assert (response.status_code, response.headers["X-Testmode-Bug"]) == (500, "1")
    assert "a bug, on purpose" not in response.text
    assert "Traceback" not in response.text
    assert (whole["status"], whole["trace"][-1]) == (500, {"stage": "perform", "status": None, "note": ""})
    assert "RuntimeError: a bug, on purpose" in whole["bug"]


def test_a_bug_does_not_affect_the_next_call(acme: Harness) -> None:
    acme.engine.propagate = acme.app.testing = False
    acme.request("GET", "/v1/boom")
    assert acme.request("POST", "/v1/notes", json={"text": "a"}).status_code == 201


def test_entries_are_listed_by_limit_or_after_an_id(acme: Harness) -> None:
    for _ in range(5):
        acme.request("GET", "/v1/notes")
    assert [r["id"] for r in list_entries(acme, "?limit=2")["requests"]] == ["req_4", "req_5"]
    assert [r["id"] for r in list_entries(acme, "?after=req_3")["requests"]] == ["req_4", "req_5"]
    assert list_entries(acme, "?after=req_5")["requests"] == []


def test_an_unknown_entry_is_refused_with_the_nearest(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    for path in (f"{REQUESTS}/req_2", f"{REQUESTS}?after=req_2"):
        response = acme.admin("GET", path)
        assert (response.status_code, response.json["detail"]) == (
            404,
            "there is no request 'req_2'; did you mean 'req_1'?",
        )


def test_clearing_removes_all_entries(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    assert acme.admin("DELETE", REQUESTS).status_code == 204
    assert list_entries(acme) == {"requests": [], "dropped": 0}


def verify(harness: Harness, **question: Any) -> Any:
    response = harness.admin("POST", f"{REQUESTS}/verify", question)
    assert response.status_code == 200, response.text
    return response.json


@pytest.fixture
def acme_with_calls(acme: Harness) -> Harness:
    for text in ("a", "b", ""):
        acme.request("POST", "/v1/notes", json={"text": text}, headers={"X-Test": text or "none"})
    acme.request("GET", "/v1/notes")
    return acme


@pytest.mark.parametrize(
    ("question", "verdict", "count"),
    [
        ({}, True, 4),
        ({"match": {"method": "POST"}}, True, 3),
        ({"match": {"method": "DELETE"}}, False, 0),
        ({"match": {"method": ["POST", "GET"]}}, True, 4),
        ({"match": {"method": "POST"}, "count": 3}, True, 3),
        ({"match": {"method": "POST"}, "count": 2}, False, 3),
        ({"match": {"method": "DELETE"}, "count": 0}, True, 0),
        ({"match": {"method": "POST"}, "at_least": 3}, True, 3),
        ({"match": {"method": "POST"}, "at_least": 4}, False, 3),
        ({"match": {"method": "POST"}, "at_most": 3}, True, 3),
        ({"match": {"method": "POST"}, "at_most": 2}, False, 3),
        ({"match": {"method": "POST"}, "at_least": 1, "at_most": 5}, True, 3),
        ({"match": {"method": "DELETE"}, "at_most": 5}, True, 0),
        ({"match": {"method": "POST"}, "status": 201}, True, 2),
        ({"match": {"method": "POST"}, "status": 201, "count": 3}, False, 2),
        ({"match": {"method": "POST"}, "status": 400, "count": 1}, True, 1),
        ({"match": {"body": {"$.text": "b"}}}, True, 1),
        ({"match": {"headers": {"X-Test": {"present": True}}}, "count": 3}, True, 3),
        ({"match": {"operation": "list_*"}, "count": 1}, True, 1),
        ({"match": {"key": "key_1"}, "count": 4}, True, 4),
    ],
)
def test_verify_counts_matching_calls(
    acme_with_calls: Harness, question: dict[str, Any], verdict: bool, count: int
) -> None:
    result = verify(acme_with_calls, **question)
    assert (result["verified"], result["count"]) == (verdict, count)
    assert ("near_misses" in result) is not verdict


A, B, LIST = {"body": {"$.text": "a"}}, {"body": {"$.text": "b"}}, {"method": "GET"}


@pytest.mark.parametrize(
    ("order", "verdict", "count"),
    [
        ([A, B, LIST], True, 3),
        ([A, LIST], True, 2),
        ([B, A], False, 1),
        ([A, A], False, 1),
        ([LIST, A], False, 1),
        ([{"method": "POST"}] * 3, True, 3),
        ([{"method": "POST"}] * 4, False, 3),
    ],
)
def test_verify_finds_calls_in_an_order(acme_with_calls: Harness, order: list[Any], verdict: bool, count: int) -> None:
    result = verify(acme_with_calls, in_order=order)
    assert (result["verified"], result["count"]) == (verdict, count)


def test_verify_checks_the_status_in_an_order_too(acme_with_calls: Harness) -> None:
    assert verify(acme_with_calls, in_order=[A, B], status=201)["verified"] is True
    assert verify(acme_with_calls, in_order=[A, B], status=500)["verified"] is False


def test_near_misses_have_reasons_and_the_nearest_is_first(acme_with_calls: Harness) -> None:
    match = {"method": "POST", "path": "/acme/v1/notes", "body": {"$.text": "c"}}
    misses = verify(acme_with_calls, match=match)["near_misses"]
    assert [(miss["id"], miss["why"]) for miss in misses] == [
        ("req_3", ["$.text is ''"]),
        ("req_2", ["$.text is 'b'"]),
        ("req_1", ["$.text is 'a'"]),
    ]


def test_verifying_does_not_change_the_journal(acme_with_calls: Harness) -> None:
    for _ in range(3):
        assert verify(acme_with_calls, count=4)["verified"] is True


@pytest.mark.parametrize(
    "question",
    [
        {"count": 1, "in_order": [{}]},
        {"match": {}, "in_order": [{}]},
        {"count": -1},
        {"in_order": []},
        {"match": {"path": ""}},
        {"match": {"verb": "GET"}},
        {"count": "x"},
    ],
)
def test_an_invalid_verification_is_refused(acme: Harness, question: dict[str, Any]) -> None:
    assert acme.admin("POST", f"{REQUESTS}/verify", question).status_code == 422


def test_an_empty_match_matches_every_entry(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    (recorded,) = acme.sandbox.journal.entries(Match())
    assert list(Match().mismatches(replace(recorded).call)) == []


def test_a_call_dropped_from_the_journal_is_freed_at_once(acme: Harness) -> None:
    rule = {"match": {"method": "DELETE"}, "fault": {"kind": "status", "status": 503}}
    acme.admin("POST", "/sandboxes/acme/faults", rule)
    key = {"Idempotency-Key": "k"}
    requests: list[Any] = [
        ("POST", {"json": {"text": "a"}, "headers": key}, 201),
        ("POST", {"json": {"text": "a"}, "headers": key}, 201),
        ("POST", {"json": {"text": "b"}, "headers": key}, 422),
        ("POST", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", {"json": {"text": 1}}, 400),
        ("DELETE", {}, 503),
        ("PUT", {}, 405),
        ("GET", {"key": None}, 401),
        ("GET", {}, 200),
    ]
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for method, options, status in requests:
            assert acme.request(method, "/v1/notes", **options).status_code == status
        acme.sandbox.journal.clear()
        gc.collect()
        # Calls in a reference cycle would stay until the garbage collector runs, which is rare in the server.
        assert [leaked for leaked in gc.garbage if isinstance(leaked, Call | Entry)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def test_clearing_keeps_the_total_number_of_calls(acme: Harness) -> None:
    journal = acme.sandbox.journal
    for nth in range(1, 4):
        acme.request("GET", "/v1/notes")
        assert (journal.total, len(journal.entries())) == (nth, nth)
    assert [len(journal.wait_for_entries(behind, 0)[1]) for behind in range(5)] == [3, 2, 1, 0, 0]
    journal.clear()
    assert (journal.total, journal.memory_bytes, journal.dropped, journal.entries()) == (3, 0, 0, [])
    acme.request("GET", "/v1/notes")
    assert (journal.total, journal.status_counts[200]) == (4, 4)


def test_clearing_one_journal_keeps_those_of_other_sandboxes(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    for sandbox in ("acme", "other"):
        acme.request("GET", "/v1/notes", sandbox=sandbox)
    before = other.journal.memory_bytes
    acme.sandbox.journal.clear()
    assert (len(other.journal.entries()), other.journal.memory_bytes) == (1, before)


class SignallingJournal(Journal):
    """A journal that signals when a reader begins to wait."""

    def __init__(self) -> None:
        super().__init__(10, 10 * ENTRY_OVERHEAD_BYTES)
        self.total_read = Event()

    @property
    def total(self) -> int:
        self.total_read.set()
        return super().total


def test_a_waiting_reader_gets_each_next_call_and_returns_no_earlier(acme: Harness) -> None:
    journal, results = SignallingJournal(), []
    for serial in (1, 2, 3):
        journal.total_read.clear()
        reader = Thread(target=lambda behind=serial - 1: results.append(journal.wait_for_entries(behind, 60)))
        reader.start()
        assert journal.total_read.wait(10)
        journal.add(entry(acme, serial))
        reader.join(5)
    assert [(total, [each.call.serial for each in entries]) for total, entries in results] == [
        (1, [1]),
        (2, [2]),
        (3, [3]),
    ]


def test_eviction_removes_no_more_entries_than_needed(acme: Harness) -> None:
    journal = Journal(10, 10 * ENTRY_OVERHEAD_BYTES)
    for serial in range(5):
        journal.add(entry(acme, serial))
    assert (journal.evict_bytes(0), journal.evict_bytes(2 * ENTRY_OVERHEAD_BYTES), journal.evict_bytes(1)) == (
        0,
        2 * ENTRY_OVERHEAD_BYTES,
        ENTRY_OVERHEAD_BYTES,
    )
    assert [recorded.call.serial for recorded in journal.entries()] == [3, 4]


def test_milliseconds_are_shown_to_the_microsecond(acme: Harness) -> None:
    assert replace(entry(acme, 1), milliseconds=1.23456).summarize()["milliseconds"] == 1.235


def test_an_interrupted_call_is_recorded_with_status_500(acme: Harness) -> None:
    def broken_off(call: Call) -> Reply:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_down(Call(acme.sandbox, "GET", "/v1/notes"), broken_off)
    assert [(recorded.reply.status, recorded.bug) for recorded in acme.sandbox.journal.entries()] == [(500, None)]


def test_the_duration_of_a_call_is_recorded_in_milliseconds(acme: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([100.0, 100.25])
    monkeypatch.setattr("mockserver.engine.pipeline.journal.perf_counter", lambda: next(ticks))
    write_down(Call(acme.sandbox, "GET", "/v1/notes"), lambda _call: Reply(200))
    assert [recorded.milliseconds for recorded in acme.sandbox.journal.entries()] == [250.0]
