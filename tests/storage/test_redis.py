"""The store on Redis: several processes, lost locks, and a Redis that stops, is full or was restored."""

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


def open_store(url: str, **options: int) -> RedisStore:
    store = RedisStore(url, **options)
    store.open("box")
    store.declare("box", PEOPLE)
    return store


@pytest.fixture
def two_stores(redis_url: str) -> Iterator[tuple[RedisStore, RedisStore]]:
    with ExitStack() as stack:
        stores = open_store(redis_url), open_store(redis_url)
        for store in stores:
            stack.callback(store.close)
        yield stores


def put(store: RedisStore, id: str, **fields: str) -> None:
    with store.transaction("box") as space:
        space.put("people", {"id": id, **fields})


def ids(store: RedisStore, **options: str) -> list[str]:
    with store.transaction("box", read_only=True) as space:
        return [record["id"] for _, record in space.scan("people", **options)]  # type: ignore[arg-type]


def test_two_stores_see_the_same_records_in_the_same_order_and_indexes(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    for nth in range(20):
        put(two_stores[nth % 2], f"p{nth}", email=f"{'ab'[nth % 3 % 2]}@x.test")
    assert ids(two_stores[0]) == ids(two_stores[1]) == [f"p{nth}" for nth in range(20)]
    assert ids(two_stores[0], field="email", equals="A@x.test") == ids(two_stores[1], field="email", equals="a@x.test")


def test_the_maximum_number_of_records_counts_those_of_all_processes(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MAX_RECORDS", 6)
    for nth in range(6):
        put(two_stores[nth % 2], f"p{nth}")
    for store in two_stores:
        with pytest.raises(TooManyRecords):
            put(store, "more")


def test_volatile_records_and_claims_are_shared_and_removed_by_a_load(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
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


def test_a_claim_of_a_process_that_has_ended_is_free(two_stores: tuple[RedisStore, RedisStore], redis_url: str) -> None:
    dead = open_store(redis_url)
    with dead.transaction("box") as space:
        space.claim("name")
    with two_stores[0].transaction("box") as space:
        assert space.is_claimed("name")
    dead.close()
    with two_stores[0].transaction("box") as space:
        assert space.claim("name")


def test_a_transaction_that_outlasts_its_lock_lease_is_refused(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LOCK_LEASE_MS", 30)
    with pytest.raises(StoreError, match="lost its lock after"), two_stores[0].transaction("box") as space:
        space.put("people", {"id": "slow"})
        put(two_stores[1], "quick")
    assert ids(two_stores[0]) == ids(two_stores[1]) == ["quick"]


def test_a_transaction_waits_for_one_of_another_process(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    entered, finished = threading.Event(), threading.Event()

    def put_second() -> None:
        entered.wait()
        put(two_stores[1], "second")
        finished.set()

    thread = threading.Thread(target=put_second)
    thread.start()
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "first"})
        entered.set()
        assert not finished.wait(0.05)
    thread.join()
    assert ids(two_stores[0]) == ["first", "second"]


def test_read_only_transactions_do_not_wait_and_may_not_write(
    two_stores: tuple[RedisStore, RedisStore],
) -> None:
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "not yet"})
        assert ids(two_stores[1]) == []
    with (
        pytest.raises(RuntimeError, match="read-only transaction has written"),
        two_stores[1].transaction("box", read_only=True) as space,
    ):
        space.put("people", {"id": "never"})
    assert ids(two_stores[0]) == ids(two_stores[1]) == ["not yet"]


@pytest.mark.parametrize("checkpoint_bytes", [0, 300, 10**6])
def test_a_store_that_has_missed_many_writes_catches_up(redis_url: str, checkpoint_bytes: int) -> None:
    busy, away = open_store(redis_url, checkpoint_bytes=checkpoint_bytes), open_store(redis_url)
    for nth in range(30):
        put(busy, f"p{nth % 7}", email=str(nth))
    assert away.export("box") == busy.export("box")
    fresh = open_store(redis_url)
    assert fresh.export("box") == busy.export("box")
    for store in (busy, away, fresh):
        store.close()


def test_stores_follow_a_redis_that_was_restored_to_an_earlier_state(
    two_stores: tuple[RedisStore, RedisStore], redis_url: str
) -> None:
    put(two_stores[0], "kept")
    assert ids(two_stores[1]) == ["kept"]
    with redis.Redis.from_url(redis_url) as client:
        dump = {key: client.dump(key) for key in client.keys("*{box}*")}
        put(two_stores[0], "forgotten")
        assert ids(two_stores[1]) == ["kept", "forgotten"]
        for key, value in dump.items():
            client.restore(key, 0, value, replace=True)
    put(two_stores[0], "later")
    # The log is as long as before but differs; the mark of its last record shows it.
    assert ids(two_stores[1]) == ids(two_stores[0]) == ["kept", "later"]


def test_store_lists_only_names_of_its_prefix(redis_url: str) -> None:
    ours, theirs = open_store(redis_url), open_store(f"{redis_url}?prefix=other")
    put(ours, "p")
    assert (ours.names(), theirs.names()) == (["box"], [])
    ours.close()
    theirs.close()


def test_a_cluster_lock_is_held_by_one_thread_at_a_time(two_stores: tuple[RedisStore, RedisStore]) -> None:
    inside: list[int] = []
    counts: list[int] = []

    def work(nth: int) -> None:
        for _ in range(10):
            with two_stores[nth % 2].cluster.lock("work"):
                inside.append(nth)
                counts.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 40


def test_the_cluster_lock_of_a_dead_process_is_free(
    two_stores: tuple[RedisStore, RedisStore], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = open_store(redis_url)
    dead.cluster.lock("work").__enter__()
    dead.close()
    with two_stores[0].cluster.lock("work"):
        pass


def test_one_process_leads_and_another_takes_over_when_it_stops(redis_url: str) -> None:
    first, second = open_store(redis_url), open_store(redis_url)
    assert (first.cluster.is_leader(), second.cluster.is_leader(), first.cluster.is_leader()) == (True, False, True)
    first.close()
    assert second.cluster.is_leader()
    second.close()


def test_another_process_takes_over_when_the_leader_sends_no_heartbeat(
    two_stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "HEARTBEAT_TTL_MS", 30)
    assert two_stores[0].cluster.is_leader()
    until = monotonic() + 60
    while not two_stores[1].cluster.is_leader():
        assert monotonic() < until
    assert not two_stores[0].cluster.is_leader()


def test_a_due_notification_is_sent_after_its_transaction_commits(two_stores: tuple[RedisStore, RedisStore]) -> None:
    notified = threading.Event()
    sandboxes: list[str] = []

    def on_due(sandbox: str) -> None:
        sandboxes.append(sandbox)
        notified.set()

    two_stores[1].cluster.subscribe(on_due)
    two_stores[0].cluster.subscribe(lambda _sandbox: None)
    deadline = monotonic() + 60
    while not notified.is_set():  # until the other store has subscribed
        two_stores[0].notify_due("box")
        notified.wait(0.05)
        assert monotonic() < deadline
    notified.clear()
    with two_stores[0].transaction("box") as space:
        space.put("people", {"id": "p"})
        two_stores[0].notify_due("box")
        assert not notified.wait(0.05)
    assert notified.wait(60)
    assert set(sandboxes) == {"box"}


class StoppableRedis:
    """A Redis for one test, which the test stops and starts."""

    def __init__(self, directory: Path) -> None:
        self.server = RedisServer(directory, "--appendonly", "yes", "--appendfsync", "always")
        self.store = open_store(self.server.url)


@pytest.fixture
def stoppable_redis(tmp_path: Path) -> Iterator[StoppableRedis]:
    stoppable = StoppableRedis(tmp_path)
    put(stoppable.store, "before")
    stoppable.server.stop()
    yield stoppable
    stoppable.store.close()
    stoppable.server.stop()


def test_without_redis_every_transaction_is_refused_without_a_long_wait(stoppable_redis: StoppableRedis) -> None:
    for read_only in (True, False):
        start = monotonic()
        with pytest.raises(StoreError), stoppable_redis.store.transaction("box", read_only=read_only):
            pass
        assert monotonic() - start < 30
    assert stoppable_redis.store.status.failure
    assert not list(stoppable_redis.server._directory.glob("*.json"))


def test_when_redis_is_back_the_store_works_again(stoppable_redis: StoppableRedis) -> None:
    with pytest.raises(StoreError):
        put(stoppable_redis.store, "meanwhile")
    stoppable_redis.server.start()
    put(stoppable_redis.store, "after")
    assert ids(stoppable_redis.store) == ["before", "after"]
    assert stoppable_redis.store.status.failure is None


def test_a_claim_whose_release_failed_is_free_once_redis_is_back(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    mine, other = open_store(server.url), open_store(server.url)
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


def test_a_full_redis_refuses_writes_until_there_is_room(redis_url: str) -> None:
    store = open_store(redis_url)
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


def test_a_redis_that_may_evict_keys_is_refused(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 10**9)
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(StoreError, match="set it to noeviction"):
                RedisStore(redis_url)
        finally:
            client.config_set("maxmemory", 0)
            client.config_set("maxmemory-policy", "noeviction")


def test_every_script_uses_one_slot_of_a_redis_cluster(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        until = monotonic() + 60
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            assert monotonic() < until
    store = open_store(server.url, checkpoint_bytes=0)
    put(store, "p")
    journal_log = store.journal_log("box")
    for _ in range(3):
        journal_log.write(b"{}", 10, "200", 2, 10**6)
    assert (len(journal_log.read()), journal_log.counts()) == (2, (1, {"200": 3}))
    journal_log.clear()
    with store.cluster.lock("work"):
        assert store.cluster.is_leader()
    other = open_store(server.url)
    assert ids(other) == ["p"]
    store.delete("box")
    assert other.names() == []
    other.close()
    store.close()
    server.stop()


def test_a_password_is_not_in_errors_or_the_status(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--requirepass", "hunter2")
    with pytest.raises(StoreError) as refused:
        RedisStore(server.url)
    assert "hunter2" not in str(refused.value)
    url = server.url.replace("redis://", "redis://:hunter2@")
    store = open_store(url)
    server.stop()
    with pytest.raises(StoreError) as failed, store.transaction("box"):
        pass
    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in str(store.status)
    store.close()


def test_the_memory_of_a_deleted_sandbox_is_freed_without_the_garbage_collector(redis_url: str) -> None:
    store = open_store(redis_url)
    store.on_remote_changes("box", lambda _space, _changed: None)
    put(store, "p")
    reference = weakref.ref(cast(Any, store.database("box")).storage)
    gc.disable()
    try:
        store.delete("box")
        assert reference() is None
    finally:
        gc.enable()
    store.close()
