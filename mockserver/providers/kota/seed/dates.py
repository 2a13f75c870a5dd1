"""Seeded lives as they stand on another day: every date moves by as many days as have passed, birthdays do not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from mockserver.engine import TIMERS, State, parse_instant
from mockserver.providers.kota.values.records import DAY

GENERATED_AS_OF = parse_instant("2026-03-02T00:00:00Z")
"""The instant that generated data is as of."""
_UNSHIFTED_COLLECTIONS = ("plans", "providers", "_counters")
_BIRTH_FIELD = "date_of_birth"
_MIN_INSTANT = parse_instant("2000-01-01T00:00:00Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?", re.ASCII)


def shift_dates(state: State, now: int) -> State:
    """The same lives, as many whole days later (or earlier) as lie between the data's day and ``now``."""
    days = (now - GENERATED_AS_OF) // DAY
    if not days:
        return state
    mover = _DateShifter(days)
    moved = {
        name: records if name in _UNSHIFTED_COLLECTIONS else mover.shift(records) for name, records in state.items()
    }
    late = [{**timer, "due": f"{int(timer['due']) + days * DAY:020d}"} for timer in moved.get(TIMERS, ())]
    return {**moved, TIMERS: late}


class _DateShifter:
    """Moves every date in a value; the same few days are everywhere, so each is reckoned once."""

    def __init__(self, days: int) -> None:
        self._delta, self._shift_length = timedelta(days), days * DAY
        self._shifted_days: dict[str, str] = {}

    def shift(self, value: Any) -> Any:
        """The value, its dates and instants later."""
        kind = type(value)
        if kind is dict:
            return {name: each if name == _BIRTH_FIELD else self.shift(each) for name, each in value.items()}
        if kind is list:
            return [self.shift(each) for each in value]
        if kind is str:
            # Nearly no text is a date: the cheap question first.
            return self._day(value) if value[4:5] == "-" == value[7:8] and _DATE.fullmatch(value) else value
        # Instants are numbers of microseconds; no other number is as large.
        return value + self._shift_length if kind is int and value > _MIN_INSTANT else value

    def _day(self, text: str) -> str:
        day = text[:10]
        if day not in self._shifted_days:
            self._shifted_days[day] = (date.fromisoformat(day) + self._delta).isoformat()
        return self._shifted_days[day] + text[10:]
