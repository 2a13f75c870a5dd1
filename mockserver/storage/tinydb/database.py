"""One open sandbox as a TinyDB database with the declared collections as tables."""

from __future__ import annotations

import re
from typing import Any, cast

from tinydb import TinyDB
from tinydb.table import Table

from mockserver.storage.base import COUNTERS, Collection, State, StoreError
from mockserver.storage.tinydb.checkpoint import METADATA_TABLE
from mockserver.storage.tinydb.memory import MemoryStorage
from mockserver.storage.tinydb.table import DeclaredTables, IndexedTable

_SANDBOX_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Database(TinyDB):
    """A TinyDB with indexed tables, in which every change is one log record."""

    table_class: type[Table] = IndexedTable

    def __init__(self, storage: MemoryStorage) -> None:
        super().__init__(storage=lambda: storage)

    def drop_table(self, name: str) -> None:
        """Deletes all documents of the table as one log record."""
        self.table(name).truncate()

    def drop_tables(self) -> None:
        """Deletes all documents of all tables, as one log record for each table."""
        for name in self.tables():
            self.drop_table(name)


class OpenSandbox:
    """One open sandbox: its durable tables, its volatile tables, and its claims.

    If several processes share the volatile collections too, ``volatile_storage`` is the same object as ``storage``.
    """

    def __init__(self, storage: MemoryStorage, volatile_storage: MemoryStorage) -> None:
        self.storage, self.volatile_storage = storage, volatile_storage
        self.database = Database(storage)
        self._volatile_database = self.database if volatile_storage is storage else Database(volatile_storage)
        self.volatile: tuple[str, ...] = ()
        self.claims: set[str] = set()
        self.tables = DeclaredTables({COUNTERS: self.table(COUNTERS)})

    def table(self, name: str, *, volatile: bool = False) -> IndexedTable:
        """Returns a table; creates an empty one if it does not exist."""
        return cast(IndexedTable, (self._volatile_database if volatile else self.database).table(name))

    def apply_write(self, name: str, n: int, record: dict[str, Any] | None) -> None:
        """Applies a write of another process: stores ``record`` as document ``n``, or removes ``n`` if it is None."""
        table = self.table(name)
        self.storage.remaining_capacity = 0  # The next write of this process counts all records again.
        if record is not None:
            table.set_row(n, record)
        elif str(n) in table.rows:
            table.remove_row(n)

    def declare(self, collections: tuple[Collection, ...]) -> None:
        """Replaces the declared collections; their indexes contain the existing records."""
        tables = DeclaredTables({COUNTERS: self.tables[COUNTERS]})
        for collection in collections:
            if collection.name in (METADATA_TABLE, COUNTERS):
                raise ValueError(f"a collection cannot be named {collection.name!r}: the store uses that name itself")
            table = self.table(collection.name, volatile=collection.volatile)
            table.index_by(collection.indexes)
            tables[collection.name] = table
        self.tables = tables
        self.volatile = tuple(collection.name for collection in collections if collection.volatile)

    def export(self) -> State:
        """Returns every collection that is not volatile, declared or not, as JSON."""
        tables = {name: table.rows for name, table in self.tables.items() if name != COUNTERS} | self.storage.read()
        names = sorted(name for name in tables if name not in self.volatile)
        return {name: [tables[name][n] for n in sorted(tables[name], key=int)] for name in names}

    def load(self, state: State) -> int:
        """Replaces the whole state and returns the seq of the log record."""
        seq = self.storage.load({name: records for name, records in state.items() if name not in self.volatile})
        if self.volatile_storage is not self.storage:
            self.volatile_storage.load({})
        self.claims.clear()
        return seq


def check_sandbox_name(sandbox: str) -> None:
    """Raises StoreError unless the name is valid for files and for Redis keys."""
    if _SANDBOX_NAME.fullmatch(sandbox) is None:
        raise StoreError(f"the sandbox id {sandbox!r} does not match {_SANDBOX_NAME.pattern}")
