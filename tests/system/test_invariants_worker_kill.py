"""Invariants while one of three workers is killed during requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from time import monotonic

import psutil
import pytest

from tests.http.test_workers import is_alive
from tests.support.kota_helpers import EMPLOYER
from tests.support.redis_server import RedisServer
from tests.support.server_process import start_server
from tests.support.socket_server import HttpResponse, LiveServer
from tests.system.test_invariants import TOKEN, create_tenant

TIMEOUT_SECONDS = 60.0
ROUNDS, PARALLEL_REQUESTS = 6, 12


class WorkerCluster:
    """Three workers, of which a test kills one."""

    def __init__(self, server: LiveServer, process: psutil.Process) -> None:
        self.server, self._process = server, process

    def during_a_kill(self, send: Callable[[int], HttpResponse]) -> list[HttpResponse]:
        """Send requests in parallel, kill a worker halfway, and return the responses that arrived."""
        # The worker that an earlier test killed can still be a zombie.
        victim = next(each for each in self._process.children() if is_alive(each))

        def send_one(nth: int) -> HttpResponse | None:
            if nth == ROUNDS * PARALLEL_REQUESTS // 2:
                victim.kill()
            try:
                return send(nth)
            except (OSError, HTTPException):
                return None

        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            responses = [each for each in pool.map(send_one, range(ROUNDS * PARALLEL_REQUESTS)) if each is not None]
        assert not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE
        return responses


def retry_until(send: Callable[[], HttpResponse], *statuses: int) -> HttpResponse:
    """Repeat a request, like a client that lost the response, until it gets one of these statuses."""
    began = monotonic()
    while (response := send()).status not in statuses:
        assert monotonic() - began < TIMEOUT_SECONDS, response
    return response


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerCluster]:
    folder = tmp_path_factory.mktemp("killed")
    with ExitStack() as stack:
        redis = RedisServer(folder)
        stack.callback(redis.stop)
        where = ("--store", redis.url, "--workers", "3", "--port", "0", "--admin-token", TOKEN)
        process, url = stack.enter_context(start_server("serve", "smartepi", "kota", *where))
        yield WorkerCluster(LiveServer(url, TOKEN), psutil.Process(process.pid))


def test_of_equal_requests_one_is_executed_and_the_others_get_its_response(cluster: WorkerCluster) -> None:
    kota = create_tenant(cluster.server, "kota")
    before = kota.request("GET", "/employers").json["total_count"]
    key = {"Idempotency-Key": "once"}
    responses = cluster.during_a_kill(
        lambda _nth: kota.request("POST", "/employers", json=EMPLOYER, headers=key, timeout=60)
    )
    assert {each.status for each in responses} <= {200, 409}
    # If the killed worker executed the request, its claim ends with it.
    replayed = retry_until(lambda: kota.request("POST", "/employers", json=EMPLOYER, headers=key), 200)
    assert {each.body for each in responses if each.status == 200} <= {replayed.body}
    assert kota.request("GET", "/employers").json["total_count"] == before + 1


def test_a_bucket_admits_no_more_calls_than_its_burst(cluster: WorkerCluster) -> None:
    limited = create_tenant(cluster.server, limits={"rate": 10, "burst": 25})
    responses = cluster.during_a_kill(lambda _nth: limited.request("GET", "/v1/sectors?limit=1", timeout=60))
    statuses = [each.status for each in responses]
    assert set(statuses) == {200, 429}
    # An admitted call whose worker was killed has taken a token without a response.
    assert 25 - PARALLEL_REQUESTS <= statuses.count(200) <= 25


def test_of_updates_of_one_version_one_wins(cluster: WorkerCluster) -> None:
    epi = create_tenant(cluster.server)
    path = f"/v1/sectors/{epi.request('POST', '/v1/sectors', json={'name': 'begun'}).json['data']['id']}"
    match = {"If-Match": '"1"'}
    responses = cluster.during_a_kill(
        lambda nth: epi.request("PUT", path, json={"name": f"by {nth}"}, headers=match, timeout=60)
    )
    retry_until(lambda: epi.request("PUT", path, json={"name": "late"}, headers=match), 200, 409)
    assert [each.status for each in responses].count(200) <= 1
    current = epi.request("GET", path)
    assert current.headers["ETag"] == '"2"'
    assert all(each.json["data"]["name"] == current.json["data"]["name"] for each in responses if each.status == 200)


def test_of_creates_of_one_name_one_wins(cluster: WorkerCluster) -> None:
    epi = create_tenant(cluster.server)
    responses = cluster.during_a_kill(
        lambda _nth: epi.request("POST", "/v1/sectors", json={"name": "wanted"}, timeout=60)
    )
    retry_until(lambda: epi.request("POST", "/v1/sectors", json={"name": "wanted"}), 201, 409)
    assert [each.status for each in responses].count(201) <= 1
    assert len(epi.request("GET", "/v1/sectors?name=wanted").json["data"]) == 1
