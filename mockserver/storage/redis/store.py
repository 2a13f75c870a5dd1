"""The implementation of Store on Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from tinydb import TinyDB

from mockserver.storage.base import (
    ChangedCollections,
    Cluster,
    Collection,
    SandboxGone,
    Space,
    State,
    StoreError,
    StoreStatus,
    WriteTimes,
)
from mockserver.storage.redis.client import RedisClient
from mockserver.storage.redis.cluster import RedisCluster
from mockserver.storage.redis.journal_log import RedisJournalLog
from mockserver.storage.redis.space import CLAIMS, SharedSpace
from mockserver.storage.redis.storage import CHECKPOINT_BYTES, SharedStorage
from mockserver.storage.tinydb.database import OpenSandbox, check_sandbox_name
from mockserver.storage.tinydb.memory import Transaction


class RedisStore:
    """A store in Redis for several processes; each process has a copy of the sandboxes that it has opened.

    Raises StoreError if Redis cannot be reached or is configured to evict keys.
    """

    def __init__(self, url: str, *, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        self._redis = RedisClient(url)
        self._check_eviction_policy()
        self._cluster = RedisCluster(self._redis)
        self.cluster: Cluster = self._cluster
        self._checkpoint_bytes = checkpoint_bytes
        self._opening = threading.Lock()
        self._sandboxes: dict[str, OpenSandbox] = {}
        self._unreleased: dict[str, set[str]] = {}
        """By sandbox: the claims that the next transaction releases, because an earlier release may have failed."""

    def _check_eviction_policy(self) -> None:
        memory: dict[str, Any] = self._redis.execute(lambda client: client.info("memory"))
        policy = memory.get("maxmemory_policy", "noeviction")
        if memory.get("maxmemory") and policy != "noeviction":
            raise StoreError(
                f"{self._redis.display_url}: maxmemory-policy is {policy}, so Redis would delete sandboxes when it is "
                "full; set it to noeviction"
            )

    @property
    def status(self) -> StoreStatus:
        try:
            self._redis.execute(lambda client: client.ping())
        except StoreError as error:
            return StoreStatus("redis", str(error))
        return StoreStatus("redis")

    def names(self) -> list[str]:
        return sorted(name.decode() for name in self._redis.execute(lambda client: client.smembers(self._names_key)))

    @property
    def _names_key(self) -> str:
        return self._redis.key("sandboxes")

    def open(self, sandbox: str) -> None:
        check_sandbox_name(sandbox)
        with self._opening:
            if sandbox not in self._sandboxes or not self.refresh(sandbox):
                storage = SharedStorage(self._redis, sandbox, self._checkpoint_bytes)
                opened = OpenSandbox(storage, volatile_storage=storage)
                storage.apply_write = opened.apply_write
                opened.declare((CLAIMS,))
                storage.refresh()
                self._sandboxes[sandbox] = opened

    def _get_open(self, sandbox: str) -> tuple[OpenSandbox, SharedStorage]:
        try:
            opened = self._sandboxes[sandbox]
        except KeyError:
            raise SandboxGone(f"sandbox {sandbox!r} is not open") from None
        assert isinstance(opened.storage, SharedStorage)
        return opened, opened.storage

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        opened, storage = self._get_open(sandbox)
        with storage.exclusive():
            opened.declare((CLAIMS, *collections))

    def on_remote_changes(self, sandbox: str, callback: Callable[[Space, ChangedCollections], None]) -> None:
        opened, storage = self._get_open(sandbox)
        storage.on_change = lambda collections: callback(self._space(opened), collections)

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        """Does nothing: the log in Redis has no times."""

    def _space(self, opened: OpenSandbox) -> SharedSpace:
        return SharedSpace(opened, self._redis.worker, self._cluster.is_alive)

    def refresh(self, sandbox: str) -> bool:
        try:
            self._get_open(sandbox)[1].refresh()
        except SandboxGone:
            self._sandboxes.pop(sandbox, None)
            return False
        return True

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        opened, storage = self._get_open(sandbox)
        if read_only:
            return Transaction(storage, self._space(opened), read_only=True)
        return self._transaction(sandbox, opened, storage)

    @contextmanager
    def _transaction(self, sandbox: str, opened: OpenSandbox, storage: SharedStorage) -> Iterator[Space]:
        unreleased = self._unreleased.get(sandbox, set())
        space = self._space(opened)
        try:
            with Transaction(storage, space):
                releasing = list(unreleased)  # A copy, because other threads can add claims.
                for name in releasing:
                    space.release(name)
                storage.notifies_due = False
                yield space
                notifies_due = storage.notifies_due
        except StoreError:
            # If the commit succeeded and only its reply was lost, nothing else would release these claims.
            self._unreleased.setdefault(sandbox, set()).update(space.changed_claims)
            raise
        unreleased.difference_update(releasing)
        self._register(sandbox, storage)
        if notifies_due:
            self._cluster.notify_due(sandbox)

    def _register(self, sandbox: str, storage: SharedStorage) -> None:
        """Adds the sandbox to the set of names in Redis, if it has records and was not added yet."""
        if storage.has_records and not storage.is_registered:
            self._redis.execute(lambda client: client.sadd(self._names_key, sandbox))
            storage.is_registered = True

    def release_claim(self, sandbox: str, claim: str) -> None:
        """Releases a claim; if Redis does not respond, the next transaction releases it."""
        try:
            with self.transaction(sandbox, durable=False) as space:
                space.release(claim)
        except StoreError:
            with suppress(StoreError):
                self._get_open(sandbox)[0].claims.discard(claim)
                self._unreleased.setdefault(sandbox, set()).add(claim)

    def database(self, sandbox: str) -> TinyDB:
        """Returns the TinyDB of an open sandbox, for its query language; each change is a transaction."""
        return self._get_open(sandbox)[0].database

    def wait_until_durable(self, sandbox: str) -> None: ...

    def flush(self) -> None: ...

    def export(self, sandbox: str) -> State:
        opened, storage = self._get_open(sandbox)
        with storage.exclusive_reentrant():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        opened, storage = self._get_open(sandbox)
        with storage.exclusive():
            opened.load(state)
        self._register(sandbox, storage)

    def delete(self, sandbox: str) -> None:
        check_sandbox_name(sandbox)
        with self._opening:
            opened = self._sandboxes.pop(sandbox, None)
        keys = [self._redis.key(f"{{{sandbox}}}", part) for part in ("meta", "log", "checkpoint", "journal", "figures")]
        self._redis.execute(lambda client: client.srem(self._names_key, sandbox))
        self._redis.execute(lambda client: client.delete(*keys))
        if opened is not None:
            opened.storage.close()

    def notify_due(self, sandbox: str) -> None:
        storage = self._get_open(sandbox)[1]
        if storage.is_in_transaction:
            storage.notifies_due = True
        else:
            self._cluster.notify_due(sandbox)

    def journal_log(self, sandbox: str) -> RedisJournalLog:
        return RedisJournalLog(self._redis, sandbox)

    def close(self) -> None:
        self._cluster.stop()
        with self._opening:
            while self._sandboxes:
                self._sandboxes.popitem()[1].storage.close()
        self._redis.close()
