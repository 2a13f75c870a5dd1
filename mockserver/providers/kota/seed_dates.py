"""Seeded lives as they stand on another day: every date moves by as many days as have passed, birthdays do not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from mockserver.engine import TIMERS, State, parse_instant
from mockserver.providers.kota.records import DAY

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
    return {
        name: records if name in _STAYS else [_moved(name, record, days) for record in records]
        for name, records in state.items()
    }


def _moved(name: str, record: dict[str, Any], days: int) -> dict[str, Any]:
    moved: dict[str, Any] = _shifted(record, days)
    if name == TIMERS:
        moved["due"] = f"{int(record['due']) + days * DAY:020d}"
    return moved


def _shifted(value: Any, days: int) -> Any:
    if isinstance(value, dict):
        return {name: each if name == _BORN else _shifted(each, days) for name, each in value.items()}
    if isinstance(value, list):
        return [_shifted(each, days) for each in value]
    if isinstance(value, str) and _DATE.fullmatch(value):
        return (date.fromisoformat(value[:10]) + timedelta(days)).isoformat() + value[10:]
    # Instants are numbers of microseconds; no other number is as large.
    return value + days * DAY if isinstance(value, int) and value > _SMALLEST else value
