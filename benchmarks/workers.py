"""Compares one process on disk with 1, 2 and 4 workers on Redis; run it with ``python -m benchmarks.workers``."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from benchmarks.load import Result, request, run
from benchmarks.peers.runner import free_port
from benchmarks.servers import UNLIMITED, Server, serving

ROUNDS, SECONDS, CONNECTIONS, SANDBOXES = 3, 3.0, 32, 8
_numbers = count()


@contextmanager
def run_redis() -> Iterator[str]:
    """Runs a redis-server that does not write to disk; yields its URL."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        sleep(0.5)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def main() -> None:
    """Prints a Markdown table with the requests per second and the CPU time of all processes per request."""
    print(f"\n## Workers: {SANDBOXES} sandboxes, {CONNECTIONS} connections, median of {ROUNDS} rounds\n")
    print("| server | get one, requests/s | CPU µs each | create, requests/s | CPU µs each |\n|---|---|---|---|---|")
    with TemporaryDirectory() as folder, serving("--data", folder) as server:
        _print_row("one process, on disk", server)
    for number in (1, 2, 4):
        with run_redis() as url, serving("--store", url, "--workers", str(number)) as server:
            _print_row(f"{number} worker{'s' if number > 1 else ''}, on Redis", server)


def _print_row(name: str, server: Server) -> None:
    sandboxes = [server.admin("POST", "/sandboxes", {"provider": "smartepi", **UNLIMITED}) for _ in range(SANDBOXES)]
    keys = [each["keys"][0]["secret"] for each in sandboxes]
    state = server.admin("GET", f"/sandboxes/{sandboxes[0]['id']}/state")["collections"]
    sector_id = state["sectors"][0]["id"]
    gets = [request("GET", f"/smartepi/v1/sectors/{sector_id}", key) for key in keys]

    def create(nth: int) -> bytes:
        body = json.dumps({"name": f"Sector {perf_counter()} {next(_numbers)}"}).encode()
        return request("POST", "/smartepi/v1/sectors", keys[nth % SANDBOXES], body)

    cells = [*_measure(server, lambda nth: gets[nth % SANDBOXES]), *_measure(server, create)]
    print(f"| {name} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |", flush=True)


def _measure(server: Server, make: Callable[[int], bytes]) -> tuple[float, float]:
    rates, costs = [], []
    for _ in range(ROUNDS):
        before = server.cpu_seconds()
        result: Result = asyncio.run(run(server.port, make, CONNECTIONS, SECONDS))
        assert all(200 <= status < 300 for status in result.statuses), result.statuses
        rates.append(result.per_second)
        costs.append((server.cpu_seconds() - before) * 1e6 / len(result.milliseconds))
    return median(rates), median(costs)


if __name__ == "__main__":
    main()
