"""A file system in memory whose operations can fail and that can lose power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mockserver.storage.tinydb.files import FileSystem

ROOT = Path("/disk")


@dataclass(slots=True)
class Inode:
    """A file: its bytes as processes read them, and the bytes that survive a power loss."""

    data: bytes = b""
    synced: bytes = b""


DIRECTORY = Inode()
DirectoryEntries = dict[Path, Inode]
DiskContents = frozenset[tuple[Path, bytes]]


@cache
def parent_directories(path: Path) -> tuple[Path, ...]:
    """Returns the directories of a path, nearest first; the cache returns equal paths as the same objects."""
    return tuple(path.parents)


def children_of(directory: Path, names: DirectoryEntries) -> list[Path]:
    """Returns the paths directly in a directory."""
    depth = len(parent_directories(directory))
    return [each for each in names if len(parents := parent_directories(each)) == depth + 1 and parents[0] == directory]


class SimulatedDisk(FileSystem):
    """Calls ``before_operation`` before every operation; it can raise an OSError or record an image of the disk."""

    def __init__(self, names: DirectoryEntries | None = None) -> None:
        self.names: DirectoryEntries = names or {Path("/"): DIRECTORY, ROOT: DIRECTORY}
        self.synced: DirectoryEntries = dict(self.names)
        self.changes: list[tuple[Path, ...]] = []
        """The paths added, removed or replaced since the last fsync of their directory, one tuple per operation."""
        self.handles: dict[int, Inode] = {}
        self.before_operation: Callable[[str], None] = lambda operation: None
        self.during_append: Callable[[Inode, bytes], None] = lambda inode, data: None
        self.partial_write_size: Callable[[int], int] = lambda size: size // 2
        """(size of an append that fails) -> the number of bytes that are written nevertheless."""
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
        except OSError:  # A part of the bytes is written, as on a full disk.
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
        """Returns every path with its bytes, as a process reads them."""
        return frozenset((path, b"/" if inode is DIRECTORY else inode.data) for path, inode in self.names.items())

    def image(self) -> DiskImage:
        """Returns a copy of the disk at this moment."""
        names, synced, last_change = dict(self.names), dict(self.synced), dict(self.synced)
        for path in self.changes[-1] if self.changes else ():
            last_change.pop(path, None)
            last_change.update({path: names[path]} if path in names else {})
        contents = {id(inode): (inode.data, inode.synced) for inode in (*names.values(), *synced.values())}
        return DiskImage({"all": names, "none": synced, "last": last_change}, contents)


def _tear_last_page(data: bytes, synced: bytes) -> bytes:
    """Half of the bytes that were never synced reach the disk, and the rest of their page is zeros."""
    if not data.startswith(synced):
        return synced
    half = (len(data) + len(synced)) // 2
    return data[:half] + bytes(len(data) - half)


CRASH_OUTCOMES: dict[str, tuple[str, Callable[[bytes, bytes], bytes]]] = {
    "the process dies": ("all", lambda data, synced: data),
    "power lost, nothing unsynced is there": ("none", lambda data, synced: synced),
    "power lost, names are there and contents are not": ("all", lambda data, synced: synced),
    "power lost, of all names only the last is there": ("last", lambda data, synced: synced),
    "power lost, the last page is torn": ("all", _tear_last_page),
}
"""For each kind of crash: which unsynced paths survive, and (bytes, synced bytes) -> the bytes that survive."""


@dataclass(frozen=True)
class DiskImage:
    """A copy of a disk at one moment."""

    names: dict[str, DirectoryEntries]
    contents: dict[int, tuple[bytes, bytes]]

    def recover(self, outcome: str) -> SimulatedDisk:
        """Returns the disk that the next process opens after this kind of crash."""
        which, surviving_bytes = CRASH_OUTCOMES[outcome]
        names = self.names[which]
        inodes = {
            id(inode): Inode(*[surviving_bytes(*self.contents[id(inode)])] * 2)
            for inode in names.values()
            if inode is not DIRECTORY
        }
        reachable = [path for path in names if all(parent in names for parent in parent_directories(path))]
        return SimulatedDisk({path: inodes.get(id(names[path]), DIRECTORY) for path in reachable})
