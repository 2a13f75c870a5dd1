"""Renders Kota's responses: plain objects, pages, and problems with an error code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.engine import HEX, Call, FieldError, Problem, Record, Reply, as_json
from mockserver.providers.kota.assumptions import KotaAssumptions, assumptions_of

JSON = [("Content-Type", "application/json")]
_RFC9110 = "https://tools.ietf.org/html/rfc9110#section-15."
_TITLES_AND_TYPES = {
    "invalid_request": ("Invalid request", f"{_RFC9110}5.1"),
    "invalid_state": ("Invalid state", f"{_RFC9110}5.1"),
    "unauthorized": ("Unauthorized", f"{_RFC9110}5.2"),
    "forbidden": ("Forbidden", f"{_RFC9110}5.4"),
    "not_found": ("Resource not found", f"{_RFC9110}5.5"),
    "idempotency_error": ("Idempotency error", f"{_RFC9110}5.10"),
    "rate_limit_exceeded": ("Too many requests", "https://tools.ietf.org/html/rfc6585#section-4"),
    "third_party_error": ("Third party error", f"{_RFC9110}6.1"),
    "internal_error": ("An error occurred while processing your request", f"{_RFC9110}6.1"),
}
"""The title and the type of each of the nine error codes that the vendor publishes."""
_ERROR_CODES = {
    "invalid_state": "invalid_state",
    "third_party": "third_party_error",
    "requirement_fulfilled": "invalid_state",
    "idempotency_mismatch": "idempotency_error",
    "idempotency_in_flight": "idempotency_error",
}
_ERROR_CODES_BY_STATUS = {401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "idempotency_error"}
_CODES_WITH_DETAIL = ("invalid_state", "not_found", "idempotency_error", "third_party_error")
_REQUIREMENT_OPERATIONS = ("get_requirement", "submit_requirement_answers")
"""The operations whose refusals always have a detail, and whose ``errors`` is a list."""
_STATUS_BY_CODE = {"idempotency_mismatch": 409, "third_party": 500, "requirement_fulfilled": 409}


class ExtendedProblem(Problem):
    """A problem with additional members."""

    def __init__(self, code: str, detail: str, members: Mapping[str, Any]) -> None:
        super().__init__(code, detail)
        self.extensions = members


class KotaDialect:
    """Renders records, lists and problems as Kota does."""

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        """Renders a record without an envelope."""
        return Reply(status, [*JSON], as_json(show(assumptions_of(call), record)))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:  # noqa: ARG002
        """Renders a whole list as a single page."""
        size = len(records)
        return render_page(call, records, 1, size, size)

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """Renders a problem with the published error code for its code or status."""
        assumptions = assumptions_of(call)
        status = _status(assumptions, problem)
        code = _ERROR_CODES.get(problem.code) or _ERROR_CODES_BY_STATUS.get(status) or _fallback_code(status)
        title, type = _TITLES_AND_TYPES[code]
        body: dict[str, Any] = {"type": type, "title": title, "status": status, "error_code": code}
        if assumptions.trace_ids == "sent":
            body["trace_id"] = call.sandbox.randomness.text("trace", call.serial, 32, HEX)
        is_about_requirement = call.operation is not None and call.operation.name in _REQUIREMENT_OPERATIONS
        body |= (
            _requirement_members(problem, body["title"])
            if is_about_requirement
            else _extension_members(assumptions, problem, code)
        )
        return Reply(status, [("Content-Type", "application/problem+json"), *problem.headers], as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds nothing, because Kota documents no response headers."""


def render_page(call: Call, items: Sequence[Record], number: int, size: int, total: int) -> Reply:
    """Renders one page of a list; ``size`` is the requested number of items per page."""
    assumptions = assumptions_of(call)
    body = {
        "items": [show(assumptions, record) for record in items],
        "page": number,
        "page_size": len(items) if assumptions.page_size_shown == "returned" else size,
        "total_count": total,
        "has_next_page": number * size < total,
        "has_previous_page": number > 1,
    }
    return Reply(200, [*JSON], as_json(body))


def show(assumptions: KotaAssumptions, value: Any) -> Any:
    """Returns a value without internal members, whose names begin with ``_``.

    The assumption ``null_members`` determines whether members without a value are omitted.
    """
    if isinstance(value, list):
        return [show(assumptions, each) for each in value]
    if not isinstance(value, dict):
        return value
    omitted = assumptions.null_members == "omitted"
    return {
        name: show(assumptions, each)
        for name, each in value.items()
        if not name.startswith("_") and not (omitted and each is None)
    }


def _status(assumptions: KotaAssumptions, problem: Problem) -> int:
    if problem.code == "key_propagating":
        return int(assumptions.new_key)
    if problem.code == "method_not_allowed":
        return int(assumptions.method_not_allowed)
    return _STATUS_BY_CODE.get(problem.code, problem.status)


def _fallback_code(status: int) -> str:
    if status == 429:
        return "rate_limit_exceeded"
    return "invalid_request" if status < 500 else "internal_error"


def _extension_members(assumptions: KotaAssumptions, problem: Problem, code: str) -> dict[str, Any]:
    """Returns the members that not every problem has: ``errors`` or ``detail``."""
    if isinstance(problem, ExtendedProblem):
        return {"detail": problem.detail, **problem.extensions}
    errors: dict[str, list[str]] = {}
    for field in _fields(problem):
        errors.setdefault(_path(assumptions, problem, field.path), []).append(field.message)
    if errors:
        return {"errors": errors}
    if code in _CODES_WITH_DETAIL or problem.code == "malformed_body":
        return {"detail": problem.detail}
    return {}


def _fields(problem: Problem) -> Sequence[FieldError]:
    """Returns the errors of a problem; an invalid idempotency key is an error of its header."""
    if problem.code == "idempotency_key_invalid":
        return (FieldError("Idempotency-Key", problem.detail),)
    return problem.fields


def _requirement_members(problem: Problem, title: str) -> dict[str, Any]:
    members: dict[str, Any] = {"detail": problem.detail or title}
    if isinstance(problem, ExtendedProblem):
        return {**members, **problem.extensions}
    fields = _fields(problem)
    listed = [{"field_id": each.path, "error_type": "invalid", "message": each.message} for each in fields]
    return {**members, "errors": listed} if listed else members


def _path(assumptions: KotaAssumptions, problem: Problem, path: str) -> str:
    is_in_body = problem.code == "invalid_field"
    return f"$.{path}" if is_in_body and assumptions.error_paths == "json_path" else path
