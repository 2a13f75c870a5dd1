"""One sandbox: an isolated tenant of a provider with its own keys, data, clock, faults, limits and journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mockserver.engine import scheduler
from mockserver.engine.assumptions import Assumptions
from mockserver.engine.clock import LATEST, Clock, iso, wall
from mockserver.engine.dialect import as_json
from mockserver.engine.faults.rule import COUNTS, COUNTS_APART, ActiveRule
from mockserver.engine.journal import Journal
from mockserver.engine.keyring import Directory, Keyring
from mockserver.engine.keys import Key
from mockserver.engine.latency import Distribution
from mockserver.engine.problem import Refusal, Unknown
from mockserver.engine.provider import Moment, Provider
from mockserver.engine.randomness import Randomness
from mockserver.engine.ratelimit import Limits
from mockserver.engine.ruleset import Ruleset
from mockserver.engine.validate import path
from mockserver.storage.base import Collection, Record, Space, Store, StoreError

if TYPE_CHECKING:
    from mockserver.engine.scenarios import Overlay

COLLECTIONS = (
    Collection("_sandbox"),
    Collection("_keys"),
    Collection("_faults"),
    Collection(COUNTS, indexes=("rule",)),
    Collection(COUNTS_APART, indexes=("rule",)),
    Collection("_scenarios"),
    Collection("_timers", indexes=("due",)),
    Collection("_idempotency"),
    Collection("_events"),
    Collection("_snapshots"),
    Collection("_quota"),
    Collection("_buckets", volatile=True),
)
"""What every sandbox keeps beside its provider's own collections."""
_BLOCK = 1_000
_log = logging.getLogger("testmode")


class Settings(BaseModel):
    """How a sandbox behaves; what is left out is as its provider has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: str = "1"
    size: str = "small"
    slug: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,50}$")
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None


class Sandbox:
    """Everything of one tenant. What must survive a restart is in the store; the rest here is read from it."""

    limits: Limits
    latency: Distribution | None
    assumptions: Assumptions

    def __init__(self, id: str, provider: Provider, store: Store, journal: Journal, directory: Directory) -> None:
        self.id = id
        self.provider = provider
        self.journal = journal
        self.keyring = Keyring(self, directory)
        self.ruleset = Ruleset(self)
        self.overlays: dict[str, Overlay] = {}
        self._store = store
        self._serial_lock = Lock()
        self._moving = Lock()
        self._configuring = Lock()
        self.epoch = 0
        """Counts the lives of the sandbox: a reset or restore begins another."""
        self.read()

    def read(self) -> None:
        """Take over what the store holds: after opening, a reset or a restore."""
        with self.transaction() as space:
            self.settings = Settings.model_validate(_record(space, "settings") or {})
            self.clock = _read_clock(_record(space, "clock") or {})
            self._reserved = self._serial = int((_record(space, "serial") or {"reserved": 0})["reserved"])
            keys = [Key.read(record) for _, record in space.scan("_keys")]
            scenarios = [record for _, record in space.scan("_scenarios")]
            self._note_next_due(space)
            self.randomness = Randomness(self.settings.seed)
            self.ruleset.reload(space)
        self.keyring.exchange(keys)
        self.overlays = {record["id"]: record["settings"] for record in scenarios}
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
            self.assumptions = self.provider.assumptions.model_validate_json(as_json(assumptions))
        except ValidationError as error:
            raise Refusal(_first(error)) from None
        assert effective.limits is not None
        self.limits, self.latency = effective.limits, effective.latency

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Space]:
        """The sandbox's records, under its lock; see Store.transaction."""
        return self._store.transaction(self.id, durable=durable)

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings; None takes one back to the provider's. Changes at the same time are all kept."""
        with self._configuring:
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
            self._serial += 1
            if self._serial > self._reserved:
                self._reserved = self._serial + _BLOCK
                self._keep("serial", {"reserved": self._reserved}, durable=False)
            number: int = self._serial
            return number

    # Time

    def now(self) -> int:
        """The instant it is here, once everything due until then has been done."""
        now = self.clock.now(wall())
        if self._next_due is not None and self._next_due <= now:
            try:
                self.run_due(now)
            except StoreError as error:
                # Reading goes on as it was before; whoever would write is told by the store itself.
                _log.error("%s: what is due has to wait: %s", self.id, error)
        return now

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant, within a transaction; answers the timer's id."""
        id = scheduler.schedule(space, due, action, parameters)
        # Should the transaction fail, whoever looks for what is due finds nothing, and the true next one.
        self._note_next_due(space)
        return id

    def run_due(self, until: int) -> list[dict[str, Any]]:
        """Do what falls due, in order, each in a transaction of its own at its own instant; tells what was done."""
        done: list[dict[str, Any]] = []
        while True:
            with self.transaction() as space:
                timer = scheduler.due_by(space, until)
                if timer is None:
                    self._note_next_due(space)
                    return done
                space.drop(scheduler.KEPT, timer["id"])
                moment = Moment(self, int(timer["due"]), space)
                done.append(self._fall_due(moment, timer))
            self.keyring.adopt(moment.keys)

    def _fall_due(self, moment: Moment, timer: Record) -> dict[str, Any]:
        told = {"id": timer["id"], "at": iso(moment.now), "action": timer["action"]}
        try:
            # An imported state may have timers this provider knows nothing of.
            simulation = self.provider.simulation(timer["action"])
            parameters = simulation.parameters.model_validate_json(as_json(timer["parameters"]))
            return {**told, "result": dict(simulation.run(moment, parameters))}
        except (Refusal, ValidationError) as refusal:
            _log.warning("%s: what was due at %s could not be done: %s", self.id, told["at"], refusal)
            return {**told, "error": str(refusal)}

    def _note_next_due(self, space: Space) -> None:
        first = next(scheduler.pending(space), None)
        self._next_due = int(first["due"]) if first else None

    def move_clock(self, move: Callable[[Clock, int], Clock]) -> list[dict[str, Any]]:
        """Set the clock to what ``move`` makes of it and the machine's time; moves at the same time add up."""
        with self._moving:
            return self.set_clock(move(self.clock, wall()))

    def set_clock(self, clock: Clock) -> list[dict[str, Any]]:
        """Show another time; everything due until then is done before this returns."""
        here = wall()
        target = here + clock.offset if clock.frozen_at is None else clock.frozen_at
        if not 0 <= target <= LATEST:
            raise Refusal("the clock goes from 1970 to 9999")
        done, before = self.run_due(target), self.clock.now(here)
        with self.transaction() as space:
            space.put("_sandbox", {"id": "clock", "offset": clock.offset, "frozen_at": clock.frozen_at})
            if target < before:
                space.drop("_buckets", "calls")  # It was last filled at an instant that is yet to come.
        self.clock = clock
        return done

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


def check_settings(provider: Provider, settings: Settings) -> None:
    """Refuse assumptions that the provider does not have, or has in another form."""
    known = list(provider.assumptions.model_fields)
    for name in settings.assumptions:
        if name not in known:
            raise Unknown("assumption", name, known)
    try:
        provider.assumptions.model_validate_json(as_json(settings.assumptions))
    except ValidationError as error:
        detail = error.errors()[0]
        raise Refusal(f"assumptions.{detail['loc'][0]}: {detail['msg'].removeprefix('Value error, ')}") from None


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
