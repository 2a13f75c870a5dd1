"""Validates the response headers that an operator sets; headers that frame the message are refused."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff \t]{0,4096}")
_RESERVED = {"content-length", "transfer-encoding", "connection"}


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name such as X-Request-Id")
        if not _VALUE.fullmatch(value):
            raise ValueError(
                f"the value of {name} is not a header value: it needs printable Latin-1 characters, at most 4096"
            )
        if name.lower() in _RESERVED:
            raise ValueError(
                f"{name} is set by the server; to break the framing use the fault kind truncated, garbage or reset"
            )
    return headers


SettableHeaders = Annotated[dict[str, str], AfterValidator(_check_headers)]
