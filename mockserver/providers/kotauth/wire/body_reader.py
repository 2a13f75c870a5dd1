"""Reads request bodies as the assumptions about media type, scalars and unknown fields require."""

from __future__ import annotations

from json import loads
from typing import Any, get_args

from pydantic import BaseModel

from mockserver.engine import Call, Problem, as_json, parse_body
from mockserver.providers.kotauth.assumptions import is_documented, refuses_unknown_fields


def read_body(call: Call) -> bytes:
    """Returns the body as JSON. Scalars in string fields become strings where the product does so. Raises Problem."""
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
    # The body is parsed a second time because a number must become the text in the body: 1.50, not 1.5.
    with_number_texts = loads(call.data, parse_int=_NumberText, parse_float=_NumberText)
    return as_json({name: _as_text(model, name, value, document[name]) for name, value in with_number_texts.items()})


class _NumberText(str):
    """A number as the client wrote it."""

    __slots__ = ()


def _as_text(model: type[BaseModel], name: str, value_or_text: Any, value: Any) -> Any:
    """Returns the value of a field, or its text if it is a number or boolean in a string field."""
    field = model.model_fields.get(name)
    textual = field is not None and (field.annotation is str or str in get_args(field.annotation))
    if textual and isinstance(value_or_text, _NumberText):
        return str(value_or_text)
    return str(value).lower() if textual and isinstance(value, bool) else value
