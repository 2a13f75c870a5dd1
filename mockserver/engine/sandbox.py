"""One sandbox: an isolated tenant of a provider with its own keys, data, clock, faults, limits and journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mockserver.engine import scheduler
from mockserver.engine.assumptions import Assumptions
from mockserver.engine.clock import LATEST, Clock, iso, wall
from mockserver.engine.faults.rule import COUNTS, COUNTS_APART, ActiveRule, FaultRule
from mockserver.engine.journal import Journal
from mockserver.engine.keys import Key
from mockserver.engine.latency import Distribution
from mockserver.engine.problem import Refusal, Taken, Unknown
from mockserver.engine.provider import Moment, Provider
from mockserver.engine.randomness import Randomness
from mockserver.engine.ratelimit import Limits
from mockserver.engine.validate import path
from mockserver.storage.base import Collection, Record, Space, Store

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
MOST_RULES = 1_000
MOST_KEYS = 1_000
_BLOCK = 1_000
_log = logging.getLogger("testmode")


class Settings(BaseModel):
    """How a sandbox behaves; what is left out is as its provider has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: str = "1"
    size: str = "small"
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None


Directory = dict[tuple[str, str], "Sandbox"]
"""(provider, secret) -> the sandbox the key opens; one for the whole server."""


class Sandbox:
    """Everything of one tenant. What must survive a restart is in the store; the rest here is read from it."""

    limits: Limits
    latency: Distribution | None
    assumptions: Assumptions

    def __init__(self, id: str, provider: Provider, store: Store, journal: Journal, directory: Directory) -> None:
        self.id = id
        self.provider = provider
        self.journal = journal
        self.keys: dict[str, Key] = {}
        self.rules: list[ActiveRule] = []
        self.overlays: dict[str, Overlay] = {}
        self._store = store
        self._directory = directory
        self._serial_lock = Lock()
        self._moving = Lock()
        self.read()

    def read(self) -> None:
        """Take over what the store holds: after opening, a reset or a restore."""
        with self.transaction() as space:
            self.settings = Settings.model_validate(_record(space, "settings") or {})
            self.clock = _read_clock(_record(space, "clock") or {})
            self._reserved = self._serial = int((_record(space, "serial") or {"reserved": 0})["reserved"])
            keys = [Key.read(record) for _, record in space.scan("_keys")]
            rules = [record for _, record in space.scan("_faults")]
            scenarios = [record for _, record in space.scan("_scenarios")]
            self._note_next_due(space)
        self.randomness = Randomness(self.settings.seed)
        self._exchange_keys(keys)
        self.overlays = {record["id"]: record["settings"] for record in scenarios}
        self.rules = sorted(map(self._activate, rules), key=_order)
        self.apply()

    def forget_keys(self) -> None:
        """Let no key lead here any more."""
        for secret in self.keys:
            self._directory.pop((self.provider.name, secret), None)
        self.keys = {}

    def _exchange_keys(self, keys: Iterable[Key]) -> None:
        # A key that stays is known at every moment: calls go on meanwhile.
        before, self.keys = self.keys, {key.secret: key for key in keys}
        self._adopt(self.keys.values())
        for secret in before.keys() - self.keys.keys():
            self._directory.pop((self.provider.name, secret), None)

    def apply(self) -> None:
        """Work out limits, latency and assumptions from provider, settings and scenarios, in this order."""
        limits: dict[str, Any] = (self.settings.limits or self.provider.limits).model_dump()
        latency: Any = self.settings.latency or self.provider.latency
        assumptions: dict[str, Any] = dict(self.settings.assumptions)
        for overlay in self.overlays.values():
            limits |= overlay.get("limits", {})
            latency = overlay.get("latency", latency)
            assumptions |= overlay.get("assumptions", {})
        try:
            effective = Settings.model_validate({"limits": limits, "latency": latency})
            self.assumptions = self.provider.assumptions.model_validate(assumptions)
        except ValidationError as error:
            raise Refusal(_first(error)) from None
        assert effective.limits is not None
        self.limits, self.latency = effective.limits, effective.latency

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Space]:
        """The sandbox's records, under its lock; see Store.transaction."""
        return self._store.transaction(self.id, durable=durable)

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings; a setting given as None goes back to the provider's."""
        before = self.settings
        merged = {**before.model_dump(mode="json"), **changes}
        if "assumptions" in changes:
            asked = changes["assumptions"]
            wanted = {} if asked is None else {**before.assumptions, **asked}
            merged["assumptions"] = {name: value for name, value in wanted.items() if value is not None}
        self.settings = Settings.model_validate(merged)
        try:
            self.apply()
        except Refusal:
            self.settings = before
            self.apply()
            raise
        self._keep("settings", self.settings.model_dump(mode="json"))

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
            self.run_due(now)
        return now

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
            self._adopt(moment.keys)

    def _fall_due(self, moment: Moment, timer: Record) -> dict[str, Any]:
        told = {"id": timer["id"], "at": iso(moment.now), "action": timer["action"]}
        try:
            # An imported state may have timers this provider knows nothing of.
            simulation = self.provider.simulation(timer["action"])
            parameters = simulation.parameters.model_validate(timer["parameters"])
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
        self.clock = clock
        with self.transaction() as space:
            space.put("_sandbox", {"id": "clock", "offset": clock.offset, "frozen_at": clock.frozen_at})
            if target < before:
                space.drop("_buckets", "calls")  # It was last filled at an instant that is yet to come.
        return done

    def simulate(self, name: str, parameters: Mapping[str, Any], delay: int = 0) -> Mapping[str, Any]:
        """Have something happen off stage, now or after a while on the sandbox's clock."""
        simulation = self.provider.simulation(name)
        read = simulation.parameters.model_validate(parameters)
        now = self.now()
        with self.transaction() as space:
            moment = Moment(self, now, space)
            if delay:
                id = scheduler.schedule(space, now + delay, name, read.model_dump(mode="json"))
                self._note_next_due(space)
                result: Mapping[str, Any] = {"scheduled": id, "at": iso(now + delay)}
            else:
                result = simulation.run(moment, read)
        self._adopt(moment.keys)
        return result

    # Keys

    def mint(self, **wanted: Any) -> Key:
        """Make a key; it works from ``active_at`` on, which is after the propagation where nothing is said.

        Takes mode, scopes, cidrs, active_at, expires_at; all may be left out.
        """
        now = self.now()
        with self.transaction() as space:
            key = self.write_key(space, now, **wanted)
        self._adopt([key])
        return key

    def revoke(self, id: str, after: int | None = None) -> Key:
        """Revoke a key by id or secret; it goes on working for the revocation lag, or for ``after``."""
        now = self.now()
        with self.transaction() as space:
            key = self.write_revoked(space, now, id, after)
        self._adopt([key])
        return key

    def write_key(
        self,
        space: Space,
        now: int,
        *,
        mode: str | None = None,
        scopes: Iterable[str] = (),
        cidrs: Iterable[str] = (),
        active_at: int | None = None,
        expires_at: int | None = None,
        revoked_at: int | None = None,
    ) -> Key:
        """Write a new key within a transaction; it counts once the transaction has been kept."""
        if space.count("_keys") >= MOST_KEYS:
            raise Refusal(f"a sandbox has at most {MOST_KEYS} keys; reset it or make another sandbox")
        policy, nth, given = self.provider.keys, space.bump("keys"), self.assumptions
        mode = mode or policy.modes[0]
        lifetime = now + given.key_lifetime if given.key_lifetime else None
        key = Key(
            id=f"key_{nth}",
            secret=policy.mint(self.randomness, self.id, nth, mode),
            created_at=now,
            active_at=now + given.key_propagation if active_at is None else active_at,
            mode=mode,
            scopes=tuple(scopes) or policy.scopes,
            cidrs=tuple(cidrs),
            expires_at=lifetime if expires_at is None else expires_at,
            revoked_at=revoked_at,
            dead_at=None if revoked_at is None else revoked_at + given.revocation_lag,
        )
        space.put("_keys", key.record())
        return key

    def write_revoked(self, space: Space, now: int, id: str, after: int | None = None) -> Key:
        """Write a key's revocation within a transaction; revoking twice changes nothing.

        One that was to be revoked later is revoked now.
        """
        key = next((key for key in self.keys.values() if id in (key.id, key.secret)), None)
        if key is None:
            raise Unknown("key", id, [key.id for key in self.keys.values()])
        lag = self.assumptions.revocation_lag if after is None else after
        revoked = key if key.revoked_at is not None and key.revoked_at <= now else key.revoke(now, now + lag)
        space.put("_keys", revoked.record())
        return revoked

    def _adopt(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.keys[key.secret] = key
            self._directory[self.provider.name, key.secret] = self

    # Faults

    def set_faults(
        self,
        rules: Iterable[FaultRule],
        *,
        scenario: str | None = None,
        new: bool = False,
        instead_of: Iterable[str] = (),
    ) -> list[str]:
        """Set rules, replacing those of the same id; counting and timing of each begins anew.

        The rules ``instead_of`` go at the same time, or stay when the others cannot be set.
        """
        now, ids = self.now(), []
        with self.transaction() as space:
            for id in instead_of:
                space.drop("_faults", id)
                _forget_counts(space, id)
            for rule in rules:
                rule = rule if rule.id else rule.model_copy(update={"id": _free_id(space)})
                known = space.get("_faults", rule.id) is not None
                if new and known:
                    raise Taken(f"there is a fault rule {rule.id!r} already; PUT replaces it")
                if not known and space.count("_faults") >= MOST_RULES:
                    raise Refusal(f"a sandbox has at most {MOST_RULES} fault rules; delete some")
                _forget_counts(space, rule.id)
                space.put("_faults", {**rule.model_dump(mode="json"), "set_at": now, "scenario": scenario})
                ids.append(rule.id)
            self._reload_rules(space)
        return ids

    def drop_faults(self, ids: Iterable[str] | None = None) -> None:
        """Remove rules by id, or all of them."""
        with self.transaction() as space:
            for id in [active.rule.id for active in self.rules] if ids is None else ids:
                if space.get("_faults", id) is None:
                    raise Unknown("fault rule", id, [active.rule.id for active in self.rules])
                space.drop("_faults", id)
                _forget_counts(space, id)
            self._reload_rules(space)

    def _reload_rules(self, space: Space) -> None:
        self.rules = sorted((self._activate(record) for _, record in space.scan("_faults")), key=_order)

    def _activate(self, record: Record) -> ActiveRule:
        fields = {name: value for name, value in record.items() if name not in ("set_at", "scenario")}
        return ActiveRule(FaultRule.model_validate(fields), record["set_at"], self.randomness, record["scenario"])

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


def _order(active: ActiveRule) -> tuple[int, int]:
    return active.rule.priority, active.set_at


def _free_id(space: Space) -> str:
    """A rule id that nobody has chosen."""
    while space.get("_faults", id := f"fault_{space.bump('faults')}") is not None:
        pass
    return id


def _forget_counts(space: Space, rule: str) -> None:
    for place in (COUNTS, COUNTS_APART):
        for record in list(space.find(place, "rule", rule)):
            space.drop(place, record["id"])


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    return f"{path(detail)}: {detail['msg']}"
