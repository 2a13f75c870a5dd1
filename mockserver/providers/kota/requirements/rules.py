"""Evaluates the rules of forms: JSON Logic with the additional operators ``today``, ``match`` and ``phone_valid``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mockserver.providers.kota.values.fields import is_valid_phone


def _comparison(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Creates a comparison that is false for operands that cannot be compared, such as a text and a missing answer."""

    def compare(left: Any, right: Any) -> bool:
        try:
            return holds(left, right)
        except TypeError:
            return False

    return compare


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "!": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "in": _comparison(lambda item, items: item in items),
    "<": _comparison(lambda left, right: left < right),
    "<=": _comparison(lambda left, right: left <= right),
    ">": _comparison(lambda left, right: left > right),
    ">=": _comparison(lambda left, right: left >= right),
    "match": lambda text, pattern: isinstance(text, str) and re.fullmatch(pattern, text) is not None,
    "phone_valid": lambda text: isinstance(text, str) and is_valid_phone(text),
}


def holds(rule: Any, answers: Mapping[str, Any], today: str) -> bool:
    """Returns whether a rule is true for the answers; a missing answer counts as None."""
    return bool(_value(rule, answers, today))


def _value(rule: Any, answers: Mapping[str, Any], today: str) -> Any:
    if isinstance(rule, list):
        return [_value(each, answers, today) for each in rule]
    if not isinstance(rule, dict):
        return rule
    ((name, operands),) = rule.items()
    if name == "var":
        return answers.get(operands)
    if name == "today":
        return today
    listed = operands if isinstance(operands, list) else [operands]
    return OPERATORS[name](*_value(listed, answers, today))
