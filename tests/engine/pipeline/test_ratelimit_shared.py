"""Properties of limits for any sequence of calls: in memory, and with two engines on one Redis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.engine import SECOND, Call, Limits, Problem, Reply, Sandbox, Settings, ratelimit
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness, make_harness
from tests.support.redis_cluster import make_cluster
from tests.support.redis_server import shared_redis

NAMES = (f"limited-{nth}" for nth in count())
INTERVALS = st.sampled_from([0, 0, 1, 999, 49_999, 50_000, SECOND // 3, SECOND - 1, SECOND, 5 * SECOND])
ARRIVALS = st.lists(st.tuples(INTERVALS, st.integers(0, 1)), max_size=50)
LIMITS = st.builds(
    Limits,
    rate=st.integers(1, 20),
    burst=st.none() | st.integers(1, 10),
    quota=st.none() | st.integers(0, 30),
    period=st.sampled_from([SECOND, 3 * SECOND, 86_400 * SECOND]),
    retry_after=st.just(True),
)
COMMON = settings(deadline=None, derandomize=True, max_examples=250, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", params=["in memory", "two on one Redis"])
def harnesses(request: pytest.FixtureRequest) -> Iterator[list[Harness]]:
    if request.param == "in memory":
        yield [make_harness(ACME, scenarios={})] * 2
        return
    with make_cluster(shared_redis().flushed_url(), ACME, scenarios={}) as both:
        yield both


@contextmanager
def make_limited_sandbox(harnesses: list[Harness], limits: Limits) -> Iterator[list[Sandbox]]:
    """Yields a new sandbox with these limits, once for each engine."""
    name = next(NAMES)
    harnesses[0].engine.create("acme", name, Settings(limits=limits))
    try:
        yield [harness.engine.get_sandbox(name) for harness in harnesses]
    finally:
        harnesses[0].engine.delete(name)


def refusal_at(sandbox: Sandbox, at: int) -> Problem | None:
    """Returns the refusal of a call at an instant, or None."""
    try:
        ratelimit(Call(sandbox, "GET", "/", now=at), lambda call: Reply(200))
    except Problem as problem:
        if problem.code in ("rate_limited", "quota_exceeded"):
            return problem
        raise
    return None


def retry_after(problem: Problem) -> int:
    return int(dict(problem.headers)["Retry-After"]) * SECOND


def stored_records(sandbox: Sandbox, collection: str) -> dict[str, Any]:
    with sandbox.transaction() as space:
        return dict(space.get(collection, "calls") or {})


@given(limits=LIMITS, arrivals=ARRIVALS)
@COMMON
def test_no_interval_exceeds_the_rate_and_no_period_the_quota(
    harnesses: list[Harness], limits: Limits, arrivals: list[tuple[int, int]]
) -> None:
    assert limits.rate is not None
    burst, now, admitted = limits.burst or limits.rate, NOON, []
    with make_limited_sandbox(harnesses, limits) as sandboxes:
        for gap, engine_index in arrivals:
            now += gap
            if refusal_at(sandboxes[engine_index], now) is None:
                admitted.append(now)
            assert 0 <= stored_records(sandboxes[1 - engine_index], "_buckets").get("level", 0) <= burst * SECOND
            assert 0 <= stored_records(sandboxes[1 - engine_index], "_quota").get("used", 0) <= (limits.quota or 0)
    for first, begin in enumerate(admitted):
        for last, end in enumerate(admitted[first:], 1):
            assert last * SECOND <= burst * SECOND + limits.rate * (end - begin)
    if limits.quota is not None:
        periods = Counter(instant // limits.period for instant in admitted)
        assert max(periods.values(), default=0) <= limits.quota


@given(limits=LIMITS.filter(lambda limits: limits.quota != 0), arrivals=ARRIVALS)
@COMMON
def test_after_retry_after_a_call_is_admitted_by_either_engine(
    harnesses: list[Harness], limits: Limits, arrivals: list[tuple[int, int]]
) -> None:
    now = NOON
    with make_limited_sandbox(harnesses, limits) as sandboxes:
        for gap, engine_index in arrivals:
            now += gap
            refused = refusal_at(sandboxes[engine_index], now)
            if refused is not None:
                now += retry_after(refused)
                assert refusal_at(sandboxes[1 - engine_index], now) is None


@given(limits=LIMITS, arrivals=ARRIVALS)
@COMMON
def test_retry_after_is_not_a_second_too_long(
    harnesses: list[Harness], limits: Limits, arrivals: list[tuple[int, int]]
) -> None:
    now = NOON
    with make_limited_sandbox(harnesses, limits) as sandboxes:
        for gap, engine_index in arrivals:
            now += gap
            refused = refusal_at(sandboxes[engine_index], now)
            if refused is not None and retry_after(refused) > SECOND:
                # Refused calls use no tokens, so a call that is too early changes nothing.
                assert refusal_at(sandboxes[1 - engine_index], now + retry_after(refused) - SECOND - 1) is not None
                return


@pytest.mark.parametrize("limits", [Limits(rate=1, burst=25), Limits(quota=25), Limits(rate=1, burst=25, quota=40)])
def test_of_many_calls_at_one_instant_exactly_the_limit_is_admitted(harnesses: list[Harness], limits: Limits) -> None:
    with make_limited_sandbox(harnesses, limits) as sandboxes, ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(lambda nth: refusal_at(sandboxes[nth % 2], NOON), range(300)))
    assert refused.count(None) == 25
