"""Refusals in the shape the document declares for them; as problem+json where it declares none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from mockserver.engine import Call, FieldError, Problem, Record, Reply, as_json
from mockserver.openapi.document.document import Endpoint, Media, json_of
from mockserver.openapi.document.schemas import Schema
from mockserver.openapi.generation.words import plain
from mockserver.openapi.inference.shapes import success
from mockserver.openapi.serving.paging import Page
from mockserver.openapi.serving.world import World
from mockserver.openapi.serving.writing import Writer

_ELSE: dict[str, tuple[int, ...]] = {
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
"""The statuses a refusal may have, the best first: the first that is declared is taken."""
_MESSAGES = ("message", "detail", "description", "errormessage", "error_description", "reason", "msg", "details")
_FIELDS = ("field", "path", "name", "param", "parameter", "pointer", "property", "target", "location", "source")
_LISTS = ("errors", "fields", "details", "violations", "invalidparams", "validationerrors", "issues", "fielderrors")


class OwnDialect:
    """How an API of one's own speaks."""

    def __init__(self, world: World, writer: Writer) -> None:
        self._world, self._writer = world, writer
        self._common = _commonest(world)

    def one(self, call: Call, record: Record, status: int = 200) -> Reply:
        """The answer that shows a record, as the called operation declares it."""
        assert call.operation is not None
        return self._writer.one(call, self._world.inferred.roles[call.operation.name], record, status)

    def many(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:  # noqa: ARG002
        """The answer that shows a page, as the called operation declares it."""
        assert call.operation is not None
        page = Page(records, start=0, size=len(records), total=len(records))
        return self._writer.many(call, self._world.inferred.roles[call.operation.name], page)

    def dress(self, call: Call, reply: Reply) -> None:
        """Nothing: a document declares the headers of each answer."""

    def refuse(self, call: Call, problem: Problem) -> Reply:
        """The refusal under a status the operation declares, if one fits, and in the shape it declares."""
        endpoint = self._world.endpoints.get(call.operation.name) if call.operation else None
        status = _status(endpoint, problem)
        media = self._declared(endpoint, status)
        headers = list(problem.headers)
        if media is not None:
            body = self._shaped(call, media, status, problem)
            if body is not None:
                return Reply(status, [("Content-Type", media.name), *headers], as_json(body), problem)
        kind = [("Content-Type", "application/problem+json"), *headers]
        return Reply(status, kind, as_json(_problem(status, problem)), problem)

    def _declared(self, endpoint: Endpoint | None, status: int) -> Media | None:
        response = endpoint.response(status) if endpoint else None
        if response is not None:
            return json_of(response.media)
        # What the operation itself does not speak of is said as most of the document's refusals are.
        return self._common

    def _shaped(self, call: Call, media: Media, status: int, problem: Problem) -> Any:
        known = self._filled(media.schema, status, problem, 0)
        try:
            return self._world.answers.completed(media.schema, known, call.sandbox.randomness, f"refusal:{status}")
        except Problem:
            return None

    def _filled(self, schema: Schema, status: int, problem: Problem, depth: int) -> Any:
        """What a refusal says in a schema's own words."""
        schemas, made = self._world.document.schemas, {}
        for name, inner in schemas.properties(schema).items():
            kinds, word = schemas.kinds(inner), plain(name)
            if "array" in kinds and (word in _LISTS or depth):
                made[name] = self._listed(schemas.flat(inner).get("items", True), problem)
            elif "object" in kinds and schemas.properties(inner) and depth < 2:
                made[name] = self._filled(inner, status, problem, depth + 1)
            elif (said := _said(word, kinds, schemas.flat(inner), status, problem)) is not None:
                made[name] = said
        if not made and "string" in schemas.kinds(schema):
            return problem.detail or _phrase(status)
        return made

    def _listed(self, schema: Schema, problem: Problem) -> list[Any]:
        found = problem.fields or (FieldError("", problem.detail or problem.code),)
        schemas = self._world.document.schemas
        properties = schemas.properties(schema)
        if not properties:
            return [f"{each.path}: {each.message}".removeprefix(": ") for each in found]
        return [self._entry(properties, each, problem) for each in found]

    def _entry(self, properties: Mapping[str, Schema], error: FieldError, problem: Problem) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in properties.items():
            kinds, word = self._world.document.schemas.kinds(inner), plain(name)
            if word in ("loc", "path") and "array" in kinds:
                made[name] = [error.path]
            elif word in _MESSAGES and "string" in kinds:
                made[name] = error.message
            elif word in _FIELDS and "string" in kinds:
                made[name] = error.path
            elif word in ("code", "type", "kind") and "string" in kinds:
                made[name] = problem.code
        return made


def _said(word: str, kinds: tuple[str, ...], level: Mapping[str, Any], status: int, problem: Problem) -> Any:
    """What one property of a refusal says, by its name and type; None where the name means nothing here."""
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
    if word in _MESSAGES:
        return problem.detail or _phrase(status)
    if word in ("title", "error", "reasonphrase"):
        return _phrase(status)
    return {"type": "about:blank" if level.get("format") else problem.code, "instance": None}.get(word)


def _problem(status: int, problem: Problem) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": problem.detail}
    if problem.fields:
        body["errors"] = [{"field": each.path, "message": each.message} for each in problem.fields]
    return body


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else f"Status {status}"


def _status(endpoint: Endpoint | None, problem: Problem) -> int:
    choices = _ELSE.get(problem.code, ())
    if endpoint is None or not choices or problem.status == 415:
        return problem.status
    return next((status for status in choices if endpoint.declares(status)), problem.status)


def _commonest(world: World) -> Media | None:
    """The schema that most operations refuse with."""
    counted: Counter[int] = Counter()
    found: dict[int, Media] = {}
    for endpoint in world.endpoints.values():
        for response in endpoint.responses:
            refuses = response.status[0] == "4" or (
                response.status == "default" and success(endpoint)[1] is not response
            )
            media = json_of(response.media) if refuses else None
            if media is not None and media.schema is not True:
                same = id(world.document.schemas.resolve(media.schema))
                counted[same] += 1
                found.setdefault(same, media)
    return found[counted.most_common(1)[0][0]] if counted else None
