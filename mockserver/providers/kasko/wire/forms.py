"""Converts form bodies to JSON."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import Call, Problem, as_json

_FORM = "application/x-www-form-urlencoded"
_NESTED = re.compile(r"(\w{1,100})\[(\w{1,100})\]", re.ASCII)


def read_body(call: Call) -> bytes:
    """Returns the body as JSON; a form can write `data` as JSON text or as `data[field]=value`."""
    return to_json(call.data, call.headers.get("content-type", ""))


def to_json(data: bytes, content_type: str) -> bytes:
    """Converts a form to a JSON object; other bodies are returned unchanged. Raises Problem for a form not in UTF-8."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return data
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
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
