"""A disk in memory that can lose its power, and what it says when it is asked to do what it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mockserver.storage.tinydb.files import Files

ROOT = Path("/disk")


@dataclass(slots=True)
class Inode:
    """A file's bytes as processes see them, and as they would be after a power cut."""

    data: bytes = b""
    lasting: bytes = b""


DIRECTORY = Inode()
Names = dict[Path, Inode]
Contents = frozenset[tuple[Path, bytes]]


@cache
def above(path: Path) -> tuple[Path, ...]:
    """The directories a path is in, nearest first: the same objects each time, which dictionaries find soonest."""
    return tuple(path.parents)


def within(directory: Path, names: Names) -> list[Path]:
    """The names of what is in a directory itself."""
    depth = len(above(directory))
    return [each for each in names if len(parents := above(each)) == depth + 1 and parents[0] == directory]


class Simulated(Files):
    """Every deed asks ``before`` first, which may raise what the system would, or note where things stand."""

    def __init__(self, names: Names | None = None) -> None:
        self.names: Names = names or {Path("/"): DIRECTORY, ROOT: DIRECTORY}
        self.lasting: Names = dict(self.names)
        self.changes: list[tuple[Path, ...]] = []
        """Which names have come, gone or changed since their directory was waited for, deed by deed."""
        self.handles: dict[int, Inode] = {}
        self.before: Callable[[str], None] = lambda deed: None
        self.amid: Callable[[Inode, bytes], None] = lambda inode, data: None
        self.written: Callable[[int], int] = lambda size: size // 2
        """How much of an append is there when it fails."""
        self._next_handle = 1000

    def _entry(self, path: Path) -> Inode:
        if path.parent not in self.names:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        if path not in self.names:
            self.changes.append((path,))
        return self.names.setdefault(path, Inode())

    def _opened(self, inode: Inode) -> int:
        self._next_handle += 1
        self.handles[self._next_handle] = inode
        return self._next_handle

    def make_directory(self, path: Path) -> None:
        self.before("make_directory")
        self._entry(path)
        self.names[path] = DIRECTORY

    def lock(self, path: Path) -> int:
        self.before("lock")
        return self._opened(self._entry(path))

    def open_append(self, path: Path) -> int:
        self.before("open_append")
        return self._opened(self._entry(path))

    def create(self, path: Path) -> int:
        self.before("create")
        if path in self.names:
            raise FileExistsError(17, "File exists", str(path))
        return self._opened(self._entry(path))

    def append(self, handle: int, data: bytes) -> None:
        inode = self.handles[handle]
        self.amid(inode, data)
        try:
            self.before("append")
        except OSError:  # as much of it as there was room for
            inode.data += data[: self.written(len(data))]
            raise
        inode.data += data

    def fsync(self, handle: int) -> None:
        self.before("fsync")
        self.handles[handle].lasting = self.handles[handle].data

    def truncate(self, handle: int, size: int) -> None:
        self.before("truncate")
        self.handles[handle].data = self.handles[handle].data[:size]

    def close(self, handle: int) -> None:
        del self.handles[handle]

    def read(self, path: Path) -> bytes | None:
        self.before("read")
        return self.names[path].data if path in self.names else None

    def exists(self, path: Path) -> bool:
        return path in self.names

    def keep(self, path: Path, copy: Path) -> None:
        self.before("keep")
        if copy in self.names:
            raise FileExistsError(17, "File exists", str(copy))
        self.names[copy] = self.names[path]
        self.changes.append((copy,))

    def replace(self, source: Path, target: Path) -> None:
        self.before("replace")
        self.names[target] = self.names.pop(source)
        self.changes.append((source, target))

    def unlink(self, path: Path) -> None:
        self.before("unlink")
        if self.names.pop(path, None) is not None:
            self.changes.append((path,))

    def list(self, directory: Path) -> list[str]:
        self.before("list")
        return sorted(path.name for path in within(directory, self.names))

    def sync_directory(self, path: Path) -> None:
        self.before("sync_directory")
        self.changes = [change for change in self.changes if change[0].parent != path]
        for each in within(path, self.lasting):
            del self.lasting[each]
        self.lasting |= {each: self.names[each] for each in within(path, self.names)}

    def contents(self) -> Contents:
        """All that a process finds that looks at every name."""
        return frozenset((path, b"/" if inode is DIRECTORY else inode.data) for path, inode in self.names.items())

    def image(self) -> Image:
        """How things stand on the disk at this moment."""
        names, lasting, last = dict(self.names), dict(self.lasting), dict(self.lasting)
        for path in self.changes[-1] if self.changes else ():
            last.pop(path, None)
            last.update({path: names[path]} if path in names else {})
        contents = {id(inode): (inode.data, inode.lasting) for inode in (*names.values(), *lasting.values())}
        return Image({"all": names, "none": lasting, "last": last}, contents)


def _torn(data: bytes, lasting: bytes) -> bytes:
    """What never was waited for: half of it came to the disk, and the rest of its page as zeros."""
    if not data.startswith(lasting):
        return lasting
    half = (len(data) + len(lasting)) // 2
    return data[:half] + bytes(len(data) - half)


OUTCOMES: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    "the process dies": ("all", lambda data, lasting: data),
    "power lost, nothing unsynced is there": ("none", lambda data, lasting: lasting),
    "power lost, names are there and contents are not": ("all", lambda data, lasting: lasting),
    "power lost, of all names only the last is there": ("last", lambda data, lasting: lasting),
    "power lost, the last page is torn": ("all", _torn),
}
"""Which of the names that were not waited for are there afterwards, and what is left of each file's bytes."""


@dataclass(frozen=True)
class Image:
    """A disk as it stood at one moment, to be found again by the next process."""

    names: dict[str, Names]
    contents: dict[int, tuple[bytes, bytes]]

    def after(self, outcome: str) -> Simulated:
        """The disk as the next process finds it."""
        which, left = OUTCOMES[outcome]
        names = self.names[which]
        fresh = {
            id(inode): Inode(*[left(*self.contents[id(inode)])] * 2)
            for inode in names.values()
            if inode is not DIRECTORY
        }
        reached = [path for path in names if all(parent in names for parent in above(path))]
        return Simulated({path: fresh.get(id(names[path]), DIRECTORY) for path in reached})
