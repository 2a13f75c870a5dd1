"""What must not stand readable in a journal or a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_WORDS = r"secret|token|password|authorization|api[-_]?key"
_NAME = re.compile(rf"{_WORDS}|^key$", re.IGNORECASE)
_SPOKEN = re.compile(_WORDS, re.IGNORECASE)
# A value that never ends, in a body that was cut, goes to the end; nothing is looked at twice.
_MEMBER = re.compile(r'("([^"\\]*+)"\s*+:\s*+")((?:[^"\\]++|\\.)*+)("|\\?\Z)', re.DOTALL)


def hide(value: str) -> str:
    """A secret with only its last four characters readable."""
    return f"***{value[-4:]}" if len(value) > 8 else "***"


def redact(text: str, secrets: Iterable[str], name: str = "", *, cut: bool = False) -> str:
    """Text without the secrets it may hold: known ones, JSON members and parameters named like one.

    Of a text that was cut, a secret's beginning at the very end is hidden too.
    """
    if name and _NAME.search(name):
        return hide(text)
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, hide(secret))
        if cut:
            text = _without_beginning(text, secret)
    return _MEMBER.sub(_hide_member, text)


def _without_beginning(text: str, secret: str) -> str:
    for length in range(len(secret) - 1, 4, -1):
        if text.endswith(secret[:length]):
            return f"{text[:-length]}***"
    return text


def _hide_member(found: re.Match[str]) -> str:
    opening, name, value, closing = found.groups()
    return opening + hide(value) + closing if _SPOKEN.search(name) else found[0]


def redact_headers(headers: Iterable[tuple[str, str]], secrets: Iterable[str] = ()) -> list[list[str]]:
    """Headers with the values of credential ones hidden, and known secrets wherever they stand."""
    known = list(secrets)
    return [[name, hide(value) if _is_credential(name) else redact(value, known)] for name, value in headers]


def _is_credential(name: str) -> bool:
    return name.lower() in _HEADERS or _NAME.search(name) is not None
