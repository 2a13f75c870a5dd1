"""A life lived before the curtain rises: what a sandbox begins with, made by the functions that change it later."""

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
    """A sandbox in memory that nobody calls, whose clock stands still until it is advanced."""

    def __init__(self, provider: Provider, seed: str, begin: int, records: State) -> None:
        store = TinyStore(None)
        store.open(_NAME)
        store.declare(_NAME, (*COLLECTIONS, *provider.collections))
        settings = {"id": "settings", **Settings(seed=seed).model_dump(mode="json")}
        clock = {"id": "clock", "offset": 0, "frozen_at": begin}
        store.load(_NAME, {**records, "_sandbox": [settings, clock]})
        self._store = store
        self.sandbox = Sandbox(_NAME, provider, store, Journal(1, 1), {}, NullWebhookSender())

    def run(self, deed: Callable[[SimulationContext], Result]) -> Result:
        """Have something happen now, in one transaction."""
        with self.sandbox.transaction(durable=False) as space:
            return deed(SimulationContext(self.sandbox, self.sandbox.now(), space))

    def advance(self, by: int) -> None:
        """Let time pass, in microseconds; what falls due is done."""
        self.sandbox.move_clock(lambda clock, _wall: clock.advance(by))

    def advance_to(self, instant: int) -> None:
        """Let time pass until an instant."""
        self.sandbox.set_clock(Clock(frozen_at=instant))

    def state(self) -> State:
        """The records as they are now: the provider's own, what has happened, and what is still to happen."""
        kept = self._store.export(_NAME)
        named = {each.name for each in self.sandbox.provider.collections} | {"_events", "_timers", "_counters"}
        return {name: records for name, records in kept.items() if name in named}
