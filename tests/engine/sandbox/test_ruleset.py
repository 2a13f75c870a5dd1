"""The fault rules of a sandbox: setting, replacing and removing them."""

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


def test_rules_are_ordered_by_priority_and_then_as_they_were_set(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("late", priority=20), rule("a"), rule("b"), rule("early", priority=1)])
    assert ids(harness) == ["early", "a", "b", "late"]


def test_a_rule_without_an_id_gets_an_unused_one(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("fault_1")])
    (id,) = harness.sandbox.ruleset.set([rule()])
    assert id != "fault_1"
    assert sorted(ids(harness)) == sorted(["fault_1", id])


@pytest.mark.parametrize(
    ("rules", "message"),
    [([rule("same"), rule("same")], "two fault rules 'same'"), ([rule("new"), rule("theirs")], "set by the scenario")],
)
def test_setting_rules_is_atomic(harness: Harness, rules: list[FaultRule], message: str) -> None:
    harness.sandbox.ruleset.set([rule("theirs")], scenario="outage")
    harness.sandbox.ruleset.set([rule("old")])
    with pytest.raises(Refusal, match=message):
        harness.sandbox.ruleset.set(rules, replacing=["old"])
    assert ids(harness) == ["theirs", "old"]


def test_a_new_rule_does_not_replace_an_existing_one(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("one")])
    with pytest.raises(Conflict, match="there is a fault rule 'one' already"):
        harness.sandbox.ruleset.set([rule("one")], new=True)


def test_the_number_of_rules_is_limited(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruleset, "MAX_RULES", 2)
    harness.sandbox.ruleset.set([rule("a"), rule("b")])
    harness.sandbox.ruleset.set([rule("b", priority=1)])
    with pytest.raises(Refusal, match="at most 2 fault rules"):
        harness.sandbox.ruleset.set([rule("c")])


def test_removing_an_unknown_rule_removes_nothing(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("outside"), rule("inside")])
    with pytest.raises(UnknownName, match="did you mean 'outside'"):
        harness.sandbox.ruleset.remove(["inside", "outsid"])
    assert ids(harness) == ["outside", "inside"]


def test_at_the_maximum_number_a_rule_may_still_be_replaced(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ruleset, "MAX_RULES", 3)
    harness.sandbox.ruleset.set([rule("a"), rule("b"), rule("c")])
    with pytest.raises(Refusal, match="at most 3 fault rules"):
        harness.sandbox.ruleset.set([rule("d")])
    harness.sandbox.ruleset.set([rule("d")], replacing=["b"])
    assert ids(harness) == ["a", "c", "d"]


def test_removing_one_rule_keeps_the_others_and_those_of_other_sandboxes(harness: Harness) -> None:
    other = harness.engine.create("smartepi", "other")
    for each in (harness.sandbox, other):
        each.ruleset.set([rule("one"), rule("one.two"), rule("two")])
    harness.sandbox.ruleset.remove(["one"])
    assert ids(harness) == ["one.two", "two"]
    assert [active.rule.id for active in other.rules] == ["one", "one.two", "two"]
    other.ruleset.remove()
    assert (ids(harness), list(other.rules)) == (["one.two", "two"], [])


def test_replacing_a_rule_resets_only_its_own_counts(harness: Harness) -> None:
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


def test_removing_a_rule_removes_its_counts(harness: Harness) -> None:
    harness.sandbox.ruleset.set([rule("one", trigger={"probability": 0}), rule("two", trigger={"probability": 0})])
    harness.sandbox.ruleset.set([rule("per_key", trigger={"probability": 0, "per": "key"})])
    harness.request("GET", "/v1/sectors")

    def counted_rules() -> list[str]:
        with harness.sandbox.transaction() as space:
            return [
                r["rule"]
                for collection in (COUNT_COLLECTION, KEYED_COUNT_COLLECTION)
                for _, r in space.scan(collection)
            ]

    assert sorted(counted_rules()) == ["one", "per_key", "two"]
    harness.sandbox.ruleset.remove(["one", "per_key"])
    assert counted_rules() == ["two"]


def test_also_write_runs_in_the_transaction_of_the_rules(harness: Harness) -> None:
    def write_scenario(space: Space) -> None:
        space.put("_scenarios", {"id": f"s{space.count('_scenarios')}"})

    harness.sandbox.ruleset.set([rule("one")], also_write=write_scenario)
    harness.sandbox.ruleset.remove(["one"], also_write=write_scenario)
    with pytest.raises(UnknownName):
        harness.sandbox.ruleset.remove(["one"], also_write=write_scenario)
    with pytest.raises(Refusal):
        harness.sandbox.ruleset.set([rule("two"), rule("two")], also_write=write_scenario)
    with harness.sandbox.transaction() as space:
        assert [record["id"] for _, record in space.scan("_scenarios")] == ["s0", "s1"]


def test_rules_for_calls_and_for_webhooks_are_kept_separately(harness: Harness) -> None:
    webhooks = FaultRule.model_validate({"id": "sent", "fault": {"kind": "dropped_webhook"}})
    harness.sandbox.ruleset.set([rule("call"), webhooks])
    assert [active.rule.id for active in harness.sandbox.ruleset.call_rules] == ["call"]
    assert [active.rule.id for active in harness.sandbox.ruleset.webhook_rules] == ["sent"]
