"""Media types: which version a client asks for, and form bodies turned into JSON."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import Call, Problem, as_json
from mockserver.providers.kasko.assumptions import assume
from mockserver.providers.kasko.dialect import bad

_FORM = "application/x-www-form-urlencoded"
_NESTED = re.compile(r"(\w{1,100})\[(\w{1,100})\]", re.ASCII)


def read(call: Call) -> bytes:
    """The body as JSON; a form's `data` may be JSON text or `data[field]=value`."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return call.data
    try:
        pairs = parse_qsl(call.data.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Problem("malformed_body", "The form is not UTF-8") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        nested = _NESTED.fullmatch(name)
        if nested is None:
            fields[name] = value
        elif isinstance(inner := fields.setdefault(nested[1], {}), dict):
            inner[nested[2]] = value
    return as_json(fields)


def version(call: Call) -> int | None:
    """The version in `Accept: application/vnd.kasko.v3+json`; None when it names none."""
    for accepted in call.headers.get("accept", "").lower().split(","):
        found = re.fullmatch(r"application/vnd\.kasko\.v(\d{1,3})\+json", accepted.partition(";")[0].strip(), re.ASCII)
        if found:
            return int(found[1])
    return None


def need_v3(call: Call) -> None:
    """Refuse a quote that does not ask for v3."""
    given = assume(call).quote_without_v3
    if given != "accepted" and version(call) != 3:
        raise bad("Accept must be application/vnd.kasko.v3+json.", int(given))


def need_known(call: Call) -> None:
    """Refuse, where that is assumed, a version that nobody has heard of."""
    if assume(call).other_accept == "refused" and version(call) not in (None, 1, 2, 3):
        raise bad("The version in Accept is not known.")
