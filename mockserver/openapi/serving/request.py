"""The stage that reads a request by its document: parameters and body held to their schemas, each wrong field named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from mockserver.engine import Call, FieldError, Problem, Reply
from mockserver.openapi.document.document import Document, DocumentOperation, MediaType
from mockserver.openapi.document.schemas import Schema, level_types
from mockserver.openapi.serving.bodies import can_validate, read_body
from mockserver.openapi.serving.coerce import MISSING, Coercer
from mockserver.openapi.serving.security import header_name

_IGNORED_HEADERS = ("accept", "content-type", "authorization")
"""Header parameters of these names are ignored, as OpenAPI says."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request as its document reads it."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    """With its defaults, without what is only read; None where there was none."""
    raw_body: Any = None
    """The body as it was sent."""
    sent_names: frozenset[str] = frozenset()
    """The parameters of the query that were sent."""


class RequestReader:
    """Reads requests of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._coercer = Coercer(document.schemas)
        self._endpoints = {each.name: each for each in document.operations}

    def stage(self) -> Callable[[Call, Callable[[Call], Reply]], Reply]:
        """The stage that refuses what cannot be read, and leaves what was asked in ``call.prepared``."""

        def validate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
            assert call.operation is not None
            if call.too_large:
                raise Problem("body_too_large", f"The body is longer than {call.sandbox.assumptions.body_limit} bytes")
            call.prepared = self.read(call, self._endpoints[call.operation.name])
            return proceed(call)

        return validate

    def read(self, call: Call, endpoint: DocumentOperation) -> ParsedRequest:
        """What a call asks; Problem names every field that is wrong."""
        wrong: list[FieldError] = []
        found: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        sent = _sent_values(call, endpoint)
        for parameter in endpoint.parameters:
            if parameter.location == "header" and parameter.name.lower() in _IGNORED_HEADERS:
                continue
            value = self._coercer.coerce_parameter(parameter, sent[parameter.location])
            if value is MISSING:
                if parameter.required:
                    wrong.append(FieldError(parameter.name, f"is required in the {parameter.location}"))
                elif "default" in (level := self._document.schemas.flatten(parameter.schema)):
                    found[parameter.location][parameter.name] = level["default"]
                continue
            found[parameter.location][parameter.name] = value
            wrong += self._errors(parameter.schema, value, parameter.name)
        if wrong:
            raise Problem("invalid_parameter", _summarize(wrong), fields=wrong)
        names = frozenset(name for name, _ in sent["query"])
        raw, body = self._body(call, endpoint)
        return ParsedRequest(found["path"], found["query"], body, raw, names)

    def _errors(self, schema: Schema, value: Any, name: str) -> list[FieldError]:
        errors = self._document.validators.errors(schema, "written", value)
        return [FieldError(name if e.path == "body" else f"{name}.{e.path}", e.message) for e in errors]

    def _body(self, call: Call, endpoint: DocumentOperation) -> tuple[Any, Any]:
        """The body as it was sent, and as it counts."""
        if endpoint.body is None:
            return None, None
        media, value = read_body(call, endpoint.body, self._coercer)
        if media is None or not can_validate(media, value):
            return None, None
        self._check(call, media, value)
        # A change says what changes: what it leaves out keeps its value and takes no default.
        counts = self._without_read_only if call.method == "PATCH" else self.with_defaults
        return value, counts(media.schema, value)

    def _check(self, call: Call, media: MediaType, value: Any) -> None:
        wrong = self._document.validators.errors(media.schema, "written", value)
        if not wrong and call.sandbox.assumptions.unknown_fields == "refused" and isinstance(value, dict):
            known = self._document.schemas.properties(media.schema)
            wrong = [FieldError(name, "is not known") for name in value if known and name not in known]
        if wrong:
            raise Problem("invalid_field", _summarize(wrong), fields=wrong)

    def _without_read_only(self, schema: Schema, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        properties, schemas = self._document.schemas.properties(schema), self._document.schemas
        return {
            name: self._without_read_only(properties[name], each) if name in properties else each
            for name, each in value.items()
            if name not in properties or not schemas.is_read_only(properties[name])
        }

    def with_defaults(self, schema: Schema, value: Any) -> Any:
        """A body without what is only read, and with the defaults of what was left out."""
        if not isinstance(value, dict):
            return value
        made, schemas = self._without_read_only(schema, value), self._document.schemas
        for name, inner in schemas.flatten(schema).get("properties", {}).items():
            level = schemas.flatten(inner)
            if name in made:
                made[name] = self.with_defaults(inner, made[name]) if "object" in level_types(level) else made[name]
            elif "default" in level and level.get("readOnly") is not True:
                made[name] = level["default"]
        return made


def _sent_values(call: Call, endpoint: DocumentOperation) -> dict[str, list[tuple[str, str]]]:
    spelled = {header_name(each.name): each.name for each in endpoint.parameters if each.location == "header"}
    cookies = [piece.strip().partition("=")[::2] for piece in call.headers.get("cookie", "").split(";")]
    return {
        "path": [(endpoint.documented_names[name], value) for name, value in call.args.items()],
        "query": call.query,
        "header": [(spelled.get(name, name), value) for name, value in call.headers.items()],
        "cookie": [(name, unquote(value)) for name, value in cookies],
    }


def _summarize(wrong: list[FieldError]) -> str:
    return f"{wrong[0].path}: {wrong[0].message}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")
