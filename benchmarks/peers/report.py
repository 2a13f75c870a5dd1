"""Renders the results of a run as Markdown: tables with ratios to Testmode on disk, and notes on missing figures."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.peers.measurements import Cell
from benchmarks.peers.results import Results
from benchmarks.peers.servers import TESTMODE_ON_DISK

_CASE_TITLES = {"get": "Get one record by its id", "list": "A list of 20", "create": "Create"}


def markdown(results: Results) -> str:
    notes = Notes()
    parts = [
        _head(results),
        *(_throughput(results, case, notes) for case in _CASE_TITLES),
        _growth(results, notes),
        _parked(results, notes),
        _starts(results, notes),
        _filtered(results, notes),
        notes.markdown(results.missing),
        _servers(results),
    ]
    return "\n".join(parts)


class Notes:
    """The reasons for missing figures, numbered in the order of their first use."""

    def __init__(self) -> None:
        self._reasons: list[str] = []

    def mark(self, reason: str) -> str:
        """Returns the number of a reason in brackets, for the table cell without a figure."""
        if reason not in self._reasons:
            self._reasons.append(reason)
        return f"({self._reasons.index(reason) + 1})"

    def markdown(self, missing: dict[str, str]) -> str:
        lines = [f"({nth}) {reason}." for nth, reason in enumerate(self._reasons, 1)]
        lines += [f"{title} was not measured: {reason}." for title, reason in missing.items()]
        return "## What is not there, and why\n\n" + "\n\n".join(lines or ["Everything was measured."]) + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], text_columns: int = 1) -> str:
    """Returns a Markdown table; the first ``text_columns`` are text, the others are figures and aligned right."""
    titles = list(head)
    lines = [titles, ["---"] * text_columns + ["---:"] * (len(titles) - text_columns), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def ratio(figure: float, base: float | None) -> str:
    """Returns the figure divided by the base, or an empty text without a base."""
    return f"{figure / base:.2f}" if base else ""


def figure(cell: Cell | None, name: str) -> float | None:
    """Returns a figure of a cell, or None if the cell has a reason instead."""
    return cell[name] if isinstance(cell, dict) else None


def _head(results: Results) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    return (
        f"# Beside its peers\n\n"
        f"Measured on {results.when} ({results.plan} run, {results.took:.0f} s) on: {machine}.\n\n"
        f"Every figure is the median of {results.rounds} interleaved rounds of {results.seconds:g} s: in each round "
        f"the servers are measured in turn, with the others idle. CPU is the CPU time of all processes of a server. "
        f"Compare the ratios; the absolute figures depend on the machine.\n"
    )


def _throughput(results: Results, case: str, notes: Notes) -> str:
    cells = {title: each[case] for title, each in results.throughput.items()}
    base = figure(cells.get(TESTMODE_ON_DISK), "cpu_us")
    titles = sorted(cells, key=lambda title: figure(cells[title], "cpu_us") or float("inf"))
    head = ("server", "state", "CPU µs per request", "times ours on disk", "requests/s", "p50 ms", "p99 ms")
    rows = [(_format_title(title), results.about[title].state, *_rate(cells[title], base, notes)) for title in titles]
    return f"## {_CASE_TITLES[case]}\n\n16 connections, 100 records.\n\n" + table(head, rows, text_columns=2)


def _rate(cell: Cell, base: float | None, notes: Notes) -> tuple[str, ...]:
    if isinstance(cell, str):
        return (notes.mark(cell), "", "", "", "")
    cpu = cell["cpu_us"]
    return f"{cpu:.0f}", ratio(cpu, base), f"{cell['per_second']:.0f}", f"{cell['p50']:.1f}", f"{cell['p99']:.1f}"


def _growth(results: Results, notes: Notes) -> str:
    sizes = list(next(iter(results.growth.values()), {}))
    head = ("server", "state", *(f"{int(size):,} records" for size in sizes), "last over first")
    rows = []
    for title, cells in results.growth.items():
        first, last = (figure(cells[size], "p50") for size in (sizes[0], sizes[-1]))
        growth = ratio(last, first) if last is not None else ""
        figures = (_format_figure(cells[size], "p50", "{:.2f}", notes) for size in sizes)
        rows.append((_format_title(title), results.about[title].state, *figures, growth))
    return "## A create, the more there is\n\nOne connection, median milliseconds.\n\n" + table(
        head, rows, text_columns=2
    )


def _parked(results: Results, notes: Notes) -> str:
    numbers = list(next(iter(results.parked.values()), {}))
    head = (
        "server",
        *(f"{int(number):,}: {column}" for number in numbers for column in ("all done after s", "MB")),
    )
    rows = []
    for title, cells in results.parked.items():
        forms = (("seconds", "{:.2f}"), ("megabytes", "{:.0f}"))
        rows.append(
            (_format_title(title), *(_format_figure(cells[each], *form, notes) for each in numbers for form in forms))
        )
    return "## Requests that all wait for 2 s\n\n" + table(head, rows)


def _starts(results: Results, notes: Notes) -> str:
    head = ("server", "first 200 after s", "MB then", "MB after all the load")
    rows = [
        (
            _format_title(title),
            _format_figure(cell, "seconds", "{:.2f}", notes),
            _format_figure(cell, "megabytes", "{:.0f}", notes),
            f"{results.loaded[title]:.0f}" if title in results.loaded else "",
        )
        for title, cell in sorted(results.cold.items(), key=lambda item: figure(item[1], "seconds") or float("inf"))
    ]
    text = "From the start of the process to the first 200. Testmode starts with all its providers.\n\n"
    return f"## Cold start and memory\n\n{text}" + table(head, rows)


def _filtered(results: Results, notes: Notes) -> str:
    if not results.filtered:
        return ""
    head = ("records", "median ms", "times the first")
    base = figure(next(iter(results.filtered.values())), "p50")
    rows = []
    for size, cell in results.filtered.items():
        milliseconds = figure(cell, "p50")
        growth = ratio(milliseconds, base) if milliseconds is not None else ""
        rows.append((f"{int(size):,}", _format_figure(cell, "p50", "{:.2f}", notes), growth))
    return "## A page of 20 by a declared filter, ours on disk\n\nOne connection.\n\n" + table(head, rows)


def _servers(results: Results) -> str:
    rows = [(_format_title(title), each.version, each.state, each.unlike) for title, each in results.about.items()]
    head = ("server", "version", "state", "what is not like the others")
    return "## Who they are, and what is not equivalent\n\n" + table(head, rows, text_columns=4)


def _format_figure(cell: Cell, name: str, form: str, notes: Notes) -> str:
    return notes.mark(cell) if isinstance(cell, str) else form.format(cell[name])


def _format_title(title: str) -> str:
    return f"**{title}**" if title.startswith("Testmode") else title
