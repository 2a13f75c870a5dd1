"""Sets, replaces and removes the fault rules of one sandbox, together with their counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.problem import Conflict, Refusal, UnknownName
from mockserver.engine.faults.rule import COUNT_COLLECTION, KEYED_COUNT_COLLECTION, ActiveRule, FaultRule
from mockserver.storage.base import Record, Space, StoreError

MAX_RULES = 1_000


def _write_nothing(space: Space) -> None:
    """The default for ``also_write``: does nothing."""


class Ruleset:
    """The active rules of a sandbox, in order of priority: the outermost first."""

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
        """Sets rules and returns their ids; a rule with a known id is replaced and starts with new counts and times.

        In the same transaction, the rules with the ids ``replacing`` are deleted and ``also_write`` is called. Raises
        Refusal beyond ``MAX_RULES``, Conflict when another scenario or an operator has set a rule of the same id, or
        when ``new`` is true and the id is taken.
        """
        now, ids = self._sandbox.now(), []
        with self._change_transaction() as space:
            for id in replacing:
                _delete_rule(space, id)
            for rule in rules:
                rule = rule if rule.id else rule.model_copy(update={"id": _free_id(space)})
                if rule.id in ids:
                    raise Refusal(f"there are two fault rules {rule.id!r}; give each its own id")
                _check_conflict(space, rule, scenario, new)
                _delete_counts(space, rule.id)
                space.put("_faults", {**rule.model_dump(mode="json"), "set_at": now, "scenario": scenario})
                ids.append(rule.id)
            also_write(space)
        return ids

    def remove(self, ids: Iterable[str] | None = None, also_write: Callable[[Space], None] = _write_nothing) -> None:
        """Removes rules by id, or all rules; raises UnknownName with the nearest id."""
        known = [active.rule.id for active in self.active]
        with self._change_transaction() as space:
            for id in known if ids is None else ids:
                if space.get("_faults", id) is None:
                    raise UnknownName("fault rule", id, known)
                _delete_rule(space, id)
            also_write(space)

    @contextmanager
    def _change_transaction(self) -> Iterator[Space]:
        """Opens a transaction that activates the new rules on commit; if it fails, the old rules stay active."""
        try:
            with self._sandbox.transaction() as space:
                yield space
                self.reload(space)
        except StoreError:
            with self._sandbox.transaction() as space:
                self.reload(space)
            raise

    def reload(self, space: Space) -> None:
        self.active = sorted((self._activate(record) for _, record in space.scan("_faults")), key=_sort_key)
        self.call_rules = [active for active in self.active if active.rule.fault.APPLIES_TO == "calls"]
        self.webhook_rules = [active for active in self.active if active.rule.fault.APPLIES_TO == "webhooks"]

    def _activate(self, record: Record) -> ActiveRule:
        fields = {name: value for name, value in record.items() if name not in ("set_at", "scenario")}
        rule = FaultRule.model_validate(fields)
        return ActiveRule(rule, record["set_at"], self._sandbox.randomness, record["scenario"])


def _check_conflict(space: Space, rule: FaultRule, scenario: str | None, new: bool) -> None:
    existing = space.get("_faults", rule.id)
    if existing is None:
        if space.count("_faults") >= MAX_RULES:
            raise Refusal(f"a sandbox has at most {MAX_RULES} fault rules; delete some")
    elif new:
        raise Conflict(f"there is a fault rule {rule.id!r} already; PUT replaces it")
    elif existing["scenario"] != scenario:
        owner = f"the scenario {existing['scenario']!r}" if existing["scenario"] else "an operator"
        raise Conflict(f"the fault rule {rule.id!r} was set by {owner}; choose another id")


def _sort_key(active: ActiveRule) -> tuple[int, int]:
    return active.rule.priority, active.set_at


def _free_id(space: Space) -> str:
    while space.get("_faults", id := f"fault_{space.increment('faults')}") is not None:
        pass
    return id


def _delete_rule(space: Space, rule: str) -> None:
    space.drop("_faults", rule)
    _delete_counts(space, rule)


def _delete_counts(space: Space, rule: str) -> None:
    for collection in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION):
        for record in list(space.find(collection, "rule", rule)):
            space.drop(collection, record["id"])
