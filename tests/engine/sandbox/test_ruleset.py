"""The fault rules of a sandbox: all that were asked for are set, or none."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Conflict, FaultRule, Refusal, UnknownName
from mockserver.engine.faults.rule import COUNT_COLLECTION, KEYED_COUNT_COLLECTION
from mockserver.engine.sandbox import ruleset
from mockserver.storage.base import Space
from tests.support.harness import Harness


def rule(id: str = "", **more: Any) -> FaultRule:
    return FaultRule.model_validate({"id": id, "fault": {"kind": "reset"}, **more})


def ids(harness: Harness) -> list[str]:
    return [active.rule.id for active in harness.sandbox.rules]


def test_rules_stand_by_priority_and_then_as_they_were_set(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("late", priority=20), rule("a"), rule("b"), rule("early", priority=1)])
    assert ids(harness) == ["early", "a", "b", "late"]


def test_a_rule_without_an_id_gets_one_that_nobody_has(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("fault_1")])
    (made,) = harness.sandbox.ruleset.set([rule()])
    assert made != "fault_1"
    assert sorted(ids(harness)) == sorted(["fault_1", made])


@pytest.mark.parametrize(
    ("rules", "named"),
    [([rule("same"), rule("same")], "two fault rules 'same'"), ([rule("new"), rule("theirs")], "set by the scenario")],
)
def test_rules_are_set_all_or_none(harness: Harness, rules: list[FaultRule], named: str) -> None:
    harness.sandbox.ruleset.set([rule("theirs")], scenario="outage")
    harness.sandbox.ruleset.set([rule("old")])
    with pytest.raises(Refusal, match=named):
        harness.sandbox.ruleset.set(rules, replacing=["old"])
    assert ids(harness) == ["theirs", "old"]


def test_a_new_rule_does_not_replace_one(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("one")])
    with pytest.raises(Conflict, match="there is a fault rule 'one' already"):
        harness.sandbox.ruleset.set([rule("one")], new=True)


def test_a_sandbox_has_only_so_many_rules(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruleset, "MAX_RULES", 2)
    harness.sandbox.ruleset.set([rule("a"), rule("b")])
    harness.sandbox.ruleset.set([rule("b", priority=1)])
    with pytest.raises(Refusal, match="at most 2 fault rules"):
        harness.sandbox.ruleset.set([rule("c")])


def test_removing_what_is_not_there_removes_nothing(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("outside"), rule("inside")])
    with pytest.raises(UnknownName, match="did you mean 'outside'"):
        harness.sandbox.ruleset.remove(["inside", "outsid"])
    assert ids(harness) == ["outside", "inside"]


def test_exactly_so_many_rules_are_set_and_the_last_of_them_may_be_replaced(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruleset, "MAX_RULES", 3)
    harness.sandbox.ruleset.set([rule("a"), rule("b"), rule("c")])
    with pytest.raises(Refusal, match="at most 3 fault rules"):
        harness.sandbox.ruleset.set([rule("d")])
    harness.sandbox.ruleset.set([rule("d")], replacing=["b"])
    assert ids(harness) == ["a", "c", "d"]


def test_removing_one_rule_leaves_the_others_and_those_of_other_sandboxes(harness: Harness) -> None:
    other = harness.engine.create("smartepi", "other")
    for each in (harness.sandbox, other):
        each.ruleset.set([rule("one"), rule("one.two"), rule("two")])
    harness.sandbox.ruleset.remove(["one"])
    assert ids(harness) == ["one.two", "two"]
    assert [active.rule.id for active in other.rules] == ["one", "one.two", "two"]
    other.ruleset.remove()
    assert (ids(harness), list(other.rules)) == (["one.two", "two"], [])


def test_replacing_a_rule_forgets_its_own_counts_only(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("one", trigger={"probability": 0}), rule("two", trigger={"probability": 0})])
    for _ in range(2):
        harness.request("GET", "/v1/sectors")
    harness.sandbox.ruleset.set([rule("one", trigger={"probability": 0})])
    assert {active.rule.id: active.read_counts(harness.sandbox) for active in harness.sandbox.rules} == {
        "one": (0, 0),
        "two": (2, 0),
    }
    harness.sandbox.ruleset.remove(["one"])
    with harness.sandbox.transaction() as space:
        assert [count["rule"] for _, count in space.scan("_fault_counts")] == ["two"]


def test_nothing_is_kept_of_a_rule_that_is_removed(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("one", trigger={"probability": 0}), rule("two", trigger={"probability": 0})])
    harness.sandbox.ruleset.set([rule("apart", trigger={"probability": 0, "per": "key"})])
    harness.request("GET", "/v1/sectors")

    def counted() -> list[str]:
        with harness.sandbox.transaction() as space:
            return [r["rule"] for place in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION) for _, r in space.scan(place)]

    assert sorted(counted()) == ["apart", "one", "two"]
    harness.sandbox.ruleset.remove(["one", "apart"])
    assert counted() == ["two"]


def test_what_is_written_beside_the_rules_is_written_with_them_or_not_at_all(harness: Harness) -> None:
    def beside(space: Space) -> None:
        space.put("_scenarios", {"id": f"s{space.count('_scenarios')}"})

    harness.sandbox.ruleset.set([rule("one")], also_write=beside)
    harness.sandbox.ruleset.remove(["one"], also_write=beside)
    with pytest.raises(UnknownName):
        harness.sandbox.ruleset.remove(["one"], also_write=beside)
    with pytest.raises(Refusal):
        harness.sandbox.ruleset.set([rule("two"), rule("two")], also_write=beside)
    with harness.sandbox.transaction() as space:
        assert [record["id"] for _, record in space.scan("_scenarios")] == ["s0", "s1"]


def test_rules_about_calls_and_about_webhooks_are_at_work_where_they_belong(harness: Harness) -> None:
    webhooks = FaultRule.model_validate({"id": "sent", "fault": {"kind": "dropped_webhook"}})
    harness.sandbox.ruleset.set([rule("asked"), webhooks])
    assert [active.rule.id for active in harness.sandbox.ruleset.call_rules] == ["asked"]
    assert [active.rule.id for active in harness.sandbox.ruleset.webhook_rules] == ["sent"]
