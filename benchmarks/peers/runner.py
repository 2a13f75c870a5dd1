"""Starts a peer on a free port with a number of records, and stops all its processes afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import psutil

from benchmarks.load import Connection, run
from benchmarks.peers.install import MeasurementError
from benchmarks.peers.peer import FIRST_RECORD, Peer, RequestTemplate, record
from benchmarks.servers import ProcessTree

TIMEOUT_SECONDS = 120.0
CASES = ("get", "list", "create")
RequestMaker = Callable[[int], bytes]


class RunningServer(ProcessTree):
    """The processes of a server that is ready, and functions that make its requests by case."""

    def __init__(self, tree: ProcessTree, request_makers: Mapping[str, RequestMaker]) -> None:
        super().__init__(tree.processes()[0].pid, tree.port, tree.started)
        self.request_makers = request_makers


@contextmanager
def run_peer(
    peer: Peer, home: Path, records: int, arguments: tuple[str, ...] = (), timeout: float = TIMEOUT_SECONDS
) -> Iterator[RunningServer]:
    """Starts a peer and fills it with records; raises MeasurementError if it does not respond as expected."""
    with _run_process(peer, home, records, arguments, timeout) as tree:
        serial = count()
        for template in peer.prepare:
            asyncio.run(_send(tree.port, template.bytes("", 0)))
        if peer.fill:
            _fill_records(peer, tree, records, serial, timeout)
        id = _first_id(peer, tree) if records else ""
        makers = {name: request_maker(getattr(peer.requests, name), id, serial) for name in CASES}
        if peer.delay:
            makers["delayed"] = request_maker(peer.delay.request, id, serial)
        for name in ("get", "list"):
            if b"ector" not in (body := asyncio.run(_send(tree.port, makers[name](0)))):
                raise MeasurementError(f"the response to {name} has no sector: {body[:100].decode(errors='replace')}")
        yield RunningServer(tree, makers)


def request_maker(template: RequestTemplate, id: str, serial: count[int]) -> RequestMaker:
    """Returns a function that returns the bytes of a request; if all requests are equal, the bytes are made once."""
    if template.has_variables():
        return lambda _nth: template.bytes(id, next(serial))
    data = template.bytes(id, 0)
    return lambda _nth: data


@contextmanager
def run_cold_peer(peer: Peer, home: Path) -> Iterator[ProcessTree]:
    """Starts a peer with one record and yields at its first 200."""
    with _run_process(peer, home, 1, (), TIMEOUT_SECONDS) as tree:
        yield tree


@contextmanager
def _run_process(
    peer: Peer, home: Path, records: int, arguments: tuple[str, ...], timeout: float
) -> Iterator[ProcessTree]:
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        names = {"port": port, "spare": free_port(), "home": home}
        for path, text in peer.files(records).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text.replace("$port", str(port)))
        command = [Template(part).substitute(names) for part in (*peer.command, *arguments)]
        with (folder / "stderr").open("wb") as stderr:
            began = perf_counter()
            process = _popen(command, folder, peer.environment, stderr.fileno())
        try:
            _wait_until_ready(peer, process, port, folder / "stderr", timeout)
            yield ProcessTree(process.pid, port, began)
        finally:
            stop_process_tree(process)


def _popen(command: list[str], folder: Path, variables: Mapping[str, str], stderr: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=stderr
        )
    except FileNotFoundError as missing:
        raise MeasurementError(f"{command[0]} is not installed on this machine") from missing


def _wait_until_ready(peer: Peer, process: subprocess.Popen[bytes], port: int, stderr: Path, timeout: float) -> None:
    """Waits for the first 2xx, which ends a cold start; raises MeasurementError after ``timeout`` seconds."""
    data = peer.requests.ready.bytes(record(FIRST_RECORD)["id"], 0)
    until = perf_counter() + timeout
    while perf_counter() < until and process.poll() is None:
        with suppress(OSError, asyncio.IncompleteReadError, MeasurementError):
            asyncio.run(_send(port, data))
            return
        sleep(0.005)
    lines = stderr.read_text(errors="replace").strip().splitlines()
    reason = "its process ended" if process.poll() is not None else f"no 200 within {timeout:.0f} s"
    raise MeasurementError(f"{reason}{': ' if lines else ''}{lines[-1] if lines else ''}")


async def _send(port: int, data: bytes) -> bytes:
    connection = await Connection.open(port)
    try:
        status, body = await asyncio.wait_for(connection.exchange(data), 30)
    except TimeoutError as slow:
        raise MeasurementError("no response within 30 s") from slow
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise MeasurementError(f"responded with {status}: {body[:200].decode(errors='replace')}")
    return body


def _fill_records(peer: Peer, tree: ProcessTree, records: int, serial: count[int], timeout: float) -> None:
    assert peer.fill
    fill, number = peer.fill, -(-records // peer.fill.each)

    def make(nth: int) -> bytes:
        return fill.request(nth).bytes("", next(serial))

    result = asyncio.run(run(tree.port, make, 4, timeout, number))
    refused = [status for status in result.statuses if not 200 <= status < 300]
    done = len(result.milliseconds)
    if refused or done < number:
        reason = f"status {refused[0]}" if refused else f"only {done * fill.each:,} after {timeout:.0f} s"
        raise MeasurementError(f"it could not be filled with {records:,} records: {reason}")


def _first_id(peer: Peer, tree: ProcessTree) -> str:
    if not peer.id_in_list:
        return record(FIRST_RECORD)["id"]
    value = json.loads(asyncio.run(_send(tree.port, peer.requests.list.bytes("", 0))))
    for step in peer.id_in_list:
        value = value[step]
    return str(value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_process_tree(process: subprocess.Popen[bytes]) -> None:
    """Terminates a process and its child processes; kills them after 5 s."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        for member in (*family, psutil.Process(process.pid)):
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        for member in psutil.wait_procs(family, timeout=5)[1]:
            member.kill()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
