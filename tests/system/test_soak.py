"""The soak test itself: the requests it sends, and what it reports as growth. The long soak runs by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import soak
from benchmarks.soak import Sample, SoakRun, find_growth, run_soak, table, unexpected_statuses

STEADY_SAMPLES = [Sample(nth * 1_000, nth, 100.0 + nth % 3, 11, 30 + nth % 5) for nth in range(1, 101)]
KINDS = (
    "create get list idempotent fault delete,sandbox created,sandbox deleted,fault created,webhook created,key created,"
    "key revoked,requests read,events read,deliveries read,state read"
)


def test_a_short_run_sends_every_kind_of_request_and_gets_expected_statuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soak, "REQUESTS_PER_SANDBOX", 30)
    run = run_soak(800)
    assert unexpected_statuses(run.statuses) == {}
    first, *others = KINDS.split(",")
    assert {kind for kind, _ in run.statuses} == {*first.split(), *others}
    assert {status for kind, status in run.statuses if kind == "fault"} == {200, 503}
    assert run.webhooks_received > 0
    assert [sample.requests for sample in run.samples[:3]] == [8, 16, 24]
    assert all(sample.megabytes > 20 and sample.threads and sample.descriptors > 5 for sample in run.samples)
    assert "webhooks received" in table(run)


def test_fluctuation_is_not_growth() -> None:
    assert find_growth(STEADY_SAMPLES, 30_000) == []


def test_growth_during_the_warm_up_is_ignored() -> None:
    cold = [replace(each, megabytes=each.requests / 1_000) for each in STEADY_SAMPLES[:30]]
    assert find_growth([*cold, *STEADY_SAMPLES[30:]], 31_000) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("megabytes", "memory grew by "),
        ("threads", "threads grew from 50 to 100"),
        ("descriptors", "descriptors grew"),
    ],
)
def test_steady_growth_is_reported(name: str, sentence: str) -> None:
    rising = [replace(each, **{name: nth + 1}) for nth, each in enumerate(STEADY_SAMPLES)]
    (found,) = find_growth(rising, 2_000)
    assert found.startswith(sentence)


def test_an_unexpected_status_is_reported() -> None:
    seen = Counter({("get", 200): 5, ("get", 404): 1, ("fault", 503): 2, ("create", 500): 1, ("key created", 201): 1})
    assert unexpected_statuses(seen) == {("get", 404): 1, ("create", 500): 1}


def test_the_table_has_a_row_for_every_tenth() -> None:
    run = SoakRun(None, 100_000, samples=STEADY_SAMPLES)  # type: ignore[arg-type]
    assert [row.split()[0] for row in table(run).splitlines()[1:11]] == [f"{nth},000" for nth in range(10, 101, 10)]
