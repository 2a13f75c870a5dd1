"""The stage that parses query and body into the operation's models."""

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
"""The maximum nesting depth of arrays and objects in a body."""
# An unterminated string extends to the end. Possessive quantifiers keep the time linear in the length.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def validate(call: Call, proceed: Proceed) -> Reply:
    """Refuses an unreadable query or body. Invalid fields of a readable body are raised when ``call.body`` is read."""
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
    # A dict keeps the last value of a repeated name. Reversed pairs make it keep the first.
    pairs = call.query if call.sandbox.provider.repeated_query_value == "last" else reversed(call.query)
    try:
        return _parse_query(model, tuple(pairs))
    except ValidationError as error:
        raise _validation_problem("invalid_parameter", error) from None


@lru_cache(maxsize=512)
def _parse_query(model: type[BaseModel], pairs: tuple[tuple[str, str], ...]) -> BaseModel:
    """Parses a query. Calls with equal queries share the result, so it must not be changed."""
    return model.model_validate_strings(dict(pairs))


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
    """Parses a JSON body.

    Raises Problem for invalid syntax or UTF-8, NaN, out-of-range numbers, lone surrogates and excessive nesting.
    """
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
    """Refuses numbers that are parsed as infinity, because they cannot be encoded again."""
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise Problem("malformed_body", "The body has a number that is out of range")


def _unknown_fields(document: Mapping[str, Any], model: type[BaseModel]) -> list[FieldError]:
    known = {field.alias or name for name, field in model.model_fields.items()}
    return [FieldError(name, "is not known") for name in document if name not in known]


def _validation_problem(code: str, error: ValidationError) -> Problem:
    fields = [FieldError(error_path(detail), _message(detail)) for detail in error.errors(include_url=False)]
    return Problem(code, f"{fields[0].path}: {fields[0].message}", fields=fields)


def error_path(detail: ErrorDetails) -> str:
    """Returns the path of the invalid field, such as ``rules[0].productId``."""
    text = ""
    for part in detail["loc"]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "body"


def _message(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
