"""The stage ratelimit: a token bucket, and a quota per period."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import SECOND, Call, Clock, Problem, Reply, Sandbox, format_instant, parse_instant, ratelimit
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness, make_harness

DAY = 86_400 * SECOND
MIDNIGHT = parse_instant("2026-03-02T00:00:00Z")


def limit(harness: Harness, **limits: Any) -> None:
    response = harness.admin("PATCH", f"/sandboxes/{harness.sandbox.id}", {"limits": limits})
    assert response.status_code == 200, response.text


def is_admitted(sandbox: Sandbox, at: int) -> bool:
    """Whether a call at an instant is admitted."""
    try:
        ratelimit(Call(sandbox, "GET", "/", now=at), lambda call: Reply(200))
    except Problem as problem:
        if problem.code in ("rate_limited", "quota_exceeded"):
            return False
        raise
    return True


def statuses(harness: Harness, number: int) -> list[int]:
    return [harness.request("GET", "/v1/notes").status_code for _ in range(number)]


@given(
    rate=st.integers(1, 20),
    burst=st.integers(1, 10),
    gaps=st.lists(st.sampled_from([0, 0, 1, 1000, 49_999, 50_000, SECOND // 3, SECOND, 5 * SECOND]), max_size=60),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_interval_admits_more_than_burst_and_rate_allow(rate: int, burst: int, gaps: list[int]) -> None:
    harness = make_harness(ACME, scenarios={})
    harness.sandbox.configure({"limits": {"rate": rate, "burst": burst}})
    now, admitted = NOON, []
    for gap in gaps:
        now += gap
        if is_admitted(harness.sandbox, now):
            admitted.append(now)
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            number, interval = last - first + 1, admitted[last] - admitted[first]
            assert number * SECOND <= burst * SECOND + rate * interval


@given(rate=st.integers(1, 7), burst=st.integers(1, 5), gaps=st.lists(st.integers(0, 3 * SECOND), max_size=30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_call_after_retry_after_is_admitted(rate: int, burst: int, gaps: list[int]) -> None:
    harness = make_harness(ACME, scenarios={})
    harness.sandbox.configure({"limits": {"rate": rate, "burst": burst, "retry_after": True}})
    for gap in gaps:
        harness.sandbox.set_clock(harness.sandbox.clock.advance(gap))
        response = harness.request("GET", "/v1/notes")
        if response.status_code == 429:
            retry_after = int(response.headers["Retry-After"])
            assert retry_after >= 1
            harness.sandbox.set_clock(harness.sandbox.clock.advance(retry_after * SECOND))
            assert harness.request("GET", "/v1/notes").status_code == 200


def test_a_token_is_refilled_at_an_exact_instant(acme: Harness) -> None:
    limit(acme, rate=3, burst=1)
    assert [is_admitted(acme.sandbox, NOON + at) for at in (0, 333_333, 333_334, 666_667, 666_668)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_full_bucket_has_its_burst_and_no_more(acme: Harness) -> None:
    limit(acme, rate=1, burst=5)
    assert [is_admitted(acme.sandbox, NOON) for _ in range(6)] == [True] * 5 + [False]
    assert sum(is_admitted(acme.sandbox, NOON + DAY) for _ in range(10)) == 5


def test_without_a_burst_the_bucket_has_the_tokens_of_one_second(acme: Harness) -> None:
    limit(acme, rate=4)
    assert sum(is_admitted(acme.sandbox, NOON) for _ in range(10)) == 4


def test_calls_out_of_order_do_not_refill_the_bucket_twice(acme: Harness) -> None:
    limit(acme, rate=1, burst=1)
    assert is_admitted(acme.sandbox, NOON + 10 * SECOND)
    assert [is_admitted(acme.sandbox, NOON + at * SECOND) for at in (0, 10, 9, 10)] == [False] * 4
    assert is_admitted(acme.sandbox, NOON + 11 * SECOND)


def test_a_bucket_refills_after_the_clock_is_moved_back(acme: Harness) -> None:
    limit(acme, rate=1, burst=1, retry_after=True)
    acme.advance("1h")
    assert statuses(acme, 2) == [200, 429]
    acme.sandbox.set_clock(Clock(frozen_at=NOON))
    statuses(acme, 1)
    retry_after = acme.request("GET", "/v1/notes").headers["Retry-After"]
    acme.advance(f"{retry_after}s")
    assert statuses(acme, 2) == [200, 429]


def test_a_thousand_concurrent_calls_get_exactly_the_burst(acme: Harness) -> None:
    limit(acme, rate=1, burst=25)
    with ThreadPoolExecutor(32) as pool:
        admitted = list(pool.map(lambda _: is_admitted(acme.sandbox, NOON), range(1000)))
    assert sum(admitted) == 25


def test_concurrent_calls_never_exceed_the_quota(acme: Harness) -> None:
    limit(acme, rate=1000, burst=1000, quota=40)
    with ThreadPoolExecutor(32) as pool:
        admitted = list(pool.map(lambda _: is_admitted(acme.sandbox, NOON), range(400)))
    assert sum(admitted) == 40


def test_a_quota_period_ends_at_an_exact_instant(acme: Harness) -> None:
    limit(acme, quota=2, period="1d")
    taken = [is_admitted(acme.sandbox, at) for at in (NOON, NOON, NOON, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT, MIDNIGHT)]
    assert taken == [True, True, False, False, True, True, False]


def test_periods_are_aligned_to_1970(acme: Harness) -> None:
    limit(acme, quota=1, period="7m")
    period_start = (NOON // (420 * SECOND) + 1) * 420 * SECOND
    assert [is_admitted(acme.sandbox, at) for at in (NOON, period_start - 1, period_start)] == [True, False, True]


def test_a_quota_of_zero_admits_no_call(acme: Harness) -> None:
    limit(acme, quota=0)
    assert statuses(acme, 2) == [429, 429]


def test_a_call_refused_by_the_bucket_does_not_use_the_quota(acme: Harness) -> None:
    limit(acme, rate=1, burst=1, quota=3)
    assert [is_admitted(acme.sandbox, NOON) for _ in range(10)] == [True] + [False] * 9
    assert [is_admitted(acme.sandbox, NOON + nth * SECOND) for nth in (1, 2, 3)] == [True, True, False]


def test_a_call_refused_by_the_quota_uses_no_token(acme: Harness) -> None:
    limit(acme, rate=1, burst=3, quota=1)
    assert [is_admitted(acme.sandbox, MIDNIGHT - 1) for _ in range(10)] == [True] + [False] * 9
    limit(acme, rate=1, burst=3)
    assert [is_admitted(acme.sandbox, MIDNIGHT - 1) for _ in range(3)] == [True, True, False]


def test_a_call_with_a_wrong_key_uses_neither_token_nor_quota(acme: Harness) -> None:
    limit(acme, rate=1, burst=1, quota=1)
    for _ in range(5):
        assert acme.request("GET", "/v1/notes", key="nobody").status_code == 401
    assert statuses(acme, 1) == [200]


@pytest.mark.parametrize(
    ("limits", "code", "seconds"),
    [
        ({"rate": 3, "burst": 1}, "rate_limited", "1"),
        ({"rate": 1, "burst": 1}, "rate_limited", "1"),
        ({"quota": 1, "period": "1d"}, "quota_exceeded", "43200"),
        ({"quota": 1, "period": "1500ms"}, "quota_exceeded", "2"),
    ],
)
def test_retry_after_is_whole_seconds_rounded_up(
    acme: Harness, limits: dict[str, Any], code: str, seconds: str
) -> None:
    limit(acme, **limits, retry_after=True)
    acme.sandbox.set_clock(Clock(frozen_at=NOON + 1))
    if "1500ms" in limits.values():
        acme.sandbox.set_clock(Clock(frozen_at=NOON // 1_500_000 * 1_500_000))
    statuses(acme, 1)
    refused = acme.request("GET", "/v1/notes")
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (429, code, seconds)


def test_a_429_has_retry_after_only_if_the_limits_say_so(acme: Harness) -> None:
    limit(acme, quota=0)
    assert "Retry-After" not in acme.request("GET", "/v1/notes").headers


def test_all_keys_of_a_sandbox_share_one_bucket(acme: Harness) -> None:
    limit(acme, rate=1, burst=1)
    second = acme.admin("POST", "/sandboxes/acme/keys", {}).json["secret"]
    acme.engine.create("acme", "other").configure({"limits": {"rate": 1, "burst": 1}})
    assert acme.request("GET", "/v1/notes").status_code == 200
    assert acme.request("GET", "/v1/notes", key=second).status_code == 429
    assert acme.request("GET", "/v1/notes", sandbox="other").status_code == 200


def test_the_quota_survives_a_restart(tmp_path: Path) -> None:
    for expected in ([200, 200], [200, 429]):
        store = TinyStore(tmp_path)
        harness = make_harness(ACME, store=store)
        limit(harness, quota=3)
        assert statuses(harness, 2) == expected
        store.close()


def test_without_limits_nothing_is_counted(acme: Harness) -> None:
    assert statuses(acme, 50) == [200] * 50
    with acme.sandbox.transaction() as space:
        assert space.count("_quota") == space.count("_buckets") == 0


def test_new_limits_apply_from_the_next_call(acme: Harness) -> None:
    limit(acme, rate=1, burst=2)
    assert statuses(acme, 3) == [200, 200, 429]
    limit(acme, rate=10, burst=10)
    acme.advance("1s")
    assert statuses(acme, 11) == [200] * 10 + [429]


@pytest.mark.parametrize(
    "limits",
    [{"rate": 0}, {"rate": 1_000_001}, {"burst": 0}, {"quota": -1}, {"period": "0s"}, {"rates": 1}, {"rate": 1.5}],
)
def test_invalid_limits_are_refused_and_change_nothing(acme: Harness, limits: dict[str, Any]) -> None:
    assert acme.admin("PATCH", "/sandboxes/acme", {"limits": limits}).status_code == 422
    assert acme.sandbox.limits == ACME.limits


def test_the_detail_and_the_header_have_the_same_wait(acme: Harness) -> None:
    limit(acme, quota=0, period="1d", retry_after=True)
    refused = acme.request("GET", "/v1/notes")
    assert refused.json["detail"] == f"The next call is admitted in {refused.headers['Retry-After']} s"
    assert format_instant(NOON + int(refused.headers["Retry-After"]) * SECOND) == format_instant(MIDNIGHT)
