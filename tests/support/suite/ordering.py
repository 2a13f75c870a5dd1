"""What takes long comes first, so that at the end of a run on several workers none waits for another."""

from __future__ import annotations

import pytest

SLOW_NODE_PREFIXES = (
    "tests/storage/test_power_loss.py::",
    "tests/console/test_browser.py::",
    "tests/client/test_plugin.py::",
    "tests/whole/",
    "tests/http/test_workers.py::",
    "tests/docs/",
    "tests/cli/",
    "tests/house/test_fuzz.py::",
    "tests/openapi/test_serving.py::",
    "tests/storage/test_crash.py::",
)
"""How the names of cases begin that take a second and more; all others take milliseconds."""


def move_slow_tests_first(items: list[pytest.Item]) -> None:
    """Move the slow cases to the front; among themselves, and among the others, the order stays."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_NODE_PREFIXES))
