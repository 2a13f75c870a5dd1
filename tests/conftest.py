"""The fixtures every test may ask for."""

from __future__ import annotations

import gc
import os

import pytest

from mockserver.http import edge
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness
from tests.support.redis_server import shared_redis
from tests.support.suite.ordering import move_slow_tests_first


def pytest_configure() -> None:
    """Have a make that a test starts know nothing of the one that started the tests."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have what takes long come first."""
    move_slow_tests_first(items)


def pytest_collection_finish() -> None:
    """Look for garbage where tests leave it: what has been loaded stays, and a world is thousands of objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """A world of the real providers; waiting is written down instead of done."""
    made = make_harness()
    monkeypatch.setattr(edge, "sleep", made.sleeps.append)
    return made


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """A world of the provider that is there for tests only."""
    made = make_harness(ACME)
    monkeypatch.setattr(edge, "sleep", made.sleeps.append)
    return made


@pytest.fixture
def redis_url() -> str:
    """Where a real Redis is, with nothing in it."""
    return shared_redis().flushed_url()
