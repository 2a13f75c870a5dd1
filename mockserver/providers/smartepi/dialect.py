"""SmartEPI's two error formats: plain JSON of the gateway, problem+json with X-Request-Id of the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine import Call, Problem, Record, Reply, as_json, etag, format_instant
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions, assumptions_of

DENY_MESSAGE = "User is not authorized to access this resource with an explicit deny in an identity-based policy"
TRANSACTION_FIELDS = ("employeeId", "productId", "quantity")
UNIQUE_EMPLOYEE_FIELDS = ("identification", "email")
_GATEWAY_STAGES = ("authenticate", "ratelimit")
_TYPE_TOKENS = {
    "version_stale": (409, "conflict"),
    "in_use": (409, "resource_in_use"),
    "unknown_reference": (422, "invalid_reference"),
    "idempotency_in_flight": (409, "conflict"),
    "idempotency_mismatch": (409, "conflict"),
}
_TYPE_SETTINGS = {404: "type_not_found", 405: "type_method_not_allowed"}


class SmartEPIDialect:
    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        """`{"data": {...}}`, with a strong ETag if the record has a version."""
        headers = [("Content-Type", "application/json")]
        if "_version" in record:
            headers.append(("ETag", etag(record["_version"])))
        return Reply(status, headers, as_json({"data": show(assumptions_of(call), record)}))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        """`{"data": [...], "cursor": ...}`, without an ETag."""
        assumptions = assumptions_of(call)
        body = {"data": [show(assumptions, record) for record in records], "cursor": following}
        return Reply(200, [("Content-Type", "application/json")], as_json(body))

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """The format depends on whether the gateway or the application refuses the request."""
        assumptions = assumptions_of(call)
        gateway = _gateway_response(assumptions, problem)
        if gateway is not None:
            status, headers, gateway_body = gateway
            content_type = ("Content-Type", assumptions.gateway_content_type)
            return Reply(status, [content_type, *headers, *problem.headers], as_json(gateway_body), problem)
        status, token = _type_token(assumptions, problem)
        body: dict[str, str | int] = {
            "type": f"urn:smartepi:error:{token}",
            "title": _title(assumptions, token),
            "status": status,
            "detail": _detail(problem),
        }
        headers = [("Content-Type", "application/problem+json"), *problem.headers]
        return Reply(status, headers, as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds X-Request-Id to the application's responses; the gateway's have none."""
        assumptions = assumptions_of(call)
        if reply.problem is not None and _gateway_response(assumptions, reply.problem) is not None:
            return
        if reply.problem is not None or assumptions.request_id_on_success:
            reply.headers.append(("X-Request-Id", call.sandbox.randomness.uuid("request-id", call.serial)))


def show(assumptions: SmartEPIAssumptions, record: Record) -> dict[str, Any]:
    """Returns a record as responses contain it: without internal members and nulls, with formatted timestamps."""
    fields = {name: value for name, value in record.items() if value is not None and not name.startswith("_")}
    if "_version" not in record and assumptions.transaction_fields == "documented":
        return {name: value for name, value in fields.items() if name not in TRANSACTION_FIELDS}
    if assumptions.timestamps != "absent":
        format_time = _unix if assumptions.timestamps == "unix" else _iso
        fields["createdAt"] = format_time(record["_created"])
        if "_version" in record:
            fields["updatedAt"] = format_time(record["_updated"])
    return fields


def _unix(instant: int) -> int:
    return instant // 1_000_000


def _iso(instant: int) -> str:
    return format_instant(instant, digits=3)


GatewayResponse = tuple[int, list[tuple[str, str]], dict[str, str]]


def _gateway_response(assumptions: SmartEPIAssumptions, problem: Problem) -> GatewayResponse | None:
    """Returns the gateway's response to a problem, or None if the application responds."""
    status = problem.status if problem.code == "injected" else None
    if problem.code == "no_credentials" or status == 401:
        return 401, [], {"message": "Unauthorized"}
    if problem.code in ("rate_limited", "quota_exceeded") or status == 429:
        return 429, [("x-amzn-errortype", "TooManyRequestsException")], {"message": "Too Many Requests"}
    if problem.raised_in in _GATEWAY_STAGES or status == 403:
        return 403, [], {"Message": DENY_MESSAGE}
    if problem.code == "body_too_large":
        return 413, [("x-amzn-errortype", "RequestTooLargeException")], {"message": "Request Too Long"}
    if problem.code == "no_such_path" and assumptions.unknown_path == "gateway":
        error = [("x-amzn-errortype", "MissingAuthenticationTokenException")]
        return 403, error, {"message": "Missing Authentication Token"}
    return None


def _type_token(assumptions: SmartEPIAssumptions, problem: Problem) -> tuple[int, str]:
    if problem.code == "duplicate":
        return 409, assumptions.type_employee_duplicate if _field(
            problem
        ) in UNIQUE_EMPLOYEE_FIELDS else "duplicate_name"
    if problem.code in _TYPE_TOKENS:
        return _TYPE_TOKENS[problem.code]
    status = 400 if problem.code in ("version_missing", "version_malformed") else problem.status
    if status == 409:
        return status, "conflict"
    fallback = "type_internal_error" if status >= 500 else "type_bad_request"
    return status, str(getattr(assumptions, _TYPE_SETTINGS.get(status, fallback)))


def _title(assumptions: SmartEPIAssumptions, token: str) -> str:
    words = token.replace("_", " ")
    return words.capitalize() if assumptions.titles == "sentence" else words.title()


def _field(problem: Problem) -> str:
    return problem.fields[0].path if problem.fields else problem.detail


def _detail(problem: Problem) -> str:
    if problem.code == "unknown_reference":
        return f"Unknown or cross-tenant reference: {_field(problem)}"
    return "Version is stale" if problem.code == "version_stale" else problem.detail
