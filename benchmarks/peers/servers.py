"""Collects the servers of a run: Testmode on disk and in memory, and every peer that can be installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.peers.install import MeasurementError, install, version
from benchmarks.peers.peer import Peer
from benchmarks.peers.runner import RunningServer, run_cold_peer, run_peer
from benchmarks.peers.testmode import run_cold_testmode, run_testmode_peer
from benchmarks.servers import ProcessTree
from mockserver import __version__

TESTMODE_ON_DISK = "Testmode, on disk"
TESTMODE_IN_MEMORY = "Testmode, in memory"


@dataclass(frozen=True)
class MeasuredServer:
    """A server that can be started with a number of records, with delayed responses, or cold until its first 200."""

    title: str
    version: str
    state: str
    unlike: str
    start: Callable[[int], AbstractContextManager[RunningServer]]
    cold: Callable[[], AbstractContextManager[ProcessTree]]
    delayed: Callable[[], AbstractContextManager[RunningServer]] | None


def testmode_servers() -> list[MeasuredServer]:
    return [
        _testmode_server(
            TESTMODE_ON_DISK,
            True,
            "A create is on disk (fsync) before its response. Key check, limits, validation and journal are on.",
        ),
        _testmode_server(TESTMODE_IN_MEMORY, False, "The same pipeline, but nothing is written to disk."),
    ]


def _testmode_server(title: str, disk: bool, unlike: str) -> MeasuredServer:
    return MeasuredServer(
        title=title,
        version=__version__,
        state="disk" if disk else "memory",
        unlike=unlike,
        start=partial(run_testmode_peer, disk=disk),
        cold=partial(run_cold_testmode, disk),
        delayed=partial(run_testmode_peer, 20, disk),
    )


def install_peer(peer: Peer, cache: Path, timeout: float) -> MeasuredServer:
    """Installs a peer and returns how to start it; raises MeasurementError if the installation fails."""
    home = install(peer, cache)
    delay = peer.delay
    return MeasuredServer(
        title=peer.title,
        version=version(peer.package, home),
        state=peer.state,
        unlike=peer.unlike,
        start=partial(run_peer, peer, home, timeout=timeout),
        cold=partial(run_cold_peer, peer, home),
        delayed=partial(run_peer, peer, home, 20, delay.arguments, timeout) if delay else None,
    )


def collect_servers(peers: list[Peer], cache: Path, timeout: float) -> tuple[list[MeasuredServer], dict[str, str]]:
    """Returns the servers that can be measured, and the reasons why the other peers cannot be measured."""
    servers, missing = testmode_servers(), {}
    for peer in peers:
        try:
            servers.append(install_peer(peer, cache, timeout))
        except MeasurementError as error:
            missing[peer.title] = str(error)
    return servers, missing


@contextmanager
def preserve_file(path: str) -> Iterator[None]:
    """Moves a file away during the block, then deletes what a peer wrote to its path and restores the file."""
    file, aside = Path(path), Path(f"{path}.aside-{os.getpid()}")
    if file.exists():
        shutil.move(file, aside)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        if aside.exists():
            shutil.move(aside, file)
