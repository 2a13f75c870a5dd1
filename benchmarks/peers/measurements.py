"""Measures the servers; a figure that cannot be measured is replaced by the reason for this."""

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
"""The figures by name, or the reason why there are none."""
MEASUREMENT_ERRORS = (
    MeasurementError,
    OSError,
    EOFError,
    TimeoutError,
    ValueError,
    psutil.Error,
    asyncio.LimitOverrunError,
)
"""Errors that a measurement raises when a server ends or does not respond with HTTP."""
CONNECTIONS = 16
MAX_CREATES = 1_000
UNLIMITED_REQUESTS = 1 << 62
SLOW_SECONDS = 2.0


@dataclass(frozen=True)
class MeasurementPlan:
    """The numbers of rounds, starts, records and parked requests of a run, and its times in seconds."""

    name: str
    rounds: int
    seconds: float
    warm_up_seconds: float
    starts: int
    sizes: tuple[int, ...]
    """Numbers of records at which a create is measured."""
    parked: tuple[int, ...]
    filtered: tuple[int, int]
    """Numbers of records at which a filtered list is measured."""
    timeout: float


FULL = MeasurementPlan(
    name="full",
    rounds=3,
    seconds=2.0,
    warm_up_seconds=4.0,
    starts=3,
    sizes=(100, 10_000, 100_000),
    parked=(500, 5_000),
    filtered=(1_000, 100_000),
    timeout=120.0,
)
QUICK = MeasurementPlan(
    name="quick",
    rounds=1,
    seconds=0.6,
    warm_up_seconds=0.6,
    starts=1,
    sizes=(100, 1_000),
    parked=(500,),
    filtered=(1_000, 10_000),
    timeout=10.0,
)


class Samples:
    """The rounds of one cell; after an error, it skips all further rounds and the cell has the reason."""

    def __init__(self) -> None:
        self._rounds: list[dict[str, float]] = []
        self._reason = ""

    def measure(self, measurement: Callable[[], dict[str, float]], keep: bool = True) -> None:
        if self._reason:
            return
        try:
            figures = measurement()
        except MEASUREMENT_ERRORS as error:
            self._reason = describe_error(error)
        else:
            self._rounds += [figures] if keep else []

    def to_cell(self) -> Cell:
        return self._reason or {name: median(each[name] for each in self._rounds) for name in self._rounds[0]}


def measure_throughput(running: dict[str, RunningServer], plan: MeasurementPlan) -> dict[str, dict[str, Cell]]:
    """Measures every case in interleaved rounds after a warm-up; creates are last, so that reads have equal data."""
    cells: dict[str, dict[str, Cell]] = {title: {} for title in running}
    for case in CASES:
        limit = MAX_CREATES if case == "create" else UNLIMITED_REQUESTS
        samples = {title: Samples() for title in running}
        for nth in range(plan.rounds + 1):
            for title, one in running.items():
                seconds = plan.seconds if nth else plan.warm_up_seconds
                samples[title].measure(partial(measure_round, one, case, CONNECTIONS, seconds, limit), keep=nth > 0)
        for title, cell_samples in samples.items():
            cells[title][case] = cell_samples.to_cell()
    return cells


def measure_round(
    one: RunningServer, case: str, connections: int, seconds: float, max_requests: int = UNLIMITED_REQUESTS
) -> dict[str, float]:
    """Runs one round; returns requests per second, percentiles in ms, and server CPU per request in µs.

    Raises MeasurementError if the server has ended or a status is not 2xx.
    """
    if not one.is_alive():
        raise MeasurementError("its process ended before this measurement")
    before = one.cpu_seconds()
    result = asyncio.run(
        asyncio.wait_for(run(one.port, one.request_makers[case], connections, seconds, max_requests), seconds + 60)
    )
    cpu = one.cpu_seconds() - before
    for status in result.statuses:
        if not 200 <= status < 300:
            raise MeasurementError(f"{case} got status {status} under load")
    p50, p99 = (result.percentile(nth) for nth in (50, 99))
    return {"per_second": result.per_second, "p50": p50, "p99": p99, "cpu_us": cpu * 1e6 / len(result.milliseconds)}


def measure_cold_starts(servers: list[MeasuredServer], plan: MeasurementPlan) -> dict[str, Cell]:
    """Starts the servers in turn; measures the seconds to the first 200, and the memory at that time."""
    samples = {each.title: Samples() for each in servers}
    for _ in range(plan.starts):
        for each in servers:
            samples[each.title].measure(partial(_measure_cold_start, each))
    return {title: cell_samples.to_cell() for title, cell_samples in samples.items()}


def _measure_cold_start(each: MeasuredServer) -> dict[str, float]:
    with each.cold() as tree:
        return {"seconds": perf_counter() - tree.started, "megabytes": tree.megabytes()}


def measure_growth(each: MeasuredServer, plan: MeasurementPlan) -> dict[str, Cell]:
    """Measures a create over one connection at each number of records, in interleaved rounds."""
    cells: dict[str, Cell] = {}
    with ExitStack() as stack:
        running: dict[str, RunningServer] = {}
        for size in map(str, plan.sizes):
            if cells:
                cells[size] = "not measured, because a smaller number of records failed already"
                continue
            try:
                running[size] = stack.enter_context(each.start(int(size)))
            except MEASUREMENT_ERRORS as error:
                cells[size] = describe_error(error)
        return _measure_interleaved(running, "create", plan) | cells


def measure_filtered_list(
    start: Callable[[int], AbstractContextManager[RunningServer]], plan: MeasurementPlan
) -> dict[str, Cell]:
    """Measures a filtered page of 20 over one connection at two numbers of records, in interleaved rounds."""
    with ExitStack() as stack:
        return _measure_interleaved({str(n): stack.enter_context(start(n)) for n in plan.filtered}, "filtered", plan)


def _measure_interleaved(running: dict[str, RunningServer], case: str, plan: MeasurementPlan) -> dict[str, Cell]:
    samples = {size: Samples() for size in running}
    # The first round is discarded because it includes one-time work of the server after it was filled.
    for nth in range(plan.rounds + 1):
        for size, one in running.items():
            samples[size].measure(partial(measure_round, one, case, 1, min(plan.seconds, 1.0)), keep=nth > 0)
    return {size: cell_samples.to_cell() for size, cell_samples in samples.items()}


def measure_delayed(each: MeasuredServer, number: int) -> Cell:
    """Sends ``number`` requests that wait for 2 s; measures the seconds to the last response, and the memory."""
    if each.delayed is None:
        return "cannot delay a response"
    try:
        with each.delayed() as one:
            return asyncio.run(asyncio.wait_for(_send_delayed(one, number), 120))
    except MEASUREMENT_ERRORS as error:
        return describe_error(error)


async def _send_delayed(one: RunningServer, number: int) -> dict[str, float]:
    data = one.request_makers["delayed"](0)
    connections = [await Connection.open(one.port) for _ in range(number)]
    began = perf_counter()
    tasks = [asyncio.create_task(connection.send(data)) for connection in connections]
    await asyncio.sleep(SLOW_SECONDS * 0.75)
    megabytes = one.megabytes()
    statuses = await asyncio.gather(*tasks)
    seconds = perf_counter() - began
    for connection in connections:
        connection.close()
    if set(statuses) != {200}:
        raise MeasurementError(f"responded with {sorted(set(statuses) - {200})}")
    return {"seconds": seconds, "megabytes": megabytes}


def describe_error(error: BaseException) -> str:
    """Returns the reason that replaces a figure in the results."""
    if isinstance(error, TimeoutError):
        return "did not finish in time"
    return str(error) if isinstance(error, MeasurementError) else f"{type(error).__name__}: {error}"
