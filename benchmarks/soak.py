"""A million requests of every kind against the shipped server: its memory, threads and descriptors stay as they are.

``python -m benchmarks.soak``, or ``make soak``; SOAK_REQUESTS says how many. Ends with 1 when something has grown.
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
from benchmarks.servers import TOKEN, UNLIMITED, Tree, serving

CLIENTS = 8
WARM = 100_000
"""What is full by then is full for good: growth is counted from here on."""
LIFE = 2_000
"""Requests in the life of a sandbox."""
SAMPLES = 100
MOST_GROWTH = 0.05
JSON = ("Content-Type: application/json",)
EMPLOYER = {
    "legal_name": "Soak Ltd",
    "legal_address": {"line1": "1 Quay", "city": "Dublin", "postal_code": "D01 F5P2", "country_code": "ie"},
    "contact": {"name": "Sam", "email": "sam@soak.test"},
}


@dataclass(frozen=True)
class Sample:
    """What the server took after so many requests."""

    requests: int
    seconds: float
    megabytes: float
    threads: int
    descriptors: int


@dataclass
class Run:
    """How far it has come, and what was seen."""

    server: Tree
    total: int
    told: int = 0
    began: float = field(default_factory=perf_counter)
    asked: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.asked >= self.total

    def count(self, kind: str, status: int) -> None:
        """One more answer."""
        self.asked += 1
        self.statuses[kind, status] += 1
        if self.asked % max(1, self.total // SAMPLES) == 0:
            self.sample()

    def sample(self) -> None:
        tree, seconds = self.server, perf_counter() - self.began
        self.samples.append(Sample(self.asked, seconds, tree.megabytes(), tree.threads(), tree.descriptors()))


class Client:
    """Makes a sandbox, lives in it beside the one that lasts, deletes it, and begins again."""

    def __init__(self, run: Run, connection: Connection, lasting: str, receiver: str) -> None:
        self._run, self._connection = run, connection
        self._lasting, self._receiver = lasting, receiver
        self._sandbox = self._key = ""
        self._made: list[str] = []
        self._numbers = count()

    async def run(self) -> None:
        """Go on until enough has been asked."""
        while not self._run.over:
            await self._begin()
            steps = self._mix()
            for _, step in zip(range(LIFE), steps, strict=False):
                if self._run.over:
                    break
                await step()
            await self._admin("sandbox deleted", "DELETE", "")
        self._connection.close()

    async def _ask(self, kind: str, data: bytes) -> Any:
        status, body = await self._connection.answer(data)
        self._run.count(kind, status)
        return loads(body) if body and status < 300 else None

    async def _admin(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else dumps(body).encode()
        return await self._ask(kind, request(method, f"/__admin/sandboxes{self._sandbox}{path}", TOKEN, data, JSON))

    async def _begin(self) -> None:
        self._sandbox, self._made = "", []
        made = await self._admin("sandbox made", "POST", "", {"provider": "kota", **UNLIMITED})
        self._sandbox, self._key = f"/{made['id']}", made["keys"][0]["secret"]
        flaky = {"match": {"path": "*/groups"}, "fault": {"kind": "status", "status": 503}}
        await self._admin("fault set", "POST", "/faults", {**flaky, "trigger": {"probability": 0.5}})
        await self._admin("webhook set", "POST", "/webhooks", {"url": self._receiver})

    def _mix(self) -> Iterator[Callable[[], Awaitable[Any]]]:
        """What is asked, in turn, without end."""
        often = [self._create, self._get, self._list, self._come_and_go, self._get, self._replay, self._fault]
        for nth in count():
            yield from often
            if nth % 20 == 0:
                yield from (self._new_key, self._look)

    def _own(self, method: str, path: str, body: Any = None, *headers: str) -> bytes:
        data = b"" if body is None else dumps(body).encode()
        return request(method, f"/kota{path}", self._key, data, (*JSON, *headers))

    async def _create(self) -> None:
        made = await self._ask("create", self._own("POST", "/employers", EMPLOYER))
        self._made = [*self._made[-9:], made["id"]]

    async def _get(self) -> None:
        await self._ask("get", self._own("GET", f"/employers/{self._made[-1]}"))

    async def _list(self) -> None:
        await self._ask("list", self._own("GET", "/employers?limit=20"))

    async def _replay(self) -> None:
        header = f"Idempotency-Key: soak-{next(self._numbers)}"
        first, again = [await self._ask("idempotent", self._own("POST", "/employers", EMPLOYER, header)) for _ in "ab"]
        assert first == again

    async def _fault(self) -> None:
        await self._ask("fault", self._own("GET", "/groups"))

    async def _come_and_go(self) -> None:
        """In the sandbox that lasts: made, shown among others, gone."""
        path = "/smartepi/v1/sectors"
        body = dumps({"name": f"s{id(self)}-{next(self._numbers)}"}).encode()
        made = await self._ask("create", request("POST", path, self._lasting, body, JSON))
        await self._ask("list", request("GET", f"{path}?limit=20", self._lasting))
        await self._ask("delete", request("DELETE", f"{path}/{made['data']['id']}?_version=1", self._lasting))

    async def _new_key(self) -> None:
        made = await self._admin("key made", "POST", "/keys", {})
        await self._admin("key revoked", "DELETE", f"/keys/{made['id']}")

    async def _look(self) -> None:
        for part in ("requests", "events", "deliveries", "state"):
            await self._admin(f"{part} read", "GET", f"/{part}")


EXPECTED = {"create": {200, 201}, "idempotent": {200}, "fault": {200, 503}, "delete": {200, 204}}
"""Other kinds are answered with any 2xx."""


def strange(statuses: Counter[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The answers that should not have been."""
    return {
        (kind, status): number
        for (kind, status), number in statuses.items()
        if status not in EXPECTED.get(kind, range(200, 300))
    }


def grown(samples: list[Sample], warm: int) -> list[str]:
    """What grew between the first fifth of what follows the warming up and the last."""
    after = [sample for sample in samples if sample.requests >= warm]
    fifth = max(1, len(after) // 5)
    before, then = after[:fifth], after[-fifth:]
    found = []
    growth = median(each.megabytes for each in then) / median(each.megabytes for each in before) - 1
    if growth > MOST_GROWTH:
        found.append(f"memory has grown by {growth:.1%}")
    for name in ("threads", "descriptors"):
        most = [max(getattr(each, name) for each in part) for part in (after[: len(after) // 2 or 1], then)]
        if most[1] > most[0]:
            found.append(f"{name} have grown from {most[0]} to {most[1]}")
    return found


def table(run: Run) -> str:
    """A row for every tenth of the run."""
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
    return "\n".join([*rows, f"webhooks received {run.told:,}"])


@asynccontextmanager
async def receiver(run: Run) -> Any:
    """Where webhooks arrive, and its URL."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # When all has been asked, deliveries under way are cut off.
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            run.told += 1
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def soak(run: Run, lasting: str) -> None:
    """Ask until enough has been asked."""
    async with receiver(run) as url:
        connections = [await Connection.open(run.server.port) for _ in range(CLIENTS)]
        await asyncio.gather(*(Client(run, each, lasting, url).run() for each in connections))


def measured(total: int) -> Run:
    """Ask a server of its own so often, and tell what was seen."""
    with TemporaryDirectory() as folder, serving("--data", folder, providers=("smartepi", "kota")) as server:
        server.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        run = Run(server, total)
        asyncio.run(soak(run, server.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]))
    return run


def main(total: int) -> int:
    """Run it, print the table, and say whether all is well."""
    run = measured(total)
    print(table(run), flush=True)
    wrong = [*grown(run.samples, min(WARM, total // 3)), *(f"{each}" for each in strange(run.statuses).items())]
    print("\n".join(wrong) or "nothing has grown, and every answer was as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(os.environ.get("SOAK_REQUESTS", "1000000"))))
