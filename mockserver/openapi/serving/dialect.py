"""Renders refusals in the schema that the document declares, or as problem+json if it declares none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from mockserver.engine import Call, FieldError, Problem, Record, Reply, as_json
from mockserver.openapi.document.document import DocumentOperation, MediaType, find_json
from mockserver.openapi.document.schemas import Schema
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.inference.shapes import success_response
from mockserver.openapi.serving.paging import RecordPage
from mockserver.openapi.serving.reply_writer import ReplyWriter
from mockserver.openapi.serving.spec_model import SpecModel

_STATUSES_BY_CODE: dict[str, tuple[int, ...]] = {
    "malformed_body": (400, 422),
    "invalid_field": (422, 400, 405),
    "invalid_parameter": (400, 422, 405),
    "invalid_cursor": (400, 422),
    "duplicate": (409, 422, 400),
    "unknown_reference": (422, 400, 404, 409),
    "idempotency_mismatch": (422, 409, 400),
    "idempotency_key_invalid": (400, 422),
    "scope_missing": (403, 401),
}
"""The possible statuses for a problem code; the first one that the operation declares is used."""
_MESSAGE_NAMES = ("message", "detail", "description", "errormessage", "error_description", "reason", "msg", "details")
_FIELD_NAMES = ("field", "path", "name", "param", "parameter", "pointer", "property", "target", "location", "source")
_LIST_NAMES = (
    "errors",
    "fields",
    "details",
    "violations",
    "invalidparams",
    "validationerrors",
    "issues",
    "fielderrors",
)


class OpenApiDialect:
    """The dialect of a provider that is built from an OpenAPI document."""

    def __init__(self, model: SpecModel, writer: ReplyWriter) -> None:
        self._model, self._writer = model, writer
        self._default_media = _most_common_media(model)

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        """Returns the response with a record, as the called operation declares it."""
        assert call.operation is not None
        return self._writer.write_record(call, self._model.inferred.roles[call.operation.name], record, status)

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:  # noqa: ARG002
        """Returns the response with a list, as the called operation declares it."""
        assert call.operation is not None
        page = RecordPage(records, start=0, size=len(records), total=len(records))
        return self._writer.write_list(call, self._model.inferred.roles[call.operation.name], page)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds nothing: the document declares the headers of each response."""

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """Returns the refusal with a status and in a schema that the operation declares, if there is one."""
        operation = self._model.operations.get(call.operation.name) if call.operation else None
        status = _status(operation, problem)
        media = self._declared_media(operation, status)
        headers = list(problem.headers)
        if media is not None:
            body = self._render_body(call, media, status, problem)
            if body is not None:
                return Reply(status, [("Content-Type", media.name), *headers], as_json(body), problem)
        kind = [("Content-Type", "application/problem+json"), *headers]
        return Reply(status, kind, as_json(_render_problem(status, problem)), problem)

    def _declared_media(self, operation: DocumentOperation | None, status: int) -> MediaType | None:
        response = operation.find_response(status) if operation else None
        if response is not None:
            return find_json(response.media)
        # If the status is not declared, the refusal has the most common error schema of the document.
        return self._default_media

    def _render_body(self, call: Call, media: MediaType, status: int, problem: Problem) -> Any:
        known = self._fill(media.schema, status, problem, 0)
        try:
            return self._model.values.complete(media.schema, known, call.sandbox.randomness, f"refusal:{status}")
        except Problem:
            return None

    def _fill(self, schema: Schema, status: int, problem: Problem, depth: int) -> Any:
        """Returns the members of an error schema whose values the problem determines."""
        schemas, members = self._model.document.schemas, {}
        for name, inner in schemas.properties(schema).items():
            kinds, word = schemas.types_of(inner), normalize_name(name)
            if "array" in kinds and (word in _LIST_NAMES or depth):
                members[name] = self._fill_list(schemas.flatten(inner).get("items", True), problem)
            elif "object" in kinds and schemas.properties(inner) and depth < 2:
                members[name] = self._fill(inner, status, problem, depth + 1)
            elif (value := _value_of(word, kinds, schemas.flatten(inner), status, problem)) is not None:
                members[name] = value
        if not members and "string" in schemas.types_of(schema):
            return problem.detail or _phrase(status)
        return members

    def _fill_list(self, schema: Schema, problem: Problem) -> list[Any]:
        errors = problem.fields or (FieldError("", problem.detail or problem.code),)
        schemas = self._model.document.schemas
        properties = schemas.properties(schema)
        if not properties:
            return [f"{each.path}: {each.message}".removeprefix(": ") for each in errors]
        return [self._fill_error(properties, each, problem) for each in errors]

    def _fill_error(self, properties: Mapping[str, Schema], error: FieldError, problem: Problem) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, inner in properties.items():
            kinds, word = self._model.document.schemas.types_of(inner), normalize_name(name)
            if word in ("loc", "path") and "array" in kinds:
                members[name] = [error.path]
            elif word in _MESSAGE_NAMES and "string" in kinds:
                members[name] = error.message
            elif word in _FIELD_NAMES and "string" in kinds:
                members[name] = error.path
            elif word in ("code", "type", "kind") and "string" in kinds:
                members[name] = problem.code
        return members


def _value_of(word: str, kinds: tuple[str, ...], level: Mapping[str, Any], status: int, problem: Problem) -> Any:
    """Returns the value of one property of a refusal, by its normalized name and type; None if it is unknown."""
    if "enum" in level and problem.code not in level["enum"]:
        return status if status in level["enum"] else str(status) if str(status) in level["enum"] else None
    if word in ("status", "statuscode", "code", "httpstatus", "errorcode", "httpcode"):
        if "integer" in kinds or "number" in kinds:
            return status
        return (str(status) if "status" in word else problem.code) if "string" in kinds else None
    if word in ("success", "ok"):
        return False if "boolean" in kinds else None
    if "string" not in kinds:
        return None
    if word in _MESSAGE_NAMES:
        return problem.detail or _phrase(status)
    if word in ("title", "error", "reasonphrase"):
        return _phrase(status)
    return {"type": "about:blank" if level.get("format") else problem.code, "instance": None}.get(word)


def _render_problem(status: int, problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": problem.detail}
    if problem.fields:
        body["errors"] = [{"field": each.path, "message": each.message} for each in problem.fields]
    return body


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else f"Status {status}"


def _status(operation: DocumentOperation | None, problem: Problem) -> int:
    choices = _STATUSES_BY_CODE.get(problem.code, ())
    if operation is None or not choices or problem.status == 415:
        return problem.status
    return next((status for status in choices if operation.declares(status)), problem.status)


def _most_common_media(model: SpecModel) -> MediaType | None:
    """Returns the media type whose schema most error responses in the document have."""
    counts: Counter[int] = Counter()
    media_by_schema: dict[int, MediaType] = {}
    for operation in model.operations.values():
        for response in operation.responses:
            is_error = response.status[0] == "4" or (
                response.status == "default" and success_response(operation)[1] is not response
            )
            media = find_json(response.media) if is_error else None
            if media is not None and media.schema is not True:
                schema_id = id(model.document.schemas.resolve(media.schema))
                counts[schema_id] += 1
                media_by_schema.setdefault(schema_id, media)
    return media_by_schema[counts.most_common(1)[0][0]] if counts else None
