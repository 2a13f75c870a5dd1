"""The store on Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from tinydb import TinyDB

from mockserver.storage.base import (
    Changed,
    Collection,
    Condition,
    Others,
    Space,
    State,
    StoreError,
    StoreGone,
    Written,
)
from mockserver.storage.redis.fleet import Fleet
from mockserver.storage.redis.link import Link
from mockserver.storage.redis.space import CLAIMS, SharedSpace
from mockserver.storage.redis.storage import CHECKPOINT_BYTES, SharedStorage
from mockserver.storage.redis.tape import SharedTape
from mockserver.storage.tinydb.database import Opened, refuse_unsafe
from mockserver.storage.tinydb.memory import Transaction


class RedisStore:
    """Keeps every sandbox in Redis for any number of processes; each holds a copy of those it has opened."""

    def __init__(self, url: str, *, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        self._link = Link(url)
        self._refuse_forgetful()
        self._fleet = Fleet(self._link)
        self.others: Others = self._fleet
        self._checkpoint_bytes = checkpoint_bytes
        self._opening = threading.Lock()
        self._sandboxes: dict[str, Opened] = {}
        self._unreleased: dict[str, set[str]] = {}

    def _refuse_forgetful(self) -> None:
        memory: dict[str, Any] = self._link.ask(lambda client: client.info("memory"))
        policy = memory.get("maxmemory_policy", "noeviction")
        if memory.get("maxmemory") and policy != "noeviction":
            raise StoreError(
                f"{self._link.where}: maxmemory-policy is {policy}, so Redis would throw sandboxes away when it is "
                "full; set it to noeviction"
            )

    @property
    def condition(self) -> Condition:
        """Whether Redis answers."""
        try:
            self._link.ask(lambda client: client.ping())
        except StoreError as error:
            return Condition("redis", str(error))
        return Condition("redis")

    def names(self) -> list[str]:
        """The sandboxes kept here, sorted."""
        return sorted(name.decode() for name in self._link.ask(lambda client: client.smembers(self._names_key)))

    @property
    def _names_key(self) -> str:
        return self._link.key("sandboxes")

    def open(self, sandbox: str) -> None:
        """Make the sandbox's records available, creating an empty one where there is none."""
        refuse_unsafe(sandbox)
        with self._opening:
            if sandbox not in self._sandboxes or not self.refresh(sandbox):
                storage = SharedStorage(self._link, sandbox, self._checkpoint_bytes)
                opened = Opened(storage, scratch=storage)
                storage.place = opened.place
                opened.declare((CLAIMS,))
                storage.refresh()
                self._sandboxes[sandbox] = opened

    def _opened(self, sandbox: str) -> tuple[Opened, SharedStorage]:
        try:
            opened = self._sandboxes[sandbox]
        except KeyError:
            raise StoreGone(f"sandbox {sandbox!r} is not open") from None
        assert isinstance(opened.storage, SharedStorage)
        return opened, opened.storage

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        """Say which collections an open sandbox has; indexes are built over what is already there."""
        opened, storage = self._opened(sandbox)
        with storage.exclusive():
            opened.declare((CLAIMS, *collections))

    def watch(self, sandbox: str, changed: Callable[[Space, Changed], None]) -> None:
        """Have a function called, inside a transaction, with what other processes have changed."""
        opened, storage = self._opened(sandbox)
        storage.on_change = lambda names: changed(self._space(opened), names)

    def stamp(self, sandbox: str, time: Callable[[], Written]) -> None:
        """What is in Redis does not say when it came there."""

    def _space(self, opened: Opened) -> SharedSpace:
        return SharedSpace(opened, self._link.worker, self._fleet.alive)

    def refresh(self, sandbox: str) -> bool:
        """Take over what other processes have written; False when one of them has deleted the sandbox."""
        try:
            self._opened(sandbox)[1].refresh()
        except StoreGone:
            self._sandboxes.pop(sandbox, None)
            return False
        return True

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, reading: bool = False
    ) -> AbstractContextManager[Space]:
        """Hold the sandbox's lock among all processes; on leaving, keep every write, or none when an error leaves."""
        opened, storage = self._opened(sandbox)
        if reading:
            return Transaction(storage, self._space(opened), reading=True)
        return self._transaction(sandbox, opened, storage)

    @contextmanager
    def _transaction(self, sandbox: str, opened: Opened, storage: SharedStorage) -> Iterator[Space]:
        owed = self._unreleased.get(sandbox, set())
        space = self._space(opened)
        try:
            with Transaction(storage, space):
                paying = list(owed)
                for name in paying:
                    space.release(name)
                storage.calls = False
                yield space
                calls = storage.calls
        except StoreError:
            # It may have been kept for all that, and then nobody would ever release what it claimed.
            self._unreleased.setdefault(sandbox, set()).update(space.touched)
            raise
        owed.difference_update(paying)
        self._name(sandbox, storage)
        if calls:
            self._fleet.call(sandbox)

    def _name(self, sandbox: str, storage: SharedStorage) -> None:
        """Have it among the names once there is something of it."""
        if storage.kept and not storage.named:
            self._link.ask(lambda client: client.sadd(self._names_key, sandbox))
            storage.named = True

    def let_go(self, sandbox: str, claim: str) -> None:
        """Release a claim, if Redis does not answer then with the next transaction."""
        try:
            with self.transaction(sandbox, durable=False) as space:
                space.release(claim)
        except StoreError:
            with suppress(StoreError):
                self._opened(sandbox)[0].claims.discard(claim)
                self._unreleased.setdefault(sandbox, set()).add(claim)

    def database(self, sandbox: str) -> TinyDB:
        """The TinyDB of an open sandbox, for its own query language; each change is a transaction."""
        return self._opened(sandbox)[0].database

    def settle(self, sandbox: str) -> None:
        """What was written is in Redis already."""

    def flush(self) -> None:
        """What was written is in Redis already."""

    def export(self, sandbox: str) -> State:
        """All collections that are not volatile, as plain JSON-able data; the records are not to be changed."""
        opened, storage = self._opened(sandbox)
        with storage.held():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        """Replace everything the sandbox holds (volatile collections and claims are emptied), at one moment."""
        opened, storage = self._opened(sandbox)
        with storage.exclusive():
            opened.load(state)
        self._name(sandbox, storage)

    def delete(self, sandbox: str) -> None:
        """Forget the sandbox."""
        refuse_unsafe(sandbox)
        with self._opening:
            opened = self._sandboxes.pop(sandbox, None)
        keys = [self._link.key(f"{{{sandbox}}}", part) for part in ("meta", "log", "checkpoint", "journal", "figures")]
        self._link.ask(lambda client: client.srem(self._names_key, sandbox))
        self._link.ask(lambda client: client.delete(*keys))
        if opened is not None:
            opened.storage.close()

    def call(self, sandbox: str) -> None:
        """Tell other processes that something is due in a sandbox, once the transaction is kept that is open."""
        storage = self._opened(sandbox)[1]
        if storage.open:
            storage.calls = True
        else:
            self._fleet.call(sandbox)

    def tape(self, sandbox: str) -> SharedTape:
        """Where the calls of a sandbox are written down for all processes."""
        return SharedTape(self._link, sandbox)

    def close(self) -> None:
        """Let go of everything; what was written is in Redis."""
        self._fleet.stop()
        with self._opening:
            while self._sandboxes:
                self._sandboxes.popitem()[1].storage.close()
        self._link.close()
