"""Invariants under concurrent load, with one process on disk and with three workers on Redis."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from json import dumps
from threading import Event
from time import monotonic
from typing import Any

import psutil
import pytest

from tests.support.concurrency import run_concurrently
from tests.support.harness import make_harness
from tests.support.kota_helpers import EMPLOYER
from tests.support.linearizability import RegisterOperation, is_linearizable
from tests.support.redis_server import RedisServer
from tests.support.server_process import start_server
from tests.support.socket_server import HttpResponse, LiveServer, Tenant
from tests.support.webhook_receivers import run_receiver

TOKEN = "invariants"
NOON = "2026-03-01T12:00:00Z"
NO_LIMITS = {"rate": None, "quota": None}
_names = count()


@pytest.fixture(scope="module", params=["one process, disk", "three processes, Redis, one of them killed"])
def live_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("served")
    with ExitStack() as stack:
        where = ["--data", str(folder)]
        if "Redis" in request.param:
            redis = RedisServer(folder)
            stack.callback(redis.stop)
            where = ["--store", redis.url, "--workers", "3"]
        command = ("serve", "smartepi", "kota", "--port", "0", "--admin-token", TOKEN, *where)
        process, url = stack.enter_context(start_server(*command))
        for worker in psutil.Process(process.pid).children()[1:2]:
            worker.kill()  # The supervisor starts another while the first tests run.
        yield LiveServer(url, TOKEN)


def create_tenant(server: LiveServer, provider: str = "smartepi", *, frozen: bool = True, **settings: Any) -> Tenant:
    """Create a sandbox without limits, with its clock frozen at noon."""
    body = {"provider": provider, "name": f"t{next(_names)}-{os.getpid()}", "limits": NO_LIMITS, **settings}
    sandbox = server.admin("POST", "/sandboxes", body)
    if frozen:
        server.admin("PUT", f"/sandboxes/{sandbox['id']}/clock", {"action": "freeze", "at": NOON})
    return Tenant(server, sandbox["id"], sandbox["keys"][0]["secret"], provider)


def statuses(responses: list[HttpResponse]) -> Counter[int]:
    return Counter(each.status for each in responses)


def test_of_a_hundred_equal_requests_one_is_executed(live_server: LiveServer) -> None:
    kota = create_tenant(live_server, "kota")
    with run_receiver() as receiver:
        live_server.admin(
            "POST", f"/sandboxes/{kota.id}/webhooks", {"url": receiver.url(), "events": ["employer.created"]}
        )
        before = kota.request("GET", "/employers").json["total_count"]
        key = {"Idempotency-Key": "once"}
        responses = run_concurrently(
            100, lambda _nth: kota.request("POST", "/employers", json=EMPLOYER, headers=key, timeout=60)
        )
        assert set(statuses(responses)) <= {200, 409}
        assert len({each.body for each in responses if each.status == 200}) == 1
        replayed = kota.request("POST", "/employers", json=EMPLOYER, headers=key)
        assert replayed.body in {each.body for each in responses}
        assert kota.request("GET", "/employers").json["total_count"] == before + 1
        events = live_server.admin("GET", f"/sandboxes/{kota.id}/events")
        assert sum(each["type"] == "employer.created" for each in events) == len(
            {each["version"] for each in events if each["type"] == "employer.created"}
        )
        receiver.wait_for(1)
        deliveries = live_server.admin("GET", f"/sandboxes/{kota.id}/deliveries")
        assert len(deliveries) == 1


def test_a_bucket_of_25_admits_25_of_200_calls_and_refills_with_time(live_server: LiveServer) -> None:
    limited = create_tenant(live_server, limits={"rate": 10, "burst": 25, "retry_after": True})
    responses = run_concurrently(
        40, lambda _nth: [limited.request("GET", "/v1/sectors?limit=1", timeout=60) for _ in range(5)]
    )
    flat = [each for batch in responses for each in batch]
    assert statuses(flat) == {200: 25, 429: 175}
    wait = {each.headers["Retry-After"] for each in flat if each.status == 429}
    assert wait == {"1"}
    live_server.admin("PUT", f"/sandboxes/{limited.id}/clock", {"action": "advance", "by": "1s"})
    assert statuses(run_concurrently(30, lambda _nth: limited.request("GET", "/v1/sectors?limit=1", timeout=60))) == {
        200: 10,
        429: 20,
    }


def test_a_quota_is_never_exceeded(live_server: LiveServer) -> None:
    limited = create_tenant(live_server, limits={"rate": None, "quota": 60, "period": "1d"})
    responses = run_concurrently(
        30, lambda _nth: [limited.request("GET", "/v1/sectors?limit=1", timeout=60) for _ in range(4)]
    )
    assert statuses([each for batch in responses for each in batch]) == {200: 60, 429: 60}


def test_of_fifty_updates_of_one_version_one_wins_and_versions_have_no_gap(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    path = f"/v1/sectors/{epi.request('POST', '/v1/sectors', json={'name': 'begun'}).json['data']['id']}"
    for version in range(1, 4):
        match = {"If-Match": f'"{version}"'}

        def rename(nth: int, match: dict[str, str] = match) -> HttpResponse:
            return epi.request("PUT", path, json={"name": f"by {nth}"}, headers=match, timeout=60)

        assert statuses(run_concurrently(50, rename)) == {200: 1, 409: 49}
        assert epi.request("GET", path).headers["ETag"] == f'"{version + 1}"'


def test_of_a_hundred_creates_of_one_name_one_wins(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    responses = run_concurrently(
        100, lambda _nth: epi.request("POST", "/v1/sectors", json={"name": "wanted"}, timeout=60)
    )
    assert statuses(responses) == {201: 1, 409: 99}


def test_the_history_of_eight_clients_on_one_record_is_linearizable(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    path = f"/v1/sectors/{epi.request('POST', '/v1/sectors', json={'name': 'begun'}).json['data']['id']}"
    for turn in range(5):
        initial = epi.request("GET", path).json["data"]["name"]

        def read_and_write(nth: int, turn: int = turn) -> list[RegisterOperation]:
            steps, etag = [], epi.request("GET", path, timeout=60).headers["ETag"]
            for step in range(7):
                began = monotonic()
                if (nth + step) % 2:
                    name = f"{turn}-{nth}-{step}"
                    response = epi.request("PUT", path, json={"name": name}, headers={"If-Match": etag}, timeout=60)
                    if response.status == 200:  # Otherwise another client was faster, and nothing was written.
                        steps.append(RegisterOperation(began, monotonic(), "write", name))
                else:
                    response = epi.request("GET", path, timeout=60)
                    etag = response.headers["ETag"]
                    steps.append(RegisterOperation(began, monotonic(), "read", response.json["data"]["name"]))
            return steps

        history = [step for steps in run_concurrently(8, read_and_write) for step in steps]
        assert is_linearizable(history, initial)


def test_paging_during_writes_misses_and_repeats_no_record(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    kept_ids = {
        epi.request("POST", "/v1/sectors", json={"name": f"stay {nth}"}).json["data"]["id"] for nth in range(40)
    }
    stop = Event()

    def create_and_delete(nth: int) -> None:
        for step in count():
            if stop.is_set():
                return
            id = epi.request("POST", "/v1/sectors", json={"name": f"go {nth} {step}"}, timeout=60).json["data"]["id"]
            epi.request("DELETE", f"/v1/sectors/{id}", headers={"If-Match": '"1"'}, timeout=60)

    def read_all_pages(_nth: int) -> list[str]:
        ids: list[str] = []
        cursor = ""
        while True:
            page = epi.request("GET", f"/v1/sectors?limit=7{cursor}", timeout=60).json
            ids += [each["id"] for each in page["data"]]
            if page["cursor"] is None:
                return ids
            cursor = f"&cursor={page['cursor']}"

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(create_and_delete, nth) for nth in range(2)]
        try:
            for ids in run_concurrently(4, read_all_pages):
                assert kept_ids <= set(ids)
                assert len(ids) == len(set(ids))
        finally:
            stop.set()
        assert [each.result() for each in futures] == [None, None]


def test_every_event_is_delivered_and_failures_are_retried_on_schedule(live_server: LiveServer) -> None:
    epi = create_tenant(live_server, assumptions={"webhook_retries": ["5s", "5m"]})
    with run_receiver() as receiver:
        # Every third first attempt fails; each retry, seconds later on the clock, succeeds.
        receiver.response_statuses = [500 if nth % 3 == 0 else 200 for nth in range(20)]
        live_server.admin("POST", f"/sandboxes/{epi.id}/webhooks", {"url": receiver.url(), "events": ["*"]})
        run_concurrently(
            20, lambda _nth: live_server.admin("POST", f"/sandboxes/{epi.id}/simulations/record_withdrawal", {})
        )
        live_server.admin("PUT", f"/sandboxes/{epi.id}/clock", {"action": "advance", "by": "1h"})
        deliveries = live_server.admin("GET", f"/sandboxes/{epi.id}/deliveries?limit=100")
        assert {each["state"] for each in deliveries} == {"delivered"}
        assert len({each["event"]["id"] for each in deliveries}) == len(deliveries) == 20
        sent = Counter(str(webhook.json) for webhook in receiver.received)
        assert sorted(sent.values()) == sorted(len(each["attempts"]) for each in deliveries)
        for each in deliveries:
            assert [attempt["status"] for attempt in each["attempts"]][-1] == 200
            assert all(attempt["status"] == 500 for attempt in each["attempts"][:-1])


def test_concurrent_clock_moves_add_up_and_every_timer_runs_once(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    for nth in range(60):
        live_server.admin("POST", f"/sandboxes/{epi.id}/simulations/record_withdrawal", {"in": f"{nth % 20}s"})
    move = {"action": "advance", "by": "5s"}
    moves = run_concurrently(6, lambda _nth: live_server.admin("PUT", f"/sandboxes/{epi.id}/clock", move))
    assert live_server.admin("GET", f"/sandboxes/{epi.id}/clock")["now"] == "2026-03-01T12:00:30.000000Z"
    # The three timers of the first instant ran at the first request for the time.
    done = [each["id"] for result in moves for each in result["done"]]
    assert len(done) == len(set(done)) == 57
    recorded = live_server.admin("GET", f"/sandboxes/{epi.id}/events")
    assert len({each["id"] for each in recorded}) == len(recorded) == 60


def test_a_new_key_is_refused_by_every_worker_until_it_propagates_and_then_by_none(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    key = live_server.admin("POST", f"/sandboxes/{epi.id}/keys", {"activates_in": "60s"})

    def request_status(_nth: int) -> int:
        return epi.request("GET", "/v1/sectors?limit=1", key=key["secret"], timeout=60).status

    for by, status in (("59.999999s", 403), ("0.001ms", 200)):
        live_server.admin("PUT", f"/sandboxes/{epi.id}/clock", {"action": "advance", "by": by})
        assert set(run_concurrently(20, request_status)) == {status}
    live_server.admin("DELETE", f"/sandboxes/{epi.id}/keys/{key['id']}", {"lingers": "10s"})
    for by, allowed in (("9.999999s", {200}), ("0.001ms", {401, 403})):
        live_server.admin("PUT", f"/sandboxes/{epi.id}/clock", {"action": "advance", "by": by})
        assert set(run_concurrently(20, request_status)) <= allowed


def test_every_call_is_in_the_journal_once(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    run_concurrently(
        16, lambda nth: [epi.request("GET", f"/v1/sectors?limit={nth + 1}", timeout=60) for _ in range(10)]
    )
    listed = live_server.admin("GET", f"/sandboxes/{epi.id}/requests?limit=1000")["requests"]
    assert len({each["id"] for each in listed}) == len(listed) == 160
    question = {"match": {"path": "*/sectors*"}, "count": 160}
    assert live_server.admin("POST", f"/sandboxes/{epi.id}/requests/verify", question)["verified"]
    assert live_server.admin("POST", f"/sandboxes/{epi.id}/requests/verify", question)["count"] == 160


def test_a_reset_during_concurrent_writes_restores_the_seed_data(live_server: LiveServer) -> None:
    epi = create_tenant(live_server)
    live_server.admin("POST", f"/sandboxes/{epi.id}/reset")
    seeded = _canonical(live_server, epi)
    stop = Event()

    def write(nth: int) -> set[int]:
        seen: set[int] = set()
        for step in count():
            if stop.is_set():
                return seen
            seen.add(epi.request("POST", "/v1/sectors", json={"name": f"{nth}/{step}"}, timeout=60).status)
        return seen

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(write, nth) for nth in range(8)]
        for _ in range(10):
            live_server.admin("POST", f"/sandboxes/{epi.id}/reset")
        stop.set()
        seen = set().union(*(each.result() for each in futures))
    live_server.admin("POST", f"/sandboxes/{epi.id}/reset")
    assert _canonical(live_server, epi) == seeded
    assert {201} <= seen <= {201, 409, 503}


def _canonical(server: LiveServer, epi: Tenant) -> str:
    """Returns the state without the collection `_sandbox`, which depends on the day a sandbox was created."""
    collections = server.admin("GET", f"/sandboxes/{epi.id}/state")["collections"]
    return dumps({name: records for name, records in collections.items() if name != "_sandbox"}, sort_keys=True)


SCRIPT: list[tuple[str, str, Any]] = [
    ("GET", "/v1/employees?limit=5", None),
    ("POST", "/v1/sectors", {"name": "one"}),
    ("POST", "/v1/sectors", {"name": "one"}),
    ("POST", "/v1/roles", {"name": "welder"}),
    ("GET", "/v1/sectors?limit=3", None),
    ("GET", "/v1/nowhere", None),
    ("POST", "/v1/employees", {"name": "x"}),
]


def _response_bytes(answer: Any) -> bytes:
    status = getattr(answer, "status_code", None) or answer.status
    body = answer.data if hasattr(answer, "data") else answer.body
    return b"%d %b" % (status, body)


def _run_script_alone(name: str) -> list[bytes]:
    """Returns the responses of a new sandbox with this name to the script, in an engine of this process."""
    harness = make_harness()
    harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": name})
    harness.admin("PUT", f"/sandboxes/{name}/clock", {"action": "freeze", "at": NOON})
    bodies = [{"json": json} if json else {} for _, _, json in SCRIPT]
    return [
        _response_bytes(harness.request(method, path, sandbox=name, **body))
        for (method, path, _), body in zip(SCRIPT, bodies, strict=True)
    ]


def test_tenants_under_parallel_load_respond_byte_for_byte_like_one_alone_in_a_process(
    live_server: LiveServer,
) -> None:
    tenants = [create_tenant(live_server) for _ in range(6)]

    def run_script(nth: int) -> list[bytes]:
        return [
            _response_bytes(tenants[nth].request(method, path, json=json, timeout=60)) for method, path, json in SCRIPT
        ]

    together = run_concurrently(6, run_script)
    assert together == [_run_script_alone(each.id) for each in tenants]
    assert together[0] != together[1]
