"""Generates text that a regular expression matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random  # noqa: TID251
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_MAX_REPEATS = 6
"""Maximum number of repetitions, unless the pattern or the wanted length requires more."""
_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"
_PRINTABLE = [chr(code) for code in range(32, 127)]
_CATEGORIES = {
    c.CATEGORY_DIGIT: "0123456789",
    c.CATEGORY_WORD: _ALPHANUMERIC + "_",
    c.CATEGORY_SPACE: " ",
    c.CATEGORY_NOT_DIGIT: "abcdefghijklmnopqrstuvwxyz",
    c.CATEGORY_NOT_WORD: "-.:/",
    c.CATEGORY_NOT_SPACE: _ALPHANUMERIC,
}
_JAVASCRIPT = (
    (re.compile(r"\(\?<(?=[A-Za-z])"), "(?P<"),
    (re.compile(r"\\p\{L[ul]?\}"), "a-z"),
    (re.compile(r"\\p\{N[d]?\}"), "0-9"),
    (re.compile(r"\\/"), "/"),
    (re.compile(r"\\u\{?([0-9A-Fa-f]{4})\}?"), r"\\u\1"),
)
"""JavaScript syntax and its replacement in Python syntax."""


def generate_match(pattern: str, rng: Random, length: int = 0) -> str | None:
    """Returns text that the pattern matches, if possible with at least ``length`` characters; None if it finds none."""
    for javascript, replacement in _JAVASCRIPT:
        pattern = javascript.sub(replacement, pattern)
    try:
        parsed = _parser.parse(pattern)
        text = _MatchWriter(rng, length).write(parsed)
        match = re.search(pattern, text)
    except (re.error, RecursionError, OverflowError, KeyError, IndexError):
        return None
    return text if match else None


class _MatchWriter:
    def __init__(self, rng: Random, length: int) -> None:
        self.rng, self.min_length = rng, length
        self.groups: dict[int, str] = {}

    def write(self, parsed: Any) -> str:
        return "".join(_WRITERS[operator](self, argument) for operator, argument in parsed)

    def repeat(self, argument: Any) -> str:
        low, high, inner = argument
        wanted = max(
            low, min(high, _MAX_REPEATS if low < _MAX_REPEATS else low, max(low, 1)), min(high, self.min_length)
        )
        return "".join(self.write(inner) for _ in range(wanted))

    def one_of(self, argument: Any) -> str:
        if argument[0][0] is c.NEGATE:
            excluded = {letter for operator, each in argument[1:] for letter in _characters(operator, each)}
            usable = [letter for letter in _ALPHANUMERIC if letter not in excluded]
            return self.rng.choice(usable or [each for each in _PRINTABLE if each not in excluded])
        operator, each = self.rng.choice(argument)
        return self.rng.choice(_characters(operator, each))

    def branch(self, argument: Any) -> str:
        return self.write(self.rng.choice(argument[1]))

    def group(self, argument: Any) -> str:
        number, _, _, inner = argument
        text = self.write(inner)
        if number is not None:
            self.groups[number] = text
        return text


def _characters(operator: Any, argument: Any) -> str | list[str]:
    if operator is c.LITERAL:
        return chr(argument)
    if operator is c.RANGE:
        low, high = argument
        return [chr(code) for code in range(low, min(high, low + 300) + 1)]
    return _CATEGORIES[argument]


def _nothing(_writer: _MatchWriter, _argument: Any) -> str:
    return ""


_WRITERS: dict[Any, Callable[[_MatchWriter, Any], str]] = {
    c.LITERAL: lambda _writer, argument: chr(argument),
    c.NOT_LITERAL: lambda writer, argument: writer.rng.choice(
        [each for each in _ALPHANUMERIC if ord(each) != argument]
    ),
    c.ANY: lambda writer, _argument: writer.rng.choice(_ALPHANUMERIC),
    c.IN: _MatchWriter.one_of,
    c.BRANCH: _MatchWriter.branch,
    c.SUBPATTERN: _MatchWriter.group,
    c.MAX_REPEAT: _MatchWriter.repeat,
    c.MIN_REPEAT: _MatchWriter.repeat,
    c.POSSESSIVE_REPEAT: _MatchWriter.repeat,
    c.ATOMIC_GROUP: lambda writer, argument: writer.write(argument),
    c.GROUPREF: lambda writer, argument: writer.groups[argument],
    c.AT: _nothing,
    c.ASSERT: _nothing,
    c.ASSERT_NOT: _nothing,
}
