"""A disk in memory that can lose its power, and what it says when it is asked to do what it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mockserver.storage.tinydb.files import FileSystem

ROOT = Path("/disk")


@dataclass(slots=True)
class Inode:
    """A file's bytes as processes see them, and as they would be after a power cut."""

    data: bytes = b""
    synced: bytes = b""


DIRECTORY = Inode()
DirectoryEntries = dict[Path, Inode]
DiskContents = frozenset[tuple[Path, bytes]]


@cache
def parent_directories(path: Path) -> tuple[Path, ...]:
    """The directories a path is in, nearest first: the same objects each time, which dictionaries find soonest."""
    return tuple(path.parents)


def children_of(directory: Path, names: DirectoryEntries) -> list[Path]:
    """The names of what is in a directory itself."""
    depth = len(parent_directories(directory))
    return [each for each in names if len(parents := parent_directories(each)) == depth + 1 and parents[0] == directory]


class SimulatedDisk(FileSystem):
    """Every deed asks ``before_operation`` first, which may raise what the system would, or note where things stand."""

    def __init__(self, names: DirectoryEntries | None = None) -> None:
        self.names: DirectoryEntries = names or {Path("/"): DIRECTORY, ROOT: DIRECTORY}
        self.synced: DirectoryEntries = dict(self.names)
        self.changes: list[tuple[Path, ...]] = []
        """Which names have come, gone or changed since their directory was waited for, deed by deed."""
        self.handles: dict[int, Inode] = {}
        self.before_operation: Callable[[str], None] = lambda deed: None
        self.during_append: Callable[[Inode, bytes], None] = lambda inode, data: None
        self.partial_write_size: Callable[[int], int] = lambda size: size // 2
        """How much of an append is there when it fails."""
        self._next_handle = 1000

    def _get_or_create_inode(self, path: Path) -> Inode:
        if path.parent not in self.names:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        if path not in self.names:
            self.changes.append((path,))
        return self.names.setdefault(path, Inode())

    def _allocate_handle(self, inode: Inode) -> int:
        self._next_handle += 1
        self.handles[self._next_handle] = inode
        return self._next_handle

    def make_directory(self, path: Path) -> None:
        self.before_operation("make_directory")
        self._get_or_create_inode(path)
        self.names[path] = DIRECTORY

    def lock(self, path: Path) -> int:
        self.before_operation("lock")
        return self._allocate_handle(self._get_or_create_inode(path))

    def open_append(self, path: Path) -> int:
        self.before_operation("open_append")
        return self._allocate_handle(self._get_or_create_inode(path))

    def create(self, path: Path) -> int:
        self.before_operation("create")
        if path in self.names:
            raise FileExistsError(17, "File exists", str(path))
        return self._allocate_handle(self._get_or_create_inode(path))

    def append(self, handle: int, data: bytes) -> None:
        inode = self.handles[handle]
        self.during_append(inode, data)
        try:
            self.before_operation("append")
        except OSError:  # as much of it as there was room for
            inode.data += data[: self.partial_write_size(len(data))]
            raise
        inode.data += data

    def fsync(self, handle: int) -> None:
        self.before_operation("fsync")
        self.handles[handle].synced = self.handles[handle].data

    def truncate(self, handle: int, size: int) -> None:
        self.before_operation("truncate")
        self.handles[handle].data = self.handles[handle].data[:size]

    def close(self, handle: int) -> None:
        del self.handles[handle]

    def read(self, path: Path) -> bytes | None:
        self.before_operation("read")
        return self.names[path].data if path in self.names else None

    def exists(self, path: Path) -> bool:
        return path in self.names

    def link_or_copy(self, path: Path, copy: Path) -> None:
        self.before_operation("keep")
        if copy in self.names:
            raise FileExistsError(17, "File exists", str(copy))
        self.names[copy] = self.names[path]
        self.changes.append((copy,))

    def replace(self, source: Path, target: Path) -> None:
        self.before_operation("replace")
        self.names[target] = self.names.pop(source)
        self.changes.append((source, target))

    def unlink(self, path: Path) -> None:
        self.before_operation("unlink")
        if self.names.pop(path, None) is not None:
            self.changes.append((path,))

    def list(self, directory: Path) -> list[str]:
        self.before_operation("list")
        return sorted(path.name for path in children_of(directory, self.names))

    def sync_directory(self, path: Path) -> None:
        self.before_operation("sync_directory")
        self.changes = [change for change in self.changes if change[0].parent != path]
        for each in children_of(path, self.synced):
            del self.synced[each]
        self.synced |= {each: self.names[each] for each in children_of(path, self.names)}

    def contents(self) -> DiskContents:
        """All that a process finds that looks at every name."""
        return frozenset((path, b"/" if inode is DIRECTORY else inode.data) for path, inode in self.names.items())

    def image(self) -> DiskImage:
        """How things stand on the disk at this moment."""
        names, lasting, last = dict(self.names), dict(self.synced), dict(self.synced)
        for path in self.changes[-1] if self.changes else ():
            last.pop(path, None)
            last.update({path: names[path]} if path in names else {})
        contents = {id(inode): (inode.data, inode.synced) for inode in (*names.values(), *lasting.values())}
        return DiskImage({"all": names, "none": lasting, "last": last}, contents)


def _tear_last_page(data: bytes, lasting: bytes) -> bytes:
    """What never was waited for: half of it came to the disk, and the rest of its page as zeros."""
    if not data.startswith(lasting):
        return lasting
    half = (len(data) + len(lasting)) // 2
    return data[:half] + bytes(len(data) - half)


CRASH_OUTCOMES: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    "the process dies": ("all", lambda data, lasting: data),
    "power lost, nothing unsynced is there": ("none", lambda data, lasting: lasting),
    "power lost, names are there and contents are not": ("all", lambda data, lasting: lasting),
    "power lost, of all names only the last is there": ("last", lambda data, lasting: lasting),
    "power lost, the last page is torn": ("all", _tear_last_page),
}
"""Which of the names that were not waited for are there afterwards, and what is left of each file's bytes."""


@dataclass(frozen=True)
class DiskImage:
    """A disk as it stood at one moment, to be found again by the next process."""

    names: dict[str, DirectoryEntries]
    contents: dict[int, tuple[bytes, bytes]]

    def recover(self, outcome: str) -> SimulatedDisk:
        """The disk as the next process finds it."""
        which, left = CRASH_OUTCOMES[outcome]
        names = self.names[which]
        fresh = {
            id(inode): Inode(*[left(*self.contents[id(inode)])] * 2)
            for inode in names.values()
            if inode is not DIRECTORY
        }
        reached = [path for path in names if all(parent in names for parent in parent_directories(path))]
        return SimulatedDisk({path: fresh.get(id(names[path]), DIRECTORY) for path in reached})
