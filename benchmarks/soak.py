"""Sends a million requests of every kind to a server and checks that memory, threads and descriptors do not grow.

Run it with ``make soak`` or ``python -m benchmarks.soak``; SOAK_REQUESTS is the number of requests. It exits with 1 if
a resource grew or a response had an unexpected status.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from json import dumps, loads
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.load import Connection, request
from benchmarks.servers import TOKEN, UNLIMITED, ProcessTree, serving

CLIENTS = 8
WARM_UP_REQUESTS = 100_000
"""Number of requests after which all caches are full; growth is measured only after them."""
REQUESTS_PER_SANDBOX = 2_000
"""Number of requests to a sandbox before it is deleted."""
SAMPLES = 100
MAX_GROWTH = 0.05
"""Maximum growth of the memory, as a fraction."""
JSON = ("Content-Type: application/json",)
EMPLOYER = {
    "legal_name": "Soak Ltd",
    "legal_address": {"line1": "1 Quay", "city": "Dublin", "postal_code": "D01 F5P2", "country_code": "ie"},
    "contact": {"name": "Sam", "email": "sam@soak.test"},
}


@dataclass(frozen=True)
class Sample:
    """The resources of the server after a number of requests."""

    requests: int
    seconds: float
    megabytes: float
    threads: int
    descriptors: int


@dataclass
class SoakRun:
    """The progress and the measurements of a run."""

    server: ProcessTree
    total: int
    webhooks_received: int = 0
    began: float = field(default_factory=perf_counter)
    request_count: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        return self.request_count >= self.total

    def count(self, kind: str, status: int) -> None:
        """Counts a response, and takes a sample when another hundredth of the run is complete."""
        self.request_count += 1
        self.statuses[kind, status] += 1
        if self.request_count % max(1, self.total // SAMPLES) == 0:
            self.sample()

    def sample(self) -> None:
        tree, seconds = self.server, perf_counter() - self.began
        self.samples.append(Sample(self.request_count, seconds, tree.megabytes(), tree.threads(), tree.descriptors()))


class Client:
    """A client that repeatedly creates a sandbox, sends requests to it and to the permanent sandbox, and deletes it."""

    def __init__(self, run: SoakRun, connection: Connection, permanent_key: str, receiver: str) -> None:
        self._run, self._connection = run, connection
        self._permanent_key, self._receiver = permanent_key, receiver
        self._sandbox = self._key = ""
        self._created_ids: list[str] = []
        self._numbers = count()

    async def run(self) -> None:
        """Runs until the total number of requests is reached."""
        while not self._run.is_finished:
            await self._create_sandbox()
            steps = self._request_mix()
            for _, step in zip(range(REQUESTS_PER_SANDBOX), steps, strict=False):
                if self._run.is_finished:
                    break
                await step()
            await self._admin("sandbox deleted", "DELETE", "")
        self._connection.close()

    async def _send(self, kind: str, data: bytes) -> Any:
        status, body = await self._connection.exchange(data)
        self._run.count(kind, status)
        return loads(body) if body and status < 300 else None

    async def _admin(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else dumps(body).encode()
        return await self._send(kind, request(method, f"/__admin/sandboxes{self._sandbox}{path}", TOKEN, data, JSON))

    async def _create_sandbox(self) -> None:
        self._sandbox, self._created_ids = "", []
        created = await self._admin("sandbox created", "POST", "", {"provider": "kota", **UNLIMITED})
        self._sandbox, self._key = f"/{created['id']}", created["keys"][0]["secret"]
        flaky = {"match": {"path": "*/groups"}, "fault": {"kind": "status", "status": 503}}
        await self._admin("fault created", "POST", "/faults", {**flaky, "trigger": {"probability": 0.5}})
        await self._admin("webhook created", "POST", "/webhooks", {"url": self._receiver})

    def _request_mix(self) -> Iterator[Callable[[], Awaitable[Any]]]:
        """Yields an endless sequence of steps; each step sends one or more requests."""
        frequent = [
            self._create,
            self._get,
            self._list,
            self._create_list_and_delete,
            self._get,
            self._replay,
            self._fault,
        ]
        for nth in count():
            yield from frequent
            if nth % 20 == 0:
                yield from (self._new_key, self._read_admin_views)

    def _provider_request(self, method: str, path: str, body: Any = None, *headers: str) -> bytes:
        data = b"" if body is None else dumps(body).encode()
        return request(method, f"/kota{path}", self._key, data, (*JSON, *headers))

    async def _create(self) -> None:
        created = await self._send("create", self._provider_request("POST", "/employers", EMPLOYER))
        self._created_ids = [*self._created_ids[-9:], created["id"]]

    async def _get(self) -> None:
        await self._send("get", self._provider_request("GET", f"/employers/{self._created_ids[-1]}"))

    async def _list(self) -> None:
        await self._send("list", self._provider_request("GET", "/employers?limit=20"))

    async def _replay(self) -> None:
        header = f"Idempotency-Key: soak-{next(self._numbers)}"
        first, again = [
            await self._send("idempotent", self._provider_request("POST", "/employers", EMPLOYER, header)) for _ in "ab"
        ]
        assert first == again

    async def _fault(self) -> None:
        await self._send("fault", self._provider_request("GET", "/groups"))

    async def _create_list_and_delete(self) -> None:
        """Creates, lists and deletes a record in the permanent sandbox."""
        path = "/smartepi/v1/sectors"
        body = dumps({"name": f"s{id(self)}-{next(self._numbers)}"}).encode()
        created = await self._send("create", request("POST", path, self._permanent_key, body, JSON))
        await self._send("list", request("GET", f"{path}?limit=20", self._permanent_key))
        await self._send("delete", request("DELETE", f"{path}/{created['data']['id']}?_version=1", self._permanent_key))

    async def _new_key(self) -> None:
        created = await self._admin("key created", "POST", "/keys", {})
        await self._admin("key revoked", "DELETE", f"/keys/{created['id']}")

    async def _read_admin_views(self) -> None:
        for part in ("requests", "events", "deliveries", "state"):
            await self._admin(f"{part} read", "GET", f"/{part}")


EXPECTED = {"create": {200, 201}, "idempotent": {200}, "fault": {200, 503}, "delete": {200, 204}}
"""Expected statuses by kind of request; all other kinds expect a 2xx status."""


def unexpected_statuses(statuses: Counter[tuple[str, int]]) -> dict[tuple[str, int], int]:
    return {
        (kind, status): number
        for (kind, status), number in statuses.items()
        if status not in EXPECTED.get(kind, range(200, 300))
    }


def find_growth(samples: list[Sample], warm: int) -> list[str]:
    """Returns a message for each resource that grew; ``warm`` is the number of warm-up requests.

    Compares the last fifth of the samples after the warm-up with the first fifth for memory, and with the first half
    for threads and descriptors.
    """
    measured = [sample for sample in samples if sample.requests >= warm]
    fifth = max(1, len(measured) // 5)
    first, last = measured[:fifth], measured[-fifth:]
    found = []
    growth = median(each.megabytes for each in last) / median(each.megabytes for each in first) - 1
    if growth > MAX_GROWTH:
        found.append(f"memory grew by {growth:.1%}")
    for name in ("threads", "descriptors"):
        highest = [max(getattr(each, name) for each in part) for part in (measured[: len(measured) // 2 or 1], last)]
        if highest[1] > highest[0]:
            found.append(f"{name} grew from {highest[0]} to {highest[1]}")
    return found


def table(run: SoakRun) -> str:
    """Returns a table with a row for every tenth of the run."""
    rows = [f"{'requests':>10} {'seconds':>8} {'per s':>7} {'RSS MB':>7} {'threads':>8} {'descriptors':>12}"]
    tenth = max(1, len(run.samples) // 10)
    for each in run.samples[tenth - 1 :: tenth]:
        rate = each.requests / each.seconds
        rows.append(
            f"{each.requests:>10,} {each.seconds:>8.0f} {rate:>7.0f} {each.megabytes:>7.1f} {each.threads:>8}"
            f" {each.descriptors:>12}"
        )
    kinds = Counter[str]()
    for (kind, _), number in run.statuses.items():
        kinds[kind] += number
    rows.append(", ".join(f"{kind} {number:,}" for kind, number in kinds.most_common()))
    return "\n".join([*rows, f"webhooks received {run.webhooks_received:,}"])


@asynccontextmanager
async def receiver(run: SoakRun) -> Any:
    """Runs a server that counts webhooks; yields its URL."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Deliveries in flight are cancelled at the end of the run.
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            run.webhooks_received += 1
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def run_clients(run: SoakRun, permanent_key: str) -> None:
    """Runs all clients until the total number of requests is reached."""
    async with receiver(run) as url:
        connections = [await Connection.open(run.server.port) for _ in range(CLIENTS)]
        await asyncio.gather(*(Client(run, each, permanent_key, url).run() for each in connections))


def run_soak(total: int) -> SoakRun:
    """Starts a server, sends ``total`` requests to it, and returns the measurements."""
    with TemporaryDirectory() as folder, serving("--data", folder, providers=("smartepi", "kota")) as server:
        server.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        run = SoakRun(server, total)
        asyncio.run(run_clients(run, server.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]))
    return run


def main(total: int) -> int:
    """Prints the measurements and the problems; returns the exit code."""
    run = run_soak(total)
    print(table(run), flush=True)
    problems = [
        *find_growth(run.samples, min(WARM_UP_REQUESTS, total // 3)),
        *(f"{each}" for each in unexpected_statuses(run.statuses).items()),
    ]
    print("\n".join(problems) or "no resource grew, and every response had an expected status")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(int(os.environ.get("SOAK_REQUESTS", "1000000"))))
