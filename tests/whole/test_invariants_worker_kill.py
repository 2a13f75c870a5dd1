"""What is still promised while one of three worker processes is killed in the midst of what it was asked."""

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
from tests.whole.test_invariants import TOKEN, create_tenant

TIMEOUT_SECONDS = 60.0
ROUNDS, PARALLEL_REQUESTS = 6, 12


class WorkerCluster:
    """Three workers, of which one can be killed."""

    def __init__(self, served: LiveServer, process: psutil.Process) -> None:
        self.server, self._process = served, process

    def during_a_kill(self, ask: Callable[[int], HttpResponse]) -> list[HttpResponse]:
        """What many clients hear while a worker is killed; whoever was connected to it hears nothing."""
        # The one that an earlier test has killed may not be buried yet.
        victim = next(each for each in self._process.children() if is_alive(each))

        def asked(nth: int) -> HttpResponse | None:
            if nth == ROUNDS * PARALLEL_REQUESTS // 2:
                victim.kill()
            try:
                return ask(nth)
            except (OSError, HTTPException):
                return None

        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            heard = [each for each in pool.map(asked, range(ROUNDS * PARALLEL_REQUESTS)) if each is not None]
        assert not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE
        return heard


def retry_until(ask: Callable[[], HttpResponse], *statuses: int) -> HttpResponse:
    """Ask again, as a client does that has lost an answer, until it is told what became of it."""
    began = monotonic()
    while (heard := ask()).status not in statuses:
        assert monotonic() - began < TIMEOUT_SECONDS, heard
    return heard


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerCluster]:
    folder = tmp_path_factory.mktemp("killed")
    with ExitStack() as stack:
        redis = RedisServer(folder)
        stack.callback(redis.stop)
        where = ("--store", redis.url, "--workers", "3", "--port", "0", "--admin-token", TOKEN)
        process, url = stack.enter_context(start_server("serve", "smartepi", "kota", *where))
        yield WorkerCluster(LiveServer(url, TOKEN), psutil.Process(process.pid))


def test_of_equal_requests_one_is_done_and_its_answer_is_everyones(cluster: WorkerCluster) -> None:
    kota = create_tenant(cluster.server, "kota")
    before = kota.request("GET", "/employers").json["total_count"]
    key = {"Idempotency-Key": "once"}
    heard = cluster.during_a_kill(
        lambda _nth: kota.request("POST", "/employers", json=EMPLOYER, headers=key, timeout=60)
    )
    assert {each.status for each in heard} <= {200, 409}
    # Had the one that was killed the request in hand, its claim ends with it.
    replayed = retry_until(lambda: kota.request("POST", "/employers", json=EMPLOYER, headers=key), 200)
    assert {each.body for each in heard if each.status == 200} <= {replayed.body}
    assert kota.request("GET", "/employers").json["total_count"] == before + 1


def test_a_bucket_admits_no_more_than_it_holds(cluster: WorkerCluster) -> None:
    limited = create_tenant(cluster.server, limits={"rate": 10, "burst": 25})
    heard = cluster.during_a_kill(lambda _nth: limited.request("GET", "/v1/sectors?limit=1", timeout=60))
    statuses = [each.status for each in heard]
    assert set(statuses) == {200, 429}
    # A call that was admitted and whose worker died has had its share.
    assert 25 - PARALLEL_REQUESTS <= statuses.count(200) <= 25


def test_of_updates_of_one_version_one_wins(cluster: WorkerCluster) -> None:
    epi = create_tenant(cluster.server)
    path = f"/v1/sectors/{epi.request('POST', '/v1/sectors', json={'name': 'begun'}).json['data']['id']}"
    match = {"If-Match": '"1"'}
    heard = cluster.during_a_kill(
        lambda nth: epi.request("PUT", path, json={"name": f"by {nth}"}, headers=match, timeout=60)
    )
    retry_until(lambda: epi.request("PUT", path, json={"name": "late"}, headers=match), 200, 409)
    assert [each.status for each in heard].count(200) <= 1
    shown = epi.request("GET", path)
    assert shown.headers["ETag"] == '"2"'
    assert all(each.json["data"]["name"] == shown.json["data"]["name"] for each in heard if each.status == 200)


def test_of_creates_of_one_name_one_wins(cluster: WorkerCluster) -> None:
    epi = create_tenant(cluster.server)
    heard = cluster.during_a_kill(lambda _nth: epi.request("POST", "/v1/sectors", json={"name": "wanted"}, timeout=60))
    retry_until(lambda: epi.request("POST", "/v1/sectors", json={"name": "wanted"}), 201, 409)
    assert [each.status for each in heard].count(201) <= 1
    assert len(epi.request("GET", "/v1/sectors?name=wanted").json["data"]) == 1
