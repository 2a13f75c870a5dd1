"""What can be told and mended about a data directory while no server has it."""

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
    """How one sandbox's files are; ``lost`` says what a repair could not bring back, if anything."""

    sandbox: str
    records: int = 0
    generation: int = 0
    sequence: int = 0
    torn_bytes: int = 0
    written: WriteTimes | None = None
    """When the newest good record was written, if it says so."""
    damage: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@contextmanager
def open_data_directory(directory: Path, files: FileSystem) -> Iterator[list[SandboxPaths]]:
    """Have a data directory for oneself, and the files of each of its sandboxes; StoreError where there is none."""
    sandboxes = directory / SANDBOXES_FOLDER
    if not files.exists(sandboxes):
        raise StoreError(f"{directory}: holds no state")
    handle = lock_directory(files, directory)
    try:
        paths = [SandboxPaths(sandboxes, name) for name in list_sandboxes(files, sandboxes)]
        yield [each for each in paths if not files.exists(each.deletion_marker)]
    finally:
        files.close(handle)


def check(paths: SandboxPaths, files: FileSystem) -> SandboxReport:
    """How a sandbox's files are; nothing is changed."""
    return _try_salvage(paths, files)[0]


def repair(paths: SandboxPaths, files: FileSystem, truncate: bool) -> tuple[SandboxReport, list[Path]]:
    """Put in order what is damaged, and answer where its old files are now.

    Nothing is done where nothing is damaged, nor where records would be lost and ``truncate`` does not allow it.
    """
    report, rescued = _try_salvage(paths, files)
    if not report.damage or (report.lost and not truncate):
        return report, []
    try:
        return report, _replace_files(paths, files, rescued)
    except OSError as error:
        raise to_store_error(f"{paths.checkpoint}: could not be repaired", error) from error


def _try_salvage(paths: SandboxPaths, files: FileSystem) -> tuple[SandboxReport, Checkpoint]:
    try:
        return _salvage(paths, files)
    except OSError as error:
        raise to_store_error(f"{paths.checkpoint}: cannot be checked", error) from error


def _salvage(paths: SandboxPaths, files: FileSystem) -> tuple[SandboxReport, Checkpoint]:
    """The newest state that the files make up without a gap, and what is wrong with them."""
    report, logs = SandboxReport(paths.sandbox), [paths.log]
    state = _read_checkpoint(paths.checkpoint, files, report)
    if state is None and any(map(files.exists, (paths.checkpoint, paths.previous, paths.previous_log))):
        if not report.damage:
            report.damage.append(f"{paths.checkpoint}: missing")
        state = _read_checkpoint(paths.previous, files, report)
        logs = [paths.previous_log, paths.log]
        if not files.exists(paths.previous_log) and not files.read(paths.log):
            report.lost.append(f"what was written after {paths.previous.name}: {paths.previous_log.name} is missing")
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
    """Do to the state what a log says behind it, as far as the log is good."""
    data = files.read(path)
    if data is None:
        if path.suffix == ".log":
            report.damage.append(f"{path}: missing")
            report.lost.append(f"what was in {path.name}")
        return
    reading = scan_records(path, data, state.last_seq)
    for ops in reading.ops():
        replay(state, ops)
    state.last_seq, state.schema = reading.seq, state.schema or reading.schema
    state.written = reading.written or state.written
    left = len(data) - reading.size
    if reading.damage:
        report.damage.append(f"{path}: {reading.damage}")
        report.lost.append(f"{left} bytes of {path.name} from byte {reading.size}")
    else:
        report.torn_bytes += left


def _replace_files(paths: SandboxPaths, files: FileSystem, state: Checkpoint) -> list[Path]:
    """Have the state and an empty log in place of what there is; at every moment the old or the new can be read."""
    copies = _back_up(paths, files)
    state.tables = schema.migrate(state.tables, state.schema or schema.SCHEMA)
    state.generation += 1
    checkpoint.replace(paths, Disk(files, files.fsync, 0), state)
    draft = temporary_path(paths.log)
    files.unlink(draft)
    files.close(files.create(draft))
    files.replace(draft, paths.log)
    for path in (paths.previous, paths.previous_log):
        files.unlink(path)
    files.sync_directory(paths.directory)
    return copies


def _back_up(paths: SandboxPaths, files: FileSystem) -> list[Path]:
    n = 1
    while any(files.exists(_backup_path(path, n)) for path in paths.state_files):
        n += 1
    there = [path for path in paths.state_files if files.exists(path)]
    for path in there:
        files.link_or_copy(path, _backup_path(path, n))
    files.sync_directory(paths.directory)
    return [_backup_path(path, n) for path in there]


def _backup_path(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.corrupt-{n}")
