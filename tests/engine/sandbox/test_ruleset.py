"""The fault rules of a sandbox: all that were asked for are set, or none."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import FaultRule, Refusal, Taken, Unknown
from mockserver.engine.sandbox import ruleset
from tests.support.worlds import World


def rule(id: str = "", **more: Any) -> FaultRule:
    return FaultRule.model_validate({"id": id, "fault": {"kind": "reset"}, **more})


def ids(world: World) -> list[str]:
    return [active.rule.id for active in world.sandbox.rules]


def test_rules_stand_by_priority_and_then_as_they_were_set(world: World) -> None:
    world.sandbox.ruleset.set([rule("late", priority=20), rule("a"), rule("b"), rule("early", priority=1)])
    assert ids(world) == ["early", "a", "b", "late"]


def test_a_rule_without_an_id_gets_one_that_nobody_has(world: World) -> None:
    world.sandbox.ruleset.set([rule("fault_1")])
    (made,) = world.sandbox.ruleset.set([rule()])
    assert made != "fault_1"
    assert sorted(ids(world)) == sorted(["fault_1", made])


@pytest.mark.parametrize(
    ("rules", "named"),
    [([rule("same"), rule("same")], "two fault rules 'same'"), ([rule("new"), rule("theirs")], "set by the scenario")],
)
def test_when_one_cannot_be_set_none_is(world: World, rules: list[FaultRule], named: str) -> None:
    world.sandbox.ruleset.set([rule("theirs")], scenario="outage")
    world.sandbox.ruleset.set([rule("old")])
    with pytest.raises(Refusal, match=named):
        world.sandbox.ruleset.set(rules, instead_of=["old"])
    assert ids(world) == ["theirs", "old"]


def test_a_new_rule_does_not_replace_one(world: World) -> None:
    world.sandbox.ruleset.set([rule("one")])
    with pytest.raises(Taken, match="there is a fault rule 'one' already"):
        world.sandbox.ruleset.set([rule("one")], new=True)


def test_a_sandbox_has_only_so_many_rules(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruleset, "MOST_RULES", 2)
    world.sandbox.ruleset.set([rule("a"), rule("b")])
    world.sandbox.ruleset.set([rule("b", priority=1)])
    with pytest.raises(Refusal, match="at most 2 fault rules"):
        world.sandbox.ruleset.set([rule("c")])


def test_removing_what_is_not_there_removes_nothing(world: World) -> None:
    world.sandbox.ruleset.set([rule("outside"), rule("inside")])
    with pytest.raises(Unknown, match="did you mean 'outside'"):
        world.sandbox.ruleset.drop(["inside", "outsid"])
    assert ids(world) == ["outside", "inside"]


def test_exactly_so_many_rules_are_set_and_the_last_of_them_may_be_replaced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruleset, "MOST_RULES", 3)
    world.sandbox.ruleset.set([rule("a"), rule("b"), rule("c")])
    with pytest.raises(Refusal, match="at most 3 fault rules"):
        world.sandbox.ruleset.set([rule("d")])
    world.sandbox.ruleset.set([rule("d")], instead_of=["b"])
    assert ids(world) == ["a", "c", "d"]


def test_removing_one_rule_leaves_the_others_and_those_of_other_sandboxes(world: World) -> None:
    other = world.engine.create("smartepi", "other")
    for each in (world.sandbox, other):
        each.ruleset.set([rule("one"), rule("one.two"), rule("two")])
    world.sandbox.ruleset.drop(["one"])
    assert ids(world) == ["one.two", "two"]
    assert [active.rule.id for active in other.rules] == ["one", "one.two", "two"]
    other.ruleset.drop()
    assert (ids(world), list(other.rules)) == (["one.two", "two"], [])


def test_replacing_a_rule_forgets_its_own_counts_only(world: World) -> None:
    world.sandbox.ruleset.set([rule("one", trigger={"probability": 0}), rule("two", trigger={"probability": 0})])
    for _ in range(2):
        world.ask("GET", "/v1/sectors")
    world.sandbox.ruleset.set([rule("one", trigger={"probability": 0})])
    assert {active.rule.id: active.counts(world.sandbox) for active in world.sandbox.rules} == {
        "one": (0, 0),
        "two": (2, 0),
    }
    world.sandbox.ruleset.drop(["one"])
    with world.sandbox.transaction() as space:
        assert [count["rule"] for _, count in space.scan("_fault_counts")] == ["two"]
