"""Traffic statistics of the last minutes."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import SECOND, Call, Limits, Reply
from mockserver.engine.pipeline.journal import Entry
from mockserver.engine.sandbox.traffic import BINS, traffic
from tests.support.harness import NOON, Harness

MINUTE = 60


def entry(
    harness: Harness, seconds_ago: float, status: int = 200, milliseconds: float = 1.0, tokens: float | None = None
) -> Entry:
    call = Call(harness.sandbox, "GET", "/v1/notes", tokens=tokens)
    return Entry(call, Reply(status), milliseconds, at=NOON - int(seconds_ago * SECOND))


def traffic_buckets(entries: list[Entry], limits: Limits | None = None, refills: bool = True) -> list[dict[str, Any]]:
    return traffic(entries, limits or Limits(), NOON, MINUTE, is_clock_running=refills)


def test_a_minute_has_sixty_parts_and_the_last_ends_now(acme: Harness) -> None:
    parts = traffic_buckets(
        [entry(acme, 0), entry(acme, 0.5, 404), entry(acme, 59.5, 503), entry(acme, 60), entry(acme, 10, 0)]
    )
    assert len(parts) == BINS
    assert parts[-1]["calls"] == {"2xx": 1, "4xx": 1}
    assert parts[0]["calls"] == {"5xx": 1}
    assert sum(sum(part["calls"].values()) for part in parts) == 4
    assert {"none": 1} in [part["calls"] for part in parts]


def test_percentiles_use_the_nearest_rank(acme: Harness) -> None:
    part = traffic_buckets([entry(acme, 0, milliseconds=float(milliseconds)) for milliseconds in range(1, 101)])[-1]
    assert (part["p50"], part["p95"], part["p99"]) == (50.0, 95.0, 99.0)
    alone = traffic_buckets([entry(acme, 0, milliseconds=7.0)])
    assert (alone[-1]["p50"], alone[-1]["p99"], alone[0]["p50"]) == (7.0, 7.0, None)


def test_a_part_has_the_lowest_token_level_and_the_bucket_refills_without_calls(acme: Harness) -> None:
    limits = Limits(rate=2, burst=10)
    parts = traffic_buckets([entry(acme, 2.5, tokens=9.0), entry(acme, 2.2, tokens=3.0)], limits)
    assert [part["tokens"] for part in parts[-4:]] == [10.0, 3.0, 5.0, 7.0]
    assert parts[0]["tokens"] == 10.0
    frozen = traffic_buckets([entry(acme, 2.5, tokens=3.0)], limits, refills=False)
    assert [part["tokens"] for part in frozen[-3:]] == [3.0, 3.0, 3.0]
    earlier = traffic_buckets([entry(acme, 61, tokens=1.0)], limits, refills=False)
    assert earlier[0]["tokens"] == 1.0


def test_without_a_rate_there_is_no_token_level(acme: Harness) -> None:
    assert {part["tokens"] for part in traffic_buckets([entry(acme, 1)])} == {None}


def test_the_route_counts_calls_and_reads_the_bucket(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1, "burst": 3}})
    statuses = [harness.request("GET", "/v1/sectors").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    statistics = harness.admin("GET", "/sandboxes/smartepi/traffic?seconds=60").json
    calls: dict[str, int] = {}
    for part in statistics["parts"]:
        for name, number in part["calls"].items():
            calls[name] = calls.get(name, 0) + number
    assert calls == {"2xx": 3, "4xx": 1}
    assert min(part["tokens"] for part in statistics["parts"]) == 0.0
    assert statistics["limits"]["burst"] == 3


@pytest.mark.parametrize("seconds", [59, 3601, "x"])
def test_an_invalid_period_is_refused(harness: Harness, seconds: Any) -> None:
    assert harness.admin("GET", f"/sandboxes/smartepi/traffic?seconds={seconds}").status_code == 422
