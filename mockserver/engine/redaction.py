"""What must not stand readable in a journal or a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_NAME = re.compile(r"secret|token|password|authorization|^key$", re.IGNORECASE)
_MEMBER = re.compile(r'("[^"\\]*(?:secret|token|password)[^"\\]*"\s*:\s*")((?:[^"\\]|\\.)*)(")', re.IGNORECASE)


def hide(value: str) -> str:
    """A secret with only its last four characters readable."""
    return f"***{value[-4:]}" if len(value) > 8 else "***"


def redact(text: str, secrets: Iterable[str], name: str = "") -> str:
    """Text without the secrets it may hold: known ones, JSON members and parameters named like one."""
    if name and _NAME.search(name):
        return hide(text)
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, hide(secret))
    return _MEMBER.sub(lambda found: found[1] + hide(found[2]) + found[3], text)


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Headers with the values of credential ones hidden."""
    return [[name, hide(value) if name.lower() in _HEADERS or _NAME.search(name) else value] for name, value in headers]
