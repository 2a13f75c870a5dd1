"""Lists audit events, the newest first; the type of an event has its documented or its observed name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS
from mockserver.providers.kotauth.wire.records import AUDIT_COLLECTION, render_instant, render_page

EVENT_TYPES = frozenset(
    """
    LOGIN_SUCCESS LOGIN_FAILED LOGIN_RATE_LIMITED ACCOUNT_LOCKED ACCOUNT_UNLOCKED REGISTER_SUCCESS
    REGISTER_FAILED TOKEN_ISSUED TOKEN_REFRESHED TOKEN_REVOKED TOKEN_INTROSPECTED AUTHORIZATION_CODE_ISSUED
    AUTHORIZATION_CODE_USED AUTHORIZATION_CODE_EXPIRED SESSION_CREATED SESSION_REVOKED ADMIN_TENANT_CREATED
    ADMIN_TENANT_UPDATED ADMIN_CLIENT_CREATED ADMIN_CLIENT_UPDATED ADMIN_CLIENT_SECRET_REGENERATED
    ADMIN_CLIENT_ENABLED ADMIN_CLIENT_DISABLED ADMIN_USER_CREATED ADMIN_USER_UPDATED ADMIN_USER_ENABLED
    ADMIN_USER_DISABLED ADMIN_SESSION_REVOKED ADMIN_SESSIONS_REVOKED_ALL ADMIN_SMTP_TEST EMAIL_VERIFICATION_SENT
    EMAIL_VERIFIED PASSWORD_RESET_REQUESTED PASSWORD_RESET_COMPLETED USER_PROFILE_UPDATED USER_PASSWORD_CHANGED
    USER_SESSION_REVOKED_SELF USER_ACCOUNT_DISABLED_SELF ADMIN_USER_PASSWORD_RESET ADMIN_SMTP_UPDATED
    ADMIN_ROLE_CREATED ADMIN_ROLE_UPDATED ADMIN_ROLE_DELETED ADMIN_ROLE_ASSIGNED ADMIN_ROLE_UNASSIGNED
    ADMIN_GROUP_CREATED ADMIN_GROUP_UPDATED ADMIN_GROUP_DELETED ADMIN_GROUP_ROLE_ASSIGNED
    ADMIN_GROUP_ROLE_UNASSIGNED ADMIN_GROUP_MEMBER_ADDED ADMIN_GROUP_MEMBER_REMOVED MFA_ENROLLMENT_STARTED
    MFA_ENROLLMENT_VERIFIED MFA_CHALLENGE_SUCCESS MFA_CHALLENGE_FAILED MFA_RECOVERY_CODE_USED MFA_DISABLED
    USER_INVITE_SENT USER_INVITE_ACCEPTED ADMIN_KEY_ROTATED ADMIN_KEY_RETIRED
    """.split()  # noqa: SIM905
)
"""The event types of the source."""
DOCUMENTED_ONLY_TYPES = frozenset(
    """
    ADMIN_USER_ATTRIBUTE_SET ADMIN_USER_ATTRIBUTE_DELETED ADMIN_CLAIM_MAPPER_CREATED ADMIN_CLAIM_MAPPER_UPDATED
    ADMIN_CLAIM_MAPPER_DELETED
    """.split()  # noqa: SIM905
)
"""The event types of attributes and claim mappers, which exist only in the documents."""
DOCUMENTED_NAMES = {
    "LOGIN_FAILED": "LOGIN_FAILURE",
    "USER_SESSION_REVOKED_SELF": "LOGOUT",
    "MFA_CHALLENGE_SUCCESS": "LOGIN_MFA_SUCCESS",
    "MFA_CHALLENGE_FAILED": "LOGIN_MFA_FAILURE",
    "MFA_ENROLLMENT_VERIFIED": "USER_MFA_ENROLLED",
    "MFA_DISABLED": "USER_MFA_DISABLED",
    "MFA_RECOVERY_CODE_USED": "USER_RECOVERY_CODE_USED",
    "REGISTER_SUCCESS": "USER_REGISTERED",
    "EMAIL_VERIFICATION_SENT": "USER_EMAIL_VERIFICATION_SENT",
    "EMAIL_VERIFIED": "USER_EMAIL_VERIFIED",
    "PASSWORD_RESET_REQUESTED": "USER_PASSWORD_RESET_REQUESTED",
    "PASSWORD_RESET_COMPLETED": "USER_PASSWORD_RESET_COMPLETED",
    "ADMIN_CLIENT_UPDATED": "ADMIN_APPLICATION_UPDATED",
    "ADMIN_CLIENT_DISABLED": "ADMIN_APPLICATION_DISABLED",
}
"""Name of an event type in the source -> its name in the documents, if that is different."""
_KNOWN_TYPES = {name: name for name in EVENT_TYPES | DOCUMENTED_ONLY_TYPES}
_TYPES_BY_DOCUMENTED_NAME = _KNOWN_TYPES | {documented: observed for observed, documented in DOCUMENTED_NAMES.items()}


def _render_event(call: Call, record: Record) -> dict[str, Any]:
    event_type = record["eventType"]
    return {
        "eventType": DOCUMENTED_NAMES.get(event_type, event_type) if is_documented(call, "event_names") else event_type,
        "userId": record["userId"],
        "clientId": record["clientId"],
        "ipAddress": record["ipAddress"],
        "createdAt": render_instant(call, record["_created"]),
        "details": record["details"],
    }


def _list(call: Call) -> Reply:
    event_type = getattr(call.query_parameters, "eventType", None) or ""
    names = _TYPES_BY_DOCUMENTED_NAME if is_documented(call, "event_names") else _KNOWN_TYPES
    filters = {"eventType": names.get(event_type), "userId": getattr(call.query_parameters, "userId", None)}
    # A filter with an unknown or unreadable value is ignored.
    filters = {name: value for name, value in filters.items() if value is not None}
    events = (record for _, record in call.space.scan(AUDIT_COLLECTION, field="_created", descending=True))
    if not filters:
        return _render_page(call, events, call.space.count(AUDIT_COLLECTION))
    matching = [record for record in events if all(record[name] == value for name, value in filters.items())]
    return _render_page(call, iter(matching), len(matching))


def _render_page(call: Call, records: Iterator[Record], total: int) -> Reply:
    return render_page(
        call, records, lambda record: _render_event(call, record), total, default_limit=50, max_limit=200
    )


def operations() -> Iterator[Operation]:
    yield Operation(
        "list_audit_logs", "GET", f"{BASE}/audit-logs", _list, "List audit events", query=models.AuditQuery,
        response=models.AuditEvent, refusals=READ_REFUSALS, scope="audit_logs:read",
    )  # fmt: skip
