"""Who takes part: ours twice and every peer that can be installed, all started in the same way."""

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
from benchmarks.peers.runner import RunningServer, run_cold_peer, running
from benchmarks.peers.testmode import run_cold_testmode, run_testmode_peer
from benchmarks.servers import ProcessTree
from mockserver import __version__

TESTMODE_ON_DISK = "Testmode, on disk"
TESTMODE_IN_MEMORY = "Testmode, in memory"


@dataclass(frozen=True)
class MeasuredServer:
    """How one is started: with so many records, with its answers delayed, and for the first 200 alone."""

    title: str
    version: str
    state: str
    unlike: str
    start: Callable[[int], AbstractContextManager[RunningServer]]
    cold: Callable[[], AbstractContextManager[ProcessTree]]
    delayed: Callable[[], AbstractContextManager[RunningServer]] | None


def testmode_servers() -> list[MeasuredServer]:
    """Ours, with its state on disk and in memory."""
    return [
        _testmode_server(
            TESTMODE_ON_DISK,
            True,
            "A create is on the disk (fsync) before its answer. Key, limits, validation and journal are on.",
        ),
        _testmode_server(TESTMODE_IN_MEMORY, False, "The same pipeline; nothing is written."),
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


def install_peer(peer: Peer, cache: Path, patience: float) -> MeasuredServer:
    """A peer, installed; raises Unable when that cannot be."""
    home = install(peer, cache)
    delay = peer.delay
    return MeasuredServer(
        title=peer.title,
        version=version(peer.package, home),
        state=peer.state,
        unlike=peer.unlike,
        start=partial(running, peer, home, patience=patience),
        cold=partial(run_cold_peer, peer, home),
        delayed=partial(running, peer, home, 20, delay.arguments, patience) if delay else None,
    )


def collect_servers(peers: list[Peer], cache: Path, patience: float) -> tuple[list[MeasuredServer], dict[str, str]]:
    """Everybody who can take part, and why the others cannot."""
    taking, missing = testmode_servers(), {}
    for peer in peers:
        try:
            taking.append(install_peer(peer, cache, patience))
        except MeasurementError as why:
            missing[peer.title] = str(why)
    return taking, missing


@contextmanager
def preserve_file(path: str) -> Iterator[None]:
    """What a peer writes at a fixed place is not left there, and what lay there before is put back."""
    place, aside = Path(path), Path(f"{path}.aside-{os.getpid()}")
    if place.exists():
        shutil.move(place, aside)
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        if aside.exists():
            shutil.move(aside, place)
