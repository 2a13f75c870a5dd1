"""Measures the contestants; what cannot be measured becomes a sentence instead of a figure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

import psutil

from benchmarks.load import Connection, run
from benchmarks.peers.install import MeasurementError
from benchmarks.peers.runner import CASES, RunningServer
from benchmarks.peers.servers import MeasuredServer

Cell = dict[str, float] | str
"""The figures, or the reason why there are none."""
MEASUREMENT_ERRORS = (
    MeasurementError,
    OSError,
    EOFError,
    TimeoutError,
    ValueError,
    psutil.Error,
    asyncio.LimitOverrunError,
)
"""What a server that goes away, or answers what is not HTTP, does to those who measure it."""
CONNECTIONS = 16
MAX_CREATES = 1_000
UNLIMITED_REQUESTS = 1 << 62
SLOW_SECONDS = 2.0


@dataclass(frozen=True)
class MeasurementPlan:
    """How long it is measured for, and how far."""

    name: str
    rounds: int
    seconds: float
    warm: float
    starts: int
    sizes: tuple[int, ...]
    parked: tuple[int, ...]
    filtered: tuple[int, int]
    patience: float


FULL = MeasurementPlan("full", 3, 2.0, 4.0, 3, (100, 10_000, 100_000), (500, 5_000), (1_000, 100_000), 120.0)
QUICK = MeasurementPlan("quick", 1, 0.6, 0.6, 1, (100, 1_000), (500,), (1_000, 10_000), 10.0)


class Samples:
    """The rounds of one cell; after trouble no more is tried and the reason stands there."""

    def __init__(self) -> None:
        self._rounds: list[dict[str, float]] = []
        self._reason = ""

    def measure(self, deed: Callable[[], dict[str, float]], keep: bool = True) -> None:
        if self._reason:
            return
        try:
            taken = deed()
        except MEASUREMENT_ERRORS as why:
            self._reason = describe_error(why)
        else:
            self._rounds += [taken] if keep else []

    def to_cell(self) -> Cell:
        return self._reason or {name: median(each[name] for each in self._rounds) for name in self._rounds[0]}


def throughput(running: dict[str, RunningServer], plan: MeasurementPlan) -> dict[str, dict[str, Cell]]:
    """Every case in interleaved rounds after one that warms up; creates come last, so that all read the same."""
    cells: dict[str, dict[str, Cell]] = {title: {} for title in running}
    for case in CASES:
        most = MAX_CREATES if case == "create" else UNLIMITED_REQUESTS
        samples = {title: Samples() for title in running}
        for nth in range(plan.rounds + 1):
            for title, one in running.items():
                seconds = plan.seconds if nth else plan.warm
                samples[title].measure(partial(measure_round, one, case, CONNECTIONS, seconds, most), keep=nth > 0)
        for title, taken in samples.items():
            cells[title][case] = taken.to_cell()
    return cells


def measure_round(
    one: RunningServer, case: str, connections: int, seconds: float, most: int = UNLIMITED_REQUESTS
) -> dict[str, float]:
    """One round: requests per second, percentiles, and the CPU of all the server's processes per request."""
    if not one.is_alive():
        raise MeasurementError("its process had ended before this was measured")
    before = one.cpu_seconds()
    result = asyncio.run(
        asyncio.wait_for(run(one.port, one.request_makers[case], connections, seconds, most), seconds + 60)
    )
    cpu = one.cpu_seconds() - before
    for status in result.statuses:
        if not 200 <= status < 300:
            raise MeasurementError(f"{case} was answered {status} under load")
    p50, p99 = (result.percentile(nth) for nth in (50, 99))
    return {"per_second": result.per_second, "p50": p50, "p99": p99, "cpu_us": cpu * 1e6 / len(result.milliseconds)}


def cold_starts(contestants: list[MeasuredServer], plan: MeasurementPlan) -> dict[str, Cell]:
    """Seconds to the first 200 and megabytes then, each in turn."""
    samples = {each.title: Samples() for each in contestants}
    for _ in range(plan.starts):
        for each in contestants:
            samples[each.title].measure(partial(_measure_cold_start, each))
    return {title: taken.to_cell() for title, taken in samples.items()}


def _measure_cold_start(each: MeasuredServer) -> dict[str, float]:
    with each.cold() as tree:
        return {"seconds": perf_counter() - tree.started, "megabytes": tree.megabytes()}


def growth(each: MeasuredServer, plan: MeasurementPlan) -> dict[str, Cell]:
    """A create over one connection with few and with many records, all of them up, in interleaved rounds."""
    cells: dict[str, Cell] = {}
    with ExitStack() as stack:
        up: dict[str, RunningServer] = {}
        for size in map(str, plan.sizes):
            if cells:
                cells[size] = "not tried, for fewer records were too many already"
                continue
            try:
                up[size] = stack.enter_context(each.start(int(size)))
            except MEASUREMENT_ERRORS as why:
                cells[size] = describe_error(why)
        return _measure_interleaved(up, "create", plan) | cells


def measure_filtered_list(
    start: Callable[[int], AbstractContextManager[RunningServer]], plan: MeasurementPlan
) -> dict[str, Cell]:
    """A page of 20 by a declared filter among few and many records, over one connection, in interleaved rounds."""
    with ExitStack() as stack:
        return _measure_interleaved({str(n): stack.enter_context(start(n)) for n in plan.filtered}, "filtered", plan)


def _measure_interleaved(up: dict[str, RunningServer], case: str, plan: MeasurementPlan) -> dict[str, Cell]:
    samples = {size: Samples() for size in up}
    # What a server does once, on the first request after it was filled, belongs to no round.
    for nth in range(plan.rounds + 1):
        for size, one in up.items():
            samples[size].measure(partial(measure_round, one, case, 1, min(plan.seconds, 1.0)), keep=nth > 0)
    return {size: taken.to_cell() for size, taken in samples.items()}


def measure_delayed(each: MeasuredServer, number: int) -> Cell:
    """So many requests that wait for 2 s at once: when the last is answered, and the memory they take meanwhile."""
    if each.delayed is None:
        return "has no way to delay an answer"
    try:
        with each.delayed() as one:
            return asyncio.run(asyncio.wait_for(_send_delayed(one, number), 120))
    except MEASUREMENT_ERRORS as why:
        return describe_error(why)


async def _send_delayed(one: RunningServer, number: int) -> dict[str, float]:
    data = one.request_makers["delayed"](0)
    connections = [await Connection.open(one.port) for _ in range(number)]
    began = perf_counter()
    asks = [asyncio.create_task(connection.send(data)) for connection in connections]
    await asyncio.sleep(SLOW_SECONDS * 0.75)
    megabytes = one.megabytes()
    statuses = await asyncio.gather(*asks)
    seconds = perf_counter() - began
    for connection in connections:
        connection.close()
    if set(statuses) != {200}:
        raise MeasurementError(f"answered {sorted(set(statuses) - {200})}")
    return {"seconds": seconds, "megabytes": megabytes}


def describe_error(why: BaseException) -> str:
    """Trouble in words."""
    if isinstance(why, TimeoutError):
        return "did not end in time"
    return str(why) if isinstance(why, MeasurementError) else f"{type(why).__name__}: {why}"
