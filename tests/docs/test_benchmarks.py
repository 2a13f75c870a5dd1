"""The benchmarks: ratios, reasons, tables and charts from given figures; pinned versions; the load generator."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.load import Connection, Result, run
from benchmarks.peers.chart import Bar, chart
from benchmarks.peers.definitions import PEERS
from benchmarks.peers.install import PINS_FOLDER, MeasurementError
from benchmarks.peers.measurements import Cell, Samples
from benchmarks.peers.peer import Peer, RequestTemplate, record
from benchmarks.peers.report import Notes, markdown, table
from benchmarks.peers.results import Results, ServerInfo
from benchmarks.peers.servers import TESTMODE_IN_MEMORY, TESTMODE_ON_DISK, preserve_file
from benchmarks.servers import ProcessTree

SVG = "{http://www.w3.org/2000/svg}"


def rate(cpu: float) -> Cell:
    return {"per_second": 1e6 / cpu, "p50": cpu / 100, "p99": cpu / 10, "cpu_us": cpu}


def results() -> Results:
    """Results with a fast peer, a slow one that failed half way, and one that was not installed."""
    found = Results("2026-11-22 07:00 UTC", "full", 3, 2.0, {"cores": "2"}, {}, {"Prism": "npm is not on this machine"})
    for title, state in (
        (TESTMODE_ON_DISK, "disk"),
        (TESTMODE_IN_MEMORY, "memory"),
        ("quick", "disk"),
        ("stubs", "none"),
    ):
        found.about[title] = ServerInfo("1.2.3", state, "nothing")
    cpu = {TESTMODE_ON_DISK: 200.0, TESTMODE_IN_MEMORY: 150.0, "quick": 100.0}
    found.throughput = {title: dict.fromkeys(("get", "list", "create"), rate(each)) for title, each in cpu.items()}
    found.throughput["stubs"] = {"get": rate(500.0), "list": rate(500.0), "create": "answered 500"}
    found.growth = {
        TESTMODE_ON_DISK: {"100": {"p50": 0.5}, "100000": {"p50": 0.6}},
        "quick": {"100": {"p50": 1.0}, "100000": "gave no 200 within 120 s"},
    }
    found.parked = {
        TESTMODE_ON_DISK: {"500": {"seconds": 2.1, "megabytes": 74.0}},
        "quick": {"500": "has no way to delay an answer"},
    }
    found.cold = {TESTMODE_ON_DISK: {"seconds": 0.9, "megabytes": 66.0}, "quick": {"seconds": 0.2, "megabytes": 60.0}}
    found.loaded = {TESTMODE_ON_DISK: 98.0}
    found.filtered = {"1000": {"p50": 0.5}, "100000": {"p50": 0.75}}
    return found


def section(text: str, heading: str) -> list[list[str]]:
    """Returns the rows of the table under a heading."""
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_ratios_are_relative_to_testmode_on_disk_and_the_cheapest_is_first() -> None:
    rows = section(markdown(results()), "Get one record by its id")
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("quick", "100", "0.50"),
        (f"**{TESTMODE_IN_MEMORY}**", "150", "0.75"),
        (f"**{TESTMODE_ON_DISK}**", "200", "1.00"),
        ("stubs", "500", "2.50"),
    ]


def test_a_missing_figure_has_a_note_with_the_reason() -> None:
    text = markdown(results())
    assert section(text, "Create")[-1][:4] == ["stubs", "none", "(1)", ""]
    assert "(1) answered 500." in text
    assert "(2) gave no 200 within 120 s." in text
    assert "Prism was not measured: npm is not on this machine." in text


def test_a_repeated_reason_gets_one_note() -> None:
    notes = Notes()
    assert [notes.mark(reason) for reason in ("slow", "gone", "slow")] == ["(1)", "(2)", "(1)"]
    assert notes.markdown({}).count("slow") == 1


def test_growth_is_the_last_size_over_the_first_and_empty_without_a_last() -> None:
    rows = section(markdown(results()), "A create, the more there is")
    assert [row[-1] for row in rows] == ["1.20", ""]
    assert section(markdown(results()), "A page of 20 by a declared filter, ours on disk")[-1] == [
        "100,000",
        "0.75",
        "1.50",
    ]


def test_without_testmode_the_figures_have_no_ratio() -> None:
    found = results()
    del found.throughput[TESTMODE_ON_DISK]
    assert {row[3] for row in section(markdown(found), "A list of 20")} == {""}


def test_a_table_aligns_words_left_and_figures_right() -> None:
    text = table(("name", "state", "n"), [("a", "disk", "1")], text_columns=2)
    assert text == "| name | state | n |\n| --- | --- | ---: |\n| a | disk | 1 |\n"


def parse_chart(*bars: Bar) -> ElementTree.Element:
    return ElementTree.fromstring(chart('A "chart" of <bars>', "less is better", list(bars)))


def test_a_bar_is_as_long_as_its_figure_and_the_shortest_is_first() -> None:
    root = parse_chart(Bar("slow", 400, "none"), Bar("ours", 100, "ours"))
    bars = [(each.get("class"), float(each.get("width", ""))) for each in root.iter(f"{SVG}rect")][:2]
    assert [kind for kind, _ in bars] == ["ours", "none"]
    assert bars[1][1] == pytest.approx(bars[0][1] * 4, rel=0.01)


def test_a_chart_fits_into_its_image_and_labels_every_figure() -> None:
    root = parse_chart(*(Bar(f"server {nth}", 10**nth, "disk") for nth in range(6)))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for each in root.iter(f"{SVG}rect"):
        assert float(each.get("x", "")) + float(each.get("width", "")) < width
        assert float(each.get("y", "")) + float(each.get("height", "")) < height
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "100,000" in texts
    assert 'A "chart" of <bars>' in texts


def test_a_chart_has_light_and_dark_colours_and_a_legend_of_its_bars() -> None:
    root = parse_chart(Bar("ours", 1, "ours"), Bar("stub", 2, "none"))
    style = root.findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for kind in ("ours", "disk", "memory", "none"):
        assert f".{kind}" in light
        assert f".{kind}" in dark
    texts = {each.text for each in root.iter(f"{SVG}text")}
    assert {"Testmode", "keeps no state"} <= texts
    assert "keeps state on disk" not in texts


def test_a_cell_is_the_median_of_the_rounds_that_count() -> None:
    samples = Samples()
    samples.measure(lambda: {"p50": 1_000.0}, keep=False)
    for each in (3.0, 1.0, 2.0):
        samples.measure(lambda each=each: {"p50": each})  # type: ignore[misc]
    assert samples.to_cell() == {"p50": 2.0}


def test_after_an_error_no_round_runs_and_the_cell_is_the_reason() -> None:
    runs: list[str] = []

    def fail() -> dict[str, float]:
        runs.append("run")
        raise MeasurementError("answered 500 under load")

    samples = Samples()
    samples.measure(lambda: {"p50": 1.0})
    samples.measure(fail)
    samples.measure(fail)
    assert samples.to_cell() == "answered 500 under load"
    assert runs == ["run"]


def test_a_server_that_has_ended_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        tree = ProcessTree(process.pid, 0, 0.0)
        assert tree.is_alive()
        assert process.stdin
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not tree.is_alive()


def test_every_peer_is_pinned() -> None:
    npm = json.loads((PINS_FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((PINS_FOLDER / "package-lock.json").read_text())["packages"]
    for peer in PEERS:
        name = peer.package.name
        if peer.package.manager == "npm":
            assert npm[name].rpartition("@")[2] == locked[f"node_modules/{name}"]["version"]
        else:
            assert any(line.startswith(f"{name}==") for line in (PINS_FOLDER / f"{name}.txt").read_text().splitlines())


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.title)
def test_a_peer_with_state_starts_with_its_records_or_is_filled(peer: Peer) -> None:
    text = "".join(peer.files(1_000).values())
    starts_filled = all(record(nth)["id"] in text for nth in (0, 500, 999)) and record(1_000)["id"] not in text
    assert peer.state == "none" or starts_filled != bool(peer.fill)


def test_a_template_with_variables_changes_with_each_request() -> None:
    assert RequestTemplate("POST", "/", "$nth").has_variables()
    assert RequestTemplate("GET", "/", key="Bearer $key").has_variables()
    assert not RequestTemplate("GET", "/$id").has_variables()
    assert b"GET /a HTTP/1.1\r\n" in RequestTemplate("GET", "/$id").bytes("a", 0)
    assert b"Authorization: Bearer 3\r\n" in RequestTemplate("GET", "/", key="Bearer $key").bytes("", 3_999)


def test_an_existing_file_is_restored_after_a_peer_wrote_to_its_path(tmp_path: Path) -> None:
    place = tmp_path / "store.pickle"
    place.write_text("mine")
    with preserve_file(str(place)):
        assert not place.exists()
        place.write_text("the peer's")
    assert place.read_text() == "mine"
    place.unlink()
    with preserve_file(str(place)):
        place.write_text("the peer's")
    assert not place.exists()


@asynccontextmanager
async def serve_response(
    answer: bytes, close: bool = False
) -> AsyncIterator[tuple[int, list[asyncio.Task[None] | None]]]:
    """Runs a server that sends one fixed response, and yields its port and the tasks of its connections."""
    seen: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(asyncio.current_task())
        while await reader.readline():
            while await reader.readline() not in (b"\r\n", b""):
                pass
            writer.write(answer)
            if close:
                break
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen
        await asyncio.gather(*(each for each in seen if each))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "close", "expected", "connections"),
    [
        (b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok", False, (201, b"ok"), 1),
        (CHUNKED, False, (200, b"abc0123456789abcdef"), 1),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, (204, b""), 1),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", True, (200, b"to the end"), 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", True, (200, b"ok"), 2),
    ],
)
def test_the_load_generator_reads_responses_of_every_framing(
    answer: bytes, close: bool, expected: tuple[int, bytes], connections: int
) -> None:
    async def exchange_twice() -> tuple[list[tuple[int, bytes]], int]:
        async with serve_response(answer, close) as (port, seen):
            connection = await Connection.open(port)
            answers = [await connection.exchange(REQUEST) for _ in range(2)]
            connection.close()
            return answers, len(seen)

    assert asyncio.run(exchange_twice()) == ([expected, expected], connections)


def test_a_single_response_is_every_percentile_of_its_run() -> None:
    assert [Result([7.0]).percentile(nth) for nth in (50, 99)] == [7.0, 7.0]
    assert Result([1.0, 2.0, 3.0]).percentile(50) == 2.0


def test_the_load_generator_sends_exactly_the_given_number_of_requests() -> None:
    async def run_load(make_request: Callable[[int], bytes]) -> int:
        async with serve_response(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (port, _):
            return len((await run(port, make_request, 4, 60.0, 10)).milliseconds)

    numbers: list[int] = []

    def make_request(nth: int) -> bytes:
        numbers.append(nth)
        return REQUEST

    assert asyncio.run(run_load(make_request)) == 10
    assert sorted(numbers) == list(range(10))
