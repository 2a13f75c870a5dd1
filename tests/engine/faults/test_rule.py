"""When a fault rule hits: its sequence of decisions, its counts, its times, and what is told about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockserver.app import known_providers
from mockserver.engine import ActiveRule, Call, Credential, FaultRule, Randomness
from mockserver.storage.tinydb.store import TinyStore
from tests.support.harness import Harness, make_harness

FAULTS = "/sandboxes/smartepi/faults"
BROKEN = {"kind": "status", "status": 503}
PATH = "/v1/employees?limit=1"
DRAWS = 10_000


def rule(harness: Harness, id: str = "broken", **members: Any) -> Any:
    answer = harness.admin("PUT", f"{FAULTS}/{id}", {"fault": BROKEN, **members})
    assert answer.status_code == 200, answer.text
    return answer.json


def fired_rules(answer: TestResponse) -> list[str]:
    return [name for name in answer.headers.get("X-Testmode-Fault", "").split(", ") if name]


def hit_pattern(harness: Harness, calls: int, path: str = PATH, **options: Any) -> str:
    """Which of so many calls are hit: ``x`` for one that is, ``.`` for one that is not."""
    return "".join("x" if fired_rules(harness.request("GET", path, **options)) else "." for _ in range(calls))


def counts(harness: Harness, id: str = "broken") -> tuple[int, int]:
    shown: Any = harness.admin("GET", f"{FAULTS}/{id}").json
    return shown["matched"], shown["fired"]


def make_active_rule(id: str, sandbox_seed: str = "1", **trigger: Any) -> ActiveRule:
    """A rule at work without a sandbox of its own, for more draws than calls could be made."""
    written = FaultRule.model_validate({"id": id, "trigger": trigger, "fault": BROKEN})
    return ActiveRule(written, 0, Randomness(sandbox_seed))


def draw_decisions(of: ActiveRule, number: int) -> list[bool]:
    call = Call(make_harness().sandbox, "GET", "/x", now=1)
    return [of.count_and_decide(call) for _ in range(number)]


class Loaded(Randomness):
    """Every number that it draws is the same."""

    number = 0.0

    def uniform(self, purpose: str, nth: int | str) -> float:
        return self.number


@pytest.mark.parametrize(("probability", "drawn", "hit"), [(0.0, 0.0, False), (0.5, 0.5, False), (0.5, 0.49, True)])
def test_a_rule_hits_below_its_probability_and_not_at_it(probability: float, drawn: float, hit: bool) -> None:
    dice = Loaded("1")
    dice.number = drawn
    written = FaultRule.model_validate({"id": "a", "trigger": {"probability": probability}, "fault": BROKEN})
    assert draw_decisions(ActiveRule(written, 0, dice), 1) == [hit]


@pytest.mark.parametrize("per", ["rule", "key", "idempotency_key"])
@pytest.mark.parametrize("trigger", [{}, {"skip": 1, "times": 2}, {"every": 2}, {"probability": 0.5}])
def test_a_rehearsal_hits_which_calls_the_rule_then_hits_and_counts_none(per: str, trigger: dict[str, Any]) -> None:
    sandbox = make_harness().sandbox
    members = {"trigger": {**trigger, "per": per}, "match": {"method": "GET"}, "fault": BROKEN}
    active = ActiveRule(FaultRule.model_validate({"id": "a", **members}), 0, sandbox.randomness)
    calls = [
        Call(sandbox, method, "/x", credential=Credential(key, shown=True), headers={"idempotency-key": key}, now=1)
        for method, key in zip(["GET", "GET", "POST", "GET"] * 6, "aab" * 8, strict=True)
    ]
    rehearsed = list(active.preview(calls))
    assert active.read_counts(sandbox) == (0, 0)
    assert rehearsed == [active.count_and_decide(call) for call in calls]
    assert active.read_counts(sandbox) == (18, sum(rehearsed))


@pytest.mark.parametrize("per", ["rule", "key"])
def test_counting_a_call_waits_for_no_disk(tmp_path: Path, per: str) -> None:
    sleeps: list[int] = []
    harness = make_harness(known_providers()["smartepi"], store=TinyStore(tmp_path, fsync=sleeps.append))
    rule(harness, trigger={"per": per})
    sleeps.clear()
    assert hit_pattern(harness, 2) == "xx"
    assert sleeps == []


def test_the_same_seed_and_rule_id_decide_the_same_in_every_world() -> None:
    once = draw_decisions(make_active_rule("flaky", probability=0.4), 200)
    assert draw_decisions(make_active_rule("flaky", probability=0.4), 200) == once
    assert 0 < sum(once) < 200


def test_a_rule_decides_the_same_whatever_traffic_goes_on_beside_it(harness: Harness) -> None:
    alone = make_harness()
    for each in (harness, alone):
        rule(each, trigger={"probability": 0.5}, match={"path": "*/employees"})
    rule(harness, "other", trigger={"probability": 0.5}, match={"path": "*/sectors"})
    seen = ""
    for nth in range(40):
        hit_pattern(harness, nth % 3, "/v1/sectors")
        seen += hit_pattern(harness, 1)
    assert seen == hit_pattern(alone, 40)


def test_the_thread_order_does_not_change_how_many_calls_are_hit(harness: Harness) -> None:
    flaky, call = make_active_rule("flaky", probability=0.3), Call(harness.sandbox, "GET", "/x", now=1)
    with ThreadPoolExecutor(16) as pool:
        hits = sum(pool.map(lambda _: flaky.count_and_decide(call), range(800)))
    assert hits == sum(draw_decisions(make_active_rule("flaky", probability=0.3), 800))


@pytest.mark.parametrize(
    "other",
    [
        make_active_rule("b", probability=0.5),
        make_active_rule("a", "2", probability=0.5),
        make_active_rule("a", probability=0.5, seed=2),
        make_active_rule("a", probability=0.5, seed="two"),
    ],
    ids=["another rule", "another sandbox seed", "another seed of its own", "a seed that is text"],
)
def test_another_rule_or_seed_has_a_stream_of_its_own(other: ActiveRule) -> None:
    pairs = zip(
        draw_decisions(make_active_rule("a", probability=0.5), 2_000), draw_decisions(other, 2_000), strict=True
    )
    assert abs(sum(one == another for one, another in pairs) - 1_000) <= 3 * sqrt(2_000 * 0.25)


def test_a_seed_of_the_trigger_stands_in_for_the_sandboxs() -> None:
    here, there = (
        make_active_rule("a", "1", probability=0.5, seed=7),
        make_active_rule("a", "2", probability=0.5, seed=7),
    )
    assert draw_decisions(here, 200) == draw_decisions(there, 200)


@pytest.mark.parametrize("probability", [0.01, 0.2, 0.5, 0.95])
def test_the_share_of_hits_is_the_probability(probability: float) -> None:
    hits = sum(draw_decisions(make_active_rule("share", probability=probability), DRAWS))
    assert abs(hits - DRAWS * probability) <= 3 * sqrt(DRAWS * probability * (1 - probability))


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({}, "xxxxxxxx"),
        ({"probability": 0}, "........"),
        ({"skip": 3}, "...xxxxx"),
        ({"times": 2}, "xx......"),
        ({"times": 0}, "........"),
        ({"every": 3}, "..x..x.."),
        ({"skip": 2, "times": 3}, "..xxx..."),
        ({"skip": 1, "every": 2, "times": 2}, "..x.x..."),
    ],
)
def test_skip_times_and_every_choose_among_the_calls(harness: Harness, trigger: dict[str, Any], expected: str) -> None:
    rule(harness, trigger=trigger)
    assert hit_pattern(harness, 8) == expected
    assert counts(harness) == (8, expected.count("x"))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    skip=st.integers(0, 5),
    times=st.none() | st.integers(0, 4),
    every=st.none() | st.integers(1, 4),
    probability=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_a_trigger_never_hits_what_it_skips_nor_more_often_than_told(
    skip: int, times: int | None, every: int | None, probability: float
) -> None:
    hits = draw_decisions(make_active_rule("any", skip=skip, times=times, every=every, probability=probability), 24)
    places = [nth for nth, hit in enumerate(hits, 1) if hit]
    eligible = [nth for nth in range(1, 25) if nth > skip and (nth - skip) % (every or 1) == 0]
    assert set(places) <= set(eligible)
    assert len(places) <= (24 if times is None else times)
    if probability == 1:
        assert places == eligible[:times]


def test_times_is_exact_when_many_clients_call_at_once(harness: Harness) -> None:
    rule(harness, trigger={"times": 25})
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: harness.request("GET", PATH).status_code, range(120)))
    assert (statuses.count(503), statuses.count(200)) == (25, 95)
    assert counts(harness) == (120, 25)


def test_every_key_is_counted_apart(harness: Harness) -> None:
    made: Any = harness.admin("POST", "/sandboxes/smartepi/keys", {"activates_in": "0s"}).json
    rule(harness, trigger={"per": "key", "times": 2})
    assert hit_pattern(harness, 3) == "xx."
    assert hit_pattern(harness, 3, key=made["secret"]) == "xx."
    assert counts(harness) == (6, 4)


def test_every_idempotency_key_is_counted_apart(harness: Harness) -> None:
    rule(harness, trigger={"per": "idempotency_key", "times": 1})
    for value in ("one", "two"):
        assert hit_pattern(harness, 2, headers={"Idempotency-Key": value}) == "x."
    assert hit_pattern(harness, 2) == "x."


def test_many_idempotency_keys_do_not_make_another_rule_forget_its_count(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("mockserver.engine.faults.rule"), "MAX_KEYED_COUNTS", 10)
    rule(harness, "once", trigger={"times": 1}, match={"path": "*/sectors"})
    assert hit_pattern(harness, 2, "/v1/sectors") == "x."
    rule(harness, "each", trigger={"per": "idempotency_key", "times": 1}, match={"path": "*/employees"})
    for nth in range(15):
        hit_pattern(harness, 1, headers={"Idempotency-Key": str(nth)})
    assert hit_pattern(harness, 2, "/v1/sectors") == ".."
    assert counts(harness, "each") == (10, 10)


def test_a_rule_begins_after_a_while_and_ends_when_its_time_is_over(harness: Harness) -> None:
    rule(harness, trigger={"after": "5s", "ttl": "10s"})
    seen = hit_pattern(harness, 1)
    for step in ("4999ms", "1ms", "9999ms", "1ms"):
        harness.advance(step)
        seen += hit_pattern(harness, 1)
    assert seen == "..xx."
    assert counts(harness) == (2, 2)


@pytest.mark.parametrize("length", ["1500ms", "2000.5s", "1h0.25s", "0.123ms", "3m2s1ms", "400d"])
def test_a_rule_keeps_the_length_of_time_it_was_given(harness: Harness, length: str) -> None:
    shown = rule(harness, trigger={"ttl": length})
    assert hit_pattern(harness, 1) == "x"
    harness.advance(shown["trigger"]["ttl"])
    assert hit_pattern(harness, 1) == "."
    rule(harness, trigger={"ttl": shown["trigger"]["ttl"]})
    harness.advance(length)
    assert hit_pattern(harness, 1) == "."


def test_a_rule_that_is_not_enabled_neither_hits_nor_counts(harness: Harness) -> None:
    rule(harness, enabled=False)
    assert hit_pattern(harness, 2) == ".."
    assert counts(harness) == (0, 0)


def test_a_slow_failure_is_a_latency_around_a_status(harness: Harness) -> None:
    rule(harness, "slow", priority=1, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 700}})
    rule(harness, "broken", priority=2)
    answer = harness.request("GET", PATH)
    assert (answer.status_code, fired_rules(answer), harness.sleeps) == (503, ["slow", "broken"], [0.7])


def test_an_answer_further_out_leaves_the_rules_further_in_uncounted(harness: Harness) -> None:
    rule(harness, "slow", priority=2, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 700}})
    rule(harness, "broken", priority=1, trigger={"times": 2})
    assert [fired_rules(harness.request("GET", PATH)) for _ in range(3)] == [["broken"], ["broken"], ["slow"]]
    assert counts(harness, "slow") == (1, 1)
    assert harness.sleeps == [0.7]


def test_rules_of_one_priority_stand_in_the_order_they_were_set_in(harness: Harness) -> None:
    for id in ("zebra", "ant", "mole"):
        rule(harness, id, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 1}})
    assert fired_rules(harness.request("GET", PATH)) == ["zebra", "ant", "mole"]


def test_setting_a_rule_anew_begins_its_counting_and_its_time_anew(harness: Harness) -> None:
    members: dict[str, Any] = {"trigger": {"times": 1, "ttl": "10s"}}
    rule(harness, **members)
    assert hit_pattern(harness, 2) == "x."
    harness.advance("8s")
    assert (rule(harness, **members)["matched"], counts(harness)) == (0, (0, 0))
    harness.advance("8s")
    assert hit_pattern(harness, 2) == "x."


def test_counts_and_decisions_go_on_after_a_restart(tmp_path: Path) -> None:
    trigger: dict[str, Any] = {"probability": 0.5, "skip": 2, "times": 12}
    whole = draw_decisions(make_active_rule("broken", **trigger), 40)
    seen: list[str] = []
    for _ in range(2):
        store = TinyStore(tmp_path)
        harness = make_harness(store=store)
        if not seen:
            rule(harness, trigger=trigger)
        seen.append(hit_pattern(harness, 20))
        store.close()
    assert "".join(seen) == "".join("x" if hit else "." for hit in whole)


def test_a_reset_of_the_sandbox_forgets_its_rules(harness: Harness) -> None:
    rule(harness)
    harness.admin("POST", "/sandboxes/smartepi/reset")
    assert (harness.admin("GET", FAULTS).json, hit_pattern(harness, 1)) == ([], ".")


def test_a_snapshot_brings_the_counts_back(harness: Harness) -> None:
    rule(harness, trigger={"times": 3})
    hit_pattern(harness, 1)
    harness.admin("PUT", "/sandboxes/smartepi/snapshots/early")
    hit_pattern(harness, 5)
    harness.admin("POST", "/sandboxes/smartepi/snapshots/early/restore")
    assert (counts(harness), hit_pattern(harness, 3)) == ((1, 1), "xx.")


def test_a_rule_that_hit_is_named_in_the_journal_and_in_its_trace(harness: Harness) -> None:
    rule(harness, "slow", priority=1, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 1}})
    rule(harness, "broken", trigger={"times": 1})
    for _ in range(2):
        harness.request("GET", PATH)
    entries: Any = harness.admin("GET", "/sandboxes/smartepi/requests").json
    assert [entry["faults"] for entry in entries["requests"]] == [["slow", "broken"], ["slow"]]
    entry: Any = harness.admin("GET", f"/sandboxes/smartepi/requests/{entries['requests'][0]['id']}").json
    notes = {step["stage"]: step["note"] for step in entry["trace"]}
    assert notes["faults"] == "fired: slow, broken"
    assert "perform" not in notes


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"match": {"path": "*/sectors"}}, ["path is /smartepi/v1/employees, not like */sectors"]),
        ({"match": {"method": ["PUT", "POST"]}}, ["method is GET, not PUT or POST"]),
        ({"match": {"operation": "create_*"}}, ["operation is list_employees, not create_*"]),
        ({"match": {"headers": {"X-Test": "t2"}}}, ["header X-Test is 't1'"]),
        ({"match": {"method": "POST", "key": "key_9"}}, ["method is GET, not POST", "key is not the one of the match"]),
        ({"enabled": False}, ["the rule is not enabled"]),
        ({"trigger": {"after": "5s"}}, ["the rule has not begun"]),
        ({"trigger": {"ttl": "0s"}}, ["the rule has ended"]),
    ],
)
def test_a_rule_that_never_hit_says_which_call_came_nearest_and_why_it_was_not_meant(
    harness: Harness, members: dict[str, Any], why: list[str]
) -> None:
    rule(harness, **members)
    answer = harness.request("GET", PATH, headers={"X-Test": "t1"})
    miss = harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]
    assert (miss["path"], miss["status"], miss["why"]) == ("/smartepi/v1/employees", answer.status_code, why)


def test_the_nearest_miss_is_the_call_with_the_fewest_reasons(harness: Harness) -> None:
    rule(harness, match={"method": "POST", "path": "*/sectors"})
    for method, path in (("GET", "/v1/employees"), ("GET", "/v1/sectors"), ("GET", "/v1/products")):
        harness.request(method, path)
    assert harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]["path"] == "/smartepi/v1/sectors"


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie"])
def test_a_near_miss_keeps_a_key_as_hidden_as_the_journal_does(harness: Harness, header: str) -> None:
    rule(harness, match={"headers": {header: {"contains": "something else"}}})
    harness.request("GET", PATH, headers={header: f"Bearer {harness.key()}"})
    why = harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]["why"]
    assert harness.key() not in str(why)
    assert header in str(why)


def test_a_rule_that_hit_needs_no_nearest_miss(harness: Harness) -> None:
    rule(harness)
    hit_pattern(harness, 1)
    assert "nearest_miss" not in harness.admin("GET", f"{FAULTS}/broken").json


def test_an_id_that_is_made_is_never_one_that_was_chosen(harness: Harness) -> None:
    rule(harness, "fault_1")
    made = harness.admin("POST", FAULTS, {"fault": BROKEN})
    assert (made.status_code, made.json["id"] != "fault_1") == (201, True)
    assert len(harness.admin("GET", FAULTS).json) == 2


def test_an_id_that_is_taken_is_refused_and_one_nobody_has_is_named_with_the_nearest(harness: Harness) -> None:
    rule(harness)
    assert harness.admin("POST", FAULTS, {"id": "broken", "fault": BROKEN}).status_code == 409
    for method in ("GET", "DELETE"):
        refused = harness.admin(method, f"{FAULTS}/brokn")
        assert (refused.status_code, "did you mean 'broken'?" in refused.json["detail"]) == (404, True)


def test_rules_are_replaced_all_together_or_not_at_all(harness: Harness) -> None:
    rule(harness, trigger={"times": 3})
    harness.admin("PUT", "/sandboxes/smartepi/scenarios/outage")
    too_many = [{"id": f"r{nth}", "fault": BROKEN} for nth in range(1_000)]
    assert harness.admin("PUT", FAULTS, {"rules": too_many}).status_code == 422
    assert sorted(each["id"] for each in harness.admin("GET", FAULTS).json) == ["broken", "outage.1"]
    assert harness.admin("PUT", FAULTS, {"rules": too_many[:999]}).status_code == 200
    assert rule(harness, "r7", enabled=False)["enabled"] is False
    harness.admin("DELETE", FAULTS)
    assert [each["id"] for each in harness.admin("GET", FAULTS).json] == ["outage.1"]


@pytest.mark.parametrize(
    ("member", "least"), [("every", 1), ("skip", 0), ("times", 0), ("probability", 0), ("priority", 0)]
)
def test_the_least_a_rule_may_say_is_taken_and_one_less_is_refused(harness: Harness, member: str, least: int) -> None:
    def said(number: int) -> Any:
        return {"priority": number} if member == "priority" else {"trigger": {member: number}}

    rule(harness, **said(least))
    answer = harness.admin("PUT", f"{FAULTS}/other", {"fault": BROKEN, **said(least - 1)})
    assert (answer.status_code, member in answer.json["detail"]) == (422, True)
    assert [each.rule.id for each in harness.sandbox.rules] == ["broken"]


@pytest.mark.parametrize(("member", "most"), [("probability", 1), ("priority", 1000)])
def test_the_most_a_rule_may_say_is_taken_and_one_more_is_refused(harness: Harness, member: str, most: int) -> None:
    rule(harness, **({"priority": most} if member == "priority" else {"trigger": {member: most}}))
    more: Any = {"priority": most + 1} if member == "priority" else {"trigger": {member: most + 1}}
    assert harness.admin("PUT", f"{FAULTS}/other", {"fault": BROKEN, **more}).status_code == 422


@pytest.mark.parametrize(
    ("trigger", "hits"),
    [
        ({"every": 1}, "xxxxxx"),
        ({"every": 2}, ".x.x.x"),
        ({"every": 3, "skip": 1}, "...x.."),
        ({"skip": 5}, ".....x"),
        ({"skip": 6}, "......"),
        ({"times": 0}, "......"),
        ({"times": 1}, "x....."),
        ({"times": 2, "every": 2, "skip": 1}, "..x.x."),
        ({"probability": 0}, "......"),
        ({"probability": 1}, "xxxxxx"),
    ],
)
def test_which_calls_are_hit_is_counted_to_the_call(harness: Harness, trigger: dict[str, Any], hits: str) -> None:
    rule(harness, trigger=trigger)
    assert hit_pattern(harness, 6) == hits


def test_setting_one_rule_anew_or_deleting_it_leaves_the_counts_of_the_others(harness: Harness) -> None:
    for id in ("one", "two", "one.two"):
        rule(harness, id, trigger={"probability": 0})
    hit_pattern(harness, 3)
    rule(harness, "one", trigger={"probability": 0})
    assert [counts(harness, id) for id in ("one", "two", "one.two")] == [(0, 0), (3, 0), (3, 0)]
    hit_pattern(harness, 2)
    assert harness.admin("DELETE", f"{FAULTS}/one").status_code in (200, 204)
    assert [counts(harness, id) for id in ("two", "one.two")] == [(5, 0), (5, 0)]


def test_a_seed_of_its_own_decides_the_same_whatever_the_sandboxes_seed_is(harness: Harness) -> None:
    calls = [Call(harness.sandbox, "GET", "/x", now=1)] * 60

    def hits(sandbox_seed: str, **trigger: Any) -> list[bool]:
        return list(make_active_rule("flaky", sandbox_seed, probability=0.5, **trigger).preview(calls))

    assert hits("1", seed=5) == hits("2", seed=5) == hits("1", seed="5") == hits("5")
    assert hits("1") != hits("2")
    assert hits("1", seed=5) != hits("1", seed=6)
