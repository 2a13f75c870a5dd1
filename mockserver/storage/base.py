"""The interface between the engine and its storage: a Store, and a Space for each transaction.

A record is a JSON object with a string ``id``. Records are immutable by convention: never change a record
that ``get`` has returned or that was passed to ``put``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Record = Mapping[str, Any]
Position = tuple[Any, ...]
"""The place of a record in a scan: ``(n,)`` in creation order, ``(value, n)`` along an index. A position is JSON. It
stays valid after writes, and after ``load`` of the same records. ``scan`` raises ValueError for another shape."""
COUNTERS = "_counters"
"""The collection that holds the counters of ``increment``, one record each."""
State = dict[str, list[dict[str, Any]]]
"""A whole sandbox, as ``export`` returns and ``load`` accepts it: for each collection its records in creation order.
The counters of ``increment`` are the collection ``_counters`` of ``{"id", "value"}``."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A named list of records, its indexed fields, and whether it is volatile.

    Indexed strings are compared by their ``casefold``. A record whose indexed field is absent or null is not in
    that index. A volatile collection is kept in memory only: it is not logged, exported or restored.
    """

    name: str
    indexes: tuple[str, ...] = ()
    volatile: bool = False


WriteTimes = tuple[int, int]
"""When a record was written, in microseconds since 1970: by the sandbox's clock and by the wall clock."""
Durability = Literal["commit", "interval", "memory"]
"""When a write is on the disk: before the reply (``commit``), within 200 ms (``interval``), or never (``memory``). If
the process dies but the machine runs on, ``commit`` and ``interval`` lose nothing."""
StoreDurability = Literal["commit", "interval", "memory", "redis"]
"""A ``Durability``, or ``redis``: a write is in Redis before the reply, and as durable as that Redis is configured."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The durability and the health of a store."""

    durability: StoreDurability
    failure: str | None = None
    """Why the store accepts no more writes; None while it does."""
    torn_tails: int = 0
    """The number of logs whose torn tail was cut off when they were opened."""
    torn_bytes: int = 0
    """The number of bytes that were cut off these logs in total."""


class Space(Protocol):
    """The records of one sandbox inside one transaction."""

    def get(self, collection: str, id: str) -> Record | None:
        """Returns the record with that id, or None."""

    def put(self, collection: str, record: Record) -> None:
        """Stores the record under its ``id``. A record that replaces another one keeps its place in creation order.

        Raises TooManyRecords when a new record would exceed the sandbox's limit. Collections whose names begin with
        an underscore do not count, because each has its own bound.
        """

    def drop(self, collection: str, id: str) -> None:
        """Deletes the record with that id; an unknown id is not an error."""

    def find(self, collection: str, field: str, value: Any) -> Iterator[Record]:
        """Returns the records whose indexed field equals ``value`` (strings by casefold), oldest first."""

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
        """Iterates over a collection in creation order or along an index, starting after the position ``after``.

        With ``field`` the records are sorted by its value, then by creation. ``equals`` selects the records with one
        value, so they are in creation order. ``prefix`` selects the strings that begin with it. Raises KeyError for a
        field without an index.
        """

    def count(self, collection: str) -> int:
        """Returns the number of records in the collection."""

    def nth(self, collection: str, offset: int) -> Record:
        """Returns the record at ``offset`` (from 0) in creation order, or raises IndexError.

        The cost does not depend on the size of the collection.
        """

    def increment(self, counter: str, by: int = 1) -> int:
        """Adds to a named counter, which starts at 0, and returns its new value; a rollback undoes it."""

    def append(self, collection: str, record: Record, max_records: int) -> None:
        """Stores a new record; if there are more than ``max_records``, deletes the oldest records."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Returns a context manager that undoes the writes made inside it when an exception leaves it."""

    def claim(self, name: str) -> bool:
        """Sets a claim on a name until it is released; returns False when the name is already claimed.

        A claim is never kept on disk, and is rolled back with its transaction.
        """

    def is_claimed(self, name: str) -> bool:
        """Returns whether the name is claimed, by this process or another one that is alive."""

    def release(self, name: str) -> None:
        """Removes a claim; a name that is not claimed is not an error."""


ChangedCollections = frozenset[str] | None
"""The collections in which another process has written; None when it has replaced the whole state."""


class Cluster(Protocol):
    """The other processes that serve the same store."""

    is_distributed: bool
    """Whether other processes can exist."""

    def announce(self) -> None:
        """Starts a new generation: tells the other processes that sandboxes or keys have changed."""

    def generation(self) -> int:
        """Returns a number that changes with every ``announce``."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Excludes every other process and thread that holds the lock of that name; the lock is not reentrant."""

    def is_leader(self) -> bool:
        """Returns whether this process runs timers and deliveries while no call comes."""

    def get_or_set(self, name: str, proposal: str) -> str:
        """Returns the value that all processes share under a name; the first call sets it to its ``proposal``."""

    def subscribe(self, on_due: Callable[[str], None]) -> None:
        """Calls ``on_due`` with a sandbox's id whenever a process reports that something is due there."""


class SharedJournalLog(Protocol):
    """The newest entries of a sandbox's journal, shared by all processes and bounded."""

    def write(self, entry: bytes, cost: int, counter: str, max_entries: int, max_bytes: int) -> None:
        """Appends an entry of ``cost`` bytes, adds 1 to ``counter``, and deletes old entries beyond the bounds."""

    def read(self) -> list[bytes]:
        """Returns all entries, oldest first."""

    def counts(self) -> tuple[int, dict[str, int]]:
        """Returns the number of entries deleted because of the bounds, and the counters of the sandbox by name."""

    def clear(self) -> None:
        """Deletes all entries; the counters stay."""


class Store(Protocol):
    """Stores the records of many sandboxes, with the durability that its status names."""

    cluster: Cluster

    def on_remote_changes(self, sandbox: str, callback: Callable[[Space, ChangedCollections], None]) -> None:
        """Calls ``callback`` at the start of a transaction when other processes have changed the sandbox."""

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        """Sets the source of the times in the log records of an open sandbox; a store without a log ignores it."""

    def refresh(self, sandbox: str) -> bool:
        """Reads remote changes; returns False when another process has deleted the sandbox."""

    def release_claim(self, sandbox: str, claim: str) -> None:
        """Releases a claim without raising; if the store does not respond now, it releases the claim later."""

    def notify_due(self, sandbox: str) -> None:
        """Tells other processes that something is due in a sandbox, after the open transaction is committed."""

    def journal_log(self, sandbox: str) -> SharedJournalLog | None:
        """Returns the journal that all processes share; None if the only process keeps its journal in memory."""

    def names(self) -> list[str]:
        """Returns the ids of the sandboxes in which anything was written, sorted."""

    def open(self, sandbox: str) -> None:
        """Opens a sandbox, creating an empty one if it does not exist; raises StoreError for an invalid id."""

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        """Declares the collections of an open sandbox; their indexes contain the existing records."""

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """Holds the sandbox's lock; on exit commits all writes as one log record, or none after an exception.

        With ``durable`` the caller waits, after the lock is released, until the record is stored as the durability
        setting requires; raises StoreError when it cannot be stored. ``durable=False`` is for counters: the record
        survives the end of the process, but perhaps not a power failure. While the disk accepts no writes, it waits in
        memory for the next record. With ``wait=False`` the record is accepted or refused in the same way, but the
        caller does not wait; ``wait_until_durable`` does. A ``read_only`` transaction that writes raises RuntimeError;
        it does not exclude other processes. Never wait for anything inside a transaction.
        """

    def wait_until_durable(self, sandbox: str) -> None:
        """Waits until all writes of the sandbox are stored as the durability setting requires, or raises StoreError."""

    def export(self, sandbox: str) -> State:
        """Returns all collections that are not volatile as JSON; the caller must not change the records."""

    def load(self, sandbox: str, state: State) -> None:
        """Replaces the whole state as one log record; volatile collections and claims are emptied."""

    def delete(self, sandbox: str) -> None:
        """Deletes the sandbox and its files."""

    def flush(self) -> None:
        """Makes all writes durable, including those made with ``durable=False``."""

    @property
    def status(self) -> StoreStatus: ...

    def close(self) -> None:
        """Writes a checkpoint of every sandbox and closes the files."""


class StoreError(Exception):
    """The store cannot write or read something; the message names the file or server, the place and the reason."""


class SandboxGone(StoreError):
    """The sandbox is closed, or was deleted by this or another process."""


class StoreFull(StoreError):
    """There is no space for a write. It was rolled back completely, and a later write can succeed."""


class TooManyRecords(StoreFull):
    """A sandbox has its maximum number of records; the message is sent to the client."""


class StoreTooNew(StoreError):
    """A file was written by a newer server; it is left unchanged."""


class StoreDamaged(StoreError):
    """The content of a file is damaged; the file is left unchanged."""


class StoreLocked(StoreError):
    """Another process uses this data directory."""
