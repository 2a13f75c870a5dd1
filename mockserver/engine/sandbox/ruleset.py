"""The fault rules of one sandbox: set, replaced and removed, each with its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.problem import Conflict, Refusal, UnknownName
from mockserver.engine.faults.rule import COUNT_COLLECTION, KEYED_COUNT_COLLECTION, ActiveRule, FaultRule
from mockserver.storage.base import Record, Space, StoreError

MAX_RULES = 1_000


def _write_nothing(space: Space) -> None:
    """Keep nothing beside the rules."""


class Ruleset:
    """The rules at work in a sandbox, the ones that stand further outside first."""

    def __init__(self, sandbox: SandboxView) -> None:
        self.active: list[ActiveRule] = []
        self.call_rules: list[ActiveRule] = []
        self.webhook_rules: list[ActiveRule] = []
        self._sandbox = sandbox

    def set(
        self,
        rules: Iterable[FaultRule],
        *,
        scenario: str | None = None,
        new: bool = False,
        replacing: Iterable[str] = (),
        also_write: Callable[[Space], None] = _write_nothing,
    ) -> list[str]:
        """Set rules, replacing those of the same id; counting and timing of each begins anew. Answers their ids.

        The rules ``replacing`` go, and what ``also_write`` writes is written, at the same time, or nothing happens.
        """
        now, ids = self._sandbox.now(), []
        with self._change_transaction() as space:
            for id in replacing:
                _delete_rule(space, id)
            for rule in rules:
                rule = rule if rule.id else rule.model_copy(update={"id": _free_id(space)})
                if rule.id in ids:
                    raise Refusal(f"there are two fault rules {rule.id!r}")
                _check_conflict(space, rule, scenario, new)
                _delete_counts(space, rule.id)
                space.put("_faults", {**rule.model_dump(mode="json"), "set_at": now, "scenario": scenario})
                ids.append(rule.id)
            also_write(space)
        return ids

    def remove(self, ids: Iterable[str] | None = None, also_write: Callable[[Space], None] = _write_nothing) -> None:
        """Remove rules by id, or all of them; Unknown names the nearest."""
        known = [active.rule.id for active in self.active]
        with self._change_transaction() as space:
            for id in known if ids is None else ids:
                if space.get("_faults", id) is None:
                    raise UnknownName("fault rule", id, known)
                _delete_rule(space, id)
            also_write(space)

    @contextmanager
    def _change_transaction(self) -> Iterator[Space]:
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
        self.active = sorted((self._activate(record) for _, record in space.scan("_faults")), key=_sort_key)
        self.call_rules = [active for active in self.active if active.rule.fault.APPLIES_TO == "calls"]
        self.webhook_rules = [active for active in self.active if active.rule.fault.APPLIES_TO == "webhooks"]

    def _activate(self, record: Record) -> ActiveRule:
        fields = {name: value for name, value in record.items() if name not in ("set_at", "scenario")}
        rule = FaultRule.model_validate(fields)
        return ActiveRule(rule, record["set_at"], self._sandbox.randomness, record["scenario"])


def _check_conflict(space: Space, rule: FaultRule, scenario: str | None, new: bool) -> None:
    there = space.get("_faults", rule.id)
    if there is None:
        if space.count("_faults") >= MAX_RULES:
            raise Refusal(f"a sandbox has at most {MAX_RULES} fault rules; delete some")
    elif new:
        raise Conflict(f"there is a fault rule {rule.id!r} already; PUT replaces it")
    elif there["scenario"] != scenario:
        owner = f"the scenario {there['scenario']!r}" if there["scenario"] else "someone else"
        raise Conflict(f"the fault rule {rule.id!r} was set by {owner}; choose another id")


def _sort_key(active: ActiveRule) -> tuple[int, int]:
    return active.rule.priority, active.set_at


def _free_id(space: Space) -> str:
    """A rule id that nobody has chosen."""
    while space.get("_faults", id := f"fault_{space.increment('faults')}") is not None:
        pass
    return id


def _delete_rule(space: Space, rule: str) -> None:
    space.drop("_faults", rule)
    _delete_counts(space, rule)


def _delete_counts(space: Space, rule: str) -> None:
    for place in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION):
        for record in list(space.find(place, "rule", rule)):
            space.drop(place, record["id"])
