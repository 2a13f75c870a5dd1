"""Renders Kotauth's responses: JSON, 204 without a body, problems, and what the product sends instead of problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine import Call, Problem, Record, Reply, as_json
from mockserver.providers.kotauth.assumptions import assumptions_of, is_documented
from mockserver.providers.kotauth.wire.compression import compress_reply
from mockserver.providers.kotauth.wire.problems import REFUSED_KEY_CODES, choose_title

JSON = [("Content-Type", "application/json")]
SERVER_ERROR = {"error": "server_error", "error_description": "An unexpected error occurred"}
REALM = 'Bearer realm="KotAuth REST API"'
COMMON_HEADERS = [
    ("Server", "KotAuth"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    (
        "Content-Security-Policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    ),
]
_UNREADABLE_BODY_CODES = ("malformed_body", "invalid_field", "invalid_parameter")
_ROUTING_CODES = ("no_such_path", "method_not_allowed")
_DEFAULT_RETRY_AFTER = "60"
"""Seconds, for a 429 that has no Retry-After, such as an injected one."""


class KotauthDialect:
    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:  # noqa: ARG002
        """Renders the record without an envelope."""
        return Reply(status, [*JSON], as_json(record))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:  # noqa: ARG002
        """Renders a whole list, without pages, as `{"data": [...], "meta": {...}}`."""
        return render_envelope(list(records), total=len(records), offset=0, limit=0)

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """Renders a problem, or what the product sends instead: an empty body or its ``server_error``."""
        headers = [*problem.headers]
        if problem.code == "no_credentials":
            headers.append(("WWW-Authenticate", REALM))
            if not is_documented(call, "missing_key"):
                return Reply(401, headers, b"", problem)
        if problem.code in _ROUTING_CODES and not is_documented(call, "routing_errors"):
            return Reply(problem.status, headers, b"", problem)
        if _is_server_error(call, problem):
            return Reply(500, [*JSON, *headers], as_json(SERVER_ERROR), problem)
        if problem.status == 429 and "retry-after" not in {name.lower() for name, _ in headers}:
            headers.append(("Retry-After", _DEFAULT_RETRY_AFTER))
        body = {
            "type": f"https://kotauth.dev/errors/{problem.status}",
            "title": _choose_title(call, problem),
            "status": problem.status,
            "detail": _choose_detail(problem, headers),
        }
        return Reply(problem.status, [("Content-Type", "application/problem+json"), *headers], as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds the headers of every response, and compresses the body if the product would."""
        request_id = call.sandbox.randomness.uuid("request-id", call.serial)
        reply.headers += [("X-Request-ID", request_id), *COMMON_HEADERS]
        if call.origin.startswith("https:"):
            reply.headers.append(("Strict-Transport-Security", "max-age=31536000; includeSubDomains"))
        compress_reply(call, reply)


def render_envelope(data: list[Any], *, total: int, offset: int, limit: int) -> Reply:
    """Returns a response with a list: ``{"data": [...], "meta": {...}}``."""
    return Reply(200, [*JSON], as_json({"data": data, "meta": {"total": total, "offset": offset, "limit": limit}}))


def no_content() -> Reply:
    """Returns a 204; like Ktor's, it has a Content-Type although it has no body."""
    return Reply(204, [("Content-Type", "text/plain")])


def _is_server_error(call: Call, problem: Problem) -> bool:
    if problem.code in _UNREADABLE_BODY_CODES:
        return not is_documented(call, "malformed_body")
    if problem.code == "injected":
        return problem.status == 500 and assumptions_of(call).fidelity == "observed"
    return problem.code == "database_error"


def _choose_title(call: Call, problem: Problem) -> str:
    if problem.code in REFUSED_KEY_CODES:
        return "Invalid API key"
    return assumptions_of(call).forbidden_title if problem.code == "scope_missing" else choose_title(problem)


def _choose_detail(problem: Problem, headers: list[tuple[str, str]]) -> str:
    if problem.code in REFUSED_KEY_CODES:
        return "The provided API key is invalid, expired, or has been revoked."
    if problem.code == "scope_missing":
        return f"This API key does not have the '{problem.detail}' permission."
    if problem.code in ("rate_limited", "quota_exceeded"):
        wait = next(value for name, value in headers if name.lower() == "retry-after")
        return f"API write rate limit exceeded for this key in this workspace. Retry after {wait} seconds."
    return problem.detail
