"""Shifts all dates in the seed data by the same number of days, except dates of birth."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from mockserver.engine import TIMERS, State, parse_instant
from mockserver.providers.kota.values.records import DAY

GENERATED_AS_OF = parse_instant("2026-03-02T00:00:00Z")
"""The instant as of which the seed data is generated."""
_UNSHIFTED_COLLECTIONS = ("plans", "providers", "_counters")
_BIRTH_FIELD = "date_of_birth"
_MIN_INSTANT = parse_instant("2000-01-01T00:00:00Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?", re.ASCII)


def shift_dates(state: State, now: int) -> State:
    """Returns the seed data, shifted by the number of whole days from ``GENERATED_AS_OF`` to ``now``."""
    days = (now - GENERATED_AS_OF) // DAY
    if not days:
        return state
    shifter = _DateShifter(days)
    shifted = {
        name: records if name in _UNSHIFTED_COLLECTIONS else shifter.shift(records) for name, records in state.items()
    }
    timers = [{**timer, "due": f"{int(timer['due']) + days * DAY:020d}"} for timer in shifted.get(TIMERS, ())]
    return {**shifted, TIMERS: timers}


class _DateShifter:
    """Shifts all dates in a value; caches shifted days, because the same few days occur often."""

    def __init__(self, days: int) -> None:
        self._delta, self._shift_length = timedelta(days), days * DAY
        self._shifted_days: dict[str, str] = {}

    def shift(self, value: Any) -> Any:
        """Returns the value with its dates and instants shifted."""
        kind = type(value)
        if kind is dict:
            return {name: each if name == _BIRTH_FIELD else self.shift(each) for name, each in value.items()}
        if kind is list:
            return [self.shift(each) for each in value]
        if kind is str:
            # Few texts are dates, so a cheap test precedes the regular expression.
            return self._day(value) if value[4:5] == "-" == value[7:8] and _DATE.fullmatch(value) else value
        # Instants are microseconds; no other integer is as large as an instant after 2000.
        return value + self._shift_length if kind is int and value > _MIN_INSTANT else value

    def _day(self, text: str) -> str:
        day = text[:10]
        if day not in self._shifted_days:
            self._shifted_days[day] = (date.fromisoformat(day) + self._delta).isoformat()
        return self._shifted_days[day] + text[10:]
