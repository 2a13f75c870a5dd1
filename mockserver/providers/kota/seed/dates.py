"""Seeded lives as they stand on another day: every date moves by as many days as have passed, birthdays do not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from mockserver.engine import TIMERS, State, parse_instant
from mockserver.providers.kota.values.records import DAY

WRITTEN = parse_instant("2026-03-02T00:00:00Z")
"""The instant that generated data is as of."""
_STAYS = ("plans", "providers", "_counters")
_BORN = "date_of_birth"
_SMALLEST = parse_instant("2000-01-01T00:00:00Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?", re.ASCII)


def settle(state: State, now: int) -> State:
    """The same lives, as many whole days later (or earlier) as lie between the data's day and ``now``."""
    days = (now - WRITTEN) // DAY
    if not days:
        return state
    mover = _Mover(days)
    moved = {name: records if name in _STAYS else mover.move(records) for name, records in state.items()}
    late = [{**timer, "due": f"{int(timer['due']) + days * DAY:020d}"} for timer in moved.get(TIMERS, ())]
    return {**moved, TIMERS: late}


class _Mover:
    """Moves every date in a value; the same few days are everywhere, so each is reckoned once."""

    def __init__(self, days: int) -> None:
        self._by, self._length = timedelta(days), days * DAY
        self._known: dict[str, str] = {}

    def move(self, value: Any) -> Any:
        """The value, its dates and instants later."""
        kind = type(value)
        if kind is dict:
            return {name: each if name == _BORN else self.move(each) for name, each in value.items()}
        if kind is list:
            return [self.move(each) for each in value]
        if kind is str:
            # Nearly no text is a date: the cheap question first.
            return self._day(value) if value[4:5] == "-" == value[7:8] and _DATE.fullmatch(value) else value
        # Instants are numbers of microseconds; no other number is as large.
        return value + self._length if kind is int and value > _SMALLEST else value

    def _day(self, text: str) -> str:
        day = text[:10]
        if day not in self._known:
            self._known[day] = (date.fromisoformat(day) + self._by).isoformat()
        return self._known[day] + text[10:]
