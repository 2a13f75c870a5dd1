"""Measures Testmode and prints Markdown: throughput, growth, cold start, admin operations, delayed requests."""

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
    measure_throughput()
    measure_growth()
    measure_cold_start()
    measure_admin_operations()
    measure_delayed_requests()


def measure_throughput() -> None:
    """Compares requests per second, latency percentiles and CPU of three cases with an empty Flask view."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        testmode = stack.enter_context(serving("--data", folder))
        empty = stack.enter_context(run_empty_flask_view())
        testmode.admin("PATCH", "/sandboxes/smartepi", UNLIMITED)
        key = testmode.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
        sector_id = testmode.admin("GET", "/sandboxes/smartepi/state")["collections"]["sectors"][0]["id"]
        cases: dict[str, tuple[Server, Callable[[int], bytes]]] = {
            "empty Flask view": (empty, _same_request(request("GET", "/"))),
            "get one": (testmode, _same_request(request("GET", f"/smartepi/v1/sectors/{sector_id}", key))),
            "list of 20": (testmode, _same_request(request("GET", "/smartepi/v1/employees?limit=20", key))),
            "create, on disk": (testmode, _create_requests(key)),
        }
        measured = _run_rounds(cases)
    print(f"\n## {CONNECTIONS} connections, median of {ROUNDS} interleaved rounds of {SECONDS:.0f} s\n")
    print("| case | requests/s | of the empty view | p50 ms | p99 ms | server CPU µs per request |")
    print("|---|---|---|---|---|---|")
    empty_rate = median(result.per_second for result, _ in measured["empty Flask view"])
    for name, results in measured.items():
        rate = median(result.per_second for result, _ in results)
        p50, p99 = (median(result.percentile(nth) for result, _ in results) for nth in (50, 99))
        cpu = median(cpu * 1e6 / len(result.milliseconds) for result, cpu in results)
        print(f"| {name} | {rate:.0f} | {rate / empty_rate:.2f} | {p50:.1f} | {p99:.1f} | {cpu:.0f} |")


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


def measure_growth() -> None:
    """Compares a create at 100 records with one at 10,000, in two sandboxes of one server and in interleaved rounds."""
    with TemporaryDirectory() as folder, serving("--data", folder) as server:
        sizes = {100: "small", 10_000: "large"}
        keys = {}
        for number, size in sizes.items():
            sandbox = server.admin("POST", "/sandboxes", {"provider": "smartepi", "size": size})
            server.admin("PATCH", f"/sandboxes/{sandbox['id']}", UNLIMITED)
            keys[number] = sandbox["keys"][0]["secret"]
        times: dict[int, list[float]] = {number: [] for number in sizes}
        for _ in range(ROUNDS):
            for number, key in keys.items():
                result = asyncio.run(run(server.port, _create_requests(key), 1, 1.0))
                times[number].append(median(result.milliseconds))
    small, large = (median(times[number]) for number in sizes)
    print("\n## A create, one connection, on disk\n")
    print("| records | median ms |\n|---|---|")
    print(f"| 100 | {small:.2f} |\n| 10,000 | {large:.2f} |\n\nRatio: {large / small:.2f}")


def measure_cold_start() -> None:
    """Measures the seconds from process start to the first 200 with all providers, and the memory at that time."""
    seconds, megabytes = [], []
    for _ in range(5):
        with serving("--memory", providers=()) as server:
            server.wait_for_first_response()
            seconds.append(perf_counter() - server.started)
            megabytes.append(server.megabytes())
    print(f"\n## Cold start\n\nFirst 200 after {median(seconds):.2f} s; {median(megabytes):.0f} MB at rest")


def measure_admin_operations() -> None:
    """Measures operations of the admin API: create a sandbox, reset it, advance its clock over many timers."""
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
    name: str, action: Callable[[], object], before: Callable[[], object] = lambda: None, rounds: int = ROUNDS
) -> None:
    milliseconds = []
    for _ in range(rounds):
        before()
        began = perf_counter()
        action()
        milliseconds.append((perf_counter() - began) * 1000)
    print(f"| {name} | {median(milliseconds):.1f} |")


def _create_sandbox(server: Server, provider: str, size: str = "small") -> str:
    return str(server.admin("POST", "/sandboxes", {"provider": provider, "size": size})["id"])


def _schedule_timers(server: Server, sandbox: str) -> None:
    for _ in range(TIMER_COUNT):
        server.admin("POST", f"/sandboxes/{sandbox}/simulations/record_withdrawal", {"in": "1h"})


def _advance_clock(server: Server, sandbox: str) -> None:
    server.admin("PUT", f"/sandboxes/{sandbox}/clock", {"action": "advance", "by": "2h"})


def measure_delayed_requests() -> None:
    """Sends many requests that are delayed by 2 s, and measures undelayed requests during that time."""
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
    tasks = [asyncio.create_task(connection.send(waiting)) for connection in connections]
    undelayed = asyncio.create_task(_measure_undelayed(server, quick, began + (2.0 if number else 1.0), tasks))
    await asyncio.sleep(1.5)
    megabytes, threads = server.megabytes(), server.threads()
    statuses = await asyncio.gather(*tasks)
    seconds = perf_counter() - began
    assert set(statuses) <= {200}, set(statuses)
    while_waiting, whole = await undelayed
    for connection in connections:
        connection.close()
    print(
        f"| {number:,} | {seconds if number else 0:.2f} | {megabytes:.0f} | {threads} | "
        f"{while_waiting.percentile(50):.1f} | {while_waiting.percentile(99):.1f} | {whole.percentile(99):.1f} |"
    )


async def _measure_undelayed(
    server: Server, key: str, waiting_until: float, tasks: list[asyncio.Task[int]]
) -> tuple[Result, Result]:
    """Sends a request every 5 ms until all tasks are done.

    Returns two results: of the requests sent while all tasks wait, and of all requests.
    """
    while_waiting, whole = Result(), Result()
    connection = await Connection.open(server.port)
    data = request("GET", "/smartepi/v1/sectors", key)
    while perf_counter() < waiting_until or not all(task.done() for task in tasks):
        start = perf_counter()
        await connection.send(data)
        took = (perf_counter() - start) * 1000
        whole.milliseconds.append(took)
        if waiting_until - 0.7 < start < waiting_until:  # All connections wait for their delayed response.
            while_waiting.milliseconds.append(took)
        await asyncio.sleep(0.005)
    connection.close()
    return while_waiting, whole


if __name__ == "__main__":
    main()
