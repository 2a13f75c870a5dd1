"""A progress bar for slow work, shown only on a terminal."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import Any

import click

SHOW_AFTER_SECONDS = 1.0
"""Seconds of work after which the bar appears."""


class ProgressBar:
    """A bar on stderr; the work calls it with (done, total) steps."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._began = monotonic()
        self._bar: Any = None
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None and monotonic() - self._began > SHOW_AFTER_SECONDS and sys.stderr.isatty():
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr)
            self._bar.__enter__()
            self._done = 0
        if self._bar is not None:
            self._bar.update(done - self._done)
            self._done = done

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)
