"""Instants, the sandbox's clock (running, frozen or moved), and durations with their text form."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

SECOND = 1_000_000
"""One second in microseconds, which are the unit of every instant and duration in the engine."""
LATEST_INSTANT = 253_402_300_799 * SECOND
"""The last second of the year 9999, the latest instant of a sandbox's clock."""
_UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": 86_400 * SECOND}
_PART = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)


def wall_time() -> int:
    """Returns the wall clock's instant. Only this function reads the wall clock."""
    return time.time_ns() // 1_000  # noqa: TID251


@dataclass(frozen=True, slots=True)
class Clock:
    """A sandbox's clock: an offset from the wall clock, or a frozen instant. Every change returns a new clock."""

    offset: int = 0
    frozen_at: int | None = None

    def now(self, wall_time: int) -> int:
        """Returns the sandbox's instant at the given instant of the wall clock."""
        return min(wall_time + self.offset, LATEST_INSTANT) if self.frozen_at is None else self.frozen_at

    def freeze(self, wall_time: int, at: int | None = None) -> Clock:
        """Returns a clock that is frozen at an instant, by default the current one."""
        return replace(self, frozen_at=self.now(wall_time) if at is None else at)

    def resume(self, wall_time: int) -> Clock:
        """Returns a clock that runs from the frozen instant."""
        return self if self.frozen_at is None else Clock(offset=self.frozen_at - wall_time)

    def advance(self, by: int) -> Clock:
        """Returns a clock that is ``by`` microseconds ahead and still frozen or running."""
        if self.frozen_at is not None:
            return replace(self, frozen_at=self.frozen_at + by)
        return replace(self, offset=self.offset + by)


def format_instant(instant: int, digits: int = 6) -> str:
    """Returns an instant as ``2026-01-31T09:30:00.000000Z``, with ``digits`` (0 to 6) decimals of the second.

    An instant after the year 9999, such as the expiry of a key, is shown as the last second of that year.
    """
    seconds, rest = divmod(min(instant, LATEST_INSTANT), SECOND)
    return f"{_format_second(seconds)}.{rest:06d}"[: 20 + digits if digits else 19] + "Z"


@lru_cache(maxsize=1_024)
def _format_second(seconds: int) -> str:
    # Cached, because most records have two instants and nearly all of them lie in the same few seconds.
    return (_NAIVE_EPOCH + timedelta(seconds=seconds)).isoformat()


def parse_instant(value: object) -> int:
    """Parses an ISO 8601 instant (UTC if it has no zone), or checks one in microseconds. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LATEST_INSTANT:
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an ISO 8601 instant such as 2026-01-31T09:30:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    instant = (moment - _EPOCH) // timedelta(microseconds=1)
    if not 0 <= instant <= LATEST_INSTANT:
        raise ValueError(f"{value!r} is outside the years 1970 to 9999")
    return instant


def parse_duration(value: object) -> int:
    """Parses a duration such as ``90s``, ``15m``, ``1h30m`` or ``30d``, or checks one in microseconds.

    Raises ValueError.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        length = value
    else:
        text = str(value).strip()
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"{value!r} is not a duration; write it as 250ms, 90s, 15m, 1h30m or 30d")
        length = sum(round(Decimal(number) * _UNITS[unit]) for number, unit in parts)
    if length > LATEST_INSTANT:
        raise ValueError(f"{value!r} is too long; a duration has at most 2932896 days")
    return length


def format_duration(length: int) -> str:
    """Returns a duration in the largest unit that divides it: ``90s``, ``2h``, ``30d``."""
    for unit in ("d", "h", "m", "s"):
        if length and length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    whole, rest = divmod(length, _UNITS["ms"])
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "ms" if length else "0s"


def _read_duration(value: object, info: ValidationInfo) -> int:
    # Numbers are microseconds inside the engine. JSON needs a unit, because a bare 60 would mean 60 microseconds.
    if info.mode == "json" and not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write it as 250ms, 90s, 15m, 1h30m or 30d")
    return parse_duration(value)


DURATION = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
"""The pattern of a duration in a JSON Schema."""
Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["90s", "15m", "1h"]}),
]
"""A duration: a number of microseconds in Python, text such as ``90s`` in JSON."""

Instant = Annotated[
    int,
    BeforeValidator(parse_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant: a number of microseconds since 1970 in Python, ISO 8601 text in JSON."""
