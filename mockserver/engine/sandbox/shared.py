"""What a sandbox has to see to because other processes may serve it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from mockserver.engine.core.clock import SECOND, wall
from mockserver.engine.sandbox.agenda import Agenda
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.sandbox.ruleset import Ruleset
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import Changed, Collection, Space, Store

USED = Collection("_used", volatile=True)
"""When the sandbox was last used, as far as processes have told each other."""
_TOLD_EVERY = SECOND


class SharedOwner(Protocol):
    """A sandbox that several processes may serve."""

    id: str
    epoch: int

    @property
    def keyring(self) -> Keyring[Any]: ...
    @property
    def agenda(self) -> Agenda: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ruleset(self) -> Ruleset: ...

    def read_all(self, space: Space) -> None:
        """Take over what the store holds."""

    def read_settings(self, space: Space) -> None:
        """Take over settings, clock and scenarios."""

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Space]:
        """The sandbox's records, under its lock."""


class Shared:
    """One sandbox in the eyes of all processes that serve it."""

    def __init__(self, sandbox: SharedOwner, store: Store) -> None:
        self._sandbox, self._store = sandbox, store
        self._told, self.used_at = 0, wall()
        store.watch(sandbox.id, self.take_over)

    def take_over(self, space: Space, changed: Changed) -> None:
        """Read anew what the sandbox remembers of the collections that were changed; None is all of them."""
        sandbox = self._sandbox
        if changed is None:
            sandbox.epoch += 1
            sandbox.read_all(space)
            return
        if not changed.isdisjoint(("_sandbox", "_scenarios")):
            sandbox.read_settings(space)
        if "_keys" in changed:
            sandbox.keyring.read(space)
        if "_faults" in changed:
            sandbox.ruleset.reload(space)
        if "_timers" in changed:
            sandbox.agenda.read(space)
        if not changed.isdisjoint(("_deliveries", "_endpoints", "_claims")):
            sandbox.outbox.read(space)
        if USED.name in changed:
            self.used_at = max(self.used_at, (space.get(USED.name, "last") or {"at": 0})["at"])

    def use(self) -> None:
        """Note that someone has come, and now and then tell the other processes."""
        self.used_at = wall()
        if self._store.others.any:
            self.tell_use(self.used_at)

    def tell_use(self, now: int) -> None:
        """Tell the other processes that someone has come, where that was not told just now."""
        if now - self._told > _TOLD_EVERY:
            self._told = now
            with self._sandbox.transaction(durable=False) as space:
                space.put(USED.name, {"id": "last", "at": now})

    def refresh(self) -> bool:
        """Take over what other processes have written; False when one of them has deleted the sandbox."""
        return self._store.refresh(self._sandbox.id)

    @contextmanager
    def alone(self, deed: str) -> Iterator[None]:
        """Do something with the sandbox as it is now that nobody else does to it at the same time."""
        with self._store.others.alone(f"{deed}:{self._sandbox.id}"):
            self.refresh()
            yield

    def let_go(self, claim: str, epoch: int) -> None:
        """Release a claim made in a life of the sandbox; a reset has let go of all, and it may be another's by now."""
        if epoch == self._sandbox.epoch:
            self._store.let_go(self._sandbox.id, claim)

    def announce(self) -> None:
        """Tell the other processes that the sandbox has other keys."""
        self._store.others.announce()

    def call(self) -> None:
        """Tell the other processes that something is due."""
        self._store.call(self._sandbox.id)
