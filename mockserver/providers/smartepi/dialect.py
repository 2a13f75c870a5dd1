"""Renders SmartEPI's responses: the gateway refuses with plain JSON, the application with problem+json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.engine import Call, Problem, Record, Reply, as_json, etag, format_instant
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions, assumptions_of

DENY_MESSAGE = "User is not authorized to access this resource with an explicit deny in an identity-based policy"
TRANSACTION_FIELDS = ("employeeId", "productId", "quantity")
UNIQUE_EMPLOYEE_FIELDS = ("identification", "email")
_GATEWAY_STAGES = ("authenticate", "ratelimit")
"""The stages whose refusals come from the gateway."""
_TYPE_TOKENS = {
    "version_stale": (409, "conflict"),
    "in_use": (409, "resource_in_use"),
    "unknown_reference": (422, "invalid_reference"),
    "idempotency_in_flight": (409, "conflict"),
    "idempotency_mismatch": (409, "conflict"),
}
"""Problem code -> (status, type token)."""
_TYPE_SETTINGS = {404: "type_not_found", 405: "type_method_not_allowed"}
"""Status -> name of the assumption that contains its type token."""


class SmartEPIDialect:
    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        """Renders `{"data": {...}}`, with a strong ETag if the record has a version."""
        headers = [("Content-Type", "application/json")]
        if "_version" in record:
            headers.append(("ETag", etag(record["_version"])))
        return Reply(status, headers, as_json({"data": render_fields(assumptions_of(call), record)}))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        """Renders `{"data": [...], "cursor": ...}`, without an ETag."""
        assumptions = assumptions_of(call)
        body = {"data": [render_fields(assumptions, record) for record in records], "cursor": following}
        return Reply(200, [("Content-Type", "application/json")], as_json(body))

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """Renders the refusal in the format of the gateway or of the application, whichever refuses the request."""
        assumptions = assumptions_of(call)
        gateway = _gateway_response(assumptions, problem)
        if gateway is not None:
            content_type = ("Content-Type", assumptions.gateway_content_type)
            gateway_headers = [content_type, *gateway.headers, *problem.headers]
            return Reply(gateway.status, gateway_headers, as_json(gateway.body), problem)
        status, token = _choose_status_and_token(assumptions, problem)
        body = {
            "type": f"urn:smartepi:error:{token}",
            "title": _format_title(assumptions, token),
            "status": status,
            "detail": _format_detail(problem),
        }
        headers = [("Content-Type", "application/problem+json"), *problem.headers]
        return Reply(status, headers, as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds X-Request-Id to the application's responses; the gateway's responses have none."""
        assumptions = assumptions_of(call)
        if reply.problem is not None and _gateway_response(assumptions, reply.problem) is not None:
            return
        if reply.problem is not None or assumptions.request_id_on_success:
            reply.headers.append(("X-Request-Id", call.sandbox.randomness.uuid("request-id", call.serial)))


def render_fields(assumptions: SmartEPIAssumptions, record: Record) -> dict[str, Any]:
    """Returns the fields of a record for a response: without internal members and nulls, with formatted timestamps."""
    fields = {name: value for name, value in record.items() if value is not None and not name.startswith("_")}
    if "_version" not in record and assumptions.transaction_fields == "documented":
        return {name: value for name, value in fields.items() if name not in TRANSACTION_FIELDS}
    if assumptions.timestamps != "absent":
        format_time = _to_unix_time if assumptions.timestamps == "unix" else _to_iso_time
        fields["createdAt"] = format_time(record["_created"])
        if "_version" in record:
            fields["updatedAt"] = format_time(record["_updated"])
    return fields


def _to_unix_time(instant: int) -> int:
    return instant // 1_000_000


def _to_iso_time(instant: int) -> str:
    return format_instant(instant, digits=3)


class GatewayResponse(NamedTuple):
    """A refusal by the gateway, without the headers that all its refusals have."""

    status: int
    headers: list[tuple[str, str]]
    body: dict[str, str]


def _gateway_response(assumptions: SmartEPIAssumptions, problem: Problem) -> GatewayResponse | None:
    """Returns the gateway's response for a problem, or None if the application refuses the request."""
    # A fault can inject any status: it looks like a refusal by the gateway if only the gateway refuses with it.
    injected_status = problem.status if problem.code == "injected" else None
    if problem.code == "no_credentials" or injected_status == 401:
        return GatewayResponse(401, [], {"message": "Unauthorized"})
    if problem.code in ("rate_limited", "quota_exceeded") or injected_status == 429:
        error_type = [("x-amzn-errortype", "TooManyRequestsException")]
        return GatewayResponse(429, error_type, {"message": "Too Many Requests"})
    if problem.raised_in in _GATEWAY_STAGES or injected_status == 403:
        return GatewayResponse(403, [], {"Message": DENY_MESSAGE})
    if problem.code == "body_too_large":
        error_type = [("x-amzn-errortype", "RequestTooLargeException")]
        return GatewayResponse(413, error_type, {"message": "Request Too Long"})
    if problem.code == "no_such_path" and assumptions.unknown_path == "gateway":
        error_type = [("x-amzn-errortype", "MissingAuthenticationTokenException")]
        return GatewayResponse(403, error_type, {"message": "Missing Authentication Token"})
    return None


def _choose_status_and_token(assumptions: SmartEPIAssumptions, problem: Problem) -> tuple[int, str]:
    if problem.code == "duplicate":
        is_employee_field = _first_field(problem) in UNIQUE_EMPLOYEE_FIELDS
        return 409, assumptions.type_employee_duplicate if is_employee_field else "duplicate_name"
    if problem.code in _TYPE_TOKENS:
        return _TYPE_TOKENS[problem.code]
    status = 400 if problem.code in ("version_missing", "version_malformed") else problem.status
    if status == 409:
        return status, "conflict"
    fallback = "type_internal_error" if status >= 500 else "type_bad_request"
    return status, str(getattr(assumptions, _TYPE_SETTINGS.get(status, fallback)))


def _format_title(assumptions: SmartEPIAssumptions, token: str) -> str:
    words = token.replace("_", " ")
    return words.capitalize() if assumptions.titles == "sentence" else words.title()


def _first_field(problem: Problem) -> str:
    return problem.fields[0].path if problem.fields else problem.detail


def _format_detail(problem: Problem) -> str:
    if problem.code == "unknown_reference":
        return f"Unknown or cross-tenant reference: {_first_field(problem)}"
    return "Version is stale" if problem.code == "version_stale" else problem.detail
