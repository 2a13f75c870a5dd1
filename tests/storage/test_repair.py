"""Checking and repairing a data directory: all damage is reported, and no record is lost silently."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.storage.base import StoreDamaged, StoreError, StoreTooNew
from mockserver.storage.tinydb import schema
from mockserver.storage.tinydb.disk import SandboxPaths
from mockserver.storage.tinydb.repair import SandboxReport, check, open_data_directory, repair
from mockserver.storage.tinydb.store import TinyStore
from tests.storage.test_power_loss import CHECKPOINT, DATA, Operation, States, StoreRun, begin, count, write
from tests.support.failing_disk import CRASH_OUTCOMES, DiskImage, Inode, SimulatedDisk
from tests.support.server_process import start_server

BOX = SandboxPaths(DATA / "sandboxes", "box")
TWO_CHECKPOINTS = [*(write(i) for i in range(4)), CHECKPOINT, *(write(i) for i in range(4, 9)), CHECKPOINT]
LATER = [write(i) for i in range(20, 23)]
HISTORIES: dict[str, list[Operation]] = {
    "no checkpoint yet": LATER,
    "one checkpoint": [write(1), CHECKPOINT, *LATER],
    "two checkpoints": [*TWO_CHECKPOINTS, *LATER],
    "nothing since the last": TWO_CHECKPOINTS,
}


def crash_after_history(history: str) -> tuple[SimulatedDisk, States]:
    """Returns the disk of a process that died after a history, and the state at that time."""
    run = StoreRun(SimulatedDisk())
    run.store = TinyStore(DATA, files=run.files)
    for operation in (begin("box"), *HISTORIES[history]):
        operation.do(run)
    return run.files.image().recover("the process dies"), run.export_all()


def repair_disk(files: SimulatedDisk, truncate: bool = False) -> tuple[SandboxReport, list[Path]]:
    with open_data_directory(DATA, files) as (paths,):
        return repair(paths, files, truncate)


def recovered_state(files: SimulatedDisk) -> States:
    run = StoreRun(files)
    run.start()
    return run.export_all()


def flip_bit(files: SimulatedDisk, path: Path, at: int) -> None:
    data = bytearray(files.names[path].data)
    data[at] ^= 0x10
    files.names[path] = Inode(bytes(data), bytes(data))


@pytest.mark.parametrize("history", HISTORIES)
def test_an_undamaged_directory_is_reported_as_such_and_not_changed(history: str) -> None:
    files, state = crash_after_history(history)
    before = {path: inode.data for path, inode in files.names.items()}
    with open_data_directory(DATA, files) as (paths,):
        report = check(paths, files)
    assert (report.damage, report.lost, report.torn_bytes) == ([], [], 0)
    assert report.records == sum(map(len, state["box"].values()))
    assert report.generation == sum(operation is CHECKPOINT for operation in HISTORIES[history])
    assert repair_disk(files)[1] == []
    assert {path: inode.data for path, inode in files.names.items() if path.name != ".lock"} == {
        path: data for path, data in before.items() if path.name != ".lock"
    }


@pytest.mark.parametrize("history", ["one checkpoint", "two checkpoints", "nothing since the last"])
def test_a_checkpoint_damaged_at_any_byte_is_rebuilt_from_the_previous_one_without_loss(history: str) -> None:
    whole, state = crash_after_history(history)
    image = whole.image()
    size = len(whole.names[BOX.checkpoint].data)
    for at in range(0, size, 7):
        files = image.recover("the process dies")
        flip_bit(files, BOX.checkpoint, at)
        damaged = files.names[BOX.checkpoint].data
        with pytest.raises(StoreDamaged, match=r"box\.json: damaged .*`testmode state repair` restores .*\.prev"):
            recovered_state(files)
        report, moved = repair_disk(files)
        assert (len(report.damage), report.lost) == (1, [])
        assert files.names[moved[moved.index(BOX.checkpoint.with_name("box.json.corrupt-1"))]].data == damaged
        assert recovered_state(files) == state


def test_after_a_power_loss_the_previous_log_has_the_non_durable_writes_too() -> None:
    run = StoreRun(SimulatedDisk())
    run.store = TinyStore(DATA, files=run.files)
    for operation in (begin("box"), write(1), CHECKPOINT, write(2), count(), count(), CHECKPOINT):
        operation.do(run)
    files = run.files.image().recover("power lost, nothing unsynced is there")
    flip_bit(files, BOX.checkpoint, 300)
    assert repair_disk(files)[0].lost == []
    assert recovered_state(files) == run.export_all()


@pytest.mark.parametrize("history", ["one checkpoint", "two checkpoints"])
def test_a_missing_checkpoint_is_rebuilt(history: str) -> None:
    files, state = crash_after_history(history)
    del files.names[BOX.checkpoint]
    with pytest.raises(StoreDamaged, match=r"box\.json: missing"):
        recovered_state(files)
    assert repair_disk(files)[0].damage == [f"{BOX.checkpoint}: missing"]
    assert recovered_state(files) == state


def test_records_after_a_damaged_line_are_dropped_only_with_truncate_and_stay_in_the_old_file() -> None:
    files, _ = crash_after_history("two checkpoints")
    first = files.names[BOX.log].data.index(b"\n")
    flip_bit(files, BOX.log, first + 20)
    damaged = files.names[BOX.log].data
    report, moved = repair_disk(files)
    assert moved == []
    assert report.damage[0].startswith(f"{BOX.log}: line 2 at byte {first + 1} is damaged")
    assert report.lost == [f"{len(damaged) - first - 1} bytes of box.log from byte {first + 1}"]
    assert files.names[BOX.log].data == damaged
    report, moved = repair_disk(files, truncate=True)
    assert [path.name for path in moved] == [
        f"box.{kind}.corrupt-1" for kind in ("log", "log.prev", "json", "json.prev")
    ]
    assert files.names[moved[0]].data == damaged
    assert [record["id"] for record in recovered_state(files)["box"]["people"]] == ["p4", "p5", "p6", "p7", "p8", "p20"]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ([BOX.checkpoint, BOX.previous_log], "box.log from byte 0"),
        ([BOX.log], "the records of box.log"),
        ([BOX.checkpoint, BOX.previous_checkpoint], "box.log.prev from byte 0"),
    ],
)
def test_every_loss_is_reported(missing: list[Path], message: str) -> None:
    files, _ = crash_after_history("two checkpoints")
    for path in missing:
        del files.names[path]
    with pytest.raises(StoreDamaged):
        recovered_state(files)
    report, moved = repair_disk(files)
    assert message in report.lost[0]
    assert moved == []
    repair_disk(files, truncate=True)
    recovered_state(files)


def test_an_empty_log_does_not_hide_that_the_previous_log_is_missing() -> None:
    files, _ = crash_after_history("nothing since the last")
    del files.names[BOX.previous_log]
    flip_bit(files, BOX.checkpoint, 500)
    assert repair_disk(files)[0].lost == ["the records written after box.json.prev: box.log.prev is missing"]


def test_a_second_repair_uses_the_next_number_for_moved_files() -> None:
    files, _ = crash_after_history("two checkpoints")
    for _ in range(2):
        flip_bit(files, BOX.checkpoint, 300)
        repair_disk(files, truncate=True)
    assert {f"box.json.corrupt-{n}" for n in (1, 2)} <= {path.name for path in files.names}


def disks_during_repair(image: DiskImage) -> list[DiskImage]:
    files = image.recover("the process dies")
    flip_bit(files, BOX.checkpoint, 300)
    images: list[DiskImage] = []
    files.before_operation = lambda _operation: images.append(files.image())
    repair_disk(files)
    return images


@pytest.mark.parametrize("outcome", CRASH_OUTCOMES)
def test_a_repair_interrupted_at_any_disk_operation_can_be_repeated_without_loss(outcome: str) -> None:
    whole, state = crash_after_history("two checkpoints")
    images = disks_during_repair(whole.image())
    assert len(images) > 20
    for k, image in enumerate(images):
        files = image.recover(outcome)
        report, _ = repair_disk(files)
        assert report.lost == [], k
        assert recovered_state(files) == state, k


def _to_newer_schema(tables: schema.Tables) -> schema.Tables:
    """Migrates tables to an invented newer schema, in which people have a full name."""
    people = {n: {**record, "full_name": record["id"].upper()} for n, record in tables.get("people", {}).items()}
    return {**tables, "people": people}


@pytest.mark.parametrize("history", HISTORIES)
def test_a_sandbox_of_an_older_schema_is_migrated_and_the_old_files_stay(
    history: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, state = crash_after_history(history)
    older = {path: files.names[path].data for path in (BOX.checkpoint, BOX.log) if path in files.names}
    today = schema.SCHEMA
    monkeypatch.setattr(schema, "SCHEMA", today + 1)
    monkeypatch.setitem(schema.MIGRATIONS, today, _to_newer_schema)
    people = [{**record, "full_name": record["id"].upper()} for record in state["box"]["people"]]
    for _ in range(2):
        assert recovered_state(files)["box"] == {**state["box"], "people": people}
        for path, data in older.items():
            assert files.names[path.with_name(f"{path.name}.schema-{today}")].data == data
        files = files.image().recover("power lost, nothing unsynced is there")
    assert b'"schema":%d' % (today + 1) in files.names[BOX.checkpoint].data
    monkeypatch.undo()
    with pytest.raises(StoreTooNew, match=f"written in schema {today + 1} by a newer server; this one knows {today}"):
        recovered_state(files)
    with pytest.raises(StoreTooNew):
        repair_disk(files)


@pytest.mark.parametrize("outcome", CRASH_OUTCOMES)
def test_a_migration_interrupted_at_any_disk_operation_is_made_at_the_next_start(
    outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, state = crash_after_history("two checkpoints")
    today = schema.SCHEMA
    monkeypatch.setattr(schema, "SCHEMA", today + 1)
    monkeypatch.setitem(schema.MIGRATIONS, today, _to_newer_schema)
    images: list[DiskImage] = []
    files.before_operation = lambda _operation: images.append(files.image())
    done = recovered_state(files)
    assert len(images) > 20
    for k, image in enumerate(images):
        assert recovered_state(image.recover(outcome)) == done, k
    assert state != done


def test_a_directory_without_state_is_refused_and_not_created() -> None:
    files = SimulatedDisk()
    with pytest.raises(StoreError, match="contains no state"), open_data_directory(DATA, files):
        pass
    assert DATA not in files.names


def run_state_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mockserver", "state", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def stopped_server_directory(tmp_path: Path) -> Path:
    """Returns the data directory of a server that was stopped, started again and killed."""
    for action in ("terminate", "kill"):
        with start_server("serve", "smartepi", "--port", "0", "--data", str(tmp_path)) as (process, _):
            getattr(process, action)()
            process.wait(60)
    return tmp_path


def test_the_commands_check_and_repair_a_real_directory(stopped_server_directory: Path) -> None:
    data = ("--data", str(stopped_server_directory))
    whole = run_state_command("check", *data)
    assert (whole.returncode, whole.stdout.split()[:2], "intact" in whole.stdout) == (0, ["sandbox", "records"], True)
    file = stopped_server_directory / "sandboxes" / "smartepi.json"
    damaged = bytearray(file.read_bytes())
    damaged[2000] ^= 1
    file.write_bytes(damaged)
    damage_report = run_state_command("check", *data)
    assert damage_report.returncode == 74
    assert f"{file}: damaged somewhere between byte" in damage_report.stdout
    assert file.read_bytes() == damaged
    done = run_state_command("repair", *data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost: nothing" in done.stdout
    assert file.with_name("smartepi.json.corrupt-1").read_bytes() == damaged
    assert run_state_command("check", *data).returncode == 0
    (stopped_server_directory / "sandboxes" / "smartepi.log").unlink()
    refused = run_state_command("repair", *data)
    assert (refused.returncode, "--truncate` loses the records of smartepi.log" in refused.stdout) == (74, True)
    assert run_state_command("repair", *data, "--truncate").returncode == 0
    with start_server("serve", "smartepi", "--port", "0", *data):
        locked = run_state_command("check", *data)
    assert (locked.returncode, "another process uses this data directory" in locked.stderr) == (75, True)
    assert run_state_command("check", "--data", str(stopped_server_directory / "nothing")).returncode == 74


def mark_as_newer(file: Path) -> None:
    from mockserver.storage.tinydb import checkpoint

    loaded = checkpoint.decode(file, file.read_bytes())
    file.write_bytes(checkpoint.encode(loaded))


def test_with_a_directory_of_a_newer_server_commands_exit_with_78(
    stopped_server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "SCHEMA", 9)
    mark_as_newer(stopped_server_directory / "sandboxes" / "smartepi.json")
    serve = [
        sys.executable,
        "-m",
        "mockserver",
        "serve",
        "smartepi",
        "--port",
        "0",
        "--data",
        str(stopped_server_directory),
    ]
    done = subprocess.run(serve, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "written in schema 9 by a newer server" in done.stderr) == (78, True)
    assert run_state_command("check", "--data", str(stopped_server_directory)).returncode == 78


@pytest.mark.parametrize("history", HISTORIES)
def test_the_time_of_the_newest_record_is_read_from_log_or_checkpoint(history: str) -> None:
    run, n = StoreRun(SimulatedDisk()), 0

    def time() -> tuple[int, int]:
        nonlocal n
        n += 1
        return n * 10, n

    run.store = TinyStore(DATA, files=run.files)
    begin("box").do(run)
    run.store.set_time_source("box", time)
    for operation in HISTORIES[history]:
        operation.do(run)
    newest = (n * 10, n)
    with open_data_directory(DATA, run.files) as (paths,):
        assert check(paths, run.files).written == newest
    run.files = run.files.image().recover("the process dies")
    if history != "no checkpoint yet":
        flip_bit(run.files, BOX.checkpoint, 300)
        assert repair_disk(run.files)[0].written == newest
    run.start()
    run.store.close()
    with open_data_directory(DATA, run.files) as (paths,):
        assert check(paths, run.files).written == newest
