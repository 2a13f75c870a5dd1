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
from mockserver.engine.core.clock import LATEST_INSTANT, Clock, format_instant, wall_time
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Key
from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.problem import Refusal
from mockserver.engine.core.provider import Provider
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.reply import Reply
from mockserver.engine.core.simulation import SimulationContext
from mockserver.engine.faults.rule import ActiveRule
from mockserver.engine.pipeline.journal import Journal
from mockserver.engine.pipeline.pipeline import build_pipeline
from mockserver.engine.pipeline.validate import error_path
from mockserver.engine.sandbox.clock_moves import move_clock_to
from mockserver.engine.sandbox.collections import PROVISIONING
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.sandbox.ruleset import Ruleset
from mockserver.engine.sandbox.sandbox_sync import SandboxSync
from mockserver.engine.sandbox.settings import Overlay, Settings
from mockserver.engine.sandbox.timer_runner import TimerRunner
from mockserver.engine.webhooks.endpoints import Endpoints
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.engine.webhooks.sender import WebhookSender
from mockserver.storage.base import SandboxGone, Space, Store, StoreError

_SERIAL_BLOCK = 1_000
"""The number of call numbers that are reserved in the store at once."""
_log = logging.getLogger("testmode")


class Sandbox:
    """One sandbox. All that must survive a restart is in the store; the attributes cache it."""

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
        sender: WebhookSender,
    ) -> None:
        self.id, self.provider = id, provider
        self._proceed = build_pipeline(provider.stages)
        self.journal = journal
        journal.sandbox = self
        self.keyring = Keyring(self, directory)
        self.ruleset = Ruleset(self)
        self.timer_runner = TimerRunner(self)
        self.endpoints = Endpoints(self)
        self.outbox = Outbox(self)
        self.sender = sender
        self.overlays: dict[str, Overlay] = {}
        self._store, self._is_shared = store, store.cluster.is_distributed
        self.transaction: Callable[..., AbstractContextManager[Space]] = partial(store.transaction, id)
        """``Store.transaction`` for this sandbox."""
        self._serial_lock = Lock()
        self._serial = self._reserved = 0
        self.epoch = 0
        """Grows when the sandbox is reset or restored."""
        self.sync = SandboxSync(self, store)
        self.reload()
        store.set_time_source(id, self._timestamps)

    def _timestamps(self) -> tuple[int, int]:
        wall_now = wall_time()
        return self.clock.now(wall_now), wall_now

    def reload(self) -> None:
        """Reads all cached attributes from the store, after opening, a reset or a restore."""
        with self.transaction() as space:
            self.reload_all(space)

    def reload_all(self, space: Space) -> None:
        """Reads all cached attributes in the caller's transaction."""
        self._serial = self._reserved = int((_record(space, "serial") or {"reserved": 0})["reserved"])
        self.reload_settings(space)
        self.timer_runner.reload(space)
        self.outbox.reload(space)
        self.ruleset.reload(space)
        self.keyring.reload(space)

    def reload_settings(self, space: Space) -> None:
        """Reads settings, clock and scenarios in the caller's transaction."""
        self.settings = Settings.model_validate(_record(space, "settings") or {})
        self.clock = _read_clock(_record(space, "clock") or {})
        self.randomness = Randomness(self.settings.seed)
        self.overlays = {record["id"]: record["settings"] for _, record in space.scan("_scenarios")}
        self.apply_settings()

    @property
    def slug(self) -> str:
        """The tenant's name, for providers whose paths name the tenant: the setting ``slug``, or the sandbox's id."""
        return self.settings.slug or self.id

    @property
    def keys(self) -> Mapping[str, Key]:
        """The keys by secret."""
        return self.keyring.by_secret

    @property
    def rules(self) -> list[ActiveRule]:
        """The active fault rules in order of priority, the outermost first."""
        return self.ruleset.active

    def apply_settings(self) -> None:
        """Computes limits, latency and assumptions: settings override the provider, scenarios override both.

        Raises Refusal when a value is invalid.
        """
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
            self.assumptions = self.provider.build_assumptions(assumptions)
        except ValidationError as error:
            raise Refusal(_first_error(error)) from None
        assert effective.limits is not None
        self.limits, self.latency = effective.limits, effective.latency

    def handle(self, call: Call) -> Reply:
        """Runs a call through the pipeline at the current instant of the sandbox's clock."""
        wall_now = self.sync.used_at = wall_time()
        if self._is_shared:
            self.sync.announce_use(wall_now)
        call.now = self._now(wall_now)
        call.serial = self.next_serial()
        call.epoch = self.epoch
        return self._proceed(call)

    def wait_until_durable(self) -> None:
        """Waits until all writes of this sandbox are stored as the durability setting requires. Raises StoreError."""
        self._store.wait_until_durable(self.id)

    @property
    def is_provisioning(self) -> bool:
        """Whether the sandbox was created with ``provisioning`` and ``finish_provisioning`` was not called yet."""
        with self.transaction(read_only=True) as space:
            return space.get("_sandbox", PROVISIONING) is not None

    def finish_provisioning(self) -> None:
        """Removes the mark that ``Engine.create(provisioning=True)`` stored."""
        with self.transaction() as space:
            space.drop("_sandbox", PROVISIONING)

    def release_claim(self, claim: str, epoch: int) -> None:
        """Releases a claim that was made in ``epoch``; does nothing in a later epoch."""
        self.sync.release_claim(claim, epoch)

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Changes settings; None restores the provider's value. Concurrent changes do not overwrite each other."""
        with self.sync.lock("configure"):
            self._configure(changes)

    def _configure(self, changes: Mapping[str, Any]) -> None:
        before = self.settings
        merged = {**before.model_dump(mode="json"), **changes}
        if "assumptions" in changes:
            changed = changes["assumptions"]
            chosen = {} if changed is None else {**before.assumptions, **changed}
            merged["assumptions"] = {name: value for name, value in chosen.items() if value is not None}
        self.settings = Settings.model_validate(merged)
        try:
            self.apply_settings()
            self._put_record("settings", self.settings.model_dump(mode="json"))
        except (Refusal, StoreError):
            self.settings = before
            self.apply_settings()
            raise

    def next_serial(self) -> int:
        """Returns the next call's number. The store reserves blocks of numbers, so none repeats after a restart."""
        with self._serial_lock:
            if self._serial == self._reserved:
                self._reserve()
            self._serial += 1
            return self._serial

    def _reserve(self) -> None:
        with self.transaction(durable=False) as space:
            free = int((_record(space, "serial") or {"reserved": 0})["reserved"])
            space.put("_sandbox", {"id": "serial", "reserved": free + _SERIAL_BLOCK})
        self._serial, self._reserved = free, free + _SERIAL_BLOCK

    # Time

    def now(self) -> int:
        """Runs the due timers; returns the current instant of the clock."""
        return self._now(wall_time())

    def _now(self, wall_now: int) -> int:
        now = self.clock.now(wall_now)
        if self.timer_runner.next_due is not None and self.timer_runner.next_due <= now:
            try:
                self.timer_runner.run(now)
            except SandboxGone:
                _log.debug("%s: the due timers were deleted with the sandbox", self.id)
            except StoreError as error:
                # Reads must still work; a call that writes gets the error from the store.
                _log.error("%s: the due timers cannot run now: %s", self.id, error)
        return now

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Schedules a simulation in the caller's transaction; returns the id of the timer."""
        return self.timer_runner.schedule(space, due, action, parameters)

    def clock_time(self) -> int:
        """Returns the current instant of the clock, without running due timers."""
        return self.clock.now(wall_time())

    def wall_time_until(self, instant: int) -> int | None:
        """Returns the real microseconds until ``instant``: 0 if it is past, None if the clock is frozen before it."""
        remaining = instant - self.clock_time()
        return None if remaining > 0 and self.clock.frozen_at is not None else max(remaining, 0)

    def catch_up(self) -> None:
        """Runs the due timers and sends the due deliveries, in the order of their due instants."""
        self.timer_runner.catch_up(self.clock_time())

    def move_clock(self, change: Callable[[Clock, int], Clock]) -> list[dict[str, Any]]:
        """Calls ``set_clock`` with ``change(clock, wall time)``; concurrent moves run one after another."""
        with self.sync.lock("clock"):
            return self.set_clock(change(self.clock, wall_time()))

    def set_clock(self, clock: Clock) -> list[dict[str, Any]]:
        """Runs the timers and deliveries due until the new time, then sets the clock; returns the timers' results.

        Raises Refusal outside the years 1970 to 9999.
        """
        return move_clock_to(self, clock)

    def simulate(self, name: str, parameters: Mapping[str, Any], delay: int = 0) -> Mapping[str, Any]:
        """Runs a simulation now, or schedules it ``delay`` microseconds later; returns its result or the timer.

        Raises UnknownName for an unknown simulation, ValidationError for wrong parameters.
        """
        simulation = self.provider.get_simulation(name)
        parsed = simulation.parameters.model_validate_json(as_json(parameters))
        now = self.now()
        with self.transaction() as space:
            context = SimulationContext(self, now, space)
            if delay:
                id = self.schedule(space, now + delay, name, parsed.model_dump(mode="json"))
                result: Mapping[str, Any] = {"scheduled": id, "at": format_instant(now + delay)}
            else:
                result = simulation.run(context, parsed)
        self.keyring.activate(context.keys)
        return result

    def _put_record(self, id: str, record: Mapping[str, Any], *, durable: bool = True) -> None:
        with self.transaction(durable=durable) as space:
            space.put("_sandbox", {"id": id, **record})


def _record(space: Space, id: str) -> dict[str, Any] | None:
    record = space.get("_sandbox", id)
    return None if record is None else {name: value for name, value in record.items() if name != "id"}


def _read_clock(record: Mapping[str, Any]) -> Clock:
    clock = Clock(**record)
    if not 0 <= clock.now(wall_time()) <= LATEST_INSTANT:
        raise Refusal("the clock must show a time in the years 1970 to 9999")
    return clock


def _first_error(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    return f"{error_path(detail)}: {detail['msg']}"
