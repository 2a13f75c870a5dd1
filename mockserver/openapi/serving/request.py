"""Implements the stage ``validate``, which parses parameters and body and validates them against their schemas."""

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
"""Header parameters with these names are ignored, as OpenAPI requires."""


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The parsed parameters and body of a request."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    """The parsed body with defaults and without readOnly properties; None if the request has no body."""
    raw_body: Any = None
    """The parsed body as the client sent it."""
    sent_names: frozenset[str] = frozenset()
    """Names of the query parameters that the client sent; the others in ``query`` are defaults."""


class RequestReader:
    """Parses and validates requests for one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._coercer = Coercer(document.schemas)
        self._operations = {each.name: each for each in document.operations}

    def stage(self) -> Callable[[Call, Callable[[Call], Reply]], Reply]:
        """Returns the stage that refuses invalid requests and puts the ``ParsedRequest`` into ``call.prepared``."""

        def validate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
            assert call.operation is not None
            if call.too_large:
                raise Problem("body_too_large", f"The body is longer than {call.sandbox.assumptions.body_limit} bytes")
            call.prepared = self.read(call, self._operations[call.operation.name])
            return proceed(call)

        return validate

    def read(self, call: Call, operation: DocumentOperation) -> ParsedRequest:
        """Parses a request; raises Problem with all invalid parameters, or all invalid fields of the body."""
        errors: list[FieldError] = []
        values: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        sent = _sent_values(call, operation)
        for parameter in operation.parameters:
            if parameter.location == "header" and parameter.name.lower() in _IGNORED_HEADERS:
                continue
            value = self._coercer.coerce_parameter(parameter, sent[parameter.location])
            if value is MISSING:
                if parameter.required:
                    errors.append(FieldError(parameter.name, f"is required in the {parameter.location}"))
                elif "default" in (level := self._document.schemas.flatten(parameter.schema)):
                    values[parameter.location][parameter.name] = level["default"]
                continue
            values[parameter.location][parameter.name] = value
            errors += self._errors(parameter.schema, value, parameter.name)
        if errors:
            raise Problem("invalid_parameter", _summarize(errors), fields=errors)
        names = frozenset(name for name, _ in sent["query"])
        raw, body = self._body(call, operation)
        return ParsedRequest(values["path"], values["query"], body, raw, names)

    def _errors(self, schema: Schema, value: Any, name: str) -> list[FieldError]:
        errors = self._document.validators.find_errors(schema, "request", value)
        return [FieldError(name if each.path == "body" else f"{name}.{each.path}", each.message) for each in errors]

    def _body(self, call: Call, operation: DocumentOperation) -> tuple[Any, Any]:
        """Returns the parsed body twice: as the client sent it, and with defaults and without readOnly properties."""
        if operation.body is None:
            return None, None
        media, value = read_body(call, operation.body, self._coercer)
        if media is None or not can_validate(media, value):
            return None, None
        self._check(call, media, value)
        # PATCH sets no defaults, because omitted properties keep their values.
        normalize = self._without_read_only if call.method == "PATCH" else self.with_defaults
        return value, normalize(media.schema, value)

    def _check(self, call: Call, media: MediaType, value: Any) -> None:
        errors = self._document.validators.find_errors(media.schema, "request", value)
        if not errors and call.sandbox.assumptions.unknown_fields == "refused" and isinstance(value, dict):
            known = self._document.schemas.properties(media.schema)
            errors = [FieldError(name, "is not known") for name in value if known and name not in known]
        if errors:
            raise Problem("invalid_field", _summarize(errors), fields=errors)

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
        """Returns a body without readOnly properties, and with the defaults of omitted ones."""
        if not isinstance(value, dict):
            return value
        body, schemas = self._without_read_only(schema, value), self._document.schemas
        for name, inner in schemas.flatten(schema).get("properties", {}).items():
            level = schemas.flatten(inner)
            if name in body:
                body[name] = self.with_defaults(inner, body[name]) if "object" in level_types(level) else body[name]
            elif "default" in level and level.get("readOnly") is not True:
                body[name] = level["default"]
        return body


def _sent_values(call: Call, operation: DocumentOperation) -> dict[str, list[tuple[str, str]]]:
    documented_names = {header_name(each.name): each.name for each in operation.parameters if each.location == "header"}
    cookies = [piece.strip().partition("=")[::2] for piece in call.headers.get("cookie", "").split(";")]
    return {
        "path": [(operation.documented_names[name], value) for name, value in call.args.items()],
        "query": call.query,
        "header": [(documented_names.get(name, name), value) for name, value in call.headers.items()],
        "cookie": [(name, unquote(value)) for name, value in cookies],
    }


def _summarize(errors: list[FieldError]) -> str:
    return f"{errors[0].path}: {errors[0].message}" + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
