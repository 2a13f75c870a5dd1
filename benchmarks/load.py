"""A small load generator: raw HTTP/1.1 over keep-alive connections, so that the client costs little."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter


@dataclass
class Result:
    """What a run has seen: every answer's milliseconds, how long it all took, which statuses."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, nth: int) -> float:
        return quantiles(self.milliseconds, n=100, method="inclusive")[nth - 1]


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> int:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def request(method: str, path: str, key: str = "", body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(port: int, make: Callable[[int], bytes], connections: int, seconds: float) -> Result:
    """Ask for so many seconds over so many connections; ``make`` gives the nth request."""
    result, counter = Result(), iter(range(1 << 62))
    began = perf_counter()
    until = began + seconds

    async def one() -> None:
        connection = await Connection.open(port)
        while (start := perf_counter()) < until:
            status = await connection.ask(make(next(counter)))
            result.milliseconds.append((perf_counter() - start) * 1000)
            result.statuses[status] = result.statuses.get(status, 0) + 1
        connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    result.seconds = perf_counter() - began
    return result
