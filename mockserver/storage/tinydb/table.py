"""TinyDB's Table with indexes: reading by id, by indexed field or in order costs the same at any size."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, cast

from tinydb.table import Table

from mockserver.storage.base import Position, Record
from mockserver.storage.tinydb.checkpoint import METADATA_TABLE
from mockserver.storage.tinydb.index import Index, IndexEntry, prefix_bounds, sort_key
from mockserver.storage.tinydb.memory import MemoryStorage, Transaction, WriteSet
from mockserver.storage.tinydb.schema import Rows

EXCLUSIVE_BOUNDS = (False, False)
"""The argument ``inclusive`` of ``SortedList.irange``: neither the lower nor the upper bound is included."""


class NoCache(dict[Any, Any]):
    """A query cache that stores nothing, because a cached result would be stale after every write."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def __setitem__(self, query: Any, documents: Any) -> None:
        return


class IndexedTable(Table):
    """One table. ``set_row`` and ``remove_row`` change it in memory only; TinyDB's own methods are transactions."""

    query_cache_class = cast(Any, NoCache)
    name = ""

    def __init__(self, storage: MemoryStorage, name: str) -> None:
        if name == METADATA_TABLE:
            raise ValueError(f"a table cannot be named {name!r}: checkpoints use that name for their metadata")
        super().__init__(storage, name)
        self.name = name  # TinyDB's property is slower, and each write uses the name several times.
        self.memory = storage
        self.is_logged = storage.is_logged
        self.version = 0
        """Grows with each write, so that an iteration notices writes."""
        self._fields: tuple[str, ...] = ()
        storage.on_tables_replaced(self._rebuild)
        self._rebuild()

    def _rebuild(self) -> None:
        self.rows: Rows = self.memory.rows(self.name)
        self.ids = {record["id"]: int(n) for n, record in self.rows.items() if record.get("id") is not None}
        self._indexes = {field: Index(field, self.rows) for field in (None, *self._fields)}

    def index_by(self, fields: tuple[str, ...]) -> None:
        """Replaces the indexes by one for each of these fields."""
        self._fields = fields
        self._rebuild()

    def nth(self, offset: int) -> int:
        """Returns the doc_id of the record at ``offset`` (from 0) in creation order, or raises IndexError."""
        if 0 <= offset < len(self.rows) == self.memory.peek_id(self.name) - 1:
            return offset + 1  # No record was ever removed, so the doc_ids have no gap.
        return self._indexes[None].nth(offset)

    def set_row(self, n: int, record: dict[str, Any]) -> dict[str, Any] | None:
        """Stores ``record`` as document ``n`` and returns the document it replaces.

        Raises ValueError if another document has the same id.
        """
        row, id = str(n), record.get("id")
        if id is not None and self.ids.get(id, n) != n:
            raise ValueError(f"table {self.name!r} has another record with the id {id!r}; ids must be unique")
        old = self.rows.get(row)
        self._reindex(n, old, record)
        self.rows[row] = record
        if id is not None:
            self.ids[id] = n
        return old

    def remove_row(self, n: int) -> dict[str, Any]:
        """Removes document ``n`` and returns it."""
        old = self.rows.pop(str(n))
        self._reindex(n, old, None)
        return old

    def _reindex(self, n: int, old: Record | None, new: Record | None) -> None:
        self.version += 1
        for index in self._indexes.values():
            if index.entries is not None:
                index.update(n, old, new)
        if old is not None:
            self.ids.pop(old.get("id"), None)

    def walk(
        self, field: str | None, equals: Any, prefix: str | None, descending: bool, after: Position | None
    ) -> Iterator[tuple[Position, Record]]:
        """Iterates over positions and records after ``after``; raises KeyError if the field has no index.

        Raises ValueError if ``after`` is not a position of this iteration.
        """
        index = self._indexes.get(field)
        if index is None or (field is None and (equals is not None or prefix is not None)):
            raise KeyError(f"collection {self.name!r} has no index on {field!r}")
        low, high = (None, None) if equals is None and prefix is None else _bounds(equals, prefix)
        if after is not None:
            low, high = _narrow_bounds(_position_to_entry(field, after), low, high, descending)
        version = self.version
        sorted_entries = index.load_entries() if index.entries is None else index.entries
        entries: Iterator[IndexEntry] = sorted_entries.irange(low, high, EXCLUSIVE_BOUNDS, descending)
        while (entry := next(entries, None)) is not None:
            n = entry[-1]
            record = self.rows[str(n)]
            yield ((n,) if field is None else (record[field], n)), record
            if version != self.version:  # A write has invalidated the iterator, so the position is searched again.
                version = self.version
                low, high = (low, entry) if descending else (entry, high)
                entries = sorted_entries.irange(low, high, EXCLUSIVE_BOUNDS, descending)

    def __len__(self) -> int:
        return len(self.rows)

    def _get_next_id(self) -> int:
        with self.memory.exclusive_reentrant():
            n = self.memory.peek_id(self.name)
            self.memory.reserve_id(self.name, n)
            return n

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return cast(dict[str, Mapping[str, Any]], _Snapshot(self))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        with Transaction(self.memory, WriteSet({})) as changes:
            self.memory.remaining_capacity = 0  # These writes are not counted, so the next one counts all records.
            draft = _Draft(self.rows)
            updater(cast(dict[int, Mapping[str, Any]], draft))
            for n, record in draft.changed.items():
                if record is None:
                    changes.delete(self, n)
                elif record != self.rows.get(str(n)):
                    changes.write(self, n, record)


class DeclaredTables(dict[str, IndexedTable]):
    """The tables of a sandbox by declared collection; an unknown name raises KeyError that lists the declared ones."""

    def __missing__(self, collection: str) -> IndexedTable:
        known = ", ".join(sorted(self)) or "none, because the transaction is over"
        raise KeyError(f"collection {collection!r} is not declared; declared: {known}")


def _bounds(equals: Any, prefix: str | None) -> tuple[IndexEntry | None, IndexEntry | None]:
    if prefix is not None:
        return prefix_bounds(prefix)
    same = sort_key(equals)
    return (None, None) if same is None else (same, (*same, float("inf")))


def _position_to_entry(field: str | None, after: Position) -> IndexEntry:
    if field is None and len(after) == 1 and isinstance(after[0], int):
        return tuple(after)
    key = sort_key(after[0]) if field is not None and len(after) == 2 and isinstance(after[1], int) else None
    if key is None:
        raise ValueError(f"{after!r} is not a position in the order of {f'index {field!r}' if field else 'creation'}")
    return (*key, after[1])


def _narrow_bounds(
    entry: IndexEntry, low: IndexEntry | None, high: IndexEntry | None, descending: bool
) -> tuple[IndexEntry | None, IndexEntry | None]:
    if descending:
        return low, entry if high is None else min(high, entry)
    return entry if low is None else max(low, entry), high


class _Snapshot(Mapping[str, Record]):
    """A table as TinyDB reads it: iterates over a consistent copy, and returns single documents without copying."""

    def __init__(self, table: IndexedTable) -> None:
        self._table = table

    def __getitem__(self, n: str) -> Record:
        with self._table.memory.exclusive_reentrant():
            return self._table.rows[n]

    def __len__(self) -> int:
        return len(self._table.rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._copy())

    def items(self) -> ItemsView[str, Record]:
        return self._copy().items()

    def _copy(self) -> dict[str, Record]:
        with self._table.memory.exclusive_reentrant():
            rows = self._table.rows
            return {n: rows[n] for n in sorted(rows, key=int)}


class _Draft(MutableMapping[int, dict[str, Any]]):
    """A table as TinyDB changes it: copies each document that is read, because TinyDB changes it in place."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.changed: dict[int, dict[str, Any] | None] = {}

    def __getitem__(self, n: int) -> dict[str, Any]:
        if n not in self.changed:
            self.changed[n] = deepcopy(self._rows[str(n)])
        document = self.changed[n]
        if document is None:
            raise KeyError(n)
        return document

    def __setitem__(self, n: int, document: dict[str, Any]) -> None:
        self.changed[n] = document

    def __delitem__(self, n: int) -> None:
        if n not in self:
            raise KeyError(n)
        self.changed[n] = None

    def __contains__(self, n: object) -> bool:
        return self.changed[n] is not None if n in self.changed else str(n) in self._rows

    def __iter__(self) -> Iterator[int]:
        known = {int(n) for n in self._rows} | set(self.changed)
        return iter(sorted(n for n in known if n in self))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        self.changed = dict.fromkeys(int(n) for n in self._rows)
