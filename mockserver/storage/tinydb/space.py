"""The Space on TinyDB tables: one sandbox's records inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.storage.base import COUNTERS, Position, Record, TooManyRecords
from mockserver.storage.tinydb.memory import WriteSet
from mockserver.storage.tinydb.table import DeclaredTables

MAX_RECORDS = 200_000
"""The maximum number of records in a sandbox. Collections of the engine (``_…``) have their own bounds instead."""


class TinySpace(WriteSet):
    """The Space on TinyDB tables; it cannot be used after its transaction."""

    __slots__ = ("_claim_undo", "_claims")
    _tables: DeclaredTables

    def __init__(self, tables: DeclaredTables, claims: set[str]) -> None:
        super().__init__(tables)
        self._claims = claims
        self._claim_undo: list[tuple[str, bool]] = []

    def get(self, collection: str, id: str) -> Record | None:
        table = self._tables[collection]
        n = table.ids.get(id)
        return None if n is None else table.rows[str(n)]

    def put(self, collection: str, record: Record) -> None:
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
            # Deletions only increase the capacity, so the records are counted again only when it is used up.
            counts = [len(table.rows) for name, table in self._tables.items() if name[0] != "_"]
            memory.remaining_capacity = max(MAX_RECORDS - sum(counts), 0)
        if not memory.remaining_capacity:
            raise TooManyRecords(f"A sandbox has at most {MAX_RECORDS} records; delete some, or reset the sandbox")
        memory.remaining_capacity -= 1

    def drop(self, collection: str, id: str) -> None:
        table = self._tables[collection]
        n = table.ids.get(id)
        if n is not None:
            self.delete(table, n)

    def find(self, collection: str, field: str, value: Any) -> Iterator[Record]:
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
        return self._tables[collection].walk(field, equals, prefix, descending, after)

    def count(self, collection: str) -> int:
        return len(self._tables[collection].rows)

    def nth(self, collection: str, offset: int) -> Record:
        table = self._tables[collection]
        return table.rows[str(table.nth(offset))]

    def increment(self, counter: str, by: int = 1) -> int:
        record = self.get(COUNTERS, counter)
        value: int = (0 if record is None else record["value"]) + by
        self.put(COUNTERS, {"id": counter, "value": value})
        return value

    def append(self, collection: str, record: Record, max_records: int) -> None:
        self.put(collection, record)
        table = self._tables[collection]
        while len(table.rows) > max_records:
            self.delete(table, table.nth(0))

    def claim(self, name: str) -> bool:
        if name in self._claims:
            return False
        self._set_claim(name, True)
        return True

    def _set_claim(self, name: str, held: bool) -> None:
        self._claim_undo.append((name, name in self._claims))
        (self._claims.add if held else self._claims.discard)(name)

    def is_claimed(self, name: str) -> bool:
        return name in self._claims

    def release(self, name: str) -> None:
        self._set_claim(name, False)

    def savepoint(self) -> _Savepoint:
        return _Savepoint(self, len(self._undo), len(self.ops), len(self._claim_undo))

    def _rollback_to(self, undo: int, ops: int, claims: int) -> None:
        self._undo_to(undo)
        del self.ops[ops:]
        self._undo_claims_to(claims)

    def rollback(self) -> None:
        super().rollback()
        self._undo_claims_to(0)

    def _undo_claims_to(self, length: int) -> None:
        for name, held in reversed(self._claim_undo[length:]):
            (self._claims.add if held else self._claims.discard)(name)


class _Savepoint:
    """Undoes the writes and claims made since its creation, if an exception leaves its block.

    ``before`` has the numbers of undo steps, log operations and claims at its creation.
    """

    __slots__ = ("_before", "_space")

    def __init__(self, space: TinySpace, *before: int) -> None:
        self._space, self._before = space, before

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._space._rollback_to(*self._before)
