"""``python -m benchmarks.peers``: measures Testmode beside its peers and writes benchmarks/results."""

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
    """Install, measure, write."""
    asked = _arguments()
    _raise_file_limit()
    plan = QUICK if asked.quick else FULL
    with ExitStack() as stack:
        for peer in PEERS:
            if peer.leftover_file:
                stack.enter_context(preserve_file(peer.leftover_file))
        results = measure(plan, asked.only, asked.cache)
        write(results, asked.results or _results_folder(asked, results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of everything, in under two minutes")
    parser.add_argument("--only", nargs="*", metavar="PEER", help="these peers only, by a part of their names")
    parser.add_argument("--cache", type=Path, default=ROOT / ".bench", help="where peers are installed")
    parser.add_argument("--results", type=Path, help="where it is written; only a whole run goes to benchmarks/results")
    return parser.parse_args()


def _results_folder(asked: argparse.Namespace, results: Results) -> Path:
    """What is shown comes from whole runs only, in which ours was measured."""
    whole = not asked.quick and asked.only is None and TESTMODE_ON_DISK in results.loaded
    return ROOT / "benchmarks" / "results" if whole else Path(asked.cache) / "results"


def _raise_file_limit() -> None:
    """Parked requests need a descriptor each, here and in the servers, which inherit the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def measure(plan: MeasurementPlan, only: list[str] | None, cache: Path) -> Results:
    """Everything the plan says, of everybody there is."""
    say("installing")
    peers = [peer for peer in PEERS if only is None or any(part in peer.title for part in only)]
    taking, missing = collect_servers(peers, cache.resolve(), plan.patience)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = {each.title: ServerInfo(each.version, each.state, each.unlike) for each in taking}
    results = Results(when, plan.name, plan.rounds, plan.seconds, machine(), about, missing)
    began = perf_counter()
    say("cold starts")
    results.cold = measurements.cold_starts(taking, plan)
    _measure_load(results, taking, plan)
    for each in taking:
        say(f"growth and parking of {each.title}")
        if each.state != "none":
            results.growth[each.title] = measurements.growth(each, plan)
        results.parked[each.title] = {str(number): measurements.measure_delayed(each, number) for number in plan.parked}
    say("filter")
    results.filtered = measurements.measure_filtered_list(run_filtered_testmode, plan)
    results.took = perf_counter() - began
    return results


def _measure_load(results: Results, taking: list[MeasuredServer], plan: MeasurementPlan) -> None:
    """Throughput with all servers up, and the memory each has taken after it."""
    with ExitStack() as stack:
        up: dict[str, RunningServer] = {}
        for each in taking:
            say(f"starting {each.title}")
            try:
                up[each.title] = stack.enter_context(each.start(100))
            except MEASUREMENT_ERRORS as why:
                results.missing[each.title] = measurements.describe_error(why)
        say("throughput")
        results.throughput = measurements.throughput(up, plan)
        results.loaded = {title: one.megabytes() for title, one in up.items() if one.is_alive()}


def write(results: Results, folder: Path) -> None:
    """latest.json, latest.md and a chart for each of the CPU figures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")
    (folder / "latest.md").write_text(markdown(results))
    for case, title in CHARTS.items():
        cells = {name: each[case] for name, each in results.throughput.items()}
        found = {name: figure(cell, "cpu_us") for name, cell in cells.items()}
        bars = [Bar(name, cpu, _bar_kind(results, name)) for name, cpu in found.items() if cpu is not None]
        said = "Server CPU per request in µs, 16 connections, 100 records; less is better"
        (folder / f"{case}.svg").write_text(chart(title, said, bars))
    say(f"written to {folder}")


def _bar_kind(results: Results, title: str) -> str:
    return "ours" if title.startswith(TESTMODE_ON_DISK.partition(",")[0]) else results.about[title].state


def say(what: str) -> None:
    """What it is at."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
