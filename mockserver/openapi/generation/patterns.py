"""Text that a pattern matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random  # noqa: TID251
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_MOST = 6
"""How often something is repeated that may be repeated without end."""
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789"
_PRINTABLE = [chr(code) for code in range(32, 127)]
_CATEGORIES = {
    c.CATEGORY_DIGIT: "0123456789",
    c.CATEGORY_WORD: _PLAIN + "_",
    c.CATEGORY_SPACE: " ",
    c.CATEGORY_NOT_DIGIT: "abcdefghijklmnopqrstuvwxyz",
    c.CATEGORY_NOT_WORD: "-.:/",
    c.CATEGORY_NOT_SPACE: _PLAIN,
}
_JAVASCRIPT = (
    (re.compile(r"\(\?<(?=[A-Za-z])"), "(?P<"),
    (re.compile(r"\\p\{L[ul]?\}"), "a-z"),
    (re.compile(r"\\p\{N[d]?\}"), "0-9"),
    (re.compile(r"\\/"), "/"),
    (re.compile(r"\\u\{?([0-9A-Fa-f]{4})\}?"), r"\\u\1"),
)
"""What JavaScript writes in another way than Python."""


def matching(pattern: str, dice: Random, length: int = 0) -> str | None:
    """Text the pattern matches, of about that many characters at least; None where no text could be made."""
    for mark, other in _JAVASCRIPT:
        pattern = mark.sub(other, pattern)
    try:
        parsed = _parser.parse(pattern)
        made = _Writer(dice, length).write(parsed)
        found = re.search(pattern, made)
    except (re.error, RecursionError, OverflowError, KeyError, IndexError):
        return None
    return made if found else None


class _Writer:
    def __init__(self, dice: Random, length: int) -> None:
        self.dice, self.least = dice, length
        self.groups: dict[int, str] = {}

    def write(self, parsed: Any) -> str:
        return "".join(_WRITE[operator](self, argument) for operator, argument in parsed)

    def repeat(self, argument: Any) -> str:
        low, high, inner = argument
        wanted = max(low, min(high, _MOST if low < _MOST else low, max(low, 1)), min(high, self.least))
        return "".join(self.write(inner) for _ in range(wanted))

    def one_of(self, argument: Any) -> str:
        if argument[0][0] is c.NEGATE:
            refused = {letter for operator, each in argument[1:] for letter in _letters(operator, each)}
            usable = [letter for letter in _PLAIN if letter not in refused]
            return self.dice.choice(usable or [each for each in _PRINTABLE if each not in refused])
        operator, each = self.dice.choice(argument)
        return self.dice.choice(_letters(operator, each))

    def branch(self, argument: Any) -> str:
        return self.write(self.dice.choice(argument[1]))

    def group(self, argument: Any) -> str:
        number, _, _, inner = argument
        text = self.write(inner)
        if number is not None:
            self.groups[number] = text
        return text


def _letters(operator: Any, argument: Any) -> str | list[str]:
    if operator is c.LITERAL:
        return chr(argument)
    if operator is c.RANGE:
        low, high = argument
        return [chr(code) for code in range(low, min(high, low + 300) + 1)]
    return _CATEGORIES[argument]


def _nothing(writer: _Writer, argument: Any) -> str:  # noqa: ARG001
    return ""


_WRITE: dict[Any, Callable[[_Writer, Any], str]] = {
    c.LITERAL: lambda _writer, argument: chr(argument),
    c.NOT_LITERAL: lambda writer, argument: writer.dice.choice([each for each in _PLAIN if ord(each) != argument]),
    c.ANY: lambda writer, _argument: writer.dice.choice(_PLAIN),
    c.IN: _Writer.one_of,
    c.BRANCH: _Writer.branch,
    c.SUBPATTERN: _Writer.group,
    c.MAX_REPEAT: _Writer.repeat,
    c.MIN_REPEAT: _Writer.repeat,
    c.POSSESSIVE_REPEAT: _Writer.repeat,
    c.ATOMIC_GROUP: lambda writer, argument: writer.write(argument),
    c.GROUPREF: lambda writer, argument: writer.groups[argument],
    c.AT: _nothing,
    c.ASSERT: _nothing,
    c.ASSERT_NOT: _nothing,
}
