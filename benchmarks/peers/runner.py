"""Starts a peer on a free port with so many records, and stops all of it."""

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
    """A contestant that is up: its processes, and the bytes of what it is asked."""

    def __init__(self, tree: ProcessTree, asks: Mapping[str, RequestMaker]) -> None:
        super().__init__(tree.processes()[0].pid, tree.port, tree.started)
        self.request_makers = asks


@contextmanager
def running(
    peer: Peer, home: Path, records: int, arguments: tuple[str, ...] = (), patience: float = TIMEOUT_SECONDS
) -> Iterator[RunningServer]:
    """A peer that has its records and answers."""
    with _run_process(peer, home, records, arguments, patience) as tree:
        serial = count()
        for ask in peer.prepare:
            asyncio.run(_send(tree.port, ask.bytes("", 0)))
        if peer.fill:
            _fill_records(peer, tree, records, serial, patience)
        id = _first_id(peer, tree) if records else ""
        asks = {name: request_maker(getattr(peer.requests, name), id, serial) for name in CASES}
        if peer.delay:
            asks["delayed"] = request_maker(peer.delay.request, id, serial)
        for name in ("get", "list"):
            if b"ector" not in (said := asyncio.run(_send(tree.port, asks[name](0)))):
                raise MeasurementError(f"{name} is answered without a sector: {said[:100].decode(errors='replace')}")
        yield RunningServer(tree, asks)


def request_maker(ask: RequestTemplate, id: str, serial: count[int]) -> RequestMaker:
    """The bytes of each request; made once where all are the same."""
    if ask.changes():
        return lambda _nth: ask.bytes(id, next(serial))
    data = ask.bytes(id, 0)
    return lambda _nth: data


@contextmanager
def run_cold_peer(peer: Peer, home: Path) -> Iterator[ProcessTree]:
    """A peer as it is at its first 200."""
    with _run_process(peer, home, 1, (), TIMEOUT_SECONDS) as tree:
        yield tree


@contextmanager
def _run_process(
    peer: Peer, home: Path, records: int, arguments: tuple[str, ...], patience: float
) -> Iterator[ProcessTree]:
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        names = {"port": port, "spare": free_port(), "home": home}
        for path, text in peer.files(records).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text.replace("$port", str(port)))
        command = [Template(part).substitute(names) for part in (*peer.command, *arguments)]
        with (folder / "said").open("wb") as said:
            began = perf_counter()
            process = _popen(command, folder, peer.environment, said.fileno())
        try:
            _wait_until_ready(peer, process, port, folder / "said", patience)
            yield ProcessTree(process.pid, port, began)
        finally:
            stop_process_tree(process)


def _popen(command: list[str], folder: Path, more: Mapping[str, str], said: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, cwd=folder, env={**os.environ, **more}, stdout=subprocess.DEVNULL, stderr=said)
    except FileNotFoundError as missing:
        raise MeasurementError(f"{command[0]} is not on this machine") from missing


def _wait_until_ready(peer: Peer, process: subprocess.Popen[bytes], port: int, said: Path, patience: float) -> None:
    """Until the first 200, which ends a cold start."""
    data = peer.requests.ready.bytes(record(FIRST_RECORD)["id"], 0)
    until = perf_counter() + patience
    while perf_counter() < until and process.poll() is None:
        with suppress(OSError, asyncio.IncompleteReadError, MeasurementError):
            asyncio.run(_send(port, data))
            return
        sleep(0.005)
    lines = said.read_text(errors="replace").strip().splitlines()
    why = "ended" if process.poll() is not None else f"gave no 200 within {patience:.0f} s"
    raise MeasurementError(f"{why}{': ' if lines else ''}{lines[-1] if lines else ''}")


async def _send(port: int, data: bytes) -> bytes:
    connection = await Connection.open(port)
    try:
        status, body = await asyncio.wait_for(connection.exchange(data), 30)
    except TimeoutError as slow:
        raise MeasurementError("no answer within 30 s") from slow
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise MeasurementError(f"answered {status}: {body[:200].decode(errors='replace')}")
    return body


def _fill_records(peer: Peer, tree: ProcessTree, records: int, serial: count[int], patience: float) -> None:
    assert peer.fill
    fill, wanted = peer.fill, -(-records // peer.fill.each)

    def make(nth: int) -> bytes:
        return fill.request(nth).bytes("", next(serial))

    result = asyncio.run(run(tree.port, make, 4, patience, wanted))
    refused = [status for status in result.statuses if not 200 <= status < 300]
    done = len(result.milliseconds)
    if refused or done < wanted:
        why = f"answered {refused[0]}" if refused else f"only {done * fill.each:,} were in after {patience:.0f} s"
        raise MeasurementError(f"filling it with {records:,} records: {why}")


def _first_id(peer: Peer, tree: ProcessTree) -> str:
    if not peer.id_in_list:
        return record(FIRST_RECORD)["id"]
    found = json.loads(asyncio.run(_send(tree.port, peer.requests.list.bytes("", 0))))
    for step in peer.id_in_list:
        found = found[step]
    return str(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_process_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started."""
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
