"""Where (match) and when (trigger) a fault happens; the fault itself says what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mockserver.engine.core.call import Call, Proceed, SandboxView
from mockserver.engine.core.clock import Duration
from mockserver.engine.core.randomness import Chance, Randomness
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import RuleMatch
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.nearest import nearest
from mockserver.storage.base import Space

COUNTS = "_fault_counts"
COUNTS_APART = "_fault_counts_apart"
"""The counters of rules that count per key or idempotency key: a flood of keys must not evict the others' counts."""
BOUND = 10_000
"""So many counters apart are kept per sandbox; the oldest go first."""

if TYPE_CHECKING:
    AnyFault = Fault
else:
    AnyFault = Annotated[Union[tuple(Fault.KINDS[kind] for kind in sorted(Fault.KINDS))], Field(discriminator="kind")]  # noqa: UP007


class Trigger(BaseModel):
    """Which of the matching calls are hit. Counting begins anew whenever the rule is set."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    probability: float = Field(default=1.0, ge=0, le=1, description="The chance of each call, drawn from the seed.")
    seed: int | str | None = Field(default=None, description="Another seed for the draws than the sandbox's.")
    skip: int = Field(default=0, ge=0, description="Let so many matching calls pass first.")
    times: int | None = Field(default=None, ge=0, description="Hit so many calls, then no more.")
    every: int | None = Field(default=None, ge=1, description="Of those after skip, only every nth.")
    per: Literal["rule", "key", "idempotency_key"] = Field(default="rule", description="What is counted apart.")
    after: Duration | None = Field(default=None, description="Begin so long after the rule was set.")
    ttl: Duration | None = Field(default=None, description="End so long after it began; on the sandbox's clock.")


class FaultRule(BaseModel):
    """A failure that happens to some calls of a sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str = Field(default="", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$|^$", description="Made when left out.")
    enabled: bool = True
    priority: int = Field(default=10, ge=0, le=1000, description="Rules with lower numbers stand further outside.")
    match: RuleMatch = RuleMatch.model_construct()
    trigger: Trigger = Trigger.model_construct()
    fault: AnyFault

    @model_validator(mode="before")
    @classmethod
    def _known_kind(cls, value: Any) -> Any:
        fault = value.get("fault") if isinstance(value, dict) else None
        kind = fault.get("kind") if isinstance(fault, dict) else None
        if isinstance(fault, dict) and str(kind) not in Fault.KINDS:
            raise ValueError(f"there is no fault kind {kind!r}{nearest(str(kind), list(Fault.KINDS))}")
        return value

    @model_validator(mode="after")
    def _match_fits(self) -> FaultRule:
        webhooks = self.fault.ON == "webhooks"
        for name, value in self.match:
            if value and name != "body" and (name in RuleMatch.FOR_WEBHOOKS) != webhooks:
                raise ValueError(f"match.{name} is not for {self.fault.ON}, which this kind of fault happens to")
        if webhooks and self.trigger.per != "rule":
            raise ValueError("trigger.per: deliveries are counted per rule only")
        return self


class ActiveRule:
    """A rule at work in a sandbox: its decisions are a sequence of its own that other traffic cannot disturb."""

    __slots__ = ("_begins", "_dice", "_ends", "rule", "scenario", "set_at")

    def __init__(self, rule: FaultRule, set_at: int, randomness: Randomness, scenario: str | None = None) -> None:
        self.rule = rule
        self.set_at = set_at
        self.scenario = scenario
        trigger = rule.trigger
        self._begins = set_at + (trigger.after or 0)
        self._ends = None if trigger.ttl is None else self._begins + trigger.ttl
        self._dice = randomness if trigger.seed is None else Randomness(str(trigger.seed))

    def misses(self, call: Call) -> Iterator[str]:
        """Every reason why the call is not even counted."""
        yield from self._asleep(call.now)
        yield from self.rule.match.misses(call)

    def _asleep(self, now: int) -> Iterator[str]:
        if not self.rule.enabled:
            yield "the rule is not enabled"
        if now < self._begins:
            yield "the rule has not begun"
        if self._ends is not None and now >= self._ends:
            yield "the rule has ended"

    def delivery_misses(self, attempt: Attempt) -> Iterator[str]:
        """Every reason why an attempt to deliver an event is not even counted."""
        yield from self._asleep(attempt.now)
        yield from self.rule.match.delivery_misses(attempt)

    def spoil(self, attempt: Attempt, space: Space) -> None:
        """Count a matching attempt to deliver an event, and let the fault change it where it hits."""
        if next(self.delivery_misses(attempt), None) is not None:
            return
        if self._decide(attempt, space, COUNTS, self.rule.id):
            attempt.fired.append(self.rule.id)
            self.rule.fault.spoil(attempt)

    def rehearse(self, calls: Iterable[Call]) -> Iterator[bool]:
        """Which of these calls the rule would hit, were it set just before the first; nothing is counted."""
        counts: dict[str, tuple[int, int]] = {}
        for call in calls:
            if next(self.misses(call), None) is not None:
                yield False
                continue
            scope = self._scope(call)
            id = f"{self.rule.id}|{scope}" if scope else self.rule.id
            matched, fired = counts.get(id, (0, 0))
            hit = self._falls(id, matched + 1, fired) is not None
            counts[id] = (matched + 1, fired + hit)
            yield hit

    def counts(self, sandbox: SandboxView) -> tuple[int, int]:
        """How many calls the rule has matched, and to how many its fault happened."""
        with sandbox.transaction() as space:
            found = [c for place in (COUNTS, COUNTS_APART) for c in space.find(place, "rule", self.rule.id)]
        return sum(count["matched"] for count in found), sum(count["fired"] for count in found)

    def around(self, proceed: Proceed) -> Proceed:
        """The rest of the pipeline with the fault around it."""

        # Whether the rule hits is asked only when a call gets this far in: a rule further out may answer first.
        def run(call: Call) -> Reply:
            if not self.hits(call):
                return proceed(call)
            call.fired.append(self.rule.id)
            return self.rule.fault.apply(call, proceed)

        return run

    def hits(self, call: Call) -> bool:
        """Count a matching call, and decide whether the fault happens to it."""
        if next(self.misses(call), None) is not None:
            return False
        scope = self._scope(call)
        with call.sandbox.transaction(durable=False) as space:
            if scope:
                return self._decide(call, space, COUNTS_APART, f"{self.rule.id}|{scope}")
            return self._decide(call, space, COUNTS, self.rule.id)

    def _decide(self, hit_on: Call | Attempt, space: Space, place: str, id: str) -> bool:
        count = space.get(place, id) or {"id": id, "rule": self.rule.id, "matched": 0, "fired": 0}
        nth, fired = count["matched"] + 1, count["fired"]
        chance = self._falls(id, nth, fired)
        hit = chance is not None
        if hit:
            hit_on.chance = chance
        counted = {**count, "matched": nth, "fired": fired + hit}
        if nth == 1 and place == COUNTS_APART:
            space.append(place, counted, keep=BOUND)
        else:
            space.put(place, counted)
        return hit

    def _falls(self, id: str, nth: int, fired: int) -> Chance | None:
        """The dice of the nth matching call where the rule hits it."""
        chance = Chance(self._dice, f"fault:{id}", nth)
        return chance if self._eligible(nth, fired) and chance.unit("hit") < self.rule.trigger.probability else None

    def _eligible(self, nth: int, fired: int) -> bool:
        trigger = self.rule.trigger
        beyond = nth - trigger.skip
        if beyond <= 0 or (trigger.times is not None and fired >= trigger.times):
            return False
        return trigger.every is None or beyond % trigger.every == 0

    def _scope(self, call: Call) -> str:
        match self.rule.trigger.per:
            case "key":
                return call.credential.secret or "none"
            case "idempotency_key":
                return call.headers.get("idempotency-key", "none")
            case _:
                return ""
