"""The seam between the engine and whatever keeps its records: one Store, one Space per transaction.

A record is a JSON object with a string ``id``. Records are values: what ``get`` answers is never changed in
place, and what ``put`` is given is never changed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Record = Mapping[str, Any]
Position = tuple[Any, ...]
"""Where a walk stands: ``(n,)`` in creation order, ``(value, n)`` along an index. JSON-able, stable while others write;
one of another walk's shape is refused with ValueError. After a load the same records have the same positions."""
COUNTERS = "_counters"
"""The collection of what ``increment`` counts, a record for each counter."""
State = dict[str, list[dict[str, Any]]]
"""A whole sandbox: its collections, each a list of records in creation order. What export answers and load takes;
the counters that ``increment`` keeps are the collection ``_counters`` of ``{"id", "value"}``."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of records, the fields it is found by, and whether it outlives the process.

    Indexed strings are compared by their ``casefold``; a record whose indexed field is absent or null is not in
    that index. A volatile collection is kept in memory only: it is neither logged, nor exported, nor restored.
    """

    name: str
    indexes: tuple[str, ...] = ()
    volatile: bool = False


WriteTimes = tuple[int, int]
"""When a record was written, in microseconds since 1970: by the sandbox's clock, and by the machine's."""
Durability = Literal["commit", "interval", "memory"]
"""When a write is on the disk: before its answer, within 200 ms of it, or never. The death of the process alone takes
nothing from the first two."""
StoreDurability = Literal["commit", "interval", "memory", "redis"]
"""The same, or that a write is in Redis before its answer, and lasts as Redis makes it last."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How a store is: what it promises, why it takes no more writes if so, and what it had to cut off at the start."""

    durability: StoreDurability
    failure: str | None = None
    torn_tails: int = 0
    torn_bytes: int = 0


class Space(Protocol):
    """One sandbox's records inside one transaction: all of what is written here is kept, or none of it."""

    def get(self, collection: str, id: str) -> Record | None:
        """The record of that id, or None."""

    def put(self, collection: str, record: Record) -> None:
        """Keep the record under its ``id``; one that is there already is replaced and keeps its place in the order.

        StoreCrowded when a new one would be one too many; collections whose names begin with an underscore do not
        count, for each has a bound of its own.
        """

    def drop(self, collection: str, id: str) -> None:
        """Forget the record of that id; an unknown id is no error."""

    def find(self, collection: str, field: str, value: Any) -> Iterator[Record]:
        """The records whose indexed field equals value (strings by casefold), oldest first."""

    def scan(
        self,
        collection: str,
        *,
        field: str | None = None,
        equals: Any = None,
        prefix: str | None = None,
        descending: bool = False,
        after: Position | None = None,
    ) -> Iterator[tuple[Position, Record]]:
        """Walk a collection in creation order, or along an index, from behind ``after``.

        With ``field`` alone the walk goes by that field's value, then by creation; with ``equals`` only over
        that value (so by creation), with ``prefix`` only over strings that begin with it. A field without an
        index is refused with KeyError.
        """

    def count(self, collection: str) -> int:
        """How many records the collection holds."""

    def nth(self, collection: str, place: int) -> Record:
        """The record before which so many others were created, at a cost that is flat; IndexError if none is."""

    def increment(self, counter: str, by: int = 1) -> int:
        """Add to a named counter (it begins at 0) and answer its new value; a rolled-back bump never happened."""

    def append(self, collection: str, record: Record, max_records: int) -> None:
        """Put a new record and forget the oldest beyond ``max_records``: for logs that must stay bounded."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what is done meanwhile, and nothing before it, when an error leaves."""

    def claim(self, name: str) -> bool:
        """Mark a name as in someone's hands until released; False when it already is.

        Never kept on disk, and undone with its transaction like everything else.
        """

    def is_claimed(self, name: str) -> bool:
        """Whether a name is in someone's hands."""

    def release(self, name: str) -> None:
        """Let go of a claim; one that nobody holds is no error."""


ChangedCollections = frozenset[str] | None
"""The collections that another process has written in; None when it has put a whole state in everything's place."""


class Cluster(Protocol):
    """The other processes that serve the same store."""

    is_distributed: bool
    """Whether there may be others."""

    def announce(self) -> None:
        """Tell them that there are other sandboxes or other keys."""

    def generation(self) -> int:
        """A number that is another one after every announcement."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Do something that no other process and no other thread does at the same time."""

    def is_leader(self) -> bool:
        """Whether it is this process that sees to what falls due while nobody asks."""

    def get_or_set(self, name: str, proposal: str) -> str:
        """What all processes have under a name: the first that was proposed."""

    def subscribe(self, on_due: Callable[[str], None]) -> None:
        """Have a function called with the sandbox in which another process says that something is due."""


class SharedJournalLog(Protocol):
    """The newest entries of a sandbox's journal, for all processes; bounded, and what falls out is counted."""

    def write(self, entry: bytes, cost: int, counter: str, max_entries: int, max_bytes: int) -> None:
        """Put an entry at the end, count what it is counted as, and forget the oldest beyond the bounds."""

    def read(self) -> list[bytes]:
        """Every entry, oldest first."""

    def counts(self) -> tuple[int, dict[str, int]]:
        """How many entries fell out, and how many were counted as what since the sandbox was made."""

    def clear(self) -> None:
        """Forget every entry; what was counted stays."""


class Store(Protocol):
    """Keeps the records of many sandboxes; an acknowledged write survives whatever its mode promises."""

    cluster: Cluster

    def watch(self, sandbox: str, changed: Callable[[Space, ChangedCollections], None]) -> None:
        """Have a function called, at the beginning of a transaction, with what other processes have changed."""

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        """Have the records of an open sandbox say when they were written, as far as the store keeps records."""

    def refresh(self, sandbox: str) -> bool:
        """Take over what other processes have written; False when one of them has deleted the sandbox."""

    def release_claim(self, sandbox: str, claim: str) -> None:
        """Release a claim; never an error, for what is not released now is so as soon as the store answers."""

    def notify_due(self, sandbox: str) -> None:
        """Tell other processes that something is due in a sandbox, once the transaction is kept that is open."""

    def journal_log(self, sandbox: str) -> SharedJournalLog | None:
        """Where calls are written down for all processes; None where there is but one, which remembers them."""

    def names(self) -> list[str]:
        """The sandboxes in which anything was written, sorted."""

    def open(self, sandbox: str) -> None:
        """Make the sandbox's records available, creating an empty one where there is none."""

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        """Say which collections an open sandbox has; indexes are built over what is already there."""

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """Hold the sandbox's lock; on leaving, keep every write as one log record, or none when an error leaves.

        With ``durable`` the caller waits, after the lock is let go, until the record is as safe as the store's
        durability says; StoreError when it cannot be kept. Without, it is for what is only counted: the record
        survives the death of the process but perhaps not of the machine, and while the disk takes nothing it waits
        in memory for the next one that is kept. Without ``wait`` the record is taken or refused as with it, and
        ``wait_until_durable`` waits for it with all others. One that is ``read_only`` may write nothing (RuntimeError), and need not
        keep other processes out. Never wait for anything inside.
        """

    def wait_until_durable(self, sandbox: str) -> None:
        """Wait until all the sandbox has written is as safe as the store's durability says; StoreError if it is not."""

    def export(self, sandbox: str) -> State:
        """All collections that are not volatile, as plain JSON-able data."""

    def load(self, sandbox: str, state: State) -> None:
        """Replace everything the sandbox holds (volatile collections and claims are emptied), as one log record."""

    def delete(self, sandbox: str) -> None:
        """Forget the sandbox and its files."""

    def flush(self) -> None:
        """Bring to the disk what was written without waiting for it."""

    @property
    def status(self) -> StoreStatus:
        """What the store promises, and how it is."""

    def close(self) -> None:
        """Write a checkpoint of everything and let go of the files."""


class StoreError(Exception):
    """The store could not keep or read something; the message names the file, the place and the reason."""


class SandboxGone(StoreError):
    """The sandbox is not there any more: closed, or deleted, be it by another process."""


class StoreFull(StoreError):
    """There is no room for a write; it was taken back whole, and the next one may fit again."""


class TooManyRecords(StoreFull):
    """A sandbox has as many records as it may; the message is for whoever wanted another one."""


class StoreTooNew(StoreError):
    """A file on the disk was written by a newer server; it is left untouched."""


class StoreDamaged(StoreError):
    """A file on the disk is not what was written; it is left untouched."""


class StoreLocked(StoreError):
    """Another process has this data directory."""
