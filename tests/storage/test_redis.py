"""What can go wrong between a process and Redis, and what is promised all the same."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
import redis

from mockserver.storage.base import Collection, StoreError, StoreFull, TooManyRecords
from mockserver.storage.redis import cluster, storage
from mockserver.storage.redis.store import RedisStore
from mockserver.storage.tinydb import space
from tests.support.redis_server import RedisServer, free_port

PEOPLE = (Collection("people", ("email",)), Collection("seen", volatile=True))


def opened(url: str, **options: int) -> RedisStore:
    store = RedisStore(url, **options)
    store.open("box")
    store.declare("box", PEOPLE)
    return store


@pytest.fixture
def two_stores(redis_url: str) -> Iterator[tuple[RedisStore, RedisStore]]:
    with ExitStack() as stack:
        stores = opened(redis_url), opened(redis_url)
        for store in stores:
            stack.callback(store.close)
        yield stores


def put(store: RedisStore, id: str, **fields: str) -> None:
    with store.transaction("box") as space:
        space.put("people", {"id": id, **fields})


def ids(store: RedisStore, **how: str) -> list[str]:
    with store.transaction("box", read_only=True) as space:
        return [record["id"] for _, record in space.scan("people", **how)]  # type: ignore[arg-type]


def test_each_has_what_the_other_wrote_in_the_same_order_and_under_its_indexes(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    for nth in range(20):
        put(two_stores[nth % 2], f"p{nth}", email=f"{'ab'[nth % 3 % 2]}@x.test")
    assert ids(two_stores[0]) == ids(two_stores[1]) == [f"p{nth}" for nth in range(20)]
    assert ids(two_stores[0], field="email", equals="A@x.test") == ids(two_stores[1], field="email", equals="a@x.test")


def test_so_many_records_fit_whoever_writes_them(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MAX_RECORDS", 6)
    for nth in range(6):
        put(two_stores[nth % 2], f"p{nth}")
    for store in two_stores:
        with pytest.raises(TooManyRecords):
            put(store, "more")


def test_the_volatile_is_shared_and_gone_after_a_load(two_stores: tuple[RedisStore, RedisStore]) -> None:
    with two_stores[0].transaction("box") as space:
        space.put("seen", {"id": "s"})
        assert space.claim("name")
    with two_stores[1].transaction("box") as space:
        assert space.get("seen", "s") == {"id": "s"}
        assert not space.claim("name")
    two_stores[0].load("box", two_stores[1].export("box"))
    with two_stores[1].transaction("box") as space:
        assert space.count("seen") == 0
        assert space.claim("name")


def test_a_claim_of_a_process_that_is_no_more_is_free(
    two_stores: tuple[RedisStore, RedisStore], redis_url: str
) -> None:
    dead = opened(redis_url)
    with dead.transaction("box") as space:
        space.claim("name")
    with two_stores[0].transaction("box") as space:
        assert space.is_claimed("name")
    dead.close()
    with two_stores[0].transaction("box") as space:
        assert space.claim("name")


def test_who_has_stood_still_for_too_long_keeps_nothing(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_LEASE_MS", 30)
    with pytest.raises(StoreError, match="was others'"), two_stores[0].transaction("box") as space:
        space.put("people", {"id": "slow"})
        put(two_stores[1], "quick")
    assert ids(two_stores[0]) == ids(two_stores[1]) == ["quick"]


def test_who_waits_for_a_transaction_of_another_process_gets_its_turn(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    entered, waited = threading.Event(), threading.Event()

    def later() -> None:
        entered.wait()
        put(two_stores[1], "second")
        waited.set()

    thread = threading.Thread(target=later)
    thread.start()
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "first"})
        entered.set()
        assert not waited.wait(0.05)
    thread.join()
    assert ids(two_stores[0]) == ["first", "second"]


def test_transactions_that_only_read_do_not_wait_and_may_write_nothing(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "not yet"})
        assert ids(two_stores[1]) == []
    with (
        pytest.raises(RuntimeError, match="only reads has written"),
        two_stores[1].transaction("box", read_only=True) as space,
    ):
        space.put("people", {"id": "never"})
    assert ids(two_stores[0]) == ids(two_stores[1]) == ["not yet"]


@pytest.mark.parametrize("checkpoint_bytes", [0, 300, 10**6])
def test_who_has_been_away_for_long_finds_the_same(redis_url: str, checkpoint_bytes: int) -> None:
    busy, away = opened(redis_url, checkpoint_bytes=checkpoint_bytes), opened(redis_url)
    for nth in range(30):
        put(busy, f"p{nth % 7}", email=str(nth))
    assert away.export("box") == busy.export("box")
    fresh = opened(redis_url)
    assert fresh.export("box") == busy.export("box")
    for store in (busy, away, fresh):
        store.close()


def test_a_redis_that_went_back_in_time_is_believed(two_stores: tuple[RedisStore, RedisStore], redis_url: str) -> None:
    put(two_stores[0], "kept")
    assert ids(two_stores[1]) == ["kept"]
    with redis.Redis.from_url(redis_url) as client:
        before = {key: client.dump(key) for key in client.keys("*{box}*")}
        put(two_stores[0], "forgotten")
        assert ids(two_stores[1]) == ["kept", "forgotten"]
        for key, value in before.items():
            client.restore(key, 0, value, replace=True)
    put(two_stores[0], "later")
    # As many records as before, and yet not the same: the mark of the last tells.
    assert ids(two_stores[1]) == ids(two_stores[0]) == ["kept", "later"]


def test_store_lists_only_names_of_its_prefix(redis_url: str) -> None:
    ours, theirs = opened(redis_url), opened(f"{redis_url}?prefix=other")
    put(ours, "p")
    assert (ours.names(), theirs.names()) == (["box"], [])
    ours.close()
    theirs.close()


def test_what_is_done_alone_is_done_by_one_process_at_a_time(two_stores: tuple[RedisStore, RedisStore]) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(nth: int) -> None:
        for _ in range(10):
            with two_stores[nth % 2].cluster.lock("deed"):
                inside.append(nth)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 40


def test_what_a_dead_process_did_alone_another_may_do(
    two_stores: tuple[RedisStore, RedisStore], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = opened(redis_url)
    dead.cluster.lock("deed").__enter__()
    dead.close()
    with two_stores[0].cluster.lock("deed"):
        pass


def test_one_leads_and_another_takes_over_when_it_stops(redis_url: str) -> None:
    first, second = opened(redis_url), opened(redis_url)
    assert (first.cluster.is_leader(), second.cluster.is_leader(), first.cluster.is_leader()) == (True, False, True)
    first.close()
    assert second.cluster.is_leader()
    second.close()


def test_one_leads_and_another_takes_over_when_it_is_not_heard_of(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "HEARTBEAT_TTL_MS", 30)
    assert two_stores[0].cluster.is_leader()
    until = monotonic() + 60
    while not two_stores[1].cluster.is_leader():
        assert monotonic() < until
    assert not two_stores[0].cluster.is_leader()


def test_what_is_due_is_called_out_once_it_is_kept(two_stores: tuple[RedisStore, RedisStore]) -> None:
    heard = threading.Event()
    said: list[str] = []

    def hear(sandbox: str) -> None:
        said.append(sandbox)
        heard.set()

    two_stores[1].cluster.subscribe(hear)
    two_stores[0].cluster.subscribe(lambda _sandbox: None)
    until = monotonic() + 60
    while not heard.is_set():  # until the other one listens
        two_stores[0].notify_due("box")
        heard.wait(0.05)
        assert monotonic() < until
    heard.clear()
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "p"})
        two_stores[0].notify_due("box")
        assert not heard.wait(0.05)
    assert heard.wait(60)
    assert set(said) == {"box"}


class StoppableRedis:
    """A Redis of one test's own that goes away and comes back."""

    def __init__(self, directory: Path) -> None:
        self.server = RedisServer(directory, "--appendonly", "yes", "--appendfsync", "always")
        self.store = opened(self.server.url)


@pytest.fixture
def stoppable_redis(tmp_path: Path) -> Iterator[StoppableRedis]:
    made = StoppableRedis(tmp_path)
    put(made.store, "before")
    made.server.stop()
    yield made
    made.store.close()
    made.server.stop()


def test_without_redis_everything_is_refused_and_nobody_waits_for_it(stoppable_redis: StoppableRedis) -> None:
    for reading in (True, False):
        began = monotonic()
        with pytest.raises(StoreError), stoppable_redis.store.transaction("box", read_only=reading):
            pass
        assert monotonic() - began < 30
    assert stoppable_redis.store.status.failure
    assert not list(stoppable_redis.server._directory.glob("*.json"))


def test_when_redis_is_back_everything_goes_on_by_itself(stoppable_redis: StoppableRedis) -> None:
    with pytest.raises(StoreError):
        put(stoppable_redis.store, "meanwhile")
    stoppable_redis.server.start()
    put(stoppable_redis.store, "after")
    assert ids(stoppable_redis.store) == ["before", "after"]
    assert stoppable_redis.store.status.failure is None


def test_a_claim_that_could_not_be_let_go_is_free_once_redis_is_back(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    mine, other = opened(server.url), opened(server.url)
    with mine.transaction("box") as space:
        space.claim("name")
    server.stop()
    mine.release_claim("box", "name")
    server.start()
    put(mine, "anything")
    with other.transaction("box") as space:
        assert space.claim("name")
    for store in (mine, other):
        store.close()
    server.stop()


def test_a_redis_that_is_full_takes_nothing_and_goes_on_when_there_is_room(redis_url: str) -> None:
    store = opened(redis_url)
    put(store, "before")
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreFull):
                put(store, "too much")
            assert ids(store) == ["before"]
        finally:
            client.config_set("maxmemory", 0)
    put(store, "again")
    assert ids(store) == ["before", "again"]
    store.close()


def test_a_redis_that_would_throw_sandboxes_away_is_refused(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 10**9)
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(StoreError, match="set it to noeviction"):
                RedisStore(redis_url)
        finally:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")


def test_every_script_keeps_to_one_slot_of_a_cluster(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        until = monotonic() + 60
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            assert monotonic() < until
    store = opened(server.url, checkpoint_bytes=0)
    put(store, "p")
    tape = store.journal_log("box")
    for _ in range(3):
        tape.write(b"{}", 10, "200", 2, 10**6)
    assert (len(tape.read()), tape.counts()) == (2, (1, {"200": 3}))
    tape.clear()
    with store.cluster.lock("deed"):
        assert store.cluster.is_leader()
    other = opened(server.url)
    assert ids(other) == ["p"]
    store.delete("box")
    assert other.names() == []
    other.close()
    store.close()
    server.stop()


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--requirepass", "hunter2")
    with pytest.raises(StoreError) as refused:
        RedisStore(server.url)
    assert "hunter2" not in str(refused.value)
    url = server.url.replace("redis://", "redis://:hunter2@")
    store = opened(url)
    server.stop()
    with pytest.raises(StoreError) as failed, store.transaction("box"):
        pass
    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in str(store.status)
    store.close()


def test_what_a_deleted_sandbox_held_is_freed_without_waiting_for_the_collector(redis_url: str) -> None:
    store = opened(redis_url)
    store.watch("box", lambda _space, _changed: None)
    put(store, "p")
    held = weakref.ref(cast(Any, store.database("box")).storage)
    gc.disable()
    try:
        store.delete("box")
        assert held() is None
    finally:
        gc.enable()
    store.close()
