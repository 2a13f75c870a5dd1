"""Renders KASKO's responses: JSON without an envelope, and errors whose member `status` is the reason phrase."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from mockserver.engine import Call, FieldError, Problem, Record, Reply, as_json, parse_body
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.auth import DATA_API_OPERATIONS, HEX

JSON = ("Content-Type", "application/json")
VALIDATION_MESSAGE = "Data validation failed."
# These phrases are fixed here because they differ between versions of Python.
_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
_REFUSED_KEY_CODES = ("no_credentials", "bad_credentials", "key_propagating", "key_expired", "key_revoked")


class KaskoDialect:
    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:  # noqa: ARG002
        """Renders the object without an envelope."""
        return Reply(status, [JSON], as_json(record))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:  # noqa: ARG002
        """Renders an array without an envelope."""
        return Reply(200, [JSON], as_json(list(records)))

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """Renders `{"status": "Not Found", "message": ...}`, with `errors` if product rules refuse fields."""
        status = 401 if problem.code in _REFUSED_KEY_CODES else problem.status
        body: dict[str, Any] = {"status": reason_phrase(status), "message": _choose_message(call, problem, status)}
        if problem.code == "data_invalid":
            body["errors"] = [_render_error(call, error.message, error.path) for error in problem.fields]
        elif problem.code == "invalid_parameter" and _lists_parameter_errors(call):
            body["errors"] = [{"code": "invalid_value", "field": error.path} for error in problem.fields]
        return Reply(status, [JSON, *problem.headers], as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds X-Request-Id to every response."""
        randomness = call.sandbox.randomness
        if assumptions_of(call).request_ids == "uuid":
            id = randomness.uuid("request-id", call.serial)
        else:
            id = randomness.text("request-id", call.serial, 32, HEX)
        reply.headers.append(("X-Request-Id", id))


def reason_phrase(status: int) -> str:
    """Returns the reason phrase of a status, such as `Bad Request`."""
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _render_error(call: Call, code: str, field: str) -> dict[str, str]:
    assumptions = assumptions_of(call)
    name = f"data.{field}" if assumptions.error_fields == "dotted" else field
    return {"code": assumptions.missing_code if code == "missing" else "invalid_value", "field": name}


def _lists_parameter_errors(call: Call) -> bool:
    name = call.operation.name if call.operation else ""
    return name in DATA_API_OPERATIONS and assumptions_of(call).data_api_errors == "errors"


def _choose_message(call: Call, problem: Problem, status: int) -> str:
    if status == 401:
        return assumptions_of(call).unauthorized_message
    if problem.code in ("scope_missing", "other_mode"):
        return assumptions_of(call).forbidden_message
    if problem.code == "method_not_allowed":
        return assumptions_of(call).method_message.replace("{method}", call.method)
    if problem.code == "data_invalid":
        return VALIDATION_MESSAGE
    return f"{problem.detail or reason_phrase(status)}".rstrip(".") + "."


def not_found(noun: str) -> Problem:
    """Returns the refusal for a record that does not exist or is not accessible."""
    return Problem("not_found", f"{noun} not found.")


def wrong_mode(call: Call, noun: str) -> Problem:
    """Returns the refusal for a record whose mode (TEST or LIVE) is not that of the key."""
    if assumptions_of(call).other_mode == "404":
        return not_found(noun)
    return Problem("other_mode", f"{noun} of the other mode", status=403)


def bad_request(detail: str, status: int = 400, *, field: str = "") -> Problem:
    """Returns the refusal for a bad request; ``detail`` is one short sentence for the client."""
    fields = [FieldError(field, "invalid")] if field else []
    return Problem("invalid_parameter", detail, status=status, fields=fields)


def parse_json_parameter(name: str, text: str) -> Any:
    """Parses a query parameter as JSON. Raises Problem that names the parameter if it is not JSON."""
    try:
        return parse_body(text.encode("utf-8", "surrogatepass"))
    except Problem:
        raise bad_request(f"{name} must be JSON.", field=name) from None


def render_with_status(call: Call, record: Record, status: str) -> Reply:
    """Returns a response with the object under a status from an assumption; a 204 has no body."""
    return Reply(204) if status == "204" else call.sandbox.provider.dialect.render_record(call, record, int(status))
