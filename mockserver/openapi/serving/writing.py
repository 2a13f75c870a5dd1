"""Answers as bytes: in the media type, with the headers and in the shape that the document declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from mockserver.engine import Call, Problem, Record, Reply, as_json
from mockserver.openapi.document.document import Endpoint, Media, Response, json_of
from mockserver.openapi.generation.words import plain
from mockserver.openapi.inference.resources import Role, words_of
from mockserver.openapi.inference.shapes import Shape, success
from mockserver.openapi.serving.lists import headers as page_headers
from mockserver.openapi.serving.paging import Page
from mockserver.openapi.serving.world import World

_SILENT = (204, 205, 304)
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Writer:
    """Writes the answers of one document's operations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def generated(self, call: Call, endpoint: Endpoint) -> Reply:
        """The answer of an operation without state: the same to the same request."""
        status, response = success(endpoint)
        media = _preferred(response)
        if media is None or status in _SILENT:
            return self._dressed(call, Reply(status), response, None)
        purpose = f"{endpoint.name}:{call.path}:{sorted(call.query)}"
        value = self._world.answers.value(media, call.sandbox.randomness, purpose)
        return self._dressed(call, self._said(status, media, value), response, None)

    def one(self, call: Call, role: Role, record: Record, status: int) -> Reply:
        """The answer that shows one record, in the shape its operation declares."""
        response = role.endpoint.response(status)
        media = json_of(response.media) if response else None
        if media is None or status in _SILENT:
            other = _preferred(response)
            if other is None or status in _SILENT:
                return self._dressed(call, Reply(status), response, record)
            value: Any = dict(record["shown"]) if role.told is None else role.told.around(dict(record["shown"]))
            media = other
        else:
            value = self._shaped(call, role, media, record)
        return self._dressed(call, self._said(status, media, value), response, record)

    def _shaped(self, call: Call, role: Role, media: Media, record: Record) -> Any:
        answers, purpose = self._world.answers, f"{role.resource.name}:{record['id']}"
        shape = role.told or Shape(media.schema)
        known = answers.completed(shape.schema, record["shown"], call.sandbox.randomness, purpose)
        return answers.completed(media.schema, shape.around(known), call.sandbox.randomness, purpose)

    def many(self, call: Call, role: Role, page: Page) -> Reply:
        """The answer that shows a page of records."""
        status, response = success(role.endpoint)
        media = json_of(response.media) if response else None
        assert media is not None, "a list is only inferred where its answer is JSON"
        assert role.told is not None
        answers, randomness, paging = (
            self._world.answers,
            call.sandbox.randomness,
            self._world.paging[role.endpoint.name],
        )
        records = [
            answers.completed(role.told.schema, each["shown"], randomness, f"{role.resource.name}:{each['id']}")
            for each in page
        ]
        if role.told.wrapper is None:
            body: Any = records
        else:
            around = self._world.envelopes.around(call, media.schema, role.told.wrapper, page, paging, records)
            body = answers.completed(media.schema, around, randomness, f"page:{role.endpoint.name}")
        reply = self._said(status, media, body)
        reply.headers += page_headers(call, response.headers if response else (), page, paging)
        return self._dressed(call, reply, response, None)

    def _said(self, status: int, media: Media, value: Any) -> Reply:
        kind = "application/json" if media.name == "*/*" else media.name.replace("/*", "/plain")
        return Reply(status, [("Content-Type", kind)], as_bytes(kind, value))

    def _dressed(self, call: Call, reply: Reply, response: Response | None, record: Record | None) -> Reply:
        """The reply with the headers it is declared to have."""
        has = {name.lower() for name, _ in reply.headers}
        for name, schema in response.headers.items() if response else ():
            if name.lower() in has or name.lower() in ("content-type", "content-length"):
                continue
            if plain(name) == "location" and record is not None:
                reply.headers.append((name, f"{call.path.rstrip('/')}/{record['own']}"))
            elif response is not None and name in response.required:
                made = self._world.answers.made(schema, call.sandbox.randomness, f"header:{name}:{call.path}")
                reply.headers.append((name, _header(made)))
        return reply


def _header(value: Any) -> str:
    text = value if isinstance(value, str) else as_json(value).decode()
    return text.encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")


def _preferred(response: Response | None) -> Media | None:
    """JSON where it is declared, else what comes first."""
    if response is None or not response.media:
        return None
    return json_of(response.media) or response.media[0]


def as_bytes(kind: str, value: Any) -> bytes:
    """A value as a media type has it."""
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


def created_status(role: Role) -> int:
    """The status of a record that was made: 201 where it is declared."""
    return 201 if role.endpoint.declares(201) else success(role.endpoint)[0]


def no_such(role: Role, id: Any) -> Problem:
    """The refusal of an id that names nothing."""
    called = "" if id is None else f" {str(id)[:100]}"
    return Problem("not_found", f"There is no {words_of(role.resource)[-1].replace('_', ' ')}{called}")
