"""Template filters that format values."""

from __future__ import annotations

from json import JSONDecodeError, dumps, loads
from typing import Any

MAX_SHOWN_CHARACTERS = 65_536
"""Number of characters after which a shown text is cut."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def pretty_json(value: Any) -> str:
    return dumps(value, indent=2, ensure_ascii=False)[:MAX_SHOWN_CHARACTERS]


def format_body(text: str) -> str:
    """Indents a body that is JSON; returns every other body unchanged."""
    try:
        return pretty_json(loads(text))
    except (JSONDecodeError, RecursionError):
        return text[:MAX_SHOWN_CHARACTERS]


def format_instant(instant: str | None) -> str:
    """Returns date and time of an ISO 8601 instant to the second, or ``never`` for None."""
    return f"{instant[:10]} {instant[11:19]}" if instant else "never"


def format_time_of_day(instant: str) -> str:
    """Returns the time of day of an ISO 8601 instant to the millisecond."""
    return instant[11:23]


def format_milliseconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def format_seconds(seconds: float) -> str:
    """Returns a duration in its two largest units, for example ``1d 2h``."""
    rest, parts = int(seconds), []
    for length, unit in _UNITS:
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2]) or "0s"


def status_css_class(status: int | None) -> str:
    """Returns the CSS class for the colour of a status; ``s0`` without a status."""
    return f"s{status // 100}" if status else "s0"


def to_words(name: str) -> str:
    """Returns an identifier with spaces instead of ``_`` and ``-``."""
    return name.replace("_", " ").replace("-", " ")


def format_bytes(number: int) -> str:
    return f"{number:,} bytes" if number < 10_000 else f"{number / 1024:,.1f} KiB"


def format_members(part: Any, defaults: Any) -> str:
    """Returns the members of a match, trigger or fault that differ from their defaults, as ``name=value``."""
    members = {
        name: value for name, value in part.items() if value not in (None, {}, []) and value != defaults.get(name)
    }
    return "  ".join(f"{name}={value if isinstance(value, str) else dumps(value)}" for name, value in members.items())


FILTERS = {
    "pretty": pretty_json,
    "body": format_body,
    "moment": format_instant,
    "clock_time": format_time_of_day,
    "took": format_milliseconds,
    "span": format_seconds,
    "shade": status_css_class,
    "words": to_words,
    "size": format_bytes,
    "given": format_members,
}
