"""Writes replies with the media type, the headers and the schema that the document declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from mockserver.engine import Call, Problem, Record, Reply, as_json
from mockserver.openapi.document.document import DocumentOperation, MediaType, Response, find_json
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.inference.resources import OperationRole, envelope_names
from mockserver.openapi.inference.shapes import Shape, success_response
from mockserver.openapi.serving.list_queries import page_headers as page_headers
from mockserver.openapi.serving.paging import RecordPage
from mockserver.openapi.serving.spec_model import SpecModel

_STATUSES_WITHOUT_BODY = (204, 205, 304)
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class ReplyWriter:
    """Writes the replies of one document's operations."""

    def __init__(self, model: SpecModel) -> None:
        self._model = model

    def write_generated(self, call: Call, operation: DocumentOperation) -> Reply:
        """Returns the generated reply of an operation without a role; equal requests get equal replies."""
        status, response = success_response(operation)
        media = _preferred_media(response)
        if media is None or status in _STATUSES_WITHOUT_BODY:
            return self._with_headers(call, Reply(status), response, None)
        purpose = f"{operation.name}:{call.path}:{sorted(call.query)}"
        value = self._model.values.example_or_generated(media, call.sandbox.randomness, purpose)
        return self._with_headers(call, self._reply(status, media, value), response, None)

    def write_record(self, call: Call, role: OperationRole, record: Record, status: int) -> Reply:
        """Returns the reply with one record, in the schema that the operation declares for the status."""
        response = role.operation.find_response(status)
        media = find_json(response.media) if response else None
        if media is None or status in _STATUSES_WITHOUT_BODY:
            fallback = _preferred_media(response)
            if fallback is None or status in _STATUSES_WITHOUT_BODY:
                return self._with_headers(call, Reply(status), response, record)
            value: Any = (
                dict(record["shown"])
                if role.response_shape is None
                else role.response_shape.wrap(dict(record["shown"]))
            )
            media = fallback
        else:
            value = self._record_body(call, role, media, record)
        return self._with_headers(call, self._reply(status, media, value), response, record)

    def _record_body(self, call: Call, role: OperationRole, media: MediaType, record: Record) -> Any:
        values, purpose = self._model.values, f"{role.resource.name}:{record['id']}"
        shape = role.response_shape or Shape(media.schema)
        value = values.complete(shape.schema, record["shown"], call.sandbox.randomness, purpose)
        return values.complete(media.schema, shape.wrap(value), call.sandbox.randomness, purpose)

    def write_list(self, call: Call, role: OperationRole, page: RecordPage) -> Reply:
        """Returns the reply with a page of records."""
        status, response = success_response(role.operation)
        media = find_json(response.media) if response else None
        assert media is not None, "a list is inferred only if its response is JSON"
        assert role.response_shape is not None
        values, randomness, paging = (
            self._model.values,
            call.sandbox.randomness,
            self._model.paging[role.operation.name],
        )
        records = [
            values.complete(role.response_shape.schema, each["shown"], randomness, f"{role.resource.name}:{each['id']}")
            for each in page
        ]
        if role.response_shape.wrapper is None:
            body: Any = records
        else:
            envelope = self._model.envelopes.wrap_page(
                call, media.schema, role.response_shape.wrapper, page, paging, records
            )
            body = values.complete(media.schema, envelope, randomness, f"page:{role.operation.name}")
        reply = self._reply(status, media, body)
        reply.headers += page_headers(call, response.headers if response else (), page, paging)
        return self._with_headers(call, reply, response, None)

    def _reply(self, status: int, media: MediaType, value: Any) -> Reply:
        kind = "application/json" if media.name == "*/*" else media.name.replace("/*", "/plain")
        return Reply(status, [("Content-Type", kind)], encode_body(kind, value))

    def _with_headers(self, call: Call, reply: Reply, response: Response | None, record: Record | None) -> Reply:
        """Adds the declared Location header and all required headers."""
        present = {name.lower() for name, _ in reply.headers}
        for name, schema in response.headers.items() if response else ():
            if name.lower() in present or name.lower() in ("content-type", "content-length"):
                continue
            if normalize_name(name) == "location" and record is not None:
                reply.headers.append((name, f"{call.path.rstrip('/')}/{record['own']}"))
            elif response is not None and name in response.required:
                value = self._model.values.make(schema, call.sandbox.randomness, f"header:{name}:{call.path}")
                reply.headers.append((name, _header_value(value)))
        return reply


def _header_value(value: Any) -> str:
    text = value if isinstance(value, str) else as_json(value).decode()
    return text.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")


def _preferred_media(response: Response | None) -> MediaType | None:
    """Returns JSON if it is declared, otherwise the first media type."""
    if response is None or not response.media:
        return None
    return find_json(response.media) or response.media[0]


def encode_body(kind: str, value: Any) -> bytes:
    """Encodes a value for a media type: JSON, XML, PDF, PNG, JSON lines, or text."""
    name = kind.partition(";")[0].strip().lower()
    if name.endswith(("/json", "+json")):
        return as_json(value)
    if name.endswith(("/xml", "+xml")) and isinstance(value, dict | list):
        return ('<?xml version="1.0" encoding="UTF-8"?>' + _xml("root", value)).encode()
    fixed = {"application/pdf": _PDF, "image/png": _PNG}.get(name)
    if fixed is not None:
        return fixed
    if name == "application/x-ndjson" or name.endswith("jsonl"):
        return b"".join(as_json(each) + b"\n" for each in (value if isinstance(value, list) else [value]))
    return value.encode() if isinstance(value, str) else as_json(value)


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"<{name}>" + "".join(_xml("item", each) for each in value) + f"</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>" + "".join(_xml(key, each) for key, each in value.items()) + f"</{name}>"
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def created_status(role: OperationRole) -> int:
    """Returns the status of a reply to create: 201 if it is declared, otherwise that of the successful response."""
    return 201 if role.operation.declares(201) else success_response(role.operation)[0]


def not_found(role: OperationRole, id: Any) -> Problem:
    """Returns the refusal for an id that no record has."""
    suffix = "" if id is None else f" {str(id)[:100]}"
    return Problem("not_found", f"There is no {envelope_names(role.resource)[-1].replace('_', ' ')}{suffix}")
