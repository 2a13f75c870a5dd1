"""Optimistic locking: which version a client believes to change, read from If-Match or beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mockserver.engine.core.call import Call
from mockserver.engine.core.problem import Problem

_TAG = re.compile(r'(W/)?"(\d{1,18})"', re.ASCII)
_UNQUOTED = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionRules:
    """How strictly a version is read; what the vendors leave open about If-Match."""

    both: Literal["header", "other", "refused"] = "header"
    unquoted: Literal["accepted", "refused"] = "accepted"
    weak: Literal["accepted", "refused"] = "refused"
    wildcard: Literal["accepted", "refused"] = "refused"


def etag(version: int) -> str:
    """A strong entity tag for a version: ``"4"``."""
    return f'"{version}"'


def check_precondition(call: Call, current: int, other: int | None, rules: VersionRules) -> None:
    """Refuse a change whose version is missing, unreadable or not the current one.

    ``other`` is the version a client may send outside the header, in the body or the query.
    """
    sent = call.headers.get("if-match")
    if sent is None and other is None:
        raise Problem("version_missing", "Send the record's version in If-Match or _version")
    expected = other if sent is None else _read(sent, rules)
    if sent is not None and other is not None and other != expected:
        if rules.both == "refused":
            raise Problem("version_malformed", "If-Match and _version differ")
        expected = other if rules.both == "other" else expected
    if expected is not None and expected != current:
        raise Problem("version_stale", f"Version {expected} is stale")


def _read(sent: str, rules: VersionRules) -> int | None:
    """The version in an If-Match header; None matches any."""
    text = sent.strip()
    if text == "*" and rules.wildcard == "accepted":
        return None
    if rules.unquoted == "accepted" and _UNQUOTED.fullmatch(text):
        return int(text)
    tag = _TAG.fullmatch(text)
    if tag is None or (tag[1] and rules.weak == "refused"):
        raise Problem("version_malformed", 'If-Match is not a version such as "4"')
    return int(tag[2])
