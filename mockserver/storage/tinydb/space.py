"""One sandbox's records as the engine sees them inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.storage.base import COUNTERS, Position, Record, TooManyRecords
from mockserver.storage.tinydb.memory import WriteSet
from mockserver.storage.tinydb.table import DeclaredTables

MAX_RECORDS = 200_000
"""So many records may a sandbox have, without those the engine keeps of it, which have bounds of their own."""


class TinySpace(WriteSet):
    """The Space over TinyDB tables; it works until its transaction is left."""

    __slots__ = ("_claim_undo", "_claims")
    _tables: DeclaredTables

    def __init__(self, tables: DeclaredTables, claims: set[str]) -> None:
        super().__init__(tables)
        self._claims = claims
        self._claim_undo: list[tuple[str, bool]] = []

    def get(self, collection: str, id: str) -> Record | None:
        """The record of that id, or None."""
        table = self._tables[collection]
        n = table.ids.get(id)
        return None if n is None else table.rows[str(n)]

    def put(self, collection: str, record: Record) -> None:
        """Keep the record under its ``id``; one that is there already is replaced and keeps its place in the order."""
        table = self._tables[collection]
        n = table.ids.get(record["id"])
        if n is None:
            if collection[0] != "_":
                self._refuse_if_full()
            n = table.memory.peek_id(collection)
        self.write(table, n, record if type(record) is dict else dict(record))

    def _refuse_if_full(self) -> None:
        memory = self._tables[COUNTERS].memory
        if not memory.remaining_capacity:
            # Counted again only when so many have been put: what was dropped meanwhile only makes more room.
            counted = [len(table.rows) for name, table in self._tables.items() if name[0] != "_"]
            memory.remaining_capacity = max(MAX_RECORDS - sum(counted), 0)
        if not memory.remaining_capacity:
            raise TooManyRecords(f"A sandbox has at most {MAX_RECORDS} records; delete some, or reset it")
        memory.remaining_capacity -= 1

    def drop(self, collection: str, id: str) -> None:
        """Forget the record of that id; an unknown id is no error."""
        table = self._tables[collection]
        n = table.ids.get(id)
        if n is not None:
            self.delete(table, n)

    def find(self, collection: str, field: str, value: Any) -> Iterator[Record]:
        """The records whose indexed field equals value (strings by casefold), oldest first."""
        if value is None:
            return iter(())
        return (record for _, record in self._tables[collection].walk(field, value, None, False, None))

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
        """Walk a collection in creation order, or along an index, from behind ``after``."""
        return self._tables[collection].walk(field, equals, prefix, descending, after)

    def count(self, collection: str) -> int:
        """How many records the collection holds."""
        return len(self._tables[collection].rows)

    def nth(self, collection: str, place: int) -> Record:
        """The record before which so many others were created, at a cost that is flat; IndexError if none is."""
        table = self._tables[collection]
        return table.rows[str(table.nth(place))]

    def increment(self, counter: str, by: int = 1) -> int:
        """Add to a named counter (it begins at 0) and answer its new value; a rolled-back bump never happened."""
        found = self.get(COUNTERS, counter)
        value: int = (0 if found is None else found["value"]) + by
        self.put(COUNTERS, {"id": counter, "value": value})
        return value

    def append(self, collection: str, record: Record, max_records: int) -> None:
        """Put a new record and forget the oldest beyond ``max_records``: for logs that must stay bounded."""
        self.put(collection, record)
        table = self._tables[collection]
        while len(table.rows) > max_records:
            self.delete(table, table.nth(0))

    def claim(self, name: str) -> bool:
        """Mark a name as in someone's hands until released; False when it already is. Never kept on disk."""
        if name in self._claims:
            return False
        self._set_claim(name, True)
        return True

    def _set_claim(self, name: str, held: bool) -> None:
        self._claim_undo.append((name, name in self._claims))
        (self._claims.add if held else self._claims.discard)(name)

    def is_claimed(self, name: str) -> bool:
        """Whether a name is in someone's hands."""
        return name in self._claims

    def release(self, name: str) -> None:
        """Let go of a claim; one that nobody holds is no error."""
        self._set_claim(name, False)

    def savepoint(self) -> _Savepoint:
        """Undo what is done meanwhile, and nothing before it, when an error leaves."""
        return _Savepoint(self, len(self._undo), len(self.ops), len(self._claim_undo))

    def _rollback_to(self, undo: int, ops: int, held: int) -> None:
        self._undo_to(undo)
        del self.ops[ops:]
        self._undo_claims_to(held)

    def rollback(self) -> None:
        """Undo everything, claims too."""
        super().rollback()
        self._undo_claims_to(0)

    def _undo_claims_to(self, kept: int) -> None:
        for name, held in reversed(self._claim_undo[kept:]):
            (self._claims.add if held else self._claims.discard)(name)


class _Savepoint:
    """What a space goes back to when an error leaves: so many changes, writes and claims as there were."""

    __slots__ = ("_before", "_space")

    def __init__(self, space: TinySpace, *before: int) -> None:
        self._space, self._before = space, before

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._space._rollback_to(*self._before)
