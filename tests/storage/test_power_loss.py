"""The store on a disk that fails at every single deed: what was acknowledged is there, whole, and nothing else is."""

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
    """A store on a disk, and a process that works with it."""

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
        """What is kept of the sandboxes that hold anything."""
        states = {}
        for name in self.store.names():
            with suppress(StoreError):  # one that is not open: what is left of a deletion that was refused
                states[name] = self.store.export(name)
        return {name: held for name, state in states.items() if (held := {c: r for c, r in state.items() if r})}


@dataclass(frozen=True)
class Operation:
    """One thing that a process asks of the store, and whether it may be gone after a power cut."""

    do: Callable[[StoreRun], None]
    sandbox: str = "box"
    durable: bool = True
    undone_when_refused: bool = True


def person(i: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"p{i}", "status": "new", "note": "ünï\n", **fields}


def write(i: int, name: str = "box") -> Operation:
    """As the server has it: an object, an event, a counter, and something that goes, in one transaction."""

    def do(run: StoreRun) -> None:
        with run.store.transaction(name) as space:
            space.put("people", person(i))
            space.append("events", {"id": f"e{space.increment('events')}", "of": f"p{i}"}, 4)
            space.drop("people", f"p{i - 5}")

    return Operation(do, name)


def count(name: str = "box") -> Operation:
    """What a call only counts."""

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
        yield from (each for i in range(6) for each in (count(), write(i, "other")))
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
    """A disk as it stood, and how many operations had been acknowledged."""

    done: int
    image: DiskImage


@cache
def recorded() -> tuple[list[States], list[CrashPoint], list[CrashPoint], list[DiskImage]]:
    """What the script leaves after each operation, the disk before each deed, amid each append, between operations."""
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

    files.before_operation = lambda deed: before.append(CrashPoint(len(states) - 1, files.image()))
    files.during_append = half
    run.start()
    states.append(run.export_all())
    for operation in SCRIPT:
        between.append(files.image())
        operation.do(run)
        files.before_operation, noting = lambda deed: None, files.before_operation
        states.append(run.export_all())
        files.before_operation = noting
    return states, before, amid, between


def test_the_script_is_long_and_meets_every_deed() -> None:
    states, before, amid, _ = recorded()
    assert len(SCRIPT) > 200
    assert len(states) == len(SCRIPT) + 1
    assert len(before) > 800
    assert len(amid) > 150


def is_allowed(found: States, done: int, outcome: str) -> bool:
    """Whether all that was acknowledged is there, with or without what was under way."""
    states = recorded()[0]
    for name in NAMES:
        first = max(done, 0)
        if outcome != "the process dies":
            while first and not (SCRIPT[first - 1].durable and SCRIPT[first - 1].sandbox == name):
                first -= 1
        if found.get(name) not in [each.get(name) for each in states[first : done + 2] or [{}]]:
            return False
    return True


def start_run(files: SimulatedDisk) -> StoreRun:
    run = StoreRun(files)
    run.start()
    return run


FOUND_STATES: dict[DiskContents, States] = {}
"""What a store finds, by all that is on its disk: deeds that only look, and many failures, leave the same there."""
VERIFIED_DISKS: set[DiskContents] = set()
"""The disks on which a store has cleared up and kept what was then written."""


def state_on(files: SimulatedDisk) -> States:
    contents = files.contents()
    if contents not in FOUND_STATES:
        FOUND_STATES[contents] = start_run(files).export_all()
    return FOUND_STATES[contents]


def check(moment: CrashPoint, outcome: str, where: str) -> None:
    files = moment.image.recover(outcome)
    contents = files.contents()
    if contents not in VERIFIED_DISKS:
        check_recovery(files, where)
        VERIFIED_DISKS.add(contents)
    assert is_allowed(FOUND_STATES[contents], moment.done, outcome), where


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
def test_after_a_crash_at_any_deed_every_acknowledged_operation_is_there_whole(outcome: str) -> None:
    for k, moment in enumerate(recorded()[1]):
        check(moment, outcome, f"deed {k}, {outcome}")


def test_after_a_crash_amid_any_append_every_acknowledged_operation_is_there_whole() -> None:
    for k, moment in enumerate(recorded()[2]):
        check(moment, "the process dies", f"append {k}, the process dies")


def half_of(size: int) -> int:
    return size // 2


class FailureInjector:
    """Lets the k-th deed and perhaps those that follow fail, and counts."""

    def __init__(
        self, at: int = -1, number: int = 0, lasting: bool = False, written: Callable[[int], int] = half_of
    ) -> None:
        self.at, self.number, self.is_permanent, self.calls = at, number, lasting, 0
        self.written = written

    def __call__(self, deed: str) -> None:
        mine, self.calls = self.calls, self.calls + 1
        if mine == self.at or (self.is_permanent and mine > self.at >= 0):
            raise OSError(self.number, errno.errorcode[self.number])


def restart_after_crash(image: DiskImage) -> StoreRun:
    return start_run(image.recover("the process dies"))


@cache
def state_after_operations(first: int, done: tuple[bool, ...]) -> States:
    """The state when of the operations from the first on only some are done."""
    run = restart_after_crash(recorded()[3][first])
    for operation, wanted in zip(SCRIPT[first:], done, strict=False):
        if wanted:
            with suppress(StoreError):  # a sandbox that was not begun or is gone
                operation.do(run)
    return run.export_all()


OPERATIONS_AFTER_FAILURE = 3
"""How many operations follow the one that failed."""


def attempt(run: StoreRun, operation: Operation, failing: FailureInjector) -> StoreError | None:
    """Why an operation was refused, or None."""
    run.files.before_operation, run.files.partial_write_size = failing, failing.written
    try:
        operation.do(run)
    except StoreError as error:
        return error
    finally:
        run.files.before_operation = lambda deed: None
    return None


def check_failure(first: int, failing: FailureInjector) -> None:
    """Let a deed of one operation fail, go on for a while, and look at what is there: now, and after a power cut."""
    run = restart_after_crash(recorded()[3][first])
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
    # What was refused may yet be there when only its fsync failed; what was only counted waits for the disk to recover.
    sure = [done and op.durable for done, op in zip(acknowledged, SCRIPT[first:], strict=False)]
    possible = list(product(*[(True,) if each else (True, False) for each in sure]))
    image = run.files.image()
    for outcome in ("the process dies", "power lost, nothing unsynced is there"):
        found = state_on(image.recover(outcome))
        assert any(found == state_after_operations(first, each) for each in possible), (first, failing.at, outcome)


@cache
def disk_operations_per_step() -> list[int]:
    """How many deeds there are to each operation of the script."""

    def count(first: int) -> int:
        counting, deeds = restart_after_crash(recorded()[3][first]), FailureInjector()
        counting.files.before_operation = deeds
        SCRIPT[first].do(counting)
        return deeds.calls

    return [count(first) for first in range(len(SCRIPT))]


FAILURES: dict[str, tuple[int, Callable[[int], int]]] = {
    **{errno.errorcode[number]: (number, half_of) for number in (errno.EIO, errno.ENOSPC, errno.EROFS)},
    **{errno.errorcode[number]: (number, lambda size: 0) for number in (errno.EACCES, errno.EMFILE, errno.EINTR)},
    "a byte short": (errno.ENOSPC, lambda size: size - 1),
}
"""What a deed fails with, and how much of what was to be written is there then."""


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "for a while"])
@pytest.mark.parametrize("failure", FAILURES)
def test_when_any_deed_fails_nothing_acknowledged_is_lost_and_nothing_refused_is_half_there(
    failure: str, lasting: bool
) -> None:
    assert sum(disk_operations_per_step()) > 700
    for first, deeds in enumerate(disk_operations_per_step()):
        for at in range(deeds):
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
        condition = store.status
        assert (condition.torn_tails, condition.torn_bytes) == (int(cut > good), cut - good)
