"""Starts Testmode with the same records as the peers, without limits but with the whole pipeline and the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.load import request
from benchmarks.peers.peer import FIRST_RECORD, JSON, RequestTemplate, record
from benchmarks.peers.runner import RunningServer, request_maker
from benchmarks.servers import UNLIMITED, ProcessTree, Server, serving

_BASE_PATH = "/smartepi/v1"
_DELAYED_SANDBOX = {"provider": "smartepi", "latency": {"type": "fixed", "ms": 2000}, **UNLIMITED}


@contextmanager
def run_testmode_peer(records: int, disk: bool) -> Iterator[RunningServer]:
    """Starts Testmode with ``records`` sectors, and a second sandbox whose latency is 2 s."""
    with _run_unlimited(disk) as server:
        state = _export_state(server)
        _replace_records(server, state, "sectors", [record(nth) for nth in range(records)])
        key, slow = _first_key(server), server.admin("POST", "/sandboxes", _DELAYED_SANDBOX)["keys"][0]["secret"]
        templates = {
            "get": RequestTemplate("GET", f"{_BASE_PATH}/sectors/$id", key=key),
            "list": RequestTemplate("GET", f"{_BASE_PATH}/sectors?limit=20", key=key),
            "create": RequestTemplate("POST", f"{_BASE_PATH}/sectors", json.dumps({"name": "New $nth"}), JSON, key),
            "delayed": RequestTemplate("GET", f"{_BASE_PATH}/sectors", key=f"Bearer {slow}"),
        }
        serial = count()
        id = record(FIRST_RECORD)["id"]
        yield RunningServer(server, {name: request_maker(each, id, serial) for name, each in templates.items()})


@contextmanager
def run_filtered_testmode(records: int) -> Iterator[RunningServer]:
    """Starts Testmode with ``records`` employees, a tenth of them in one sector; its request lists 20 in it."""
    with _run_unlimited(disk=True) as server:
        state = _export_state(server)
        model, sectors = state["collections"]["employees"][0], state["collections"]["sectors"]
        employees = [
            {
                "id": f"emp_{nth:016d}",
                "identification": f"{nth:08d}",
                "email": f"{nth}@epi.test",
                "name": f"Employee {nth:08d}",
                "sectorId": sectors[0 if nth % 10 == 0 else 1]["id"],
            }
            for nth in range(records)
        ]
        _replace_records(server, state, "employees", [model | each for each in employees])
        path = f"{_BASE_PATH}/employees?sectorId={sectors[0]['id']}&limit=20"
        data = request("GET", path, headers=(f"Authorization: {_first_key(server)}",))
        yield RunningServer(server, {"filtered": lambda _nth: data})


@contextmanager
def run_cold_testmode(disk: bool) -> Iterator[ProcessTree]:
    """Starts Testmode with all its providers and yields at the first 200 of an API call."""
    with _run_server(disk, providers=()) as server:
        server.wait_for_first_response()
        yield server


@contextmanager
def _run_server(disk: bool, providers: tuple[str, ...] = ("smartepi",)) -> Iterator[Server]:
    with TemporaryDirectory() as folder:
        arguments = ("--data", folder) if disk else ("--memory",)
        with serving(*arguments, providers=providers) as server:
            yield server


@contextmanager
def _run_unlimited(disk: bool) -> Iterator[Server]:
    with _run_server(disk) as server:
        server.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        yield server


def _export_state(server: Server) -> Any:
    return server.admin("GET", "/sandboxes/smartepi/state")


def _replace_records(server: Server, state: Any, collection: str, records: list[dict[str, Any]]) -> None:
    """Replaces the records of a collection; missing members are copied from the first old record."""
    stored = state["collections"][collection]
    model = stored[0]
    # Old sectors are not deleted, because other records refer to them.
    stored[:] = [model | each for each in records] + (stored if collection == "sectors" else [])
    server.admin("PUT", "/sandboxes/smartepi/state", state)


def _first_key(server: Server) -> str:
    return f"Bearer {server.admin('GET', '/sandboxes/smartepi/keys')[0]['secret']}"
