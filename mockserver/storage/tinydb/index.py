"""How records are ordered along a field: by a key any JSON value has, then by creation."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from sortedcontainers import SortedList

_BOOL, _NUMBER, _STRING, _OTHER = range(4)
_LAST = chr(sys.maxunicode)
IndexEntry = tuple[Any, ...]
"""``(rank of type, comparable value, n)``, in creation order ``(n,)``; a shorter one comes before all it begins."""


def sort_key(value: Any) -> IndexEntry | None:
    """What the value is sorted by, its type first so that values of mixed types compare; None is in no index."""
    if type(value) is str:
        return (_STRING, value.casefold())
    if value is None:
        return None
    if isinstance(value, bool):
        return (_BOOL, value)
    if isinstance(value, int | float) and value == value:  # NaN would break the order
        return (_NUMBER, value)
    return (_OTHER, json.dumps(value, sort_keys=True, default=repr))


def prefix_bounds(prefix: str) -> tuple[IndexEntry, IndexEntry]:
    """The entries between which all strings lie that begin with prefix, by casefold."""
    folded = prefix.casefold()
    stem = folded.rstrip(_LAST)
    end = (_STRING, stem[:-1] + chr(ord(stem[-1]) + 1)) if stem else (_STRING + 1,)
    return (_STRING, folded), end


class Index:
    """The entries of one table along one field, in order; without a field, in creation order.

    Filled when it is first looked into, so that whoever exchanges a whole table does not wait for what nobody asks.
    """

    def __init__(self, field: str | None, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._field = field
        self._rows = rows
        self.entries: SortedList | None = None

    def load_entries(self) -> SortedList:
        """The entries, read from the rows where nobody has looked into them before."""
        if self.entries is None:
            entries = (self.entry(int(n), record) for n, record in self._rows.items())
            self.entries = SortedList(entry for entry in entries if entry is not None)
        return self.entries

    def entry(self, n: int, record: Mapping[str, Any]) -> IndexEntry | None:
        """Where the record stands, or None when it does not belong here."""
        if self._field is None:
            return (n,)
        found = sort_key(record.get(self._field))
        return None if found is None else (*found, n)

    def update(self, n: int, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
        """Take note, before the rows change, that record n was old and is new; None is no record.

        Only of use to an index that has entries: any other reads the rows when it is first looked into.
        """
        before = None if old is None else self.entry(n, old)
        after = None if new is None else self.entry(n, new)
        if before == after:
            return
        entries = self.load_entries()
        if before is not None and before == entries[0]:
            entries.pop(0)  # What falls due, and the oldest of a log: most that goes is the first, and soonest found.
        elif before is not None:
            entries.remove(before)
        if after is not None:
            entries.add(after)

    def nth(self, place: int) -> int:
        """The n of the entry at this place, the first being 0."""
        n: int = self.load_entries()[place][-1]
        return n
