"""The event stream of calls, the replay of a call, and the preview of a fault rule."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from json import loads
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.admin import request_journal
from mockserver.http import edge
from tests.support.harness import TOKEN, Harness
from tests.support.server_process import start_server
from tests.support.socket_server import serve_on_socket

REQUESTS_PATH = "/sandboxes/acme/requests"
FAULTS_PATH = "/sandboxes/acme/faults"


def newest_entry(harness: Harness) -> Any:
    return harness.admin("GET", REQUESTS_PATH).json["requests"][-1]


def test_a_replayed_call_passes_the_pipeline_again_with_the_same_request(acme: Harness) -> None:
    acme.request("POST", "/v1/notes?a=1", json={"text": "twice"})
    first = acme.admin("GET", f"{REQUESTS_PATH}/{newest_entry(acme)['id']}").json
    answer = acme.admin("POST", f"{REQUESTS_PATH}/{first['id']}/replay")
    assert answer.status_code == 200
    replayed = answer.json
    assert replayed["id"] != first["id"]
    assert replayed["request"] == first["request"]
    assert [step["stage"] for step in replayed["trace"]] == [step["stage"] for step in first["trace"]]
    assert replayed["response"]["body"] != first["response"]["body"]
    texts = [note["text"] for note in acme.admin("GET", "/sandboxes/acme/collections/notes").json["records"]]
    assert texts[:2] == ["twice", "twice"]


def test_a_replay_applies_the_current_faults_and_waits_for_no_latency(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    slow = {"kind": "latency", "distribution": {"type": "fixed", "ms": 60_000}}
    acme.admin("POST", FAULTS_PATH, {"fault": slow, "priority": 1})
    acme.admin("POST", FAULTS_PATH, {"id": "mine", "fault": {"kind": "status", "status": 503}})
    answer = acme.admin("POST", f"{REQUESTS_PATH}/{newest_entry(acme)['id']}/replay").json
    assert answer["status"] == 503
    assert "mine" in answer["faults"]
    assert acme.sleeps == []


def test_the_refusal_to_replay_an_unknown_call_names_the_nearest_one(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    answer = acme.admin("POST", f"{REQUESTS_PATH}/req_11/replay")
    assert answer.status_code == 404
    assert "did you mean 'req_1'" in answer.json["detail"]


def test_a_call_lists_every_rule_and_why_it_did_not_fire(acme: Harness) -> None:
    acme.admin(
        "POST", FAULTS_PATH, {"id": "far", "match": {"method": "PUT", "path": "*/x"}, "fault": {"kind": "reset"}}
    )
    acme.admin("POST", FAULTS_PATH, {"id": "near", "match": {"method": "POST"}, "fault": {"kind": "reset"}})
    acme.admin("POST", FAULTS_PATH, {"id": "hit", "match": {"method": "GET"}, "fault": {"kind": "status"}})
    acme.admin("POST", FAULTS_PATH, {"id": "spent", "trigger": {"times": 0}, "fault": {"kind": "status"}})
    acme.request("GET", "/v1/notes")
    rules = acme.admin("GET", f"{REQUESTS_PATH}/{newest_entry(acme)['id']}").json["rules"]
    assert [(rule["id"], rule["fired"], len(rule["why"])) for rule in rules] == [
        ("hit", True, 0),
        ("spent", False, 0),
        ("near", False, 1),
        ("far", False, 2),
    ]
    assert rules[2]["why"] == ["method is GET, not POST"]


RULES: list[dict[str, Any]] = [
    {"match": {"method": "POST"}},
    {"trigger": {"skip": 2, "times": 3}},
    {"trigger": {"every": 3}},
    {"trigger": {"probability": 0.4}},
    {"trigger": {"probability": 0.5, "seed": 9, "skip": 1}},
    {"trigger": {"per": "idempotency_key", "times": 1}},
    {"enabled": False},
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_preview_lists_exactly_the_calls_that_the_rule_would_have_hit(acme: Harness, rule: dict[str, Any]) -> None:
    def send_calls() -> None:
        for nth in range(12):
            headers = {"Idempotency-Key": f"k{nth % 2}"}
            acme.request("POST" if nth % 3 else "GET", "/v1/notes", json={"text": "a"}, headers=headers)

    send_calls()
    body = {"id": "mine", "fault": {"kind": "status", "status": 599}, **rule}
    preview = acme.admin("POST", f"{FAULTS_PATH}/preview", body).json
    assert acme.admin("GET", FAULTS_PATH).json == []
    acme.admin("DELETE", REQUESTS_PATH)
    acme.admin("POST", FAULTS_PATH, body)
    send_calls()
    actual_hits = [call["faults"] == ["mine"] for call in acme.admin("GET", REQUESTS_PATH).json["requests"]]
    assert [call["hit"] for call in preview["calls"]] == actual_hits
    assert preview["hit"] == sum(actual_hits)


def test_a_preview_covers_only_the_last_hundred_calls(acme: Harness) -> None:
    for _ in range(105):
        acme.request("GET", "/v1/notes")
    preview = acme.admin("POST", f"{FAULTS_PATH}/preview", {"fault": {"kind": "reset"}}).json
    assert (len(preview["calls"]), preview["hit"], preview["calls"][-1]["id"]) == (100, 100, newest_entry(acme)["id"])


def test_a_preview_of_a_webhook_fault_is_refused(acme: Harness) -> None:
    answer = acme.admin("POST", f"{FAULTS_PATH}/preview", {"fault": {"kind": "dropped_webhook"}})
    assert answer.status_code == 422
    assert "happens to webhooks" in answer.json["detail"]


def test_every_fault_kind_is_listed_with_its_schema(acme: Harness) -> None:
    listed = acme.admin("GET", "/faults").json
    kinds = {kind["kind"]: kind for kind in listed["kinds"]}
    assert kinds["delayed_webhook"]["parameters"]["by"]["default"] == "1m"
    assert kinds["status"]["parameters"]["status"]["maximum"] == 599
    assert "Fixed" in kinds["latency"]["$defs"]
    assert kinds["latency"]["required"] == ["distribution"]
    assert {"method", "path", "body"} <= set(listed["match"])
    assert {"probability", "times"} <= set(listed["trigger"])


def read_event_stream(url: str, key: str, received: list[Any], first_line: Event, sandbox: str = "acme") -> None:
    """Read the stream until it ends; appends the status with headers, each call, and "end"."""
    with closing(HTTPConnection(url.partition("://")[2], timeout=20)) as connection:
        connection.request("GET", f"/__admin/sandboxes/{sandbox}/requests/stream", headers={"Authorization": key})
        with closing(connection.getresponse()) as answer:
            received.append((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]))
            for line in answer:
                first_line.set()
                if line.startswith(b"data: "):
                    received.append(loads(line[6:]))
    received.append("end")


def test_the_stream_sends_each_call_and_ends_when_the_server_stops(
    acme: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = Event()
    monkeypatch.setattr(edge, "stopping", stopping)
    monkeypatch.setattr(request_journal, "POLL_SECONDS", 0.05)
    received: list[Any] = []
    first_line = Event()
    acme.request("GET", "/v1/earlier")
    with serve_on_socket(acme) as server:
        listener = Thread(target=read_event_stream, args=(server.url, f"Bearer {TOKEN}", received, first_line))
        listener.start()
        assert first_line.wait(10)
        for path in ("/v1/notes", "/v1/nothing"):
            server.request("GET", f"/acme{path}", key=server.key)
        while len(received) < 3:
            listener.join(0.02)
        stopping.set()
        listener.join(10)
    assert received[0] == (200, "text/event-stream", "no-store")
    assert [(call["path"], call["status"]) for call in received[1:3]] == [
        ("/acme/v1/notes", 200),
        ("/acme/v1/nothing", 404),
    ]
    assert received[3:] == ["end"]


def test_a_stream_sends_heartbeats_and_ends_when_its_sandbox_is_deleted(
    acme: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_journal, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(request_journal, "POLLS_PER_HEARTBEAT", 2)
    acme.admin("POST", "/sandboxes", {"provider": "acme", "name": "other"})
    answer = acme.admin("GET", "/sandboxes/other/requests/stream", buffered=False)
    pieces = iter(answer.response)
    assert b"retry" in bytes(next(pieces))  # type: ignore[arg-type]
    assert b"still here" in bytes(next(pieces))  # type: ignore[arg-type]
    acme.admin("DELETE", "/sandboxes/other")
    assert list(pieces) == []


def test_a_stopping_server_does_not_wait_for_streams() -> None:
    command = ("serve", "smartepi", "--memory", "--port", "0", "--admin-token", TOKEN)
    with start_server(*command, TESTMODE_DRAIN_SECONDS="600") as (process, url):
        received: list[Any] = []
        first_line = Event()
        listener = Thread(target=read_event_stream, args=(url, f"Bearer {TOKEN}", received, first_line, "smartepi"))
        listener.start()
        assert first_line.wait(60)
        process.terminate()
        process.wait(120)  # A server that waited for the stream would take the drain time, ten minutes.
        listener.join(60)
    assert process.returncode == 0
    assert received[-1] == "end"
