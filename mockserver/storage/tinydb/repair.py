"""What can be told and mended about a data directory while no server has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mockserver.storage.base import StoreDamaged, StoreError, Written
from mockserver.storage.tinydb import checkpoint, schema
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.directory import SANDBOXES, kept_in, lock
from mockserver.storage.tinydb.disk import Disk, Paths, refusal, temporary
from mockserver.storage.tinydb.files import Files
from mockserver.storage.tinydb.lines import scan
from mockserver.storage.tinydb.replay import replay


@dataclass(slots=True)
class Report:
    """How one sandbox's files are; ``lost`` says what a repair could not bring back, if anything."""

    sandbox: str
    records: int = 0
    generation: int = 0
    sequence: int = 0
    torn_bytes: int = 0
    written: Written | None = None
    """When the newest good record was written, if it says so."""
    damage: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@contextmanager
def alone(directory: Path, files: Files) -> Iterator[list[Paths]]:
    """Have a data directory for oneself, and the files of each of its sandboxes; StoreError where there is none."""
    sandboxes = directory / SANDBOXES
    if not files.exists(sandboxes):
        raise StoreError(f"{directory}: holds no state")
    handle = lock(files, directory)
    try:
        paths = [Paths(sandboxes, name) for name in kept_in(files, sandboxes)]
        yield [each for each in paths if not files.exists(each.deleted)]
    finally:
        files.close(handle)


def check(paths: Paths, files: Files) -> Report:
    """How a sandbox's files are; nothing is changed."""
    return _salvaged(paths, files)[0]


def repair(paths: Paths, files: Files, truncate: bool) -> tuple[Report, list[Path]]:
    """Put in order what is damaged, and answer where its old files are now.

    Nothing is done where nothing is damaged, nor where records would be lost and ``truncate`` does not allow it.
    """
    report, rescued = _salvaged(paths, files)
    if not report.damage or (report.lost and not truncate):
        return report, []
    try:
        return report, _exchange(paths, files, rescued)
    except OSError as error:
        raise refusal(f"{paths.checkpoint}: could not be repaired", error) from error


def _salvaged(paths: Paths, files: Files) -> tuple[Report, Checkpoint]:
    try:
        return _salvage(paths, files)
    except OSError as error:
        raise refusal(f"{paths.checkpoint}: cannot be checked", error) from error


def _salvage(paths: Paths, files: Files) -> tuple[Report, Checkpoint]:
    """The newest state that the files make up without a gap, and what is wrong with them."""
    report, logs = Report(paths.sandbox), [paths.log]
    state = _checkpoint(paths.checkpoint, files, report)
    if state is None and any(map(files.exists, (paths.checkpoint, paths.previous, paths.previous_log))):
        if not report.damage:
            report.damage.append(f"{paths.checkpoint}: missing")
        state = _checkpoint(paths.previous, files, report)
        logs = [paths.previous_log, paths.log]
        if not files.exists(paths.previous_log) and not files.read(paths.log):
            report.lost.append(f"what was written after {paths.previous.name}: {paths.previous_log.name} is missing")
    state = state or Checkpoint()
    for path in logs:
        _follow(state, path, files, report)
    report.records = sum(map(len, state.tables.values()))
    report.generation, report.sequence, report.written = state.generation, state.last_seq, state.written
    return report, state


def _checkpoint(path: Path, files: Files, report: Report) -> Checkpoint | None:
    data = files.read(path)
    try:
        return None if data is None else checkpoint.decode(path, data)
    except StoreDamaged as damage:
        report.damage.append(str(damage))
        return None


def _follow(state: Checkpoint, path: Path, files: Files, report: Report) -> None:
    """Do to the state what a log says behind it, as far as the log is good."""
    data = files.read(path)
    if data is None:
        if path.suffix == ".log":
            report.damage.append(f"{path}: missing")
            report.lost.append(f"what was in {path.name}")
        return
    reading = scan(path, data, state.last_seq)
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


def _exchange(paths: Paths, files: Files, state: Checkpoint) -> list[Path]:
    """Have the state and an empty log in place of what there is; at every moment the old or the new can be read."""
    copies = _keep_old(paths, files)
    state.tables = schema.migrate(state.tables, state.schema or schema.SCHEMA)
    state.generation += 1
    checkpoint.replace(paths, Disk(files, files.fsync, 0), state)
    draft = temporary(paths.log)
    files.unlink(draft)
    files.close(files.create(draft))
    files.replace(draft, paths.log)
    for path in (paths.previous, paths.previous_log):
        files.unlink(path)
    files.sync_directory(paths.directory)
    return copies


def _keep_old(paths: Paths, files: Files) -> list[Path]:
    n = 1
    while any(files.exists(_aside(path, n)) for path in paths.state):
        n += 1
    there = [path for path in paths.state if files.exists(path)]
    for path in there:
        files.keep(path, _aside(path, n))
    files.sync_directory(paths.directory)
    return [_aside(path, n) for path in there]


def _aside(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.corrupt-{n}")
