"""Kotauth's tests need Kotauth alone."""

from __future__ import annotations

import pytest

from mockserver.http import edge
from mockserver.providers.kotauth import PROVIDER
from tests.support.harness import Harness, make_harness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """A world of Kotauth; waiting is written down instead of done."""
    made = make_harness(PROVIDER)
    monkeypatch.setattr(edge, "sleep", made.sleeps.append)
    return made
