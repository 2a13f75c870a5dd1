"""Servers with several worker processes: workers are killed, and Redis stops."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from itertools import count
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import psutil
import pytest
import requests

from tests.support.paths import OPENAPI_DOCUMENTS
from tests.support.redis_server import RedisServer
from tests.support.server_process import start_server
from tests.support.socket_server import LiveServer
from tests.support.suite.fork_server import run_command
from tests.support.webhook_receivers import run_receiver

TOKEN = "workers"
TIMEOUT_SECONDS = 60.0


def is_alive(process: psutil.Process) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@dataclass
class RunningCluster:
    """A server with three workers and its own Redis."""

    server: LiveServer
    redis: RedisServer
    process: subprocess.Popen[str]

    @property
    def workers(self) -> list[psutil.Process]:
        """The worker processes that are alive."""
        return [each for each in psutil.Process(self.process.pid).children() if is_alive(each)]

    def wait_until(self, description: str, check: object) -> None:
        """Repeats a check until it holds, for at most 60 seconds."""
        until = monotonic() + TIMEOUT_SECONDS
        while not check():  # type: ignore[operator]
            assert monotonic() < until, f"never {description}"


@contextmanager
def running(folder: Path) -> Iterator[RunningCluster]:
    with ExitStack() as stack:
        redis = RedisServer(folder, "--appendonly", "yes", "--appendfsync", "always")
        stack.callback(redis.stop)
        options = ("--store", redis.url, "--workers", "3")
        command = ("serve", "smartepi", "--port", "0", "--admin-token", TOKEN, *options)
        process, url = stack.enter_context(start_server(*command))
        cluster = RunningCluster(LiveServer(url, TOKEN), redis, process)
        cluster.server.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": None, "quota": None}})
        yield cluster


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """A cluster shared by tests after which it still works."""
    with running(tmp_path_factory.mktemp("workers")) as cluster:
        yield cluster


@pytest.fixture
def stopping_cluster(tmp_path: Path) -> Iterator[RunningCluster]:
    """A cluster for one test, which stops it."""
    with running(tmp_path) as cluster:
        yield cluster


def key(served: LiveServer) -> str:
    secret: str = served.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
    return secret


def test_acknowledged_writes_survive_the_kill_of_each_worker(server: RunningCluster) -> None:
    secret, stop = key(server.server), Event()
    acknowledged: list[str] = []

    def create(nth: int) -> None:
        for step in count():
            if stop.is_set():
                return
            name = f"{nth}/{step}"
            with suppress(OSError, HTTPException):
                response = server.server.request(
                    "POST", "/smartepi/v1/sectors", key=secret, json={"name": name}, timeout=60
                )
                if response.status == 201:
                    acknowledged.append(name)

    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(create, nth) for nth in range(4)]
        for victim in server.workers:
            before = len(acknowledged)
            victim.kill()
            server.wait_until("three again", lambda: len(server.workers) == 3)
            server.wait_until("more", lambda before=before: len(acknowledged) > before + 5)
        stop.set()
        assert [each.result() for each in busy] == [None] * 4
    records = server.server.admin("GET", "/sandboxes/smartepi/state")["collections"]["sectors"]
    names = [record["name"] for record in records]
    assert set(acknowledged) <= set(names)
    assert len(names) == len(set(names))


def test_when_the_worker_that_sends_webhooks_is_killed_another_sends(server: RunningCluster) -> None:
    with run_receiver() as receiver:
        hook = server.server.admin("POST", "/sandboxes/smartepi/webhooks", {"url": receiver.url(), "events": ["*"]})
        for nth, victim in enumerate(server.workers, 1):
            victim.kill()
            server.server.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {"in": "10ms"})
            # A worker may die after sending and before recording it; then the delivery is sent again.
            server.wait_until("delivered", lambda nth=nth: len({str(each.json) for each in receiver.received}) == nth)
        server.server.admin("DELETE", f"/sandboxes/smartepi/webhooks/{hook['id']}")
    server.wait_until("three again", lambda: len(server.workers) == 3)


def test_without_redis_every_response_is_an_immediate_503_until_redis_is_back(server: RunningCluster) -> None:
    secret = key(server.server)

    def statuses() -> tuple[int, int]:
        response = server.server.request("GET", "/smartepi/v1/sectors?limit=1", key=secret)
        assert response.seconds < 30
        ready = server.server.request("GET", "/ready")
        assert ready.seconds < 30
        return response.status, ready.status

    assert statuses() == (200, 200)
    server.redis.stop()
    assert {statuses() for _ in range(6)} == {(503, 503)}
    assert server.server.request("GET", "/health").status == 200
    server.redis.start()
    server.wait_until("recovered", lambda: statuses() == (200, 200))
    assert {statuses() for _ in range(6)} == {(200, 200)}
    assert len(server.workers) == 3


def test_a_stop_finishes_requests_in_flight_and_ends_all_workers(stopping_cluster: RunningCluster) -> None:
    server = stopping_cluster
    secret, workers = key(server.server), server.workers
    server.server.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 700}})
    with ThreadPoolExecutor(6) as pool:
        path = "/smartepi/v1/sectors?limit=1"
        slow = [pool.submit(server.server.request, "GET", path, key=secret) for _ in range(6)]
        journal = "/sandboxes/smartepi/clock"
        server.wait_until("in flight", lambda: server.server.admin("GET", journal) and monotonic())
        Event().wait(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert [each.result().status for each in slow] == [200] * 6
    assert server.process.wait(TIMEOUT_SECONDS) == 0
    assert not [each for each in workers if is_alive(each)]


def test_workers_serve_a_document_over_https(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    command = ("serve", "--port", "0", "--admin-token", TOKEN, "--store", redis.url, "--workers", "2", "--tls")
    options = ("--openapi", str(OPENAPI_DOCUMENTS / "library.yaml"), "--data", str(tmp_path))
    try:
        with start_server(*command, *options) as (_, url):
            ca_file = str(tmp_path / "tls" / "ca.pem")
            send = partial(requests.request, verify=ca_file, timeout=TIMEOUT_SECONDS)
            admin = {"Authorization": f"Bearer {TOKEN}"}
            key = send("GET", f"{url}/__admin/sandboxes/library/keys", headers=admin).json()[0]["secret"]
            authors, headers = f"{url}/library/api/v1/authors", {"X-Token": key}
            for nth in range(10):
                # Each request has its own connection: the record of one worker is known to the others.
                created = send("POST", authors, json={"name": f"Ada {nth}"}, headers=headers)
                assert created.status_code == 201, created.text
                read = [send("GET", f"{authors}/{created.json()['id']}", headers=headers).json() for _ in range(3)]
                assert read == [created.json()] * 3
            rule: Any = {
                "match": {"method": "GET"},
                "trigger": {"times": 3},
                "fault": {"kind": "status", "status": 503},
            }
            assert send("POST", f"{url}/__admin/sandboxes/library/faults", json=rule, headers=admin).status_code == 201
            statuses = [send("GET", authors, headers=headers).status_code for _ in range(8)]
            assert sorted(statuses) == [200] * 5 + [503] * 3
    finally:
        redis.stop()


def test_workers_end_when_the_process_that_started_them_is_killed(stopping_cluster: RunningCluster) -> None:
    workers = stopping_cluster.workers
    stopping_cluster.process.kill()
    gone, left = psutil.wait_procs(workers, TIMEOUT_SECONDS)
    assert (len(gone), left) == (3, [])


def test_all_replicas_have_one_admin_token(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    tokens = []
    for _ in range(2):
        with start_server("serve", "smartepi", "--port", "0", "--store", redis.url) as (process, _):
            process.terminate()
        with redis.client() as client:
            tokens.append(client.get("testmode:agreed:admin-token"))
    redis.stop()
    assert tokens[0] == tokens[1] is not None


def refused_start(*arguments: str, **environment: str) -> tuple[int, str]:
    """Returns exit code and error output of a server that cannot start."""
    ended = run_command("serve", "smartepi", "--port", "0", *arguments, environment=os.environ | environment)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--workers", "2"), 78, "2 workers need --store redis://"),
        (
            ("--store", "mysql://localhost"),
            78,
            "'mysql://localhost' is not the URL of a store; write it as redis://localhost:6379/0",
        ),
        (("--store", "redis://127.0.0.1:1/0"), 74, "redis://127.0.0.1:1/0: "),
        (("--store", "redis://127.0.0.1:1/0", "--workers", "2"), 74, "redis://127.0.0.1:1/0: "),
        (("--workers", "0"), 78, "workers: "),
    ],
)
def test_invalid_store_and_worker_settings_are_refused_with_a_message(
    arguments: tuple[str, ...], code: int, message: str
) -> None:
    ended, stderr = refused_start(*arguments)
    assert (ended, message in stderr) == (code, True), stderr
    assert "Traceback" not in stderr
