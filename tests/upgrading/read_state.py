"""Reads the state of a sandbox over HTTP: when a fixture is made, and from every later server."""

from __future__ import annotations

from collections.abc import Iterable
from json import loads
from typing import Any
from urllib.parse import urlsplit

import requests

from mockserver.testing.client import Sandbox

TIMEOUT = 60
TRANSIENT_FIELDS = ("keys", "clock", "base_url", "example")
"""Members of a sandbox that are read separately or contain the address of the server."""


def read_sandbox(sandbox: Sandbox) -> dict[str, Any]:
    """Returns everything that the admin API shows of a sandbox and that survives a restart."""
    clock = dict(sandbox.clock.show())
    if clock["state"] == "running":
        del clock["now"]
    return {
        "settings": {name: value for name, value in sandbox.show().items() if name not in TRANSIENT_FIELDS},
        "keys": sandbox.keys,
        "clock": clock,
        # The nearest miss comes from the journal, which does not survive a restart.
        "faults": [{**rule, "nearest_miss": None} for rule in sandbox.faults.list()],
        "scenarios": [[each["name"], each["chosen"], each["since"]] for each in sandbox.scenarios.list() if each["on"]],
        "webhooks": sandbox.webhooks.list(),
        "deliveries": sandbox.deliveries.list(),
        "snapshots": sandbox.snapshots,
        "events": [[event["id"], event["type"], event["created_at"]] for event in sandbox.events],
        "collections": sandbox.collections,
    }


def request_path(sandbox: Sandbox, key: str, path: str) -> list[Any]:
    """Returns status and body of a GET request to the vendor's API, with the server's URL normalised."""
    answer = requests.get(sandbox.base_url + path, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT)
    parts = urlsplit(sandbox.base_url)
    return [answer.status_code, loads(answer.text.replace(f"{parts.scheme}://{parts.netloc}", "http://testmode"))]


def request_paths(sandbox: Sandbox, key: str, paths: Iterable[str]) -> dict[str, list[Any]]:
    """Returns status and body of a GET request to each path."""
    return {path: request_path(sandbox, key, path) for path in paths}
