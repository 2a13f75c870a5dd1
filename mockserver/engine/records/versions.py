"""Optimistic locking: compares a record's version with the version in a request's If-Match header, body or query."""

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
    """Which versions in a request are accepted. Vendors leave these points undocumented."""

    both: Literal["header", "other", "refused"] = "header"
    """Which version counts when the header and the body or query differ."""
    unquoted: Literal["accepted", "refused"] = "accepted"
    weak: Literal["accepted", "refused"] = "refused"
    wildcard: Literal["accepted", "refused"] = "refused"


def etag(version: int) -> str:
    """Returns the strong entity tag of a version: ``"4"`` with its quotes."""
    return f'"{version}"'


def check_precondition(call: Call, current: int, other: int | None, rules: VersionRules) -> None:
    """Raises Problem ``version_missing``, ``version_malformed`` or ``version_stale`` unless ``current`` is expected.

    ``other`` is the version in the body or the query, or None.
    """
    header = call.headers.get("if-match")
    if header is None and other is None:
        raise Problem("version_missing", "Send the record's version in If-Match or _version")
    expected = other if header is None else _read_if_match(header, rules)
    if header is not None and other is not None and other != expected:
        if rules.both == "refused":
            raise Problem("version_malformed", "If-Match and _version differ")
        expected = other if rules.both == "other" else expected
    if expected is not None and expected != current:
        raise Problem("version_stale", f"Version {expected} is stale")


def _read_if_match(header: str, rules: VersionRules) -> int | None:
    """Returns the version in an If-Match header; None for ``*``, which matches any version."""
    text = header.strip()
    if text == "*" and rules.wildcard == "accepted":
        return None
    if rules.unquoted == "accepted" and _UNQUOTED.fullmatch(text):
        return int(text)
    tag = _TAG.fullmatch(text)
    if tag is None or (tag[1] and rules.weak == "refused"):
        raise Problem("version_malformed", 'If-Match is not a version such as "4"')
    return int(tag[2])
