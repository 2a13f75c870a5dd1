"""Masks secrets in journals and logs."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_SECRET_WORDS = r"secret|token|password|authorization|api[-_]?key"  # noqa: S105 (a pattern, not a password)
_SECRET_PARAMETER = re.compile(rf"{_SECRET_WORDS}|^key$", re.IGNORECASE)
_SECRET_MEMBER = re.compile(_SECRET_WORDS, re.IGNORECASE)
# In a body that was cut, an unterminated value extends to the end. Possessive quantifiers keep the time linear.
_MEMBER = re.compile(r'("([^"\\]*+)"\s*+:\s*+")((?:[^"\\]++|\\.)*+)("|\\?\Z)', re.DOTALL)


def mask(value: str) -> str:
    """Returns ``***`` and the last four characters of a secret, or only ``***`` if it has at most eight characters."""
    return f"***{value[-4:]}" if len(value) > 8 else "***"


def redact(text: str, secrets: Iterable[str], name: str = "", *, cut: bool = False) -> str:
    """Masks the given secrets in a text, and the values of JSON members whose name suggests a secret.

    ``name`` is the name of the parameter whose value is ``text``; if it suggests a secret, all of ``text`` is masked.
    With ``cut``, the text is the beginning of a longer one, so a partial secret at its end is masked too.
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
    """Returns [name, value] pairs; masks values of credential headers, and the given secrets in all others."""
    known = list(secrets)
    return [[name, mask(value) if _is_credential(name) else redact(value, known)] for name, value in headers]


def _is_credential(name: str) -> bool:
    return name.lower() in _HEADERS or _SECRET_PARAMETER.search(name) is not None
