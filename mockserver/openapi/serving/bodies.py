"""Bodies of requests, read by their media type: JSON, forms, forms in parts, or as they are."""

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
    """The media type a body was sent as, and what it says; no media type where there is no body."""
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
    """Whether what was read can be held to a schema: bytes of a foreign media type cannot."""
    return not isinstance(value, bytes) and media.schema is not True


def _choose_media(call: Call, body: RequestBodySpec) -> MediaType | None:
    """The declared media type that was sent; Problem 415 when another was."""
    sent = _essence(call.headers.get("content-type", ""))
    by_kind = {_essence(each.name): each for each in body.media}
    for wanted in (sent, f"{sent.partition('/')[0]}/*", "*/*"):
        if wanted in by_kind:
            return by_kind[wanted]
    json = find_json(body.media)
    if json is not None and (not sent or sent.endswith(("/json", "+json", "/octet-stream"))):
        return json
    # Clients that name no type, and those that name curl's, mean the one there is.
    if not body.media or sent in ("", FORM_TYPE):
        return json or next(iter(body.media), None)
    known = ", ".join(by_kind)
    raise Problem("malformed_body", f"Content-Type {sent[:100]} is not taken; send {known}", status=415)


def _essence(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _parse_form(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError as error:
        raise Problem("malformed_body", f"The body is no form: {error}") from None


def _parse_multipart(call: Call) -> list[tuple[str, Any]]:
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
        json = _essence(part.get_content_type()).endswith("json")
        found.append((name, parse_body(text.encode()) if json else text))
    return found
