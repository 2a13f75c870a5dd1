"""A crash or an error at each single disk operation: the store has every acknowledged write whole, and no other."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import pytest

from mockserver.storage.base import Collection, Durability, State, StoreError, StoreFull
from mockserver.storage.tinydb.store import TinyStore
from tests.support.failing_disk import CRASH_OUTCOMES, ROOT, DiskContents, DiskImage, Inode, SimulatedDisk

COLLECTIONS = (Collection("people", ("status",)), Collection("events"))
NAMES = ("box", "other")
DATA = ROOT / "a" / "data"
States = dict[str, State]


@dataclass
class StoreRun:
    """A store on a simulated disk, as one process uses it."""

    files: SimulatedDisk
    durability: Durability = "commit"
    store: TinyStore = field(init=False)

    def start(self) -> None:
        self.store = TinyStore(DATA, files=self.files, checkpoint_bytes=1500, durability=self.durability)
        for name in self.store.names():
            self.begin(name)

    def begin(self, name: str) -> None:
        self.store.open(name)
        self.store.declare(name, COLLECTIONS)

    def export_all(self) -> States:
        """Returns the state of all sandboxes, without empty collections and empty sandboxes."""
        states = {}
        for name in self.store.names():
            with suppress(StoreError):  # a sandbox whose deletion was refused is not open
                states[name] = self.store.export(name)
        return {name: records for name, state in states.items() if (records := {c: r for c, r in state.items() if r})}


@dataclass(frozen=True)
class Operation:
    """A change that a process makes in the store, and whether it must survive a power loss."""

    do: Callable[[StoreRun], None]
    sandbox: str = "box"
    durable: bool = True
    undone_when_refused: bool = True


def person(i: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"p{i}", "status": "new", "note": "ünï\n", **fields}


def write(i: int, name: str = "box") -> Operation:
    """Returns a transaction like one of the server: it puts a record, appends an event, counts and drops a record."""

    def do(run: StoreRun) -> None:
        with run.store.transaction(name) as space:
            space.put("people", person(i))
            space.append("events", {"id": f"e{space.increment('events')}", "of": f"p{i}"}, 4)
            space.drop("people", f"p{i - 5}")

    return Operation(do, name)


def count(name: str = "box") -> Operation:
    """Returns a transaction that does not wait for the disk, like the counters of a call."""

    def do(run: StoreRun) -> None:
        with run.store.transaction(name, durable=False) as space:
            n = space.increment("calls")
            space.drop("people", f"c{n - 1}")
            space.put("people", {"id": f"c{n}"})

    return Operation(do, name, durable=False)


def reset(n: int) -> Operation:
    return Operation(lambda run: run.store.load("box", {"people": [person(i) for i in range(n)]}))


def _checkpoint(run: StoreRun) -> None:
    storage = run.store.database("box").storage
    storage.write(storage.read() or {})


def _restart(run: StoreRun) -> None:
    run.store.close()
    run.start()


def begin(name: str) -> Operation:
    return Operation(lambda run: run.begin(name), name, undone_when_refused=False)


def delete(name: str) -> Operation:
    return Operation(lambda run: run.store.delete(name), name, undone_when_refused=False)


CHECKPOINT = Operation(_checkpoint, undone_when_refused=False)
RESTART = Operation(_restart, undone_when_refused=False)


def script() -> Iterator[Operation]:
    """Two hundred operations."""
    yield begin("box")
    for turn in range(5):
        yield from (write(turn * 100 + i) for i in range(10))
        yield begin("other")
        yield from (operation for i in range(6) for operation in (count(), write(i, "other")))
        yield CHECKPOINT
        yield reset(turn + 2)
        yield from (count() for _ in range(3))
        yield delete("other")
        yield from (write(turn * 100 + i) for i in range(20, 26))
        yield RESTART
        yield from (count() for _ in range(2))
        yield delete("box")
        yield begin("box")
        yield write(turn * 100 + 30)


SCRIPT = list(script())


@dataclass(frozen=True)
class CrashPoint:
    """The contents of a disk at one moment, and the number of operations acknowledged until then."""

    done: int
    image: DiskImage


@cache
def record_script() -> tuple[list[States], list[CrashPoint], list[CrashPoint], list[DiskImage]]:
    """Returns the states after each operation, and the disk before each disk operation, amid each append, and
    before each operation."""
    files = SimulatedDisk()
    run = StoreRun(files)
    states: list[States] = []
    before: list[CrashPoint] = []
    amid: list[CrashPoint] = []
    between: list[DiskImage] = []

    def half(inode: Inode, data: bytes) -> None:
        whole = inode.data
        inode.data += data[: len(data) // 2]
        amid.append(CrashPoint(len(states) - 1, files.image()))
        inode.data = whole

    files.before_operation = lambda _operation: before.append(CrashPoint(len(states) - 1, files.image()))
    files.during_append = half
    run.start()
    states.append(run.export_all())
    for operation in SCRIPT:
        between.append(files.image())
        operation.do(run)
        files.before_operation, callback = lambda _operation: None, files.before_operation
        states.append(run.export_all())
        files.before_operation = callback
    return states, before, amid, between


def test_the_script_covers_enough_disk_operations() -> None:
    states, before, amid, _ = record_script()
    assert len(SCRIPT) > 200
    assert len(states) == len(SCRIPT) + 1
    assert len(before) > 800
    assert len(amid) > 150


def is_allowed(found: States, done: int, outcome: str) -> bool:
    """Whether a state has every acknowledged operation, with or without the one in progress."""
    states = record_script()[0]
    for name in NAMES:
        first = max(done, 0)
        if outcome != "the process dies":
            while first and not (SCRIPT[first - 1].durable and SCRIPT[first - 1].sandbox == name):
                first -= 1
        if found.get(name) not in [state.get(name) for state in states[first : done + 2] or [{}]]:
            return False
    return True


def start_run(files: SimulatedDisk) -> StoreRun:
    run = StoreRun(files)
    run.start()
    return run


FOUND_STATES: dict[DiskContents, States] = {}
"""The state of a store by the contents of its disk; many disk operations and failures leave equal contents."""
VERIFIED_DISKS: set[DiskContents] = set()
"""The disk contents from which a store has recovered and kept a further write."""


def state_on(files: SimulatedDisk) -> States:
    contents = files.contents()
    if contents not in FOUND_STATES:
        FOUND_STATES[contents] = start_run(files).export_all()
    return FOUND_STATES[contents]


def check(crash: CrashPoint, outcome: str, where: str) -> None:
    files = crash.image.recover(outcome)
    contents = files.contents()
    if contents not in VERIFIED_DISKS:
        check_recovery(files, where)
        VERIFIED_DISKS.add(contents)
    assert is_allowed(FOUND_STATES[contents], crash.done, outcome), where


def check_recovery(files: SimulatedDisk, where: str) -> None:
    contents, run = files.contents(), start_run(files)
    FOUND_STATES[contents] = run.export_all()
    names = run.files.list(DATA / "sandboxes")
    assert not [name for name in names if name.endswith((".tmp", ".deleted"))], where
    run.begin("box")
    write(999).do(run)
    after = run.export_all()
    again = start_run(run.files.image().recover("power lost, nothing unsynced is there"))
    assert again.export_all() == after, f"{where}, then a write and another power cut"


@pytest.mark.parametrize("outcome", CRASH_OUTCOMES)
def test_after_a_crash_at_any_disk_operation_every_acknowledged_operation_is_complete(outcome: str) -> None:
    for k, crash in enumerate(record_script()[1]):
        check(crash, outcome, f"disk operation {k}, {outcome}")


def test_after_a_crash_amid_any_append_every_acknowledged_operation_is_complete() -> None:
    for k, crash in enumerate(record_script()[2]):
        check(crash, "the process dies", f"append {k}, the process dies")


def half_of(size: int) -> int:
    return size // 2


class FailureInjector:
    """Makes the disk operation number ``at`` fail, and all later ones if ``lasting``; counts the operations."""

    def __init__(
        self, at: int = -1, number: int = 0, lasting: bool = False, written: Callable[[int], int] = half_of
    ) -> None:
        self.at, self.number, self.is_permanent, self.calls = at, number, lasting, 0
        self.written = written

    def __call__(self, operation: str) -> None:
        mine, self.calls = self.calls, self.calls + 1
        if mine == self.at or (self.is_permanent and mine > self.at >= 0):
            raise OSError(self.number, errno.errorcode[self.number])


def restart_after_crash(image: DiskImage) -> StoreRun:
    return start_run(image.recover("the process dies"))


@cache
def state_after_operations(first: int, done: tuple[bool, ...]) -> States:
    """Returns the state after the operations from ``first`` on, of which only those marked in ``done`` are made."""
    run = restart_after_crash(record_script()[3][first])
    for operation, is_done in zip(SCRIPT[first:], done, strict=False):
        if is_done:
            with suppress(StoreError):  # the sandbox does not exist
                operation.do(run)
    return run.export_all()


OPERATIONS_AFTER_FAILURE = 3
"""Number of operations after the one that failed."""


def attempt(run: StoreRun, operation: Operation, failing: FailureInjector) -> StoreError | None:
    """Returns the error of an operation, or None."""
    run.files.before_operation, run.files.partial_write_size = failing, failing.written
    try:
        operation.do(run)
    except StoreError as error:
        return error
    finally:
        run.files.before_operation = lambda _operation: None
    return None


def check_failure(first: int, failing: FailureInjector) -> None:
    """Makes a disk operation fail, continues with some operations, and checks the state now and after a power loss."""
    run = restart_after_crash(record_script()[3][first])
    acknowledged = []
    for nth, operation in enumerate(SCRIPT[first : first + 1 + OPERATIONS_AFTER_FAILURE]):
        before = run.export_all()
        refusal = attempt(run, operation, failing if nth == 0 or failing.is_permanent else FailureInjector())
        acknowledged.append(refusal is None)
        if refusal and operation.undone_when_refused and run.store.status.failure is None:
            assert run.export_all() == before, (first, failing.at, nth)
            by_the_disk = isinstance(refusal.__cause__, OSError)
            assert isinstance(refusal, StoreFull) == (by_the_disk and failing.number == errno.ENOSPC)
        if refusal and operation is RESTART:
            break
    # A refused write whose fsync failed may still be on the disk. Non-durable writes wait until the disk recovers.
    durable = [done and op.durable for done, op in zip(acknowledged, SCRIPT[first:], strict=False)]
    possible = list(product(*[(True,) if each else (True, False) for each in durable]))
    image = run.files.image()
    for outcome in ("the process dies", "power lost, nothing unsynced is there"):
        found = state_on(image.recover(outcome))
        assert any(found == state_after_operations(first, each) for each in possible), (first, failing.at, outcome)


@cache
def disk_operations_per_step() -> list[int]:
    """Returns the number of disk operations of each operation of the script."""

    def count(first: int) -> int:
        run, injector = restart_after_crash(record_script()[3][first]), FailureInjector()
        run.files.before_operation = injector
        SCRIPT[first].do(run)
        return injector.calls

    return [count(first) for first in range(len(SCRIPT))]


FAILURES: dict[str, tuple[int, Callable[[int], int]]] = {
    **{errno.errorcode[number]: (number, half_of) for number in (errno.EIO, errno.ENOSPC, errno.EROFS)},
    **{errno.errorcode[number]: (number, lambda size: 0) for number in (errno.EACCES, errno.EMFILE, errno.EINTR)},
    "a byte short": (errno.ENOSPC, lambda size: size - 1),
}
"""The error number of a failing disk operation, and how many of its bytes are written anyway."""


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "for a while"])
@pytest.mark.parametrize("failure", FAILURES)
def test_when_any_disk_operation_fails_no_acknowledged_write_is_lost_and_none_is_half_done(
    failure: str, lasting: bool
) -> None:
    assert sum(disk_operations_per_step()) > 700
    for first, operations in enumerate(disk_operations_per_step()):
        for at in range(operations):
            check_failure(first, FailureInjector(at, FAILURES[failure][0], lasting, FAILURES[failure][1]))


def test_a_log_cut_at_any_byte_opens_to_the_records_before_the_cut(caplog: pytest.LogCaptureFixture) -> None:
    run, path = StoreRun(SimulatedDisk()), DATA / "sandboxes" / "box.log"
    run.store = TinyStore(DATA, files=run.files)
    run.begin("box")
    for i in range(100):
        with run.store.transaction("box") as space:
            space.put("people", {"id": f"p{i}"})
    data, names = run.files.names[path].data, run.files.names
    assert data.count(b"\n") == 100
    for cut in range(len(data)):
        caplog.clear()
        store = TinyStore(DATA, files=SimulatedDisk({**names, path: Inode(data[:cut], data[:cut])}))
        store.open("box")
        good = data[:cut].rfind(b"\n") + 1
        found = [record["id"] for record in store.export("box").get("people", [])]
        assert found == [f"p{i}" for i in range(data.count(b"\n", 0, cut))]
        torn = [f"{path}: torn tail cut off at byte {good}, {cut - good} bytes dropped"] if cut > good else []
        assert caplog.messages == torn
        status = store.status
        assert (status.torn_tails, status.torn_bytes) == (int(cut > good), cut - good)
