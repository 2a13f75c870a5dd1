"""Checks and repairs a data directory while no server uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mockserver.storage.base import StoreDamaged, StoreError, WriteTimes
from mockserver.storage.tinydb import checkpoint, schema
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.directory import SANDBOXES_FOLDER, list_sandboxes, lock_directory
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path, to_store_error
from mockserver.storage.tinydb.files import FileSystem
from mockserver.storage.tinydb.log_format import scan_records
from mockserver.storage.tinydb.replay import replay


@dataclass(slots=True)
class SandboxReport:
    """The state that one sandbox's files contain, and their damage."""

    sandbox: str
    records: int = 0
    """Number of records in all collections."""
    generation: int = 0
    """Number of checkpoints that have been written."""
    sequence: int = 0
    """The sequence number of the newest undamaged log record."""
    torn_bytes: int = 0
    """Bytes of incomplete records at the ends of the logs; a torn tail is not damage."""
    written: WriteTimes | None = None
    """When the newest undamaged log record was written; None if it has no time."""
    damage: list[str] = field(default_factory=list)
    """One sentence for each damaged or missing file."""
    lost: list[str] = field(default_factory=list)
    """What a repair cannot recover."""


@contextmanager
def open_data_directory(directory: Path, files: FileSystem) -> Iterator[list[SandboxPaths]]:
    """Holds the lock of a data directory and yields the paths of every sandbox that is not marked as deleted.

    Raises StoreError if the directory contains no state, StoreLocked if another process has locked it.
    """
    sandboxes = directory / SANDBOXES_FOLDER
    if not files.exists(sandboxes):
        raise StoreError(f"{directory}: contains no state, because it has no folder {SANDBOXES_FOLDER!r}")
    handle = lock_directory(files, directory)
    try:
        paths = [SandboxPaths(sandboxes, name) for name in list_sandboxes(files, sandboxes)]
        yield [each for each in paths if not files.exists(each.deletion_marker)]
    finally:
        files.close(handle)


def check(paths: SandboxPaths, files: FileSystem) -> SandboxReport:
    """Reports the damage of a sandbox's files and changes nothing; raises StoreError if they cannot be read."""
    return _rebuild_or_raise(paths, files)[0]


def repair(paths: SandboxPaths, files: FileSystem, truncate: bool) -> tuple[SandboxReport, list[Path]]:
    """Replaces damaged files and returns the report and the copies of the old files.

    Changes nothing if nothing is damaged, or if records would be lost and ``truncate`` is false. Raises StoreError
    if the files cannot be written.
    """
    report, state = _rebuild_or_raise(paths, files)
    if not report.damage or (report.lost and not truncate):
        return report, []
    try:
        return report, _replace_files(paths, files, state)
    except OSError as error:
        raise to_store_error(f"{paths.checkpoint}: could not be repaired", error) from error


def _rebuild_or_raise(paths: SandboxPaths, files: FileSystem) -> tuple[SandboxReport, Checkpoint]:
    try:
        return _rebuild_state(paths, files)
    except OSError as error:
        raise to_store_error(f"{paths.checkpoint}: cannot be checked", error) from error


def _rebuild_state(paths: SandboxPaths, files: FileSystem) -> tuple[SandboxReport, Checkpoint]:
    """Rebuilds the state from a checkpoint and the log records that follow it without a gap; reports all damage."""
    report, logs = SandboxReport(paths.sandbox), [paths.log]
    state = _read_checkpoint(paths.checkpoint, files, report)
    # If none of these files exists, the sandbox is too new to have a checkpoint, so nothing is damaged.
    if state is None and any(map(files.exists, (paths.checkpoint, paths.previous_checkpoint, paths.previous_log))):
        if not report.damage:
            report.damage.append(f"{paths.checkpoint}: missing")
        state = _read_checkpoint(paths.previous_checkpoint, files, report)
        logs = [paths.previous_log, paths.log]
        # If the log has records, their sequence numbers show the gap, and _replay_log reports it.
        if not files.exists(paths.previous_log) and not files.read(paths.log):
            report.lost.append(
                f"the records written after {paths.previous_checkpoint.name}: {paths.previous_log.name} is missing"
            )
    state = state or Checkpoint()
    for path in logs:
        _replay_log(state, path, files, report)
    report.records = sum(map(len, state.tables.values()))
    report.generation, report.sequence, report.written = state.generation, state.last_seq, state.written
    return report, state


def _read_checkpoint(path: Path, files: FileSystem, report: SandboxReport) -> Checkpoint | None:
    data = files.read(path)
    try:
        return None if data is None else checkpoint.decode(path, data)
    except StoreDamaged as damage:
        report.damage.append(str(damage))
        return None


def _replay_log(state: Checkpoint, path: Path, files: FileSystem, report: SandboxReport) -> None:
    """Applies a log's records to the state.

    Skips the records that the state already contains, and stops at the first damaged record.
    """
    data = files.read(path)
    if data is None:
        if path.suffix == ".log":  # A missing previous log shows as a gap before the records of this log.
            report.damage.append(f"{path}: missing")
            report.lost.append(f"the records of {path.name}")
        return
    scan = scan_records(path, data, state.last_seq)
    for ops in scan.ops():
        replay(state, ops)
    state.last_seq, state.schema = scan.seq, state.schema or scan.schema
    state.written = scan.written or state.written
    unread = len(data) - scan.size
    if scan.damage:
        report.damage.append(f"{path}: {scan.damage}")
        report.lost.append(f"{unread} bytes of {path.name} from byte {scan.size}")
    else:
        report.torn_bytes += unread


def _replace_files(paths: SandboxPaths, files: FileSystem, state: Checkpoint) -> list[Path]:
    """Replaces the files with a checkpoint of the state and an empty log; returns the copies of the old files.

    If the process dies during the replacement, the files contain either the old state or the new state.
    """
    copies = _back_up(paths, files)
    state.tables = schema.migrate(state.tables, state.schema or schema.SCHEMA)
    state.generation += 1
    checkpoint.replace(paths, Disk(files, files.fsync, 0), state)
    temporary = temporary_path(paths.log)
    files.unlink(temporary)
    files.close(files.create(temporary))
    files.replace(temporary, paths.log)
    for path in (paths.previous_checkpoint, paths.previous_log):
        files.unlink(path)
    files.sync_directory(paths.directory)
    return copies


def _back_up(paths: SandboxPaths, files: FileSystem) -> list[Path]:
    n = 1
    while any(files.exists(_backup_path(path, n)) for path in paths.state_files):  # Keeps older copies.
        n += 1
    existing = [path for path in paths.state_files if files.exists(path)]
    for path in existing:
        files.link_or_copy(path, _backup_path(path, n))
    files.sync_directory(paths.directory)
    return [_backup_path(path, n) for path in existing]


def _backup_path(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.corrupt-{n}")
