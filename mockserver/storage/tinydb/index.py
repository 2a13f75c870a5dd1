"""Indexes: the order of records by a field (any JSON value), then by creation."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from sortedcontainers import SortedList

_BOOL, _NUMBER, _STRING, _OTHER = range(4)
"""The ranks of types."""
_LAST_CHARACTER = chr(sys.maxunicode)
IndexEntry = tuple[Any, ...]
"""``(rank of type, comparable value, n)``, or ``(n,)`` in the index by creation. A tuple that is the beginning of an
entry sorts before the entry, so it can be a bound."""


def sort_key(value: Any) -> IndexEntry | None:
    """Returns the sort key of a value; None for null, which is in no index.

    The rank of the type comes first, because values of different types cannot be compared.
    """
    if type(value) is str:
        return (_STRING, value.casefold())
    if value is None:
        return None
    if isinstance(value, bool):
        return (_BOOL, value)
    if isinstance(value, int | float) and value == value:  # NaN, which would break the order, does not equal itself.
        return (_NUMBER, value)
    return (_OTHER, json.dumps(value, sort_keys=True, default=repr))


def prefix_bounds(prefix: str) -> tuple[IndexEntry, IndexEntry]:
    """Returns the lower and the upper bound of all strings that begin with ``prefix``, by casefold."""
    folded = prefix.casefold()
    # The upper bound is the prefix with its last character increased; the last of all characters cannot be increased.
    stem = folded.rstrip(_LAST_CHARACTER)
    end = (_STRING, stem[:-1] + chr(ord(stem[-1]) + 1)) if stem else (_STRING + 1,)
    return (_STRING, folded), end


class Index:
    """The entries of one table, sorted by a field; without a field, sorted by creation.

    It is built at its first use, so that replacing a whole table does not have to build unused indexes.
    """

    def __init__(self, field: str | None, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._field = field
        self._rows = rows
        self.entries: SortedList | None = None

    def load_entries(self) -> SortedList:
        """Returns the entries; builds them from the rows at the first use."""
        if self.entries is None:
            entries = (self.entry(int(n), record) for n, record in self._rows.items())
            self.entries = SortedList(entry for entry in entries if entry is not None)
        return self.entries

    def entry(self, n: int, record: Mapping[str, Any]) -> IndexEntry | None:
        """Returns the entry of a record, or None if it is not in this index."""
        if self._field is None:
            return (n,)
        key = sort_key(record.get(self._field))
        return None if key is None else (*key, n)

    def update(self, n: int, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
        """Replaces the entry of record ``n``; None stands for no record.

        Call it only if ``entries`` is not None, because an unused index is built from the rows at its first use.
        """
        before = None if old is None else self.entry(n, old)
        after = None if new is None else self.entry(n, new)
        if before == after:
            return
        entries = self.load_entries()
        if before is not None and before == entries[0]:
            # This is faster than remove, and the common case: due timers, the oldest record of a bounded collection.
            entries.pop(0)
        elif before is not None:
            entries.remove(before)
        if after is not None:
            entries.add(after)

    def nth(self, offset: int) -> int:
        """Returns the doc_id of the entry at ``offset``, from 0."""
        n: int = self.load_entries()[offset][-1]
        return n
