"""Reads request bodies, under the assumptions about media type, scalars and unknown fields."""

from __future__ import annotations

from json import loads
from typing import Any, get_args

from pydantic import BaseModel

from mockserver.engine import Call, Problem, as_json, parse_body
from mockserver.providers.kotauth.assumptions import is_documented, refuses_unknown_fields


def read_body(call: Call) -> bytes:
    """Returns the body as JSON, with bare scalars as strings where the product accepts them. Raises Problem."""
    assert call.operation is not None
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not is_documented(call, "content_type"):
        raise Problem(
            "malformed_body", f"The body's media type is {media_type[:100] or 'not given'}, not application/json"
        )
    model = call.operation.body
    assert model is not None
    document = parse_body(call.data)
    if not isinstance(document, dict):
        return call.data
    unknown = [name for name in document if name not in model.model_fields]
    if unknown and refuses_unknown_fields(call):
        raise Problem("malformed_body", f"There is no field {unknown[0][:100]!r}")
    if is_documented(call, "bare_scalars"):
        return call.data
    # Parsed a second time, because a number becomes the text that the client sent: 1.50, not 1.5.
    sent = loads(call.data, parse_int=_NumberText, parse_float=_NumberText)
    return as_json({name: _as_text(model, name, value, document[name]) for name, value in sent.items()})


class _NumberText(str):
    """A number as the client wrote it."""

    __slots__ = ()


def _as_text(model: type[BaseModel], name: str, sent: Any, value: Any) -> Any:
    field = model.model_fields.get(name)
    textual = field is not None and (field.annotation is str or str in get_args(field.annotation))
    if textual and isinstance(sent, _NumberText):
        return str(sent)
    return str(value).lower() if textual and isinstance(value, bool) else value
