"""Response headers that an operator may set."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from mockserver.engine.core.headers import SettableHeaders

ADAPTER: TypeAdapter[dict[str, str]] = TypeAdapter(SettableHeaders)


@pytest.mark.parametrize(
    "headers", [{}, {"Retry-After": "1"}, {"X-Ünïque"[:2] + "a": "ok"}, {"x_y": "a\tb c"}, {"A": ""}, {"A": "é"}]
)
def test_valid_headers_are_accepted(headers: dict[str, str]) -> None:
    assert ADAPTER.validate_python(headers) == headers


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"": "x"}, "'' is not a header name"),
        ({"X Y": "x"}, "'X Y' is not a header name"),
        ({"X:Y": "x"}, "'X:Y' is not a header name"),
        ({"Xé": "x"}, "is not a header name"),
        ({"A\r\nB": "x"}, "is not a header name"),
        ({"X": "a\r\nSet-Cookie: b"}, "the value of X"),
        ({"X": "a\0"}, "the value of X"),
        ({"X": "漢"}, "the value of X"),
        ({"X": "a" * 4097}, "the value of X"),
        ({"Content-Length": "5"}, "Content-Length is set by the server"),
        ({"transfer-encoding": "chunked"}, "transfer-encoding is set by the server"),
        ({"Connection": "close"}, "Connection is set by the server"),
    ],
)
def test_invalid_header_is_refused_by_name(headers: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("'", ".")):
        ADAPTER.validate_python(headers)
