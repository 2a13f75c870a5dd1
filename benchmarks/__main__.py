"""``make bench``: throughput, growth, cold start, parked requests; every ratio is made within one run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.load import Connection, Result, request, run
from benchmarks.servers import UNLIMITED, Server, run_empty_flask_view, serving

ROUNDS, SECONDS, CONNECTIONS = 3, 3.0, 16
TIMER_COUNT = 10_000


def main() -> None:
    """Run everything and print Markdown."""
    throughput()
    growth()
    cold_start()
    admin_operations()
    delayed_requests()


def throughput() -> None:
    """Requests per second and percentiles at 16 connections, beside an empty Flask view, in interleaved rounds."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        ours = stack.enter_context(serving("--data", folder))
        empty = stack.enter_context(run_empty_flask_view())
        ours.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        key = ours.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
        one = ours.admin("GET", "/sandboxes/smartepi/state")["collections"]["sectors"][0]["id"]
        cases: dict[str, tuple[Server, Callable[[int], bytes]]] = {
            "empty Flask view": (empty, _same_request(request("GET", "/"))),
            "get one": (ours, _same_request(request("GET", f"/smartepi/v1/sectors/{one}", key))),
            "list of 20": (ours, _same_request(request("GET", "/smartepi/v1/employees?limit=20", key))),
            "create, on disk": (ours, _create_requests(key)),
        }
        measured = _run_rounds(cases)
    print(f"\n## {CONNECTIONS} connections, median of {ROUNDS} interleaved rounds of {SECONDS:.0f} s\n")
    print("| case | requests/s | of the empty view | p50 ms | p99 ms | server CPU µs per request |")
    print("|---|---|---|---|---|---|")
    base = median(result.per_second for result, _ in measured["empty Flask view"])
    for name, results in measured.items():
        rate = median(result.per_second for result, _ in results)
        p50, p99 = (median(result.percentile(nth) for result, _ in results) for nth in (50, 99))
        cpu = median(cpu * 1e6 / len(result.milliseconds) for result, cpu in results)
        print(f"| {name} | {rate:.0f} | {rate / base:.2f} | {p50:.1f} | {p99:.1f} | {cpu:.0f} |")


def _run_rounds(cases: dict[str, tuple[Server, Callable[[int], bytes]]]) -> dict[str, list[tuple[Result, float]]]:
    measured: dict[str, list[tuple[Result, float]]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, (server, make) in cases.items():
            before = server.cpu_seconds()
            result = asyncio.run(run(server.port, make, CONNECTIONS, SECONDS))
            assert all(200 <= status < 300 for status in result.statuses), (name, result.statuses)
            measured[name].append((result, server.cpu_seconds() - before))
    return measured


def _same_request(data: bytes) -> Callable[[int], bytes]:
    return lambda _nth: data


def _create_requests(key: str) -> Callable[[int], bytes]:
    began = perf_counter()

    def make(nth: int) -> bytes:
        body = json.dumps({"name": f"Sector {began} {perf_counter()} {nth}"}).encode()
        return request("POST", "/smartepi/v1/sectors", key, body)

    return make


def growth() -> None:
    """A create at 100 and at 10,000 records, each in a sandbox of its own on one server, in interleaved rounds."""
    with TemporaryDirectory() as folder, serving("--data", folder) as server:
        sizes = {100: "small", 10_000: "large"}
        keys = {}
        for number, size in sizes.items():
            made = server.admin("POST", "/sandboxes", {"provider": "smartepi", "size": size})
            server.admin("PATCH", f"/sandboxes/{made['id']}", UNLIMITED)
            keys[number] = made["keys"][0]["secret"]
        times: dict[int, list[float]] = {number: [] for number in sizes}
        for _ in range(ROUNDS):
            for number, key in keys.items():
                result = asyncio.run(run(server.port, _create_requests(key), 1, 1.0))
                times[number].append(median(result.milliseconds))
    small, large = (median(times[number]) for number in sizes)
    print("\n## A create, one connection, on disk\n")
    print("| records | median ms |\n|---|---|")
    print(f"| 100 | {small:.2f} |\n| 10,000 | {large:.2f} |\n\nRatio: {large / small:.2f}")


def cold_start() -> None:
    """From the start of the process with all providers to the first 200, and memory at rest."""
    seconds, megabytes = [], []
    for _ in range(5):
        with serving("--memory", providers=()) as server:
            server.wait_for_first_response()
            seconds.append(perf_counter() - server.started)
            megabytes.append(server.megabytes())
    print(f"\n## Cold start\n\nFirst 200 after {median(seconds):.2f} s; {median(megabytes):.0f} MB at rest")


def admin_operations() -> None:
    """What an operator waits for: another sandbox, a reset, and the clock moved over many timers."""
    print("\n## Upkeep, on disk, over HTTP\n\n| deed | median ms |\n|---|---|")
    with TemporaryDirectory() as folder, serving("--data", folder, providers=()) as server:
        for provider in ("smartepi", "kotauth", "kasko", "kota"):
            _measure(f"a small sandbox of {provider}", lambda name=provider: _create_sandbox(server, name))  # type: ignore[misc]
        large = _create_sandbox(server, "smartepi", "large")
        _measure("a reset of 10,000 records", lambda: server.admin("POST", f"/sandboxes/{large}/reset"))
        timers = f"the clock over {TIMER_COUNT:,} timers, each a withdrawal"
        _measure(
            timers, lambda: _advance_clock(server, large), before=lambda: _schedule_timers(server, large), rounds=1
        )


def _measure(
    name: str, deed: Callable[[], object], before: Callable[[], object] = lambda: None, rounds: int = ROUNDS
) -> None:
    took = []
    for _ in range(rounds):
        before()
        began = perf_counter()
        deed()
        took.append((perf_counter() - began) * 1000)
    print(f"| {name} | {median(took):.1f} |")


def _create_sandbox(server: Server, provider: str, size: str = "small") -> str:
    return str(server.admin("POST", "/sandboxes", {"provider": provider, "size": size})["id"])


def _schedule_timers(server: Server, sandbox: str) -> None:
    for _ in range(TIMER_COUNT):
        server.admin("POST", f"/sandboxes/{sandbox}/simulations/record_withdrawal", {"in": "1h"})


def _advance_clock(server: Server, sandbox: str) -> None:
    server.admin("PUT", f"/sandboxes/{sandbox}/clock", {"action": "advance", "by": "2h"})


def delayed_requests() -> None:
    """Many requests waiting for 2 s, and what undelayed ones feel meanwhile."""
    print("\n## Parked on 2 s of latency\n")
    print(
        "| parked | all done after s | MB | threads | undelayed p50 ms | p99 while all wait | p99 from first to last |"
    )
    print("|---|---|---|---|---|---|---|")
    for number in (0, 1_000, 5_000):
        with serving("--memory") as server:
            asyncio.run(_measure_delayed(server, number))


async def _measure_delayed(server: Server, number: int) -> None:
    slow = server.admin("POST", "/sandboxes", {"provider": "smartepi", "latency": {"type": "fixed", "ms": 2000}})
    quick = server.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
    waiting = request("GET", "/smartepi/v1/sectors", slow["keys"][0]["secret"])
    connections = [await Connection.open(server.port) for _ in range(number)]
    began = perf_counter()
    asks = [asyncio.create_task(connection.send(waiting)) for connection in connections]
    undelayed = asyncio.create_task(_measure_undelayed(server, quick, began + (2.0 if number else 1.0), asks))
    await asyncio.sleep(1.5)
    megabytes, threads = server.megabytes(), server.threads()
    statuses = await asyncio.gather(*asks)
    seconds = perf_counter() - began
    assert set(statuses) <= {200}, set(statuses)
    settled, whole = await undelayed
    for connection in connections:
        connection.close()
    print(
        f"| {number:,} | {seconds if number else 0:.2f} | {megabytes:.0f} | {threads} | {settled.percentile(50):.1f} "
        f"| {settled.percentile(99):.1f} | {whole.percentile(99):.1f} |"
    )


async def _measure_undelayed(
    server: Server, key: str, settled_until: float, asks: list[asyncio.Task[int]]
) -> tuple[Result, Result]:
    """Ask every few milliseconds until all the parked ones are done: seen while all wait, and from first to last."""
    settled, whole = Result(), Result()
    connection = await Connection.open(server.port)
    data = request("GET", "/smartepi/v1/sectors", key)
    while perf_counter() < settled_until or not all(ask.done() for ask in asks):
        start = perf_counter()
        await connection.send(data)
        took = (perf_counter() - start) * 1000
        whole.milliseconds.append(took)
        if settled_until - 0.7 < start < settled_until:
            settled.milliseconds.append(took)
        await asyncio.sleep(0.005)
    connection.close()
    return settled, whole


if __name__ == "__main__":
    main()
