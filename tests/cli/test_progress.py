"""The progress bar appears only on a terminal, and only for slow work."""

from __future__ import annotations

import io
import sys

import pytest

from mockserver.cli import progress
from mockserver.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seed(bar: ProgressBar) -> None:
    with bar as report:
        for done in (1, 2, 3):
            report(done, 3)


def test_slow_work_shows_a_progress_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "SHOW_AFTER_SECONDS", -1.0)
    seed(ProgressBar("Seeding"))
    assert "Seeding" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_fast_work_shows_no_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    seed(ProgressBar("Seeding"))
    assert terminal.getvalue() == ""


def test_no_progress_bar_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setattr(progress, "SHOW_AFTER_SECONDS", -1.0)
    seed(ProgressBar("Seeding"))
    assert file.getvalue() == ""
