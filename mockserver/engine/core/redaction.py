"""What must not stand readable in a journal or a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_SECRET_WORDS = r"secret|token|password|authorization|api[-_]?key"  # noqa: S105 (a pattern, not a password)
_SECRET_PARAMETER = re.compile(rf"{_SECRET_WORDS}|^key$", re.IGNORECASE)
_SECRET_MEMBER = re.compile(_SECRET_WORDS, re.IGNORECASE)
# A value that never ends, in a body that was cut, goes to the end; nothing is looked at twice.
_MEMBER = re.compile(r'("([^"\\]*+)"\s*+:\s*+")((?:[^"\\]++|\\.)*+)("|\\?\Z)', re.DOTALL)


def mask(value: str) -> str:
    """A secret with only its last four characters readable."""
    return f"***{value[-4:]}" if len(value) > 8 else "***"


def redact(text: str, secrets: Iterable[str], name: str = "", *, cut: bool = False) -> str:
    """Text without the secrets it may hold: known ones, JSON members and parameters named like one.

    Of a text that was cut, a secret's beginning at the very end is hidden too.
    """
    if name and _SECRET_PARAMETER.search(name):
        return mask(text)
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, mask(secret))
        if cut:
            text = _mask_cut_secret(text, secret)
    return _MEMBER.sub(_mask_member, text)


def _mask_cut_secret(text: str, secret: str) -> str:
    for length in range(len(secret) - 1, 4, -1):
        if text.endswith(secret[:length]):
            return f"{text[:-length]}***"
    return text


def _mask_member(found: re.Match[str]) -> str:
    opening, name, value, closing = found.groups()
    return opening + mask(value) + closing if _SECRET_MEMBER.search(name) else found[0]


def redact_headers(headers: Iterable[tuple[str, str]], secrets: Iterable[str] = ()) -> list[list[str]]:
    """Headers with the values of credential ones hidden, and known secrets wherever they stand."""
    known = list(secrets)
    return [[name, mask(value) if _is_credential(name) else redact(value, known)] for name, value in headers]


def _is_credential(name: str) -> bool:
    return name.lower() in _HEADERS or _SECRET_PARAMETER.search(name) is not None
