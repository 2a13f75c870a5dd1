"""Fault rules: their decisions, counts and times, and the near misses that the admin API reports."""

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
    response = harness.admin("PUT", f"{FAULTS}/{id}", {"fault": BROKEN, **members})
    assert response.status_code == 200, response.text
    return response.json


def fired_rules(response: TestResponse) -> list[str]:
    return [name for name in response.headers.get("X-Testmode-Fault", "").split(", ") if name]


def hit_pattern(harness: Harness, calls: int, path: str = PATH, **options: Any) -> str:
    """Makes calls and returns ``x`` for each one that a rule hits and ``.`` for each other."""
    return "".join("x" if fired_rules(harness.request("GET", path, **options)) else "." for _ in range(calls))


def counts(harness: Harness, id: str = "broken") -> tuple[int, int]:
    status: Any = harness.admin("GET", f"{FAULTS}/{id}").json
    return status["matched"], status["fired"]


def make_active_rule(id: str, sandbox_seed: str = "1", **trigger: Any) -> ActiveRule:
    """Returns an active rule without a sandbox, for many decisions without HTTP calls."""
    written = FaultRule.model_validate({"id": id, "trigger": trigger, "fault": BROKEN})
    return ActiveRule(written, 0, Randomness(sandbox_seed))


def draw_decisions(rule: ActiveRule, number: int) -> list[bool]:
    call = Call(make_harness().sandbox, "GET", "/x", now=1)
    return [rule.count_and_decide(call) for _ in range(number)]


class FixedRandomness(Randomness):
    """Returns the same number each time."""

    number = 0.0

    def uniform(self, purpose: str, nth: int | str) -> float:
        return self.number


@pytest.mark.parametrize(("probability", "drawn", "hit"), [(0.0, 0.0, False), (0.5, 0.5, False), (0.5, 0.49, True)])
def test_a_rule_hits_below_its_probability_and_not_at_it(probability: float, drawn: float, hit: bool) -> None:
    fixed = FixedRandomness("1")
    fixed.number = drawn
    written = FaultRule.model_validate({"id": "a", "trigger": {"probability": probability}, "fault": BROKEN})
    assert draw_decisions(ActiveRule(written, 0, fixed), 1) == [hit]


@pytest.mark.parametrize("per", ["rule", "key", "idempotency_key"])
@pytest.mark.parametrize("trigger", [{}, {"skip": 1, "times": 2}, {"every": 2}, {"probability": 0.5}])
def test_a_preview_decides_like_the_rule_and_counts_nothing(per: str, trigger: dict[str, Any]) -> None:
    sandbox = make_harness().sandbox
    members = {"trigger": {**trigger, "per": per}, "match": {"method": "GET"}, "fault": BROKEN}
    active = ActiveRule(FaultRule.model_validate({"id": "a", **members}), 0, sandbox.randomness)
    calls = [
        Call(sandbox, method, "/x", credential=Credential(key, shown=True), headers={"idempotency-key": key}, now=1)
        for method, key in zip(["GET", "GET", "POST", "GET"] * 6, "aab" * 8, strict=True)
    ]
    previewed = list(active.preview(calls))
    assert active.read_counts(sandbox) == (0, 0)
    assert previewed == [active.count_and_decide(call) for call in calls]
    assert active.read_counts(sandbox) == (18, sum(previewed))


@pytest.mark.parametrize("per", ["rule", "key"])
def test_counting_a_call_does_not_wait_for_the_disk(tmp_path: Path, per: str) -> None:
    fsyncs: list[int] = []
    harness = make_harness(known_providers()["smartepi"], store=TinyStore(tmp_path, fsync=fsyncs.append))
    rule(harness, trigger={"per": per})
    fsyncs.clear()
    assert hit_pattern(harness, 2) == "xx"
    assert fsyncs == []


def test_the_same_seed_and_rule_id_give_the_same_decisions() -> None:
    once = draw_decisions(make_active_rule("flaky", probability=0.4), 200)
    assert draw_decisions(make_active_rule("flaky", probability=0.4), 200) == once
    assert 0 < sum(once) < 200


def test_other_calls_do_not_change_the_decisions_of_a_rule(harness: Harness) -> None:
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
def test_another_rule_or_seed_gives_independent_decisions(other: ActiveRule) -> None:
    pairs = zip(
        draw_decisions(make_active_rule("a", probability=0.5), 2_000), draw_decisions(other, 2_000), strict=True
    )
    assert abs(sum(one == another for one, another in pairs) - 1_000) <= 3 * sqrt(2_000 * 0.25)


def test_a_seed_of_the_trigger_replaces_that_of_the_sandbox() -> None:
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
def test_skip_times_and_every_select_calls(harness: Harness, trigger: dict[str, Any], expected: str) -> None:
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
def test_a_trigger_never_hits_skipped_calls_nor_more_than_times(
    skip: int, times: int | None, every: int | None, probability: float
) -> None:
    hits = draw_decisions(make_active_rule("any", skip=skip, times=times, every=every, probability=probability), 24)
    places = [nth for nth, hit in enumerate(hits, 1) if hit]
    eligible = [nth for nth in range(1, 25) if nth > skip and (nth - skip) % (every or 1) == 0]
    assert set(places) <= set(eligible)
    assert len(places) <= (24 if times is None else times)
    if probability == 1:
        assert places == eligible[:times]


def test_times_is_exact_with_concurrent_clients(harness: Harness) -> None:
    rule(harness, trigger={"times": 25})
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: harness.request("GET", PATH).status_code, range(120)))
    assert (statuses.count(503), statuses.count(200)) == (25, 95)
    assert counts(harness) == (120, 25)


def test_every_key_is_counted_separately(harness: Harness) -> None:
    created: Any = harness.admin("POST", "/sandboxes/smartepi/keys", {"activates_in": "0s"}).json
    rule(harness, trigger={"per": "key", "times": 2})
    assert hit_pattern(harness, 3) == "xx."
    assert hit_pattern(harness, 3, key=created["secret"]) == "xx."
    assert counts(harness) == (6, 4)


def test_every_idempotency_key_is_counted_separately(harness: Harness) -> None:
    rule(harness, trigger={"per": "idempotency_key", "times": 1})
    for value in ("one", "two"):
        assert hit_pattern(harness, 2, headers={"Idempotency-Key": value}) == "x."
    assert hit_pattern(harness, 2) == "x."


def test_many_idempotency_keys_do_not_remove_the_counts_of_another_rule(
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


def test_a_rule_begins_after_its_delay_and_ends_after_its_ttl(harness: Harness) -> None:
    rule(harness, trigger={"after": "5s", "ttl": "10s"})
    seen = hit_pattern(harness, 1)
    for step in ("4999ms", "1ms", "9999ms", "1ms"):
        harness.advance(step)
        seen += hit_pattern(harness, 1)
    assert seen == "..xx."
    assert counts(harness) == (2, 2)


@pytest.mark.parametrize("length", ["1500ms", "2000.5s", "1h0.25s", "0.123ms", "3m2s1ms", "400d"])
def test_the_admin_api_returns_a_ttl_of_the_same_length(harness: Harness, length: str) -> None:
    returned = rule(harness, trigger={"ttl": length})
    assert hit_pattern(harness, 1) == "x"
    harness.advance(returned["trigger"]["ttl"])
    assert hit_pattern(harness, 1) == "."
    rule(harness, trigger={"ttl": returned["trigger"]["ttl"]})
    harness.advance(length)
    assert hit_pattern(harness, 1) == "."


def test_a_rule_that_is_not_enabled_neither_hits_nor_counts(harness: Harness) -> None:
    rule(harness, enabled=False)
    assert hit_pattern(harness, 2) == ".."
    assert counts(harness) == (0, 0)


def test_a_slow_failure_is_a_latency_around_a_status(harness: Harness) -> None:
    rule(harness, "slow", priority=1, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 700}})
    rule(harness, "broken", priority=2)
    response = harness.request("GET", PATH)
    assert (response.status_code, fired_rules(response), harness.sleeps) == (503, ["slow", "broken"], [0.7])


def test_rules_inside_a_rule_that_responds_are_not_counted(harness: Harness) -> None:
    rule(harness, "slow", priority=2, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 700}})
    rule(harness, "broken", priority=1, trigger={"times": 2})
    assert [fired_rules(harness.request("GET", PATH)) for _ in range(3)] == [["broken"], ["broken"], ["slow"]]
    assert counts(harness, "slow") == (1, 1)
    assert harness.sleeps == [0.7]


def test_rules_of_equal_priority_keep_the_order_in_which_they_were_set(harness: Harness) -> None:
    for id in ("zebra", "ant", "mole"):
        rule(harness, id, fault={"kind": "latency", "distribution": {"type": "fixed", "ms": 1}})
    assert fired_rules(harness.request("GET", PATH)) == ["zebra", "ant", "mole"]


def test_setting_a_rule_again_restarts_its_counts_and_its_time(harness: Harness) -> None:
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


def test_a_reset_of_the_sandbox_removes_its_rules(harness: Harness) -> None:
    rule(harness)
    harness.admin("POST", "/sandboxes/smartepi/reset")
    assert (harness.admin("GET", FAULTS).json, hit_pattern(harness, 1)) == ([], ".")


def test_restoring_a_snapshot_restores_the_counts(harness: Harness) -> None:
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
        ({"match": {"method": "POST", "key": "key_9"}}, ["method is GET, not POST", "key is not the key of the match"]),
        ({"enabled": False}, ["the rule is not enabled"]),
        ({"trigger": {"after": "5s"}}, ["the rule has not begun"]),
        ({"trigger": {"ttl": "0s"}}, ["the rule has ended"]),
    ],
)
def test_a_rule_that_never_hit_reports_the_nearest_miss_with_its_reasons(
    harness: Harness, members: dict[str, Any], why: list[str]
) -> None:
    rule(harness, **members)
    response = harness.request("GET", PATH, headers={"X-Test": "t1"})
    miss = harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]
    assert (miss["path"], miss["status"], miss["why"]) == ("/smartepi/v1/employees", response.status_code, why)


def test_the_nearest_miss_is_the_call_with_the_fewest_reasons(harness: Harness) -> None:
    rule(harness, match={"method": "POST", "path": "*/sectors"})
    for method, path in (("GET", "/v1/employees"), ("GET", "/v1/sectors"), ("GET", "/v1/products")):
        harness.request(method, path)
    assert harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]["path"] == "/smartepi/v1/sectors"


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie"])
def test_a_near_miss_redacts_keys_like_the_journal(harness: Harness, header: str) -> None:
    rule(harness, match={"headers": {header: {"contains": "something else"}}})
    harness.request("GET", PATH, headers={header: f"Bearer {harness.key()}"})
    why = harness.admin("GET", f"{FAULTS}/broken").json["nearest_miss"]["why"]
    assert harness.key() not in str(why)
    assert header in str(why)


def test_a_rule_that_hit_has_no_nearest_miss(harness: Harness) -> None:
    rule(harness)
    hit_pattern(harness, 1)
    assert "nearest_miss" not in harness.admin("GET", f"{FAULTS}/broken").json


def test_a_generated_id_differs_from_existing_ids(harness: Harness) -> None:
    rule(harness, "fault_1")
    created = harness.admin("POST", FAULTS, {"fault": BROKEN})
    assert (created.status_code, created.json["id"] != "fault_1") == (201, True)
    assert len(harness.admin("GET", FAULTS).json) == 2


def test_a_taken_id_and_an_unknown_id_are_refused(harness: Harness) -> None:
    rule(harness)
    assert harness.admin("POST", FAULTS, {"id": "broken", "fault": BROKEN}).status_code == 409
    for method in ("GET", "DELETE"):
        refused = harness.admin(method, f"{FAULTS}/brokn")
        assert (refused.status_code, "did you mean 'broken'?" in refused.json["detail"]) == (404, True)


def test_replacing_all_rules_is_atomic_and_keeps_those_of_scenarios(harness: Harness) -> None:
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
    ("member", "minimum"), [("every", 1), ("skip", 0), ("times", 0), ("probability", 0), ("priority", 0)]
)
def test_the_minimum_of_each_member_is_accepted_and_one_less_is_refused(
    harness: Harness, member: str, minimum: int
) -> None:
    def members(number: int) -> Any:
        return {"priority": number} if member == "priority" else {"trigger": {member: number}}

    rule(harness, **members(minimum))
    response = harness.admin("PUT", f"{FAULTS}/other", {"fault": BROKEN, **members(minimum - 1)})
    assert (response.status_code, member in response.json["detail"]) == (422, True)
    assert [each.rule.id for each in harness.sandbox.rules] == ["broken"]


@pytest.mark.parametrize(("member", "maximum"), [("probability", 1), ("priority", 1000)])
def test_the_maximum_of_each_member_is_accepted_and_one_more_is_refused(
    harness: Harness, member: str, maximum: int
) -> None:
    rule(harness, **({"priority": maximum} if member == "priority" else {"trigger": {member: maximum}}))
    above: Any = {"priority": maximum + 1} if member == "priority" else {"trigger": {member: maximum + 1}}
    assert harness.admin("PUT", f"{FAULTS}/other", {"fault": BROKEN, **above}).status_code == 422


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
def test_triggers_hit_exactly_the_expected_calls(harness: Harness, trigger: dict[str, Any], hits: str) -> None:
    rule(harness, trigger=trigger)
    assert hit_pattern(harness, 6) == hits


def test_setting_or_deleting_a_rule_keeps_the_counts_of_the_others(harness: Harness) -> None:
    for id in ("one", "two", "one.two"):
        rule(harness, id, trigger={"probability": 0})
    hit_pattern(harness, 3)
    rule(harness, "one", trigger={"probability": 0})
    assert [counts(harness, id) for id in ("one", "two", "one.two")] == [(0, 0), (3, 0), (3, 0)]
    hit_pattern(harness, 2)
    assert harness.admin("DELETE", f"{FAULTS}/one").status_code in (200, 204)
    assert [counts(harness, id) for id in ("two", "one.two")] == [(5, 0), (5, 0)]


def test_the_decisions_of_a_rule_with_a_seed_do_not_depend_on_the_sandbox(harness: Harness) -> None:
    calls = [Call(harness.sandbox, "GET", "/x", now=1)] * 60

    def hits(sandbox_seed: str, **trigger: Any) -> list[bool]:
        return list(make_active_rule("flaky", sandbox_seed, probability=0.5, **trigger).preview(calls))

    assert hits("1", seed=5) == hits("2", seed=5) == hits("1", seed="5") == hits("5")
    assert hits("1") != hits("2")
    assert hits("1", seed=5) != hits("1", seed=6)
