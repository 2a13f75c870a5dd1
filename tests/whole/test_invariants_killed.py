"""What is still promised while one of three worker processes is killed in the midst of what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from time import monotonic

import psutil
import pytest

from tests.http.test_workers import lives
from tests.support.kota_world import EMPLOYER
from tests.support.redis_server import RedisServer
from tests.support.server_process import start_server
from tests.support.socket_server import Heard, Served
from tests.whole.test_invariants import TOKEN, tenant

PATIENCE = 60.0
WAVES, WIDE = 6, 12


class Fleet:
    """Three workers, of which one can be killed."""

    def __init__(self, served: Served, process: psutil.Process) -> None:
        self.served, self._process = served, process

    def during_a_kill(self, ask: Callable[[int], Heard]) -> list[Heard]:
        """What many clients hear while a worker is killed; whoever was connected to it hears nothing."""
        # The one that an earlier test has killed may not be buried yet.
        victim = next(each for each in self._process.children() if lives(each))

        def asked(nth: int) -> Heard | None:
            if nth == WAVES * WIDE // 2:
                victim.kill()
            try:
                return ask(nth)
            except (OSError, HTTPException):
                return None

        with ThreadPoolExecutor(WIDE) as pool:
            heard = [each for each in pool.map(asked, range(WAVES * WIDE)) if each is not None]
        assert not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE
        return heard


def until(ask: Callable[[], Heard], *statuses: int) -> Heard:
    """Ask again, as a client does that has lost an answer, until it is told what became of it."""
    began = monotonic()
    while (heard := ask()).status not in statuses:
        assert monotonic() - began < PATIENCE, heard
    return heard


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("killed")
    with ExitStack() as stack:
        redis = RedisServer(folder)
        stack.callback(redis.stop)
        where = ("--store", redis.url, "--workers", "3", "--port", "0", "--admin-token", TOKEN)
        process, url = stack.enter_context(start_server("serve", "smartepi", "kota", *where))
        yield Fleet(Served(url, TOKEN), psutil.Process(process.pid))


def test_of_equal_requests_one_is_done_and_its_answer_is_everyones(fleet: Fleet) -> None:
    kota = tenant(fleet.served, "kota")
    before = kota.ask("GET", "/employers").json["total_count"]
    key = {"Idempotency-Key": "once"}
    heard = fleet.during_a_kill(lambda _nth: kota.ask("POST", "/employers", json=EMPLOYER, headers=key, timeout=60))
    assert {each.status for each in heard} <= {200, 409}
    # Had the one that was killed the request in hand, its claim ends with it.
    replayed = until(lambda: kota.ask("POST", "/employers", json=EMPLOYER, headers=key), 200)
    assert {each.body for each in heard if each.status == 200} <= {replayed.body}
    assert kota.ask("GET", "/employers").json["total_count"] == before + 1


def test_a_bucket_admits_no_more_than_it_holds(fleet: Fleet) -> None:
    limited = tenant(fleet.served, limits={"rate": 10, "burst": 25})
    heard = fleet.during_a_kill(lambda _nth: limited.ask("GET", "/v1/sectors?limit=1", timeout=60))
    statuses = [each.status for each in heard]
    assert set(statuses) == {200, 429}
    # A call that was admitted and whose worker died has had its share.
    assert 25 - WIDE <= statuses.count(200) <= 25


def test_of_updates_of_one_version_one_wins(fleet: Fleet) -> None:
    epi = tenant(fleet.served)
    path = f"/v1/sectors/{epi.ask('POST', '/v1/sectors', json={'name': 'begun'}).json['data']['id']}"
    match = {"If-Match": '"1"'}
    heard = fleet.during_a_kill(lambda nth: epi.ask("PUT", path, json={"name": f"by {nth}"}, headers=match, timeout=60))
    until(lambda: epi.ask("PUT", path, json={"name": "late"}, headers=match), 200, 409)
    assert [each.status for each in heard].count(200) <= 1
    shown = epi.ask("GET", path)
    assert shown.headers["ETag"] == '"2"'
    assert all(each.json["data"]["name"] == shown.json["data"]["name"] for each in heard if each.status == 200)


def test_of_creates_of_one_name_one_wins(fleet: Fleet) -> None:
    epi = tenant(fleet.served)
    heard = fleet.during_a_kill(lambda _nth: epi.ask("POST", "/v1/sectors", json={"name": "wanted"}, timeout=60))
    until(lambda: epi.ask("POST", "/v1/sectors", json={"name": "wanted"}), 201, 409)
    assert [each.status for each in heard].count(201) <= 1
    assert len(epi.ask("GET", "/v1/sectors?name=wanted").json["data"]) == 1
