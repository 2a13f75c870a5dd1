"""`collect_failures` runs every case and reports every failure."""

from __future__ import annotations

import pytest

from tests.support.collect_failures import MAX_FAILURES_SHOWN, collect_failures


def test_every_case_runs_and_each_failure_is_reported_by_name() -> None:
    tried = []
    with pytest.raises(pytest.fail.Exception) as failed, collect_failures() as case:
        for nth in range(5):
            with case("number", nth):
                tried.append(nth)
                assert nth not in (1, 3)
    assert tried == [0, 1, 2, 3, 4]
    first, *report_lines = str(failed.value).splitlines()
    assert first == "2 of 5 cases failed:"
    assert [line for line in report_lines if line.startswith("number")] == ["number 1", "number 3"]
    assert "test_collect_failures.py:" in report_lines[1]
    assert "AssertionError" in report_lines[1]


def test_an_error_is_a_failure_and_failures_beyond_the_limit_are_counted() -> None:
    with pytest.raises(pytest.fail.Exception) as failed, collect_failures() as case:
        for nth in range(MAX_FAILURES_SHOWN + 2):
            with case(nth):
                raise KeyError(nth)
    assert f"KeyError: {MAX_FAILURES_SHOWN - 1}\n... and 2 more" in str(failed.value)


def test_no_failure_without_failing_cases() -> None:
    with collect_failures() as case, case("one"):
        pass


def test_a_test_without_cases_fails() -> None:
    with pytest.raises(AssertionError, match="no case"), collect_failures():
        pass
