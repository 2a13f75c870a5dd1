"""Latency: distributions, and the delay of calls."""

from __future__ import annotations

from math import exp, log
from statistics import median, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mockserver.engine import Distribution, Randomness
from mockserver.http import edge
from tests.support.harness import Harness, make_harness

READ: TypeAdapter[Any] = TypeAdapter(Distribution)
MS = st.floats(0, 600_000, allow_nan=False)
UNIT = st.floats(0, 1, exclude_max=True, allow_nan=False)


def draw_delays(distribution: Any, number: int = 10_000) -> list[float]:
    randomness = Randomness("1")
    return [distribution.draw(randomness.uniform("latency", nth)) * 1000 for nth in range(number)]


@given(ms=MS, unit=UNIT)
@settings(max_examples=100, derandomize=True)
def test_fixed_is_always_the_same(ms: float, unit: float) -> None:
    assert READ.validate_python({"type": "fixed", "ms": ms}).draw(unit) == ms / 1000


@given(bounds=st.tuples(MS, MS).map(sorted), unit=UNIT)
@settings(max_examples=200, derandomize=True)
def test_uniform_stays_between_its_bounds(bounds: list[float], unit: float) -> None:
    low, high = bounds
    drawn = READ.validate_python({"type": "uniform", "min_ms": low, "max_ms": high}).draw(unit) * 1000
    assert low - 1e-6 <= drawn <= high + 1e-6


@given(middle=MS, sigma=st.floats(0, 5), maximum=MS, unit=UNIT)
@settings(max_examples=200, derandomize=True)
def test_lognormal_is_never_negative_and_never_above_its_maximum(
    middle: float, sigma: float, maximum: float, unit: float
) -> None:
    body = {"type": "lognormal", "median_ms": middle, "sigma": sigma, "max_ms": maximum}
    assert 0 <= READ.validate_python(body).draw(unit) * 1000 <= maximum + 1e-6


@given(units=st.tuples(UNIT, UNIT).map(sorted))
@settings(max_examples=100, derandomize=True)
def test_a_larger_random_number_never_gives_a_shorter_delay(units: list[float]) -> None:
    for body in (
        {"type": "uniform", "min_ms": 5, "max_ms": 50},
        {"type": "lognormal", "median_ms": 50, "sigma": 1.5, "max_ms": 2000},
    ):
        distribution = READ.validate_python(body)
        assert distribution.draw(units[0]) <= distribution.draw(units[1])


def test_uniform_is_evenly_distributed() -> None:
    drawn = draw_delays(READ.validate_python({"type": "uniform", "min_ms": 100, "max_ms": 300}))
    for low in range(100, 300, 20):
        assert 850 < sum(low <= ms < low + 20 for ms in drawn) < 1150


def test_lognormal_has_the_given_median_and_sigma_and_a_long_tail() -> None:
    drawn = draw_delays(READ.validate_python({"type": "lognormal", "median_ms": 90, "sigma": 0.4}))
    assert median(drawn) == pytest.approx(90, rel=0.03)
    assert stdev(map(log, drawn)) == pytest.approx(0.4, rel=0.03)
    assert 0.015 < sum(ms > 90 * exp(2 * 0.4) for ms in drawn) / len(drawn) < 0.031


def test_lognormal_without_sigma_is_its_median() -> None:
    assert set(draw_delays(READ.validate_python({"type": "lognormal", "median_ms": 90, "sigma": 0}), 50)) == {90}


@pytest.mark.parametrize(
    "distribution",
    [
        {"type": "fixed"},
        {"type": "fixed", "ms": -1},
        {"type": "fixed", "ms": 600_001},
        {"type": "fixed", "ms": "nan"},
        {"type": "fixed", "ms": 1, "sigma": 1},
        {"type": "uniform", "min_ms": 2, "max_ms": 1},
        {"type": "lognormal", "median_ms": 1, "sigma": 6},
        {"type": "normal", "ms": 1},
        {"ms": 1},
    ],
)
def test_an_invalid_distribution_is_refused(harness: Harness, distribution: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(distribution)
    assert harness.admin("PATCH", "/sandboxes/smartepi", {"latency": distribution}).status_code == 422
    assert harness.sandbox.latency is None


def test_every_call_of_the_sandbox_is_delayed_and_no_call_of_another(harness: Harness) -> None:
    harness.engine.create("smartepi", "other")
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 120}})
    harness.request("GET", "/v1/sectors")
    harness.request("GET", "/v1/sectors", sandbox="other")
    assert harness.sleeps == [0.12]


def test_the_admin_api_and_the_health_checks_are_never_delayed(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 120}})
    harness.admin("GET", "/sandboxes/smartepi")
    harness.app.test_client().get("/health")
    assert harness.sleeps == []


def test_the_same_seed_gives_the_same_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    for seed in ("7", "7", "8"):
        waited: list[float] = []
        monkeypatch.setattr(edge, "sleep", waited.append)
        harness = make_harness(scenarios={})
        harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": "s", "seed": seed})
        harness.admin("PATCH", "/sandboxes/s", {"latency": {"type": "uniform", "min_ms": 0, "max_ms": 1000}})
        for _ in range(5):
            harness.request("GET", "/v1/sectors", sandbox="s")
        waits.append(waited)
    assert waits[0] == waits[1] != waits[2]
    assert len(set(waits[0])) == 5


def test_latency_can_be_switched_off_again(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 120}})
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": None})
    harness.request("GET", "/v1/sectors")
    assert harness.sleeps == []


def test_a_latency_rule_delays_matching_calls_in_addition_to_the_sandbox(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 100}})
    fault = {"kind": "latency", "distribution": {"type": "fixed", "ms": 900}}
    harness.admin("POST", "/sandboxes/smartepi/faults", {"match": {"path": "*/groups"}, "fault": fault})
    harness.request("GET", "/v1/sectors")
    harness.request("GET", "/v1/groups")
    assert harness.sleeps == [0.1, 0.9, 0.1]


def test_a_delayed_response_is_unchanged(harness: Harness) -> None:
    before = harness.request("GET", "/v1/sectors")
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 100}})
    assert harness.request("GET", "/v1/sectors").data == before.data


def test_a_delay_does_not_move_the_sandboxs_clock(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 60_000}})
    dates = {harness.request("GET", "/v1/sectors").headers["Date"] for _ in range(2)}
    assert dates == {"Sun, 01 Mar 2026 12:00:00 GMT"}


def test_a_refused_call_is_not_delayed(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 100}})
    assert harness.request("GET", "/v1/sectors", key="sk_nobody").status_code == 403
    assert harness.sleeps == []


def test_the_journal_has_the_delay_of_a_call(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 120}})
    harness.request("GET", "/v1/sectors")
    trace = harness.admin("GET", "/sandboxes/smartepi/requests/req_1").json["trace"]
    assert [step["note"] for step in trace if step["stage"] == "latency"] == ["waited 120 ms"]


def test_a_delay_is_at_most_ten_minutes(harness: Harness) -> None:
    fault = {"kind": "latency", "distribution": {"type": "lognormal", "median_ms": 600_000, "sigma": 5}}
    harness.admin("POST", "/sandboxes/smartepi/faults", {"fault": fault})
    for _ in range(20):
        harness.request("GET", "/v1/sectors")
    assert len(harness.sleeps) == 20
    assert max(harness.sleeps) == 600


def test_the_trace_has_a_note_only_for_a_call_that_was_delayed(acme: Harness) -> None:
    acme.request("GET", "/v1/notes")
    acme.admin("PATCH", "/sandboxes/acme", {"latency": {"type": "fixed", "ms": 250}})
    acme.request("GET", "/v1/notes")
    notes = [
        [step.note for step in entry.call.trace if step.stage == "latency"] for entry in acme.sandbox.journal.entries()
    ]
    assert notes == [[""], ["waited 250 ms"]]
    assert acme.sleeps == [0.25]
