"""The write-ahead log of one sandbox: every committed transaction, in the file before its answer goes out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mockserver.storage.base import StoreDamaged, StoreError, WriteTimes
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path, to_store_error
from mockserver.storage.tinydb.log_format import LogScan, encode, read_records

_log = logging.getLogger(__name__)


class WriteAheadLog:
    """The log file of one open sandbox."""

    def __init__(self, paths: SandboxPaths, disk: Disk) -> None:
        self._paths, self._disk, self._files = paths, disk, disk.files
        self._path = paths.log
        self._handle = -1
        self._sync_lock = threading.Lock()
        self._seq = self._synced = 0
        self.size = 0
        self.clock: Callable[[], WriteTimes | None] = lambda: None
        """What time it is; None while nobody has said who knows."""
        self.written: WriteTimes | None = None
        """When the newest record was written."""

    @property
    def seq(self) -> int:
        """The number of the newest record, in the log or in the checkpoint before it."""
        return self._seq

    def open(self, last_seq: int) -> LogScan:
        """Begin to append, and answer what was written behind last_seq; a torn tail is cut off with a warning."""
        data = self._files.read(self._path)
        if data is None and last_seq:
            raise StoreDamaged(f"{self._path}: missing, though {self._paths.checkpoint.name} is there")
        reading = read_records(self._path, data or b"", last_seq)
        self._handle = self._files.open_append(self._path)
        self._seq = self._synced = reading.seq
        self.size = reading.size
        self._cut_torn_tail(len(data or b""))
        if not self.size:  # a file that holds nothing yet may be one whose name is not on the disk yet
            self._files.sync_directory(self._path.parent)
        return reading

    def _cut_torn_tail(self, found: int) -> None:
        torn = found - self.size
        if torn:
            _log.warning("%s: torn tail cut off at byte %d, %d bytes dropped", self._path, self.size, torn)
            self._files.truncate(self._handle, self.size)
            self._disk.torn_tails += 1
            self._disk.torn_bytes += torn
        if found:  # what a process wrote that died before its fsync will be shown, so it has to last
            self._disk.fsync(self._handle)

    def append(self, ops: bytes) -> int:
        """Put one record at the end and answer its seq; StoreError when it could not be, and then nothing is there.

        The caller holds the sandbox's lock; whether the record is on the disk is for ``sync`` to say.
        """
        self._disk.refuse_if_failed()
        written = self.clock()
        line = encode(self._seq + 1, written, ops)
        try:
            self._files.append(self._handle, line)
        except BaseException as error:
            self._rewind()
            if isinstance(error, OSError):
                raise to_store_error(f"{self._path}: {len(line)} bytes could not be written", error) from error
            raise
        self.size += len(line)
        self._seq += 1
        self.written = written or self.written
        return self._seq

    def _rewind(self) -> None:
        try:
            self._files.truncate(self._handle, self.size)
        except OSError as error:
            raise self._disk.mark_failed(self._path, "cutting off a half written record", error) from error

    def sync(self, seq: int) -> None:
        """Wait until the record of that seq is on the disk; the first to come does it for all that wait behind."""
        with self._sync_lock:
            if self._synced >= seq:
                return
            self._disk.refuse_if_failed()
            if self._handle < 0:
                raise StoreError(f"{self._path}: closed before record {seq} was known to be on the disk")
            self._disk.before_fsync()
            newest = self._seq
            self._fsync()
            self._synced = newest

    def _fsync(self) -> None:
        try:
            self._disk.fsync(self._handle)
        except OSError as error:
            raise self._disk.mark_failed(self._path, "fsync", error) from error

    def rotate(self) -> None:
        """Begin a new file after a checkpoint has taken in every record; the old one stays beside it."""
        with self._sync_lock:
            fresh = self._start_new_file()
            old, self._handle = self._handle, fresh
            self.size, self._synced = 0, self._seq
            self._files.close(old)
            try:
                self._files.sync_directory(self._path.parent)
            except OSError as error:  # after a power cut the old file might be there again, without what comes now
                raise self._disk.mark_failed(self._path.parent, "fsync", error) from error

    def _start_new_file(self) -> int:
        files, draft, previous = self._files, temporary_path(self._path), self._paths.previous_log
        files.unlink(draft)
        fresh = files.open_append(draft)
        try:
            files.unlink(previous)
            files.link_or_copy(self._path, previous)
            files.replace(draft, self._path)
        except OSError:
            files.close(fresh)
            raise
        return fresh

    def close(self) -> None:
        """Let go of the file; who still waits for a record gets StoreError."""
        with self._sync_lock:
            handle, self._handle = self._handle, -1
            if handle >= 0:
                self._files.close(handle)
