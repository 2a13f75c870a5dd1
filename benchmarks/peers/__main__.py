"""Measures Testmode and other mock servers (the peers), and writes the figures to benchmarks/results."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.peers import measurements
from benchmarks.peers.chart import Bar, chart
from benchmarks.peers.definitions import PEERS
from benchmarks.peers.install import ROOT
from benchmarks.peers.measurements import FULL, MEASUREMENT_ERRORS, QUICK, MeasurementPlan
from benchmarks.peers.report import figure, markdown
from benchmarks.peers.results import Results, ServerInfo, machine
from benchmarks.peers.runner import RunningServer
from benchmarks.peers.servers import TESTMODE_ON_DISK, MeasuredServer, collect_servers, preserve_file
from benchmarks.peers.testmode import run_filtered_testmode

CHARTS = {"get": "Get one record by its id", "create": "Create a record"}


def main() -> None:
    arguments = _arguments()
    _raise_file_limit()
    plan = QUICK if arguments.quick else FULL
    with ExitStack() as stack:
        for peer in PEERS:
            if peer.leftover_file:
                stack.enter_context(preserve_file(peer.leftover_file))
        results = measure(plan, arguments.only, arguments.cache)
        write(results, arguments.results or _results_folder(arguments, results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="run one short round of everything, in about two minutes")
    parser.add_argument("--only", nargs="*", metavar="PEER", help="measure only peers whose names contain one of these")
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench", help="folder of the installed peers")
    parser.add_argument(
        "--results",
        type=Path,
        help="folder of the results; default for complete runs: benchmarks/results",
    )
    return parser.parse_args()


def _results_folder(arguments: argparse.Namespace, results: Results) -> Path:
    """Returns the folder of the results; only complete runs that measured Testmode replace the published results."""
    complete = not arguments.quick and arguments.only is None and TESTMODE_ON_DISK in results.loaded
    return ROOT / "benchmarks" / "results" if complete else Path(arguments.cache) / "results"


def _raise_file_limit() -> None:
    """Raises the limit of descriptors, also for the servers: each parked request needs one on both sides."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def measure(plan: MeasurementPlan, only: list[str] | None, cache: Path) -> Results:
    """Installs the peers and measures all servers; ``only`` selects peers by parts of their names."""
    print_progress("installing")
    peers = [peer for peer in PEERS if only is None or any(part in peer.title for part in only)]
    servers, missing = collect_servers(peers, cache.resolve(), plan.timeout)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = {each.title: ServerInfo(each.version, each.state, each.unlike) for each in servers}
    results = Results(when, plan.name, plan.rounds, plan.seconds, machine(), about, missing)
    began = perf_counter()
    print_progress("cold starts")
    results.cold = measurements.measure_cold_starts(servers, plan)
    _measure_load(results, servers, plan)
    for each in servers:
        print_progress(f"growth and parked requests: {each.title}")
        if each.state != "none":
            results.growth[each.title] = measurements.measure_growth(each, plan)
        results.parked[each.title] = {str(number): measurements.measure_delayed(each, number) for number in plan.parked}
    print_progress("filtered list")
    results.filtered = measurements.measure_filtered_list(run_filtered_testmode, plan)
    results.took = perf_counter() - began
    return results


def _measure_load(results: Results, servers: list[MeasuredServer], plan: MeasurementPlan) -> None:
    """Measures throughput while all servers run, and then their memory."""
    with ExitStack() as stack:
        running: dict[str, RunningServer] = {}
        for each in servers:
            print_progress(f"starting {each.title}")
            try:
                running[each.title] = stack.enter_context(each.start(100))
            except MEASUREMENT_ERRORS as error:
                results.missing[each.title] = measurements.describe_error(error)
        print_progress("throughput")
        results.throughput = measurements.measure_throughput(running, plan)
        results.loaded = {title: one.megabytes() for title, one in running.items() if one.is_alive()}


def write(results: Results, folder: Path) -> None:
    """Writes latest.json, latest.md, and a chart of the CPU time per request for each case in CHARTS."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")
    (folder / "latest.md").write_text(markdown(results))
    for case, title in CHARTS.items():
        cells = {name: each[case] for name, each in results.throughput.items()}
        figures = {name: figure(cell, "cpu_us") for name, cell in cells.items()}
        bars = [Bar(name, cpu, _bar_kind(results, name)) for name, cpu in figures.items() if cpu is not None]
        subtitle = "Server CPU per request in µs, 16 connections, 100 records; less is better"
        (folder / f"{case}.svg").write_text(chart(title, subtitle, bars))
    print_progress(f"results written to {folder}")


def _bar_kind(results: Results, title: str) -> str:
    return "ours" if title.startswith(TESTMODE_ON_DISK.partition(",")[0]) else results.about[title].state


def print_progress(text: str) -> None:
    """Prints a line to standard error."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
