"""Orders the slow tests first, so that no worker waits for another at the end of a run."""

from __future__ import annotations

import pytest

SLOW_NODE_PREFIXES = (
    "tests/storage/test_power_loss.py::",
    "tests/console/test_browser.py::",
    "tests/client/test_plugin.py::",
    "tests/system/",
    "tests/http/test_workers.py::",
    "tests/docs/",
    "tests/cli/",
    "tests/project/test_fuzz.py::",
    "tests/openapi/test_serving.py::",
    "tests/storage/test_crash.py::",
)
"""Prefixes of the node ids of tests that take a second or more; the others take milliseconds."""


def move_slow_tests_first(items: list[pytest.Item]) -> None:
    """Move the slow tests to the front; the order is stable otherwise."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_NODE_PREFIXES))
