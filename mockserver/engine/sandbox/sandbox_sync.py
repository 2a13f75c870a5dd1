"""What a sandbox has to see to because other processes may serve it too."""

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
"""When the sandbox was last used, as far as processes have told each other."""
_ANNOUNCE_INTERVAL = SECOND


class SyncOwner(Protocol):
    """A sandbox that several processes may serve."""

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

    def reload_all(self, space: Space) -> None:
        """Take over what the store holds."""

    def reload_settings(self, space: Space) -> None:
        """Take over settings, clock and scenarios."""

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Space]:
        """The sandbox's records, under its lock."""


class SandboxSync:
    """One sandbox in the eyes of all processes that serve it."""

    def __init__(self, sandbox: SyncOwner, store: Store) -> None:
        self._sandbox, self._store = sandbox, store
        self._announced_at, self.used_at = 0, wall_time()
        store.watch(sandbox.id, self.apply_remote_changes)

    def apply_remote_changes(self, space: Space, changed: ChangedCollections) -> None:
        """Read anew what the sandbox remembers of the collections that were changed; None is all of them."""
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
        """Note that someone has come, and now and then tell the other processes."""
        self.used_at = wall_time()
        if self._store.cluster.is_distributed:
            self.announce_use(self.used_at)

    def announce_use(self, now: int) -> None:
        """Tell the other processes that someone has come, where that was not told just now."""
        if now - self._announced_at > _ANNOUNCE_INTERVAL:
            self._announced_at = now
            with self._sandbox.transaction(durable=False) as space:
                space.put(USAGE_COLLECTION.name, {"id": "last", "at": now})

    def refresh(self) -> bool:
        """Take over what other processes have written; False when one of them has deleted the sandbox."""
        return self._store.refresh(self._sandbox.id)

    @contextmanager
    def lock(self, deed: str) -> Iterator[None]:
        """Do something with the sandbox as it is now that nobody else does to it at the same time."""
        with self._store.cluster.lock(f"{deed}:{self._sandbox.id}"):
            self.refresh()
            yield

    def release_claim(self, claim: str, epoch: int) -> None:
        """Release a claim made in a life of the sandbox; a reset has let go of all, and it may be another's by now."""
        if epoch == self._sandbox.epoch:
            self._store.release_claim(self._sandbox.id, claim)

    def announce(self) -> None:
        """Tell the other processes that the sandbox has other keys."""
        self._store.cluster.announce()

    def notify_due(self) -> None:
        """Tell the other processes that something is due."""
        self._store.notify_due(self._sandbox.id)
