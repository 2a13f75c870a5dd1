"""A load generator that uses little CPU: raw HTTP/1.1 over keep-alive connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter


@dataclass
class Result:
    """The result of a run: milliseconds per response, seconds in total, and the number of responses by status."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, nth: int) -> float:
        if len(self.milliseconds) == 1:
            return self.milliseconds[0]
        return quantiles(self.milliseconds, n=100, method="inclusive")[nth - 1]


class Connection:
    """A keep-alive connection; it reconnects if the server closed it after the last response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer, self._port = reader, writer, port
        self._closed = False

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port), port)

    async def send(self, request: bytes) -> int:
        return (await self.exchange(request))[0]

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Sends a request and returns status and body."""
        if self._closed:
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        self._closed = b"connection: close" in head or (head[5:8] == b"1.0" and b"keep-alive" not in head)
        return int(head[9:12]), await self._read_body(head)

    async def _read_body(self, head: bytes) -> bytes:
        if b"content-length:" in head:
            return await self._reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        if b"transfer-encoding: chunked" in head:
            return await self._read_chunks()
        return b"" if head[9:12] == b"204" else await self._reader.read()

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readuntil(b"\r\n")
        return body

    def close(self) -> None:
        self._writer.close()


def request(method: str, path: str, key: str = "", body: bytes = b"", headers: tuple[str, ...] = ()) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"Authorization: Bearer {key}"] if key else []
    lines += headers
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(
    port: int, make_request: Callable[[int], bytes], connections: int, seconds: float, max_requests: int = 1 << 62
) -> Result:
    """Sends requests until ``seconds`` or ``max_requests`` is reached; ``make_request`` returns the nth request."""
    result, numbers = Result(), iter(range(max_requests))
    began = perf_counter()
    until = began + seconds

    async def use_connection() -> None:
        connection = await Connection.open(port)
        while (start := perf_counter()) < until and (nth := next(numbers, None)) is not None:
            status = await connection.send(make_request(nth))
            result.milliseconds.append((perf_counter() - start) * 1000)
            result.statuses[status] = result.statuses.get(status, 0) + 1
        connection.close()

    await asyncio.gather(*(use_connection() for _ in range(connections)))
    result.seconds = perf_counter() - began
    return result
