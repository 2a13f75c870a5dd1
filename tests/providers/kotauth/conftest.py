"""The harness of Kotauth's tests serves only Kotauth."""

from __future__ import annotations

import pytest

from mockserver.http import edge
from mockserver.providers.kotauth import PROVIDER
from tests.support.harness import Harness, make_harness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """A harness that records waits instead of sleeping."""
    harness = make_harness(PROVIDER)
    monkeypatch.setattr(edge, "sleep", harness.sleeps.append)
    return harness
