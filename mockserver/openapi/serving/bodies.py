"""Reads a request body by its media type: JSON, URL-encoded form, multipart form, or raw bytes."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import Call, FieldError, Problem, parse_body
from mockserver.openapi.document.document import MediaType, RequestBodySpec, find_json
from mockserver.openapi.serving.coerce import Coercer, parse_nested

FORM_TYPE, MULTIPART_TYPE = "application/x-www-form-urlencoded", "multipart/form-data"
_MAX_FORM_FIELDS = 10_000


def read_body(call: Call, body: RequestBodySpec, coercer: Coercer) -> tuple[MediaType | None, Any]:
    """Returns the declared media type of a body and its value; the type is None if there is no body or no such type.

    Raises Problem when a required body is missing, cannot be parsed, or has another media type (415).
    """
    if not call.data:
        if body.required:
            raise Problem("malformed_body", "A body is required", fields=[FieldError("body", "is required")])
        return None, None
    media = _choose_media(call, body)
    if media is None:
        return None, call.data
    kind = _essence(media.name) if "*" not in media.name else _essence(call.headers.get("content-type", ""))
    if kind == FORM_TYPE:
        return media, coercer.coerce_form(media.schema, parse_nested(_parse_form(call.data)))
    if kind == MULTIPART_TYPE:
        return media, coercer.coerce_form(media.schema, parse_nested(_parse_multipart(call)))
    if kind.endswith(("/json", "+json")):
        return media, parse_body(call.data)
    return media, call.data


def can_validate(media: MediaType, value: Any) -> bool:
    """Returns whether a value can be validated: it is not raw bytes, and it has a schema."""
    return not isinstance(value, bytes) and media.schema is not True


def _choose_media(call: Call, body: RequestBodySpec) -> MediaType | None:
    """Returns the declared media type of the request; raises Problem with status 415 for another one."""
    sent = _essence(call.headers.get("content-type", ""))
    by_kind = {_essence(each.name): each for each in body.media}
    for wanted in (sent, f"{sent.partition('/')[0]}/*", "*/*"):
        if wanted in by_kind:
            return by_kind[wanted]
    json = find_json(body.media)
    if json is not None and (not sent or sent.endswith(("/json", "+json", "/octet-stream"))):
        return json
    # A body without Content-Type, or with the default of curl, is read as the declared type.
    if not body.media or sent in ("", FORM_TYPE):
        return json or next(iter(body.media), None)
    known = ", ".join(by_kind)
    raise Problem("malformed_body", f"Content-Type {sent[:100]} is not accepted; send {known}", status=415)


def _essence(name: str) -> str:
    """Returns a media type in lower case without its parameters."""
    return name.partition(";")[0].strip().lower()


def _parse_form(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError as error:
        raise Problem("malformed_body", f"The body is not a form: {error}") from None


def _parse_multipart(call: Call) -> list[tuple[str, Any]]:
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + call.data)
    if not message.is_multipart():
        raise Problem(
            "malformed_body", "The body is not multipart, or its boundary differs from the one in Content-Type"
        )
    fields: list[tuple[str, Any]] = []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition") if not isinstance(part, str) else None
        if not isinstance(name, str) or isinstance(part, str):
            raise Problem("malformed_body", "A part of the body has no name")
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        json = _essence(part.get_content_type()).endswith("json")
        fields.append((name, parse_body(text.encode()) if json else text))
    return fields
