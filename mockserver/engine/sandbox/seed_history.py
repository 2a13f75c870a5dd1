"""Generates seed data by calling the provider's own functions in an in-memory sandbox while its clock is advanced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mockserver.engine.core.clock import Clock
from mockserver.engine.core.provider import Provider
from mockserver.engine.core.simulation import SimulationContext
from mockserver.engine.pipeline.journal import Journal
from mockserver.engine.sandbox.collections import COLLECTIONS
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.engine.sandbox.settings import Settings
from mockserver.engine.webhooks.sender import NullWebhookSender
from mockserver.storage.base import State
from mockserver.storage.tinydb.store import TinyStore

Result = TypeVar("Result")
_NAME = "rehearsal"


class SeedHistory:
    """A sandbox in memory with a frozen clock, for a provider's ``generate``.

    ``begin`` is the first instant of the history; ``records`` are the records at that instant.
    """

    def __init__(self, provider: Provider, seed: str, begin: int, records: State) -> None:
        store = TinyStore(None)
        store.open(_NAME)
        store.declare(_NAME, (*COLLECTIONS, *provider.collections))
        settings = {"id": "settings", **Settings(seed=seed).model_dump(mode="json")}
        clock = {"id": "clock", "offset": 0, "frozen_at": begin}
        store.load(_NAME, {**records, "_sandbox": [settings, clock]})
        self._store = store
        self.sandbox = Sandbox(_NAME, provider, store, Journal(1, 1), {}, NullWebhookSender())

    def run(self, action: Callable[[SimulationContext], Result]) -> Result:
        """Calls ``action`` at the current instant in one transaction; returns its result."""
        with self.sandbox.transaction(durable=False) as space:
            return action(SimulationContext(self.sandbox, self.sandbox.now(), space))

    def advance(self, by: int) -> None:
        """Advances the clock by ``by`` microseconds and runs the timers that become due."""
        self.sandbox.move_clock(lambda clock, _wall: clock.advance(by))

    def advance_to(self, instant: int) -> None:
        """Advances the clock to an instant and runs the timers that become due."""
        self.sandbox.set_clock(Clock(frozen_at=instant))

    def state(self) -> State:
        """Returns the provider's records, the events, the waiting timers and the counters."""
        exported = self._store.export(_NAME)
        names = {each.name for each in self.sandbox.provider.collections} | {"_events", "_timers", "_counters"}
        return {name: records for name, records in exported.items() if name in names}
