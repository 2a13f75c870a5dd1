"""Who takes part: ours twice and every peer that can be installed, all started in the same way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.peers.install import Unable, install, version
from benchmarks.peers.ours import cold_ours, ours
from benchmarks.peers.peer import Peer
from benchmarks.peers.running import Running, cold, running
from benchmarks.servers import Tree
from mockserver import __version__

OURS = "Testmode, on disk"
IN_MEMORY = "Testmode, in memory"


@dataclass(frozen=True)
class Contestant:
    """How one is started: with so many records, with its answers delayed, and for the first 200 alone."""

    title: str
    version: str
    state: str
    unlike: str
    start: Callable[[int], AbstractContextManager[Running]]
    cold: Callable[[], AbstractContextManager[Tree]]
    delayed: Callable[[], AbstractContextManager[Running]] | None


def testmode() -> list[Contestant]:
    """Ours, with its state on disk and in memory."""
    return [
        _ours(
            OURS, True, "A create is on the disk (fsync) before its answer. Key, limits, validation and journal are on."
        ),
        _ours(IN_MEMORY, False, "The same pipeline; nothing is written."),
    ]


def _ours(title: str, disk: bool, unlike: str) -> Contestant:
    return Contestant(
        title=title,
        version=__version__,
        state="disk" if disk else "memory",
        unlike=unlike,
        start=partial(ours, disk=disk),
        cold=partial(cold_ours, disk),
        delayed=partial(ours, 20, disk),
    )


def contestant(peer: Peer, cache: Path, patience: float) -> Contestant:
    """A peer, installed; raises Unable when that cannot be."""
    home = install(peer, cache)
    delay = peer.delay
    return Contestant(
        title=peer.title,
        version=version(peer.package, home),
        state=peer.state,
        unlike=peer.unlike,
        start=partial(running, peer, home, patience=patience),
        cold=partial(cold, peer, home),
        delayed=partial(running, peer, home, 20, delay.arguments, patience) if delay else None,
    )


def gathered(peers: list[Peer], cache: Path, patience: float) -> tuple[list[Contestant], dict[str, str]]:
    """Everybody who can take part, and why the others cannot."""
    taking, missing = testmode(), {}
    for peer in peers:
        try:
            taking.append(contestant(peer, cache, patience))
        except Unable as why:
            missing[peer.title] = str(why)
    return taking, missing


@contextmanager
def untouched(path: str) -> Iterator[None]:
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
