"""Keeps a sandbox up to date with the other processes that serve it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from mockserver.engine.core.clock import SECOND, wall_time
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.sandbox.ruleset import Ruleset
from mockserver.engine.sandbox.timer_runner import TimerRunner
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import ChangedCollections, Collection, Space, Store

USAGE_COLLECTION = Collection("_used", volatile=True)
"""One record: the wall clock's instant at which any process last used the sandbox."""
_ANNOUNCE_INTERVAL = SECOND
"""The minimum number of microseconds between two writes of the last use."""


class SyncOwner(Protocol):
    """The part of a sandbox that is reloaded after remote changes."""

    id: str
    epoch: int

    @property
    def keyring(self) -> Keyring[Any]: ...
    @property
    def timer_runner(self) -> TimerRunner: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ruleset(self) -> Ruleset: ...

    def reload_all(self, space: Space) -> None: ...
    def reload_settings(self, space: Space) -> None: ...
    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Space]: ...


class SandboxSync:
    """Applies remote changes to one sandbox and announces its own to the other processes."""

    def __init__(self, sandbox: SyncOwner, store: Store) -> None:
        self._sandbox, self._store = sandbox, store
        self._announced_at, self.used_at = 0, wall_time()
        store.on_remote_changes(sandbox.id, self.apply_remote_changes)

    def apply_remote_changes(self, space: Space, changed: ChangedCollections) -> None:
        """Reloads the caches of the changed collections. None, for a replaced state, reloads all in a new epoch."""
        sandbox = self._sandbox
        if changed is None:
            sandbox.epoch += 1
            sandbox.reload_all(space)
            return
        if not changed.isdisjoint(("_sandbox", "_scenarios")):
            sandbox.reload_settings(space)
        if "_keys" in changed:
            sandbox.keyring.reload(space)
        if "_faults" in changed:
            sandbox.ruleset.reload(space)
        if "_timers" in changed:
            sandbox.timer_runner.reload(space)
        if not changed.isdisjoint(("_deliveries", "_endpoints", "_claims")):
            sandbox.outbox.reload(space)
        if USAGE_COLLECTION.name in changed:
            self.used_at = max(self.used_at, (space.get(USAGE_COLLECTION.name, "last") or {"at": 0})["at"])

    def touch(self) -> None:
        """Records a use of the sandbox now, and announces it to the other processes at most once a second."""
        self.used_at = wall_time()
        if self._store.cluster.is_distributed:
            self.announce_use(self.used_at)

    def announce_use(self, now: int) -> None:
        """Announces a use at ``now`` (wall clock) to the other processes, at most once a second."""
        if now - self._announced_at > _ANNOUNCE_INTERVAL:
            self._announced_at = now
            with self._sandbox.transaction(durable=False) as space:
                space.put(USAGE_COLLECTION.name, {"id": "last", "at": now})

    def refresh(self) -> bool:
        """Applies remote changes; returns False if another process has deleted the sandbox."""
        return self._store.refresh(self._sandbox.id)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds a lock on the sandbox across all processes, after applying remote changes."""
        with self._store.cluster.lock(f"{name}:{self._sandbox.id}"):
            self.refresh()
            yield

    def release_claim(self, claim: str, epoch: int) -> None:
        """Releases a claim made in ``epoch``; does nothing in a later epoch, where another request may hold it."""
        if epoch == self._sandbox.epoch:
            self._store.release_claim(self._sandbox.id, claim)

    def announce(self) -> None:
        """Makes the other processes reload the sandboxes and their keys."""
        self._store.cluster.announce()

    def notify_due(self) -> None:
        """Notifies the other processes that a timer or delivery of the sandbox may be due."""
        self._store.notify_due(self._sandbox.id)
