"""Bodies of requests, read by their media type: JSON, forms, forms in parts, or as they are."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import Call, FieldError, Problem, parse_body
from mockserver.openapi.document.document import Body, Media, json_of
from mockserver.openapi.serving.coerce import Coercer, nested

FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
_MOST_FIELDS = 10_000


def read(call: Call, body: Body, coercer: Coercer) -> tuple[Media | None, Any]:
    """The media type a body was sent as, and what it says; no media type where there is no body."""
    if not call.data:
        if body.required:
            raise Problem("malformed_body", "A body is required", fields=[FieldError("body", "is required")])
        return None, None
    media = _chosen(call, body)
    if media is None:
        return None, call.data
    kind = _kind(media.name) if "*" not in media.name else _kind(call.headers.get("content-type", ""))
    if kind == FORM:
        return media, coercer.form(media.schema, nested(_pairs(call.data)))
    if kind == PARTS:
        return media, coercer.form(media.schema, nested(_parts(call)))
    if kind.endswith(("/json", "+json")):
        return media, parse_body(call.data)
    return media, call.data


def is_data(media: Media, value: Any) -> bool:
    """Whether what was read can be held to a schema: bytes of a foreign media type cannot."""
    return not isinstance(value, bytes) and media.schema is not True


def _chosen(call: Call, body: Body) -> Media | None:
    """The declared media type that was sent; Problem 415 when another was."""
    sent = _kind(call.headers.get("content-type", ""))
    by_kind = {_kind(each.name): each for each in body.media}
    for wanted in (sent, f"{sent.partition('/')[0]}/*", "*/*"):
        if wanted in by_kind:
            return by_kind[wanted]
    json = json_of(body.media)
    if json is not None and (not sent or sent.endswith(("/json", "+json", "/octet-stream"))):
        return json
    # Clients that name no type, and those that name curl's, mean the one there is.
    if not body.media or sent in ("", FORM):
        return json or next(iter(body.media), None)
    known = ", ".join(by_kind)
    raise Problem("malformed_body", f"Content-Type {sent[:100]} is not taken; send {known}", status=415)


def _kind(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _pairs(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Problem("malformed_body", f"The body is no form: {error}") from None


def _parts(call: Call) -> list[tuple[str, Any]]:
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + call.data)
    if not message.is_multipart():
        raise Problem("malformed_body", "The body is not in parts, or its boundary is not the one it names")
    found: list[tuple[str, Any]] = []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition") if not isinstance(part, str) else None
        if not isinstance(name, str) or isinstance(part, str):
            raise Problem("malformed_body", "A part of the body has no name")
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
        json = _kind(part.get_content_type()).endswith("json")
        found.append((name, parse_body(text.encode()) if json else text))
    return found
