"""Ours, set up as the peers are: one sandbox, limits off, the whole pipeline and the journal on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.load import request
from benchmarks.peers.peer import FIRST, JSON, Ask, record
from benchmarks.peers.running import Running, making
from benchmarks.servers import UNLIMITED, Server, Tree, serving

_PATH = "/smartepi/v1"
_SLOW = {"provider": "smartepi", "latency": {"type": "fixed", "ms": 2000}, **UNLIMITED}


@contextmanager
def ours(records: int, disk: bool) -> Iterator[Running]:
    """Testmode with so many sectors, and a second sandbox all of whose answers wait for 2 s."""
    with _served(disk) as server:
        state = _state(server)
        _keep(server, state, "sectors", [record(nth) for nth in range(records)])
        key, slow = _key(server), server.admin("POST", "/sandboxes", _SLOW)["keys"][0]["secret"]
        asked = {
            "get": Ask("GET", f"{_PATH}/sectors/$id", key=key),
            "list": Ask("GET", f"{_PATH}/sectors?limit=20", key=key),
            "create": Ask("POST", f"{_PATH}/sectors", json.dumps({"name": "New $nth"}), JSON, key),
            "delayed": Ask("GET", f"{_PATH}/sectors", key=f"Bearer {slow}"),
        }
        serial = count()
        asks = {name: making(ask, record(FIRST)["id"], serial) for name, ask in asked.items()}
        yield Running(server, asks)


@contextmanager
def filtered(records: int) -> Iterator[Running]:
    """Testmode with so many employees on disk, asked for the first 20 of one sector, in which every tenth is."""
    with _served(disk=True) as server:
        state = _state(server)
        model, sectors = state["collections"]["employees"][0], state["collections"]["sectors"]
        made = [
            {
                "id": f"emp_{nth:016d}",
                "identification": f"{nth:08d}",
                "email": f"{nth}@epi.test",
                "name": f"Employee {nth:08d}",
                "sectorId": sectors[0 if nth % 10 == 0 else 1]["id"],
            }
            for nth in range(records)
        ]
        _keep(server, state, "employees", [model | each for each in made])
        path = f"{_PATH}/employees?sectorId={sectors[0]['id']}&limit=20"
        data = request("GET", path, headers=(f"Authorization: {_key(server)}",))
        yield Running(server, {"filtered": lambda _nth: data})


@contextmanager
def cold_ours(disk: bool) -> Iterator[Tree]:
    """Testmode with all its providers, at its first 200 of an API call."""
    with _started(disk, providers=()) as server:
        server.first_answer()
        yield server


@contextmanager
def _started(disk: bool, providers: tuple[str, ...] = ("smartepi",)) -> Iterator[Server]:
    with TemporaryDirectory() as folder:
        where = ("--data", folder) if disk else ("--memory",)
        with serving(*where, providers=providers) as server:
            yield server


@contextmanager
def _served(disk: bool) -> Iterator[Server]:
    with _started(disk) as server:
        server.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        yield server


def _state(server: Server) -> Any:
    return server.admin("GET", "/sandboxes/smartepi/state")


def _keep(server: Server, state: Any, collection: str, records: list[dict[str, Any]]) -> None:
    """Put records in place of a collection's; what the pipeline notes of each is that of the first."""
    kept = state["collections"][collection]
    model = kept[0]
    # The seed's own sectors stay, for other records point at them.
    kept[:] = [model | each for each in records] + (kept if collection == "sectors" else [])
    server.admin("PUT", "/sandboxes/smartepi/state", state)


def _key(server: Server) -> str:
    return f"Bearer {server.admin('GET', '/sandboxes/smartepi/keys')[0]['secret']}"
