"""Kotauth's refusals: the status and title that clients receive for each problem name."""

from __future__ import annotations

from mockserver.engine import Problem

PROBLEMS: dict[str, tuple[int, str]] = {
    "tenant_not_found": (404, "Tenant not found"),
    "bad_user_id": (400, "Invalid user ID"),
    "bad_role_id": (400, "Invalid role ID"),
    "bad_group_id": (400, "Invalid group ID"),
    "bad_application_id": (400, "Invalid application ID"),
    "bad_session_id": (400, "Invalid session ID"),
    "user_not_found": (404, "User not found"),
    "role_not_found": (404, "Role not found"),
    "group_not_found": (404, "Group not found"),
    "application_not_found": (404, "Application not found"),
    "session_not_found": (404, "Session not found"),
    "nothing_found": (404, "Not Found"),
    "conflict": (409, "Conflict"),
    "claim_name_taken": (409, "Duplicate Claim Name"),
    "mapper_limit": (409, "Mapper Limit Reached"),
    "claim_name_reserved": (400, "Reserved Claim Name"),
    "validation": (422, "Validation Error"),
    "no_pending_invite": (400, "Bad Request"),
    "database_error": (500, "Internal Server Error"),
}
"""Name -> (status, title)."""
REFUSED_KEY_CODES = ("bad_credentials", "key_propagating", "key_expired", "key_revoked", "address_refused")
"""Problem codes for an unusable key; clients receive the same response for all of them."""
_TITLES_BY_STATUS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Payload Too Large",
    422: "Validation Error",
    429: "Rate limit exceeded",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def build_problem(name: str, detail: str = "") -> Problem:
    """Returns the refusal with a name from PROBLEMS; ``detail`` is the sentence that the client receives."""
    return Problem(name, detail, status=PROBLEMS[name][0])


def choose_title(problem: Problem) -> str:
    """Returns the title of a refusal; a refusal by the engine gets the title of its status."""
    known = PROBLEMS.get(problem.code)
    return known[1] if known else _TITLES_BY_STATUS.get(problem.status, "Error")
