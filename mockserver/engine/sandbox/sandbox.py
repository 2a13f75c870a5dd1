"""One sandbox: an isolated tenant of a provider with its own keys, data, clock, faults, limits and journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from threading import Lock
from typing import Any

from pydantic import ValidationError

from mockserver.engine.core.assumptions import Assumptions
from mockserver.engine.core.call import Call
from mockserver.engine.core.clock import LATEST, Clock, iso, wall
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Key
from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.moment import Moment
from mockserver.engine.core.problem import Refusal
from mockserver.engine.core.provider import Provider
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.rule import ActiveRule
from mockserver.engine.pipeline.journal import Journal
from mockserver.engine.pipeline.pipeline import fold
from mockserver.engine.pipeline.validate import path
from mockserver.engine.sandbox.agenda import Agenda
from mockserver.engine.sandbox.collections import UNFINISHED
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.sandbox.moving import move
from mockserver.engine.sandbox.ruleset import Ruleset
from mockserver.engine.sandbox.settings import Overlay, Settings
from mockserver.engine.sandbox.shared import Shared
from mockserver.engine.webhooks.endpoints import Endpoints
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.engine.webhooks.post import Post
from mockserver.storage.base import Space, Store, StoreError, StoreGone

_BLOCK = 1_000
_log = logging.getLogger("testmode")


class Sandbox:
    """Everything of one tenant. What must survive a restart is in the store; the rest here is read from it."""

    limits: Limits
    latency: Distribution | None
    assumptions: Assumptions

    def __init__(
        self,
        id: str,
        provider: Provider,
        store: Store,
        journal: Journal,
        directory: dict[tuple[str, str], Sandbox],
        post: Post,
    ) -> None:
        self.id, self.provider = id, provider
        self._proceed = fold(provider.stages)
        self.journal = journal
        journal.sandbox = self
        self.keyring = Keyring(self, directory)
        self.ruleset = Ruleset(self)
        self.agenda = Agenda(self)
        self.endpoints = Endpoints(self)
        self.outbox = Outbox(self)
        self.post = post
        self.overlays: dict[str, Overlay] = {}
        self._store, self._is_shared = store, store.others.any
        self.transaction: Callable[..., AbstractContextManager[Space]] = partial(store.transaction, id)
        """The sandbox's records, under its lock; see Store.transaction."""
        self._serial_lock = Lock()
        self._serial = self._reserved = 0
        self.epoch = 0
        """Counts the lives of the sandbox: a reset or restore begins another."""
        self.shared = Shared(self, store)
        self.read()
        store.stamp(id, self._written)

    def _written(self) -> tuple[int, int]:
        here = wall()
        return self.clock.now(here), here

    def read(self) -> None:
        """Take over what the store holds: after opening, a reset or a restore."""
        with self.transaction() as space:
            self.read_all(space)

    def read_all(self, space: Space) -> None:
        """Take over what the store holds, within a transaction."""
        self._serial = self._reserved = int((_record(space, "serial") or {"reserved": 0})["reserved"])
        self.read_settings(space)
        self.agenda.read(space)
        self.outbox.read(space)
        self.ruleset.reload(space)
        self.keyring.read(space)

    def read_settings(self, space: Space) -> None:
        """Take over settings, clock and scenarios, within a transaction."""
        self.settings = Settings.model_validate(_record(space, "settings") or {})
        self.clock = _read_clock(_record(space, "clock") or {})
        self.randomness = Randomness(self.settings.seed)
        self.overlays = {record["id"]: record["settings"] for _, record in space.scan("_scenarios")}
        self.apply()

    @property
    def slug(self) -> str:
        """The tenant's name in paths, where a provider's paths name it; its id where nothing else was chosen."""
        return self.settings.slug or self.id

    @property
    def keys(self) -> Mapping[str, Key]:
        """The keys by their secrets."""
        return self.keyring.by_secret

    @property
    def rules(self) -> list[ActiveRule]:
        """The fault rules at work, the ones that stand further outside first."""
        return self.ruleset.active

    def apply(self) -> None:
        """Work out limits, latency and assumptions from provider, settings and scenarios, in this order."""
        limits: dict[str, Any] = (self.settings.limits or self.provider.limits).model_dump(mode="json")
        chosen = self.settings.latency or self.provider.latency
        latency: Any = chosen.model_dump(mode="json") if chosen else None
        assumptions: dict[str, Any] = dict(self.settings.assumptions)
        for overlay in self.overlays.values():
            limits |= overlay.get("limits", {})
            latency = overlay.get("latency", latency)
            assumptions |= overlay.get("assumptions", {})
        try:
            effective = Settings.model_validate_json(as_json({"limits": limits, "latency": latency}))
            self.assumptions = self.provider.assumed(assumptions)
        except ValidationError as error:
            raise Refusal(_first(error)) from None
        assert effective.limits is not None
        self.limits, self.latency = effective.limits, effective.latency

    def answer(self, call: Call) -> Reply:
        """Take a call through the pipeline, at the instant it is here."""
        here = self.shared.used_at = wall()
        if self._is_shared:
            self.shared.tell_use(here)
        call.now = self._now(here)
        call.serial = self.serial()
        call.epoch = self.epoch
        return self._proceed(call)

    def settle(self) -> None:
        """Wait until everything written here is as safe as the store promises."""
        self._store.settle(self.id)

    @property
    def unfinished(self) -> bool:
        """Whether whoever made it has more to do to it before it is as it should begin."""
        with self.transaction(reading=True) as space:
            return space.get("_sandbox", UNFINISHED) is not None

    def finish(self) -> None:
        """Remember that it is as it should begin."""
        with self.transaction() as space:
            space.drop("_sandbox", UNFINISHED)

    def release_claim(self, claim: str, epoch: int) -> None:
        """Release a claim that was made in a life of the sandbox."""
        self.shared.let_go(claim, epoch)

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings; None takes one back to the provider's. Changes at the same time are all kept."""
        with self.shared.alone("configure"):
            self._configure(changes)

    def _configure(self, changes: Mapping[str, Any]) -> None:
        before = self.settings
        merged = {**before.model_dump(mode="json"), **changes}
        if "assumptions" in changes:
            asked = changes["assumptions"]
            wanted = {} if asked is None else {**before.assumptions, **asked}
            merged["assumptions"] = {name: value for name, value in wanted.items() if value is not None}
        self.settings = Settings.model_validate(merged)
        try:
            self.apply()
            self._keep("settings", self.settings.model_dump(mode="json"))
        except (Refusal, StoreError):
            self.settings = before
            self.apply()
            raise

    def serial(self) -> int:
        """The number of the next call; unique for ever, since blocks of numbers are reserved in the store."""
        with self._serial_lock:
            if self._serial == self._reserved:
                self._reserve()
            self._serial += 1
            return self._serial

    def _reserve(self) -> None:
        with self.transaction(durable=False) as space:
            free = int((_record(space, "serial") or {"reserved": 0})["reserved"])
            space.put("_sandbox", {"id": "serial", "reserved": free + _BLOCK})
        self._serial, self._reserved = free, free + _BLOCK

    # Time

    def now(self) -> int:
        """The instant it is here, once everything due until then has been done."""
        return self._now(wall())

    def _now(self, here: int) -> int:
        now = self.clock.now(here)
        if self.agenda.next_due is not None and self.agenda.next_due <= now:
            try:
                self.agenda.run(now)
            except StoreGone:
                _log.debug("%s: what was due is gone with the sandbox", self.id)
            except StoreError as error:
                # Reading goes on as it was before; whoever would write is told by the store itself.
                _log.error("%s: what is due has to wait: %s", self.id, error)
        return now

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant, within a transaction; answers the timer's id."""
        return self.agenda.schedule(space, due, action, parameters)

    def instant(self) -> int:
        """What the clock shows, whether or not everything due has been done."""
        return self.clock.now(wall())

    def clock_wait(self, instant: int) -> int | None:
        """How long, in microseconds, the machine's time takes to an instant here; None when this clock stands still.

        What is due already waits for nothing.
        """
        left = instant - self.instant()
        return None if left > 0 and self.clock.frozen_at is not None else max(left, 0)

    def catch_up(self) -> None:
        """Do and deliver what is due by now."""
        self.agenda.catch_up(self.instant())

    def move_clock(self, moved: Callable[[Clock, int], Clock]) -> list[dict[str, Any]]:
        """Set the clock to what ``moved`` makes of it and the machine's time; moves at the same time add up."""
        with self.shared.alone("clock"):
            return self.set_clock(moved(self.clock, wall()))

    def set_clock(self, clock: Clock) -> list[dict[str, Any]]:
        """Show another time; everything due until then is done before this returns, each at its own instant."""
        return move(self, clock)

    def simulate(self, name: str, parameters: Mapping[str, Any], delay: int = 0) -> Mapping[str, Any]:
        """Have something happen off stage, now or after a while on the sandbox's clock."""
        simulation = self.provider.simulation(name)
        read = simulation.parameters.model_validate_json(as_json(parameters))
        now = self.now()
        with self.transaction() as space:
            moment = Moment(self, now, space)
            if delay:
                id = self.schedule(space, now + delay, name, read.model_dump(mode="json"))
                result: Mapping[str, Any] = {"scheduled": id, "at": iso(now + delay)}
            else:
                result = simulation.run(moment, read)
        self.keyring.adopt(moment.keys)
        return result

    def _keep(self, id: str, record: Mapping[str, Any], *, durable: bool = True) -> None:
        with self.transaction(durable=durable) as space:
            space.put("_sandbox", {"id": id, **record})


def _record(space: Space, id: str) -> dict[str, Any] | None:
    record = space.get("_sandbox", id)
    return None if record is None else {name: value for name, value in record.items() if name != "id"}


def _read_clock(record: Mapping[str, Any]) -> Clock:
    clock = Clock(**record)
    if not 0 <= clock.now(wall()) <= LATEST:
        raise Refusal("the clock goes from 1970 to 9999")
    return clock


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    return f"{path(detail)}: {detail['msg']}"
