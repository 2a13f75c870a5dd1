"""Many cases in one test: all are run, and the test reports every failed case with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from traceback import extract_tb

import pytest

MAX_FAILURES_SHOWN, MAX_MESSAGE_LENGTH = 20, 1_000
"""The most failures in the report, and the most characters of each; further failures are only counted."""
Case = Callable[..., AbstractContextManager[None]]
"""(names of the case) -> the context manager that runs it."""


@contextmanager
def collect_failures() -> Iterator[Case]:
    """Run cases, each in ``with case(...)``: a failure ends only its case, and the test fails at the end."""
    run_count, failures = 0, list[str]()

    @contextmanager
    def case(*names: object) -> Iterator[None]:
        nonlocal run_count
        run_count += 1
        try:
            yield
        except Exception as error:
            line = extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error}"[:MAX_MESSAGE_LENGTH]
            failures.append(f"{' '.join(map(str, names))}\n    {line.filename}:{line.lineno}: {message}")

    yield case
    if failures:
        more = [f"... and {len(failures) - MAX_FAILURES_SHOWN} more"] if len(failures) > MAX_FAILURES_SHOWN else []
        heading = f"{len(failures)} of {run_count} cases failed:"
        pytest.fail("\n".join([heading, *failures[:MAX_FAILURES_SHOWN], *more]), pytrace=False)
    assert run_count, "there was no case to try"
