"""The fault rules of one sandbox: set, replaced and removed, each with its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.problem import Refusal, Taken, Unknown
from mockserver.engine.faults.rule import COUNTS, COUNTS_APART, ActiveRule, FaultRule
from mockserver.storage.base import Record, Space, StoreError

MOST_RULES = 1_000


def _nothing(space: Space) -> None:
    """Keep nothing beside the rules."""


class Ruleset:
    """The rules at work in a sandbox, the ones that stand further outside first."""

    def __init__(self, sandbox: SandboxView) -> None:
        self.active: list[ActiveRule] = []
        self.of_calls: list[ActiveRule] = []
        self.of_webhooks: list[ActiveRule] = []
        self._sandbox = sandbox

    def set(
        self,
        rules: Iterable[FaultRule],
        *,
        scenario: str | None = None,
        new: bool = False,
        instead_of: Iterable[str] = (),
        beside: Callable[[Space], None] = _nothing,
    ) -> list[str]:
        """Set rules, replacing those of the same id; counting and timing of each begins anew. Answers their ids.

        The rules ``instead_of`` go, and what ``beside`` writes is written, at the same time, or nothing happens.
        """
        now, ids = self._sandbox.now(), []
        with self._changing() as space:
            for id in instead_of:
                _forget(space, id)
            for rule in rules:
                rule = rule if rule.id else rule.model_copy(update={"id": _free_id(space)})
                if rule.id in ids:
                    raise Refusal(f"there are two fault rules {rule.id!r}")
                _check_place(space, rule, scenario, new)
                _forget_counts(space, rule.id)
                space.put("_faults", {**rule.model_dump(mode="json"), "set_at": now, "scenario": scenario})
                ids.append(rule.id)
            beside(space)
        return ids

    def drop(self, ids: Iterable[str] | None = None, beside: Callable[[Space], None] = _nothing) -> None:
        """Remove rules by id, or all of them; Unknown names the nearest."""
        known = [active.rule.id for active in self.active]
        with self._changing() as space:
            for id in known if ids is None else ids:
                if space.get("_faults", id) is None:
                    raise Unknown("fault rule", id, known)
                _forget(space, id)
            beside(space)

    @contextmanager
    def _changing(self) -> Iterator[Space]:
        """A transaction whose rules are at work once it is left, and are not when the store did not keep it."""
        try:
            with self._sandbox.transaction() as space:
                yield space
                self.reload(space)
        except StoreError:
            with self._sandbox.transaction() as space:
                self.reload(space)
            raise

    def reload(self, space: Space) -> None:
        """Take over the rules the store holds."""
        self.active = sorted((self._activate(record) for _, record in space.scan("_faults")), key=_order)
        self.of_calls = [active for active in self.active if active.rule.fault.ON == "calls"]
        self.of_webhooks = [active for active in self.active if active.rule.fault.ON == "webhooks"]

    def _activate(self, record: Record) -> ActiveRule:
        fields = {name: value for name, value in record.items() if name not in ("set_at", "scenario")}
        rule = FaultRule.model_validate(fields)
        return ActiveRule(rule, record["set_at"], self._sandbox.randomness, record["scenario"])


def _check_place(space: Space, rule: FaultRule, scenario: str | None, new: bool) -> None:
    there = space.get("_faults", rule.id)
    if there is None:
        if space.count("_faults") >= MOST_RULES:
            raise Refusal(f"a sandbox has at most {MOST_RULES} fault rules; delete some")
    elif new:
        raise Taken(f"there is a fault rule {rule.id!r} already; PUT replaces it")
    elif there["scenario"] != scenario:
        owner = f"the scenario {there['scenario']!r}" if there["scenario"] else "someone else"
        raise Taken(f"the fault rule {rule.id!r} was set by {owner}; choose another id")


def _order(active: ActiveRule) -> tuple[int, int]:
    return active.rule.priority, active.set_at


def _free_id(space: Space) -> str:
    """A rule id that nobody has chosen."""
    while space.get("_faults", id := f"fault_{space.bump('faults')}") is not None:
        pass
    return id


def _forget(space: Space, rule: str) -> None:
    space.drop("_faults", rule)
    _forget_counts(space, rule)


def _forget_counts(space: Space, rule: str) -> None:
    for place in (COUNTS, COUNTS_APART):
        for record in list(space.find(place, "rule", rule)):
            space.drop(place, record["id"])
