"""Many cases in one test: all are tried, and those that fail are told together, each by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from traceback import extract_tb

import pytest

MAX_FAILURES_SHOWN, MAX_MESSAGE_LENGTH = 20, 1_000
"""So many failures of at most so many characters are told; the rest are counted."""
Case = Callable[..., AbstractContextManager[None]]
"""(what names the case) -> what the case is tried in."""


@contextmanager
def collect_failures() -> Iterator[Case]:
    """Try cases, each in ``with case(...)``: one that fails ends itself alone, and the test fails at the end."""
    tried, failed = 0, list[str]()

    @contextmanager
    def case(*names: object) -> Iterator[None]:
        nonlocal tried
        tried += 1
        try:
            yield
        except Exception as error:
            line = extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__}: {error}"[:MAX_MESSAGE_LENGTH]
            failed.append(f"{' '.join(map(str, names))}\n    {line.filename}:{line.lineno}: {said}")

    yield case
    if failed:
        more = [f"... and {len(failed) - MAX_FAILURES_SHOWN} more"] if len(failed) > MAX_FAILURES_SHOWN else []
        pytest.fail(
            "\n".join([f"{len(failed)} of {tried} cases failed:", *failed[:MAX_FAILURES_SHOWN], *more]), pytrace=False
        )
    assert tried, "there was no case to try"
