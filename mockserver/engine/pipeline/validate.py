"""The stage that reads query and body into the operation's models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import FieldError, Problem
from mockserver.engine.core.reply import Reply

MAX_JSON_DEPTH = 64
"""How deep arrays and objects of a body may be nested."""
# One that never ends goes to the end, and nothing is looked at twice: the time it takes grows with the length alone.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def validate(call: Call, proceed: Proceed) -> Reply:
    """Refuse what cannot be read; wrong fields of a readable body are raised when the operation asks for the body."""
    operation = call.operation
    assert operation is not None
    if call.too_large:
        raise Problem("body_too_large", f"The body is longer than {call.sandbox.assumptions.body_limit} bytes")
    if operation.query is not None:
        call.query_parameters = _read_query(call, operation.query)
    if operation.body is not None:
        call._body = _read_body(call, operation.body)
    return proceed(call)


def _read_query(call: Call, model: type[BaseModel]) -> BaseModel:
    # Of equal names the last one stays in a dict.
    sent = call.query if call.sandbox.provider.repeated_query_parameter == "last" else reversed(call.query)
    try:
        return _parse_query(model, tuple(sent))
    except ValidationError as error:
        raise _validation_problem("invalid_parameter", error) from None


@lru_cache(maxsize=512)
def _parse_query(model: type[BaseModel], sent: tuple[tuple[str, str], ...]) -> BaseModel:
    """The query as its model; calls of equal queries share it, and change nothing in it."""
    return model.model_validate_strings(dict(sent))


def _read_body(call: Call, model: type[BaseModel]) -> BaseModel | Problem:
    data = call.sandbox.provider.read_body(call)
    document = parse_json(data)
    if not isinstance(document, dict):
        raise Problem("malformed_body", "The body is not a JSON object")
    try:
        body = model.model_validate_json(data)
    except ValidationError as error:
        problem = _validation_problem("invalid_field", error)
    else:
        unknown = _unknown_fields(document, model) if call.sandbox.assumptions.unknown_fields == "refused" else []
        if not unknown:
            return body
        problem = Problem("invalid_field", f"Unknown field: {unknown[0].path}", fields=unknown)
    problem.raised_in = "validate"
    return problem


def parse_json(data: bytes) -> Any:
    """The JSON document in a body; a Problem says why it is none: syntax, UTF-8, NaN, an over-deep nesting."""
    if _is_too_deep(data):
        raise Problem("malformed_body", f"The body is nested deeper than {MAX_JSON_DEPTH} levels")
    try:
        document = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise Problem("malformed_body", f"The body is not JSON: {error}") from None
    _check_values(document)
    return document


def _is_too_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_JSON_DEPTH:
            return True
    return False


def _check_values(document: Any) -> None:
    """Refuse what JSON can write but neither JSON nor UTF-8 can say again: lone surrogates, numbers beyond floats."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and not value.isascii():
            _check_encodable(value)
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise Problem("malformed_body", "The body has a number that is out of range")


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Problem("malformed_body", "The body has half of a surrogate pair") from None


def _unknown_fields(document: Mapping[str, Any], model: type[BaseModel]) -> list[FieldError]:
    known = {field.alias or name for name, field in model.model_fields.items()}
    return [FieldError(name, "is not known") for name in document if name not in known]


def _validation_problem(code: str, error: ValidationError) -> Problem:
    fields = [FieldError(error_path(detail), _message(detail)) for detail in error.errors(include_url=False)]
    return Problem(code, f"{fields[0].path}: {fields[0].message}", fields=fields)


def error_path(detail: ErrorDetails) -> str:
    """Where in a document an error is, as a client writes it: ``rules[0].productId``."""
    text = ""
    for part in detail["loc"]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "body"


def _message(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
