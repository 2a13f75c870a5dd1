"""How values are written on the pages."""

from __future__ import annotations

from json import JSONDecodeError, dumps, loads
from typing import Any

MAX_SHOWN_CHARACTERS = 65_536
"""Of a longer text the pages show so many characters."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def pretty_json(value: Any) -> str:
    """A value as indented JSON."""
    return dumps(value, indent=2, ensure_ascii=False)[:MAX_SHOWN_CHARACTERS]


def format_body(text: str) -> str:
    """A body as it is read best: JSON indented, everything else as it is."""
    try:
        return pretty_json(loads(text))
    except (JSONDecodeError, RecursionError):
        return text[:MAX_SHOWN_CHARACTERS]


def format_instant(instant: str | None) -> str:
    """An instant to the second, as it is read best."""
    return f"{instant[:10]} {instant[11:19]}" if instant else "never"


def format_time_of_day(instant: str) -> str:
    """The time of day of an instant, to the millisecond."""
    return instant[11:23]


def format_milliseconds(milliseconds: float) -> str:
    """How long something took."""
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def format_seconds(seconds: float) -> str:
    """A stretch of time in its two largest units."""
    left, parts = int(seconds), []
    for length, unit in _UNITS:
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2]) or "0s"


def status_css_class(status: int | None) -> str:
    """The class of a status, for its colour."""
    return f"s{status // 100}" if status else "s0"


def to_words(name: str) -> str:
    """A name of the code as words."""
    return name.replace("_", " ").replace("-", " ")


def format_bytes(number: int) -> str:
    """A number of bytes."""
    return f"{number:,} bytes" if number < 10_000 else f"{number / 1024:,.1f} KiB"


def format_members(rule: Any, defaults: Any) -> str:
    """What a rule says beyond what holds anyway."""
    said = {name: value for name, value in rule.items() if value not in (None, {}, []) and value != defaults.get(name)}
    return "  ".join(f"{name}={value if isinstance(value, str) else dumps(value)}" for name, value in said.items())


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
