"""The store on Redis."""

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
    """Keeps every sandbox in Redis for any number of processes; each holds a copy of those it has opened."""

    def __init__(self, url: str, *, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        self._redis = RedisClient(url)
        self._check_eviction_policy()
        self._cluster = RedisCluster(self._redis)
        self.cluster: Cluster = self._cluster
        self._checkpoint_bytes = checkpoint_bytes
        self._opening = threading.Lock()
        self._sandboxes: dict[str, OpenSandbox] = {}
        self._unreleased: dict[str, set[str]] = {}

    def _check_eviction_policy(self) -> None:
        memory: dict[str, Any] = self._redis.execute(lambda client: client.info("memory"))
        policy = memory.get("maxmemory_policy", "noeviction")
        if memory.get("maxmemory") and policy != "noeviction":
            raise StoreError(
                f"{self._redis.display_url}: maxmemory-policy is {policy}, so Redis would throw sandboxes away when it is "
                "full; set it to noeviction"
            )

    @property
    def status(self) -> StoreStatus:
        """Whether Redis answers."""
        try:
            self._redis.execute(lambda client: client.ping())
        except StoreError as error:
            return StoreStatus("redis", str(error))
        return StoreStatus("redis")

    def names(self) -> list[str]:
        """The sandboxes kept here, sorted."""
        return sorted(name.decode() for name in self._redis.execute(lambda client: client.smembers(self._names_key)))

    @property
    def _names_key(self) -> str:
        return self._redis.key("sandboxes")

    def open(self, sandbox: str) -> None:
        """Make the sandbox's records available, creating an empty one where there is none."""
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
        """Say which collections an open sandbox has; indexes are built over what is already there."""
        opened, storage = self._get_open(sandbox)
        with storage.exclusive():
            opened.declare((CLAIMS, *collections))

    def watch(self, sandbox: str, changed: Callable[[Space, ChangedCollections], None]) -> None:
        """Have a function called, inside a transaction, with what other processes have changed."""
        opened, storage = self._get_open(sandbox)
        storage.on_change = lambda names: changed(self._space(opened), names)

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        """What is in Redis does not say when it came there."""

    def _space(self, opened: OpenSandbox) -> SharedSpace:
        return SharedSpace(opened, self._redis.worker, self._cluster.is_alive)

    def refresh(self, sandbox: str) -> bool:
        """Take over what other processes have written; False when one of them has deleted the sandbox."""
        try:
            self._get_open(sandbox)[1].refresh()
        except SandboxGone:
            self._sandboxes.pop(sandbox, None)
            return False
        return True

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """Hold the sandbox's lock among all processes; on leaving, keep every write, or none when an error leaves."""
        opened, storage = self._get_open(sandbox)
        if read_only:
            return Transaction(storage, self._space(opened), read_only=True)
        return self._transaction(sandbox, opened, storage)

    @contextmanager
    def _transaction(self, sandbox: str, opened: OpenSandbox, storage: SharedStorage) -> Iterator[Space]:
        owed = self._unreleased.get(sandbox, set())
        space = self._space(opened)
        try:
            with Transaction(storage, space):
                paying = list(owed)
                for name in paying:
                    space.release(name)
                storage.notifies_due = False
                yield space
                calls = storage.notifies_due
        except StoreError:
            # It may have been kept for all that, and then nobody would ever release what it claimed.
            self._unreleased.setdefault(sandbox, set()).update(space.changed_claims)
            raise
        owed.difference_update(paying)
        self._register(sandbox, storage)
        if calls:
            self._cluster.notify_due(sandbox)

    def _register(self, sandbox: str, storage: SharedStorage) -> None:
        """Have it among the names once there is something of it."""
        if storage.has_records and not storage.is_registered:
            self._redis.execute(lambda client: client.sadd(self._names_key, sandbox))
            storage.is_registered = True

    def release_claim(self, sandbox: str, claim: str) -> None:
        """Release a claim, if Redis does not answer then with the next transaction."""
        try:
            with self.transaction(sandbox, durable=False) as space:
                space.release(claim)
        except StoreError:
            with suppress(StoreError):
                self._get_open(sandbox)[0].claims.discard(claim)
                self._unreleased.setdefault(sandbox, set()).add(claim)

    def database(self, sandbox: str) -> TinyDB:
        """The TinyDB of an open sandbox, for its own query language; each change is a transaction."""
        return self._get_open(sandbox)[0].database

    def wait_until_durable(self, sandbox: str) -> None:
        """What was written is in Redis already."""

    def flush(self) -> None:
        """What was written is in Redis already."""

    def export(self, sandbox: str) -> State:
        """All collections that are not volatile, as plain JSON-able data; the records are not to be changed."""
        opened, storage = self._get_open(sandbox)
        with storage.exclusive_reentrant():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        """Replace everything the sandbox holds (volatile collections and claims are emptied), at one moment."""
        opened, storage = self._get_open(sandbox)
        with storage.exclusive():
            opened.load(state)
        self._register(sandbox, storage)

    def delete(self, sandbox: str) -> None:
        """Forget the sandbox."""
        check_sandbox_name(sandbox)
        with self._opening:
            opened = self._sandboxes.pop(sandbox, None)
        keys = [self._redis.key(f"{{{sandbox}}}", part) for part in ("meta", "log", "checkpoint", "journal", "figures")]
        self._redis.execute(lambda client: client.srem(self._names_key, sandbox))
        self._redis.execute(lambda client: client.delete(*keys))
        if opened is not None:
            opened.storage.close()

    def notify_due(self, sandbox: str) -> None:
        """Tell other processes that something is due in a sandbox, once the transaction is kept that is open."""
        storage = self._get_open(sandbox)[1]
        if storage.is_in_transaction:
            storage.notifies_due = True
        else:
            self._cluster.notify_due(sandbox)

    def journal_log(self, sandbox: str) -> RedisJournalLog:
        """Where the calls of a sandbox are written down for all processes."""
        return RedisJournalLog(self._redis, sandbox)

    def close(self) -> None:
        """Let go of everything; what was written is in Redis."""
        self._cluster.stop()
        with self._opening:
            while self._sandboxes:
                self._sandboxes.popitem()[1].storage.close()
        self._redis.close()
