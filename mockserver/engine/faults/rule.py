"""Fault rules: a match, a trigger and a fault, and the decision whether a call or attempt is hit."""

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
"""Counts per key or idempotency key. They are stored separately, so that many keys cannot evict other counts."""
MAX_KEYED_COUNTS = 10_000
"""Counts per key or idempotency key in a sandbox; beyond it the oldest are deleted."""

if TYPE_CHECKING:
    AnyFault = Fault
else:
    AnyFault = Annotated[Union[tuple(Fault.KINDS[kind] for kind in sorted(Fault.KINDS))], Field(discriminator="kind")]  # noqa: UP007


class Trigger(BaseModel):
    """Which of the matching calls are hit. Setting the rule again resets its counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    probability: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="The probability of firing on a call that the other triggers select.",
    )
    seed: int | str | None = Field(
        default=None, description="The seed for the rule's random values, instead of the sandbox's seed."
    )
    skip: int = Field(default=0, ge=0, description="The number of matching calls to let pass first.")
    times: int | None = Field(default=None, ge=0, description="The maximum number of hits.")
    every: int | None = Field(default=None, ge=1, description="After `skip`, hit every nth matching call.")
    per: Literal["rule", "key", "idempotency_key"] = Field(
        default="rule", description="Count for the rule as a whole, or separately per API key or idempotency key."
    )
    after: Duration | None = Field(
        default=None, description="How long the rule waits before it takes effect, on the sandbox's clock."
    )
    ttl: Duration | None = Field(default=None, description="How long the rule stays in effect, on the sandbox's clock.")


class FaultRule(BaseModel):
    """A fault that happens to some calls or deliveries of a sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str = Field(default="", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$|^$", description="Generated if left out.")
    enabled: bool = True
    priority: int = Field(
        default=10, ge=0, le=1000, description="The rule with the lowest number is the outermost wrapper."
    )
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
                    f"match.{name} does not apply to {self.fault.APPLIES_TO}, which this fault kind is for"
                )
        if webhooks and self.trigger.per != "rule":
            raise ValueError(
                "trigger.per must be rule for a webhook fault: deliveries have no API key and no idempotency key"
            )
        return self


class ActiveRule:
    """A rule that is set in a sandbox. Its nth decision depends only on the seed and the rule."""

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
        """Yields each reason why the rule does not count the call."""
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
        """Yields each reason why the rule does not count the delivery attempt."""
        yield from self._inactive_reasons(attempt.now)
        yield from self.rule.match.delivery_mismatches(attempt)

    def apply_to_attempt(self, attempt: Attempt, space: Space) -> None:
        """Counts a matching delivery attempt, and applies the fault if the rule hits it."""
        if next(self.delivery_mismatches(attempt), None) is not None:
            return
        if self._decide(attempt, space, COUNT_COLLECTION, self.rule.id):
            attempt.fired.append(self.rule.id)
            self.rule.fault.apply_to_attempt(attempt)

    def preview(self, calls: Iterable[Call]) -> Iterator[bool]:
        """Yields for each call whether the rule would hit it if it were set before the first call; counts nothing."""
        counts: dict[str, tuple[int, int]] = {}
        for call in calls:
            if next(self.mismatches(call), None) is not None:
                yield False
                continue
            scope = self._count_key(call)
            id = f"{self.rule.id}|{scope}" if scope else self.rule.id
            matched, fired = counts.get(id, (0, 0))
            hit = self._rng_if_hit(id, matched + 1, fired) is not None
            counts[id] = (matched + 1, fired + hit)
            yield hit

    def read_counts(self, sandbox: SandboxView) -> tuple[int, int]:
        """Returns how many calls or attempts the rule has matched, and how many of them it has hit."""
        with sandbox.transaction() as space:
            counts = [
                count
                for collection in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION)
                for count in space.find(collection, "rule", self.rule.id)
            ]
        return sum(count["matched"] for count in counts), sum(count["fired"] for count in counts)

    def wrap(self, proceed: Proceed) -> Proceed:
        """Returns the rest of the pipeline, wrapped in the fault."""

        # The rule decides when the call arrives here. If an outer rule responds first, the call is not counted.
        def run(call: Call) -> Reply:
            if not self.count_and_decide(call):
                return proceed(call)
            call.fired.append(self.rule.id)
            return self.rule.fault.apply(call, proceed)

        return run

    def count_and_decide(self, call: Call) -> bool:
        """Counts a matching call, and returns whether the rule hits it."""
        if next(self.mismatches(call), None) is not None:
            return False
        scope = self._count_key(call)
        with call.sandbox.transaction(durable=False) as space:
            if scope:
                return self._decide(call, space, KEYED_COUNT_COLLECTION, f"{self.rule.id}|{scope}")
            return self._decide(call, space, COUNT_COLLECTION, self.rule.id)

    def _decide(self, target: Call | Attempt, space: Space, collection: str, id: str) -> bool:
        count = space.get(collection, id) or {"id": id, "rule": self.rule.id, "matched": 0, "fired": 0}
        nth, fired = count["matched"] + 1, count["fired"]
        rng = self._rng_if_hit(id, nth, fired)
        hit = rng is not None
        if hit:
            target.rng = rng
        counted = {**count, "matched": nth, "fired": fired + hit}
        if nth == 1 and collection == KEYED_COUNT_COLLECTION:
            space.append(collection, counted, max_records=MAX_KEYED_COUNTS)
        else:
            space.put(collection, counted)
        return hit

    def _rng_if_hit(self, id: str, nth: int, fired: int) -> Rng | None:
        """Returns the rng of the nth matching call if the rule hits it, otherwise None."""
        rng = Rng(self._randomness, f"fault:{id}", nth)
        return rng if self._is_eligible(nth, fired) and rng.uniform("hit") < self.rule.trigger.probability else None

    def _is_eligible(self, nth: int, fired: int) -> bool:
        trigger = self.rule.trigger
        nth_after_skip = nth - trigger.skip
        if nth_after_skip <= 0 or (trigger.times is not None and fired >= trigger.times):
            return False
        return trigger.every is None or nth_after_skip % trigger.every == 0

    def _count_key(self, call: Call) -> str:
        match self.rule.trigger.per:
            case "key":
                return call.credential.secret or "none"
            case "idempotency_key":
                return call.headers.get("idempotency-key", "none")
            case _:
                return ""
