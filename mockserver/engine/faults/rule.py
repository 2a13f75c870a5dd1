"""Where (match) and when (trigger) a fault happens; the fault itself says what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mockserver.engine.core.call import Call, Proceed, SandboxView
from mockserver.engine.core.clock import Duration
from mockserver.engine.core.randomness import Randomness, Rng
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import RuleMatch
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.nearest import nearest
from mockserver.storage.base import Space

COUNT_COLLECTION = "_fault_counts"
KEYED_COUNT_COLLECTION = "_fault_counts_apart"
"""The counters of rules that count per key or idempotency key: a flood of keys must not evict the others' counts."""
MAX_KEYED_COUNTS = 10_000
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
        webhooks = self.fault.APPLIES_TO == "webhooks"
        for name, value in self.match:
            if value and name != "body" and (name in RuleMatch.WEBHOOK_FIELDS) != webhooks:
                raise ValueError(
                    f"match.{name} is not for {self.fault.APPLIES_TO}, which this kind of fault happens to"
                )
        if webhooks and self.trigger.per != "rule":
            raise ValueError("trigger.per: deliveries are counted per rule only")
        return self


class ActiveRule:
    """A rule at work in a sandbox: its decisions are a sequence of its own that other traffic cannot disturb."""

    __slots__ = ("_ends_at", "_randomness", "_starts_at", "rule", "scenario", "set_at")

    def __init__(self, rule: FaultRule, set_at: int, randomness: Randomness, scenario: str | None = None) -> None:
        self.rule = rule
        self.set_at = set_at
        self.scenario = scenario
        trigger = rule.trigger
        self._starts_at = set_at + (trigger.after or 0)
        self._ends_at = None if trigger.ttl is None else self._starts_at + trigger.ttl
        self._randomness = randomness if trigger.seed is None else Randomness(str(trigger.seed))

    def mismatches(self, call: Call) -> Iterator[str]:
        """Every reason why the call is not even counted."""
        yield from self._inactive_reasons(call.now)
        yield from self.rule.match.mismatches(call)

    def _inactive_reasons(self, now: int) -> Iterator[str]:
        if not self.rule.enabled:
            yield "the rule is not enabled"
        if now < self._starts_at:
            yield "the rule has not begun"
        if self._ends_at is not None and now >= self._ends_at:
            yield "the rule has ended"

    def delivery_mismatches(self, attempt: Attempt) -> Iterator[str]:
        """Every reason why an attempt to deliver an event is not even counted."""
        yield from self._inactive_reasons(attempt.now)
        yield from self.rule.match.delivery_mismatches(attempt)

    def apply_to_attempt(self, attempt: Attempt, space: Space) -> None:
        """Count a matching attempt to deliver an event, and let the fault change it where it hits."""
        if next(self.delivery_mismatches(attempt), None) is not None:
            return
        if self._decide(attempt, space, COUNT_COLLECTION, self.rule.id):
            attempt.fired.append(self.rule.id)
            self.rule.fault.apply_to_attempt(attempt)

    def preview(self, calls: Iterable[Call]) -> Iterator[bool]:
        """Which of these calls the rule would hit, were it set just before the first; nothing is counted."""
        counts: dict[str, tuple[int, int]] = {}
        for call in calls:
            if next(self.mismatches(call), None) is not None:
                yield False
                continue
            scope = self._count_key(call)
            id = f"{self.rule.id}|{scope}" if scope else self.rule.id
            matched, fired = counts.get(id, (0, 0))
            hit = self._draw(id, matched + 1, fired) is not None
            counts[id] = (matched + 1, fired + hit)
            yield hit

    def read_counts(self, sandbox: SandboxView) -> tuple[int, int]:
        """How many calls the rule has matched, and to how many its fault happened."""
        with sandbox.transaction() as space:
            found = [
                c
                for place in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION)
                for c in space.find(place, "rule", self.rule.id)
            ]
        return sum(count["matched"] for count in found), sum(count["fired"] for count in found)

    def wrap(self, proceed: Proceed) -> Proceed:
        """The rest of the pipeline with the fault around it."""

        # Whether the rule hits is asked only when a call gets this far in: a rule further out may answer first.
        def run(call: Call) -> Reply:
            if not self.count_and_decide(call):
                return proceed(call)
            call.fired.append(self.rule.id)
            return self.rule.fault.apply(call, proceed)

        return run

    def count_and_decide(self, call: Call) -> bool:
        """Count a matching call, and decide whether the fault happens to it."""
        if next(self.mismatches(call), None) is not None:
            return False
        scope = self._count_key(call)
        with call.sandbox.transaction(durable=False) as space:
            if scope:
                return self._decide(call, space, KEYED_COUNT_COLLECTION, f"{self.rule.id}|{scope}")
            return self._decide(call, space, COUNT_COLLECTION, self.rule.id)

    def _decide(self, hit_on: Call | Attempt, space: Space, place: str, id: str) -> bool:
        count = space.get(place, id) or {"id": id, "rule": self.rule.id, "matched": 0, "fired": 0}
        nth, fired = count["matched"] + 1, count["fired"]
        chance = self._draw(id, nth, fired)
        hit = chance is not None
        if hit:
            hit_on.rng = chance
        counted = {**count, "matched": nth, "fired": fired + hit}
        if nth == 1 and place == KEYED_COUNT_COLLECTION:
            space.append(place, counted, max_records=MAX_KEYED_COUNTS)
        else:
            space.put(place, counted)
        return hit

    def _draw(self, id: str, nth: int, fired: int) -> Rng | None:
        """The dice of the nth matching call where the rule hits it."""
        chance = Rng(self._randomness, f"fault:{id}", nth)
        return (
            chance if self._is_eligible(nth, fired) and chance.uniform("hit") < self.rule.trigger.probability else None
        )

    def _is_eligible(self, nth: int, fired: int) -> bool:
        trigger = self.rule.trigger
        beyond = nth - trigger.skip
        if beyond <= 0 or (trigger.times is not None and fired >= trigger.times):
            return False
        return trigger.every is None or beyond % trigger.every == 0

    def _count_key(self, call: Call) -> str:
        match self.rule.trigger.per:
            case "key":
                return call.credential.secret or "none"
            case "idempotency_key":
                return call.headers.get("idempotency-key", "none")
            case _:
                return ""
