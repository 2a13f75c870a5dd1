"""One sandbox's records as the engine sees them inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.storage.base import COUNTERS, Position, Record, StoreCrowded
from mockserver.storage.tinydb.memory import Changes
from mockserver.storage.tinydb.table import Declared

MOST_RECORDS = 200_000
"""So many records may a sandbox have, without those the engine keeps of it, which have bounds of their own."""


class TinySpace(Changes):
    """The Space over TinyDB tables; it works until its transaction is left."""

    __slots__ = ("_claims", "_held_before")
    _tables: Declared

    def __init__(self, tables: Declared, claims: set[str]) -> None:
        super().__init__(tables)
        self._claims = claims
        self._held_before: list[tuple[str, bool]] = []

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
        if not memory.room:
            # Counted again only when so many have been put: what was dropped meanwhile only makes more room.
            counted = [len(table.rows) for name, table in self._tables.items() if name[0] != "_"]
            memory.room = max(MOST_RECORDS - sum(counted), 0)
        if not memory.room:
            raise StoreCrowded(f"A sandbox has at most {MOST_RECORDS} records; delete some, or reset it")
        memory.room -= 1

    def drop(self, collection: str, id: str) -> None:
        """Forget the record of that id; an unknown id is no error."""
        table = self._tables[collection]
        n = table.ids.get(id)
        if n is not None:
            self.erase(table, n)

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

    def bump(self, counter: str, by: int = 1) -> int:
        """Add to a named counter (it begins at 0) and answer its new value; a rolled-back bump never happened."""
        found = self.get(COUNTERS, counter)
        value: int = (0 if found is None else found["value"]) + by
        self.put(COUNTERS, {"id": counter, "value": value})
        return value

    def append(self, collection: str, record: Record, keep: int) -> None:
        """Put a new record and forget the oldest beyond ``keep``: for logs that must stay bounded."""
        self.put(collection, record)
        table = self._tables[collection]
        while len(table.rows) > keep:
            self.erase(table, table.nth(0))

    def claim(self, name: str) -> bool:
        """Mark a name as in someone's hands until released; False when it already is. Never kept on disk."""
        if name in self._claims:
            return False
        self._hold(name, True)
        return True

    def _hold(self, name: str, held: bool) -> None:
        self._held_before.append((name, name in self._claims))
        (self._claims.add if held else self._claims.discard)(name)

    def claimed(self, name: str) -> bool:
        """Whether a name is in someone's hands."""
        return name in self._claims

    def release(self, name: str) -> None:
        """Let go of a claim; one that nobody holds is no error."""
        self._hold(name, False)

    def attempt(self) -> _Attempt:
        """Undo what is done meanwhile, and nothing before it, when an error leaves."""
        return _Attempt(self, len(self._undo), len(self.ops), len(self._held_before))

    def _take_back(self, undo: int, ops: int, held: int) -> None:
        self._undo_behind(undo)
        del self.ops[ops:]
        self._let_go_behind(held)

    def rollback(self) -> None:
        """Undo everything, claims too."""
        super().rollback()
        self._let_go_behind(0)

    def _let_go_behind(self, kept: int) -> None:
        for name, held in reversed(self._held_before[kept:]):
            (self._claims.add if held else self._claims.discard)(name)


class _Attempt:
    """What a space goes back to when an error leaves: so many changes, writes and claims as there were."""

    __slots__ = ("_before", "_space")

    def __init__(self, space: TinySpace, *before: int) -> None:
        self._space, self._before = space, before

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._space._take_back(*self._before)
