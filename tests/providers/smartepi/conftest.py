"""SmartEPI's tests need SmartEPI alone."""

from __future__ import annotations

import pytest

from mockserver.http import edge
from mockserver.providers.smartepi import PROVIDER
from tests.support.worlds import World, make_world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of SmartEPI; waiting is written down instead of done."""
    made = make_world(PROVIDER)
    monkeypatch.setattr(edge, "sleep", made.waited.append)
    return made
