"""One sandbox as a TinyDB database: its tables, by the collections that were declared."""

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
    """A TinyDB whose tables are indexed and whose every change is one record in the log."""

    table_class: type[Table] = IndexedTable

    def __init__(self, storage: MemoryStorage) -> None:
        super().__init__(storage=lambda: storage)

    def drop_table(self, name: str) -> None:
        """Drop all the table's documents."""
        self.table(name).truncate()

    def drop_tables(self) -> None:
        """Drop all documents of all tables."""
        for name in self.tables():
            self.drop_table(name)


class OpenSandbox:
    """One open sandbox: what is kept, what is volatile, and who has a claim on what.

    Volatile collections are in ``volatile_storage``, which is the storage itself where several processes share even those.
    """

    def __init__(self, storage: MemoryStorage, volatile_storage: MemoryStorage) -> None:
        self.storage, self.volatile_storage = storage, volatile_storage
        self.database = Database(storage)
        self._volatile_database = self.database if volatile_storage is storage else Database(volatile_storage)
        self.volatile: tuple[str, ...] = ()
        self.claims: set[str] = set()
        self.tables = DeclaredTables({COUNTERS: self.table(COUNTERS)})

    def table(self, name: str, *, volatile: bool = False) -> IndexedTable:
        """A table, made empty where there is none."""
        return cast(IndexedTable, (self._volatile_database if volatile else self.database).table(name))

    def apply_write(self, name: str, n: int, record: dict[str, Any] | None) -> None:
        """Have a record, or None for none, under a number: what another process has done to its copy."""
        table, self.storage.remaining_capacity = self.table(name), 0
        if record is not None:
            table.set_row(n, record)
        elif str(n) in table.rows:
            table.remove_row(n)

    def declare(self, collections: tuple[Collection, ...]) -> None:
        """Have these collections and no others; indexes are built over what is already there."""
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
        """Every collection that is not volatile, as plain JSON-able data."""
        kept = {name: table.rows for name, table in self.tables.items() if name != COUNTERS} | self.storage.read()
        lasting = sorted(name for name in kept if name not in self.volatile)
        return {name: [kept[name][n] for n in sorted(kept[name], key=int)] for name in lasting}

    def load(self, state: State) -> int:
        """Replace everything; answers the seq of the record that says so."""
        seq = self.storage.load({name: records for name, records in state.items() if name not in self.volatile})
        if self.volatile_storage is not self.storage:
            self.volatile_storage.load({})
        self.claims.clear()
        return seq


def check_sandbox_name(sandbox: str) -> None:
    """StoreError unless a sandbox of this name can be kept everywhere."""
    if _SANDBOX_NAME.fullmatch(sandbox) is None:
        raise StoreError(f"sandbox id {sandbox!r} does not match {_SANDBOX_NAME.pattern}")
