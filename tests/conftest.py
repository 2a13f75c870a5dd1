"""The fixtures that every test can use."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from mockserver.http import edge
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness
from tests.support.redis_server import shared_redis
from tests.support.suite.ordering import move_slow_tests_first

# A deadline for each example would make property tests fail on a busy machine.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_configure() -> None:
    """Remove the variables of the outer make: a make that a test starts would inherit them."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    move_slow_tests_first(items)


def pytest_collection_finish() -> None:
    """Exclude what is loaded from garbage collection, and collect less often: a harness has thousands of objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """An engine with every provider; `sleeps` records the waits instead of sleeping."""
    created = make_harness()
    monkeypatch.setattr(edge, "sleep", created.sleeps.append)
    return created


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """An engine with the provider Acme, which exists for tests only; `sleeps` records the waits."""
    created = make_harness(ACME)
    monkeypatch.setattr(edge, "sleep", created.sleeps.append)
    return created


@pytest.fixture
def redis_url() -> str:
    """The URL of a real, empty Redis."""
    return shared_redis().flushed_url()
