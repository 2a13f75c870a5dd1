"""The write-ahead log of one sandbox: the file to which each transaction is appended before its reply."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mockserver.storage.base import StoreDamaged, StoreError, WriteTimes
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path, to_store_error
from mockserver.storage.tinydb.log_format import LogScan, encode, read_records

_log = logging.getLogger(__name__)


class WriteAheadLog:
    """The open log file of one sandbox."""

    def __init__(self, paths: SandboxPaths, disk: Disk) -> None:
        self._paths, self._disk, self._files = paths, disk, disk.files
        self._path = paths.log
        self._handle = -1
        self._sync_lock = threading.Lock()
        self._seq = self._synced = 0
        self.size = 0
        self.clock: Callable[[], WriteTimes | None] = lambda: None
        """Returns the times that are written into each record; None until a time source is set."""
        self.written: WriteTimes | None = None
        """When the newest record was written."""

    @property
    def seq(self) -> int:
        """The sequence number of the newest record, in the log or in the checkpoint."""
        return self._seq

    def open(self, last_seq: int) -> LogScan:
        """Opens the file for appending and returns its records after ``last_seq``, the seq of the checkpoint.

        Cuts off a torn tail with a warning. Raises StoreDamaged if the file is damaged before its end, or is missing
        although there is a checkpoint.
        """
        data = self._files.read(self._path)
        if data is None and last_seq:
            raise StoreDamaged(f"{self._path}: missing, although {self._paths.checkpoint.name} exists")
        scan = read_records(self._path, data or b"", last_seq)
        self._handle = self._files.open_append(self._path)
        self._seq = self._synced = scan.seq
        self.size = scan.size
        self._cut_torn_tail(len(data or b""))
        if not self.size:  # The file may be new, so that its directory entry is not on the disk yet.
            self._files.sync_directory(self._path.parent)
        return scan

    def _cut_torn_tail(self, length: int) -> None:
        torn_bytes = length - self.size
        if torn_bytes:
            _log.warning("%s: torn tail cut off at byte %d, %d bytes dropped", self._path, self.size, torn_bytes)
            self._files.truncate(self._handle, self.size)
            self._disk.torn_tails += 1
            self._disk.torn_bytes += torn_bytes
        # The process that wrote these records may have died before its fsync. From now on clients can read them.
        if length:
            self._disk.fsync(self._handle)

    def append(self, ops: bytes) -> int:
        """Appends one record and returns its seq; the record is on the disk only after ``sync``.

        The caller holds the sandbox's lock. If it raises StoreError, the content of the file is unchanged.
        """
        self._disk.refuse_if_failed()
        written = self.clock()
        line = encode(self._seq + 1, written, ops)
        try:
            self._files.append(self._handle, line)
        except BaseException as error:
            self._cut_incomplete_record()
            if isinstance(error, OSError):
                raise to_store_error(f"{self._path}: {len(line)} bytes could not be written", error) from error
            raise
        self.size += len(line)
        self._seq += 1
        self.written = written or self.written
        return self._seq

    def _cut_incomplete_record(self) -> None:
        try:
            self._files.truncate(self._handle, self.size)
        except OSError as error:
            raise self._disk.mark_failed(self._path, "cutting off an incomplete record", error) from error

    def sync(self, seq: int) -> None:
        """Waits until the record with that seq is on the disk; one fsync serves all waiting callers (group commit)."""
        with self._sync_lock:
            if self._synced >= seq:
                return
            self._disk.refuse_if_failed()
            if self._handle < 0:
                raise StoreError(f"{self._path}: closed before the fsync of record {seq}")
            self._disk.before_fsync()
            newest = self._seq  # Read before the fsync, which may not include records that are appended during it.
            self._fsync()
            self._synced = newest

    def _fsync(self) -> None:
        try:
            self._disk.fsync(self._handle)
        except OSError as error:
            raise self._disk.mark_failed(self._path, "fsync", error) from error

    def rotate(self) -> None:
        """Starts a new file after a checkpoint that contains every record, and keeps the old file as previous log."""
        with self._sync_lock:
            new = self._start_new_file()
            old, self._handle = self._handle, new
            self.size, self._synced = 0, self._seq
            self._files.close(old)
            try:
                self._files.sync_directory(self._path.parent)
            except OSError as error:
                # After a power failure the old file could be there again, without the records that follow.
                raise self._disk.mark_failed(self._path.parent, "fsync", error) from error

    def _start_new_file(self) -> int:
        files, temporary, previous = self._files, temporary_path(self._path), self._paths.previous_log
        files.unlink(temporary)
        handle = files.open_append(temporary)
        try:
            files.unlink(previous)
            files.link_or_copy(self._path, previous)
            files.replace(temporary, self._path)
        except OSError:
            files.close(handle)
            raise
        return handle

    def close(self) -> None:
        """Closes the file; a caller that still waits in ``sync`` gets StoreError."""
        with self._sync_lock:
            handle, self._handle = self._handle, -1
            if handle >= 0:
                self._files.close(handle)
