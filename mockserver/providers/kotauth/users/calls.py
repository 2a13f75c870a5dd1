"""Operations that list, create, get, update, disable and invite users."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from mockserver.engine import Call, FieldError, Operation, Problem, Record, Reply
from mockserver.providers.kotauth.assumptions import (
    assumptions_of,
    is_documented,
    refuses_unknown_fields,
    resolve_fidelity,
)
from mockserver.providers.kotauth.users.passwords import check_password
from mockserver.providers.kotauth.wire import models, path_records
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS, WRITE_REFUSALS
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit, check_columns, is_blank, new_id, publish_event, render_list

NAME_PATTERN = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
INVITE_ACTIONS = ["SET_PASSWORD"]
"""The required actions of an invited user until the invite is accepted."""
USER_FIELDS = ("username", "email", "fullName", "emailVerified", "enabled", "mfaEnabled")


def render_user_fields(record: Record) -> dict[str, Any]:
    """Returns the fields of a user in lists."""
    return {"id": int(record["id"]), **{name: record[name] for name in USER_FIELDS}}


def render_user(call: Call, record: Record, status: int = 200) -> Reply:
    """Returns the response with a single user; ``requiredActions`` is documented but not observed."""
    fields = render_user_fields(record)
    if is_documented(call, "required_actions"):
        fields["requiredActions"] = record["requiredActions"]
    return call.sandbox.provider.dialect.render_record(call, fields, status)


def _list(call: Call) -> Reply:
    search = getattr(call.query_parameters, "search", None) or ""
    users = (record for _, record in call.space.scan("users"))
    if is_blank(search):
        return render_list(call, users, render_user_fields, total=call.space.count("users"))
    matches = _build_matcher(search, anywhere=not is_documented(call, "search"))
    return render_list(
        call,
        (user for user in users if any(matches(user[name].lower()) for name in USER_FIELDS[:3])),
        render_user_fields,
    )


def _build_matcher(text: str, *, anywhere: bool) -> Any:
    """Returns a function that takes a lower-case value; it matches the beginning, or with ``anywhere`` any part."""
    if not anywhere:
        return lambda value: value.startswith(text.lower())
    # As in SQL LIKE, % matches anything and _ one character. Each piece between two % takes its first match, because a
    # later match cannot help the pieces that follow.
    pieces = [re.compile(re.escape(piece).replace("_", "."), re.DOTALL) for piece in text.lower().split("%")]

    def matches(value: str) -> bool:
        position = 0
        for piece in pieces:
            hit = piece.search(value, position)
            if hit is None:
                return False
            position = hit.end()
        return True

    return matches


def _create(call: Call) -> Reply:
    body = call.body
    is_invited = _is_invited(call, body)
    _check_new_user(call, body)
    if body.password is not None:
        check_password(assumptions_of(call), is_documented(call, "password_minimum"), body.password)
    email = _normalize_email(call, body.email)
    if any(user["username"] == body.username for user in call.space.find("users", "username", body.username)):
        raise build_problem("conflict", f"Username '{body.username}' is already taken.")
    _check_email_free(call, email, None)
    check_columns(call, username=body.username, email=email.strip(), fullName=body.fullName.strip())
    record = {
        "id": new_id(call, "users"),
        "username": body.username,
        "email": email.strip(),
        "fullName": body.fullName.strip(),
        "emailVerified": not is_invited,
        "enabled": True,
        "mfaEnabled": False,
        "requiredActions": INVITE_ACTIONS if is_invited else [],
        "_created": call.now,
    }
    call.space.put("users", record)
    _audit_and_publish(call, "CREATED", "user.created", record, invite=str(is_invited).lower())
    return render_user(call, record, 201)


def _is_invited(call: Call, body: models.NewUser) -> bool:
    """Whether the user gets an invite instead of a password. Raises Problem if the body has neither."""
    can_invite = is_documented(call, "invites")
    if not can_invite and "sendInvite" in body.model_fields_set and refuses_unknown_fields(call):
        raise Problem("malformed_body", "There is no field 'sendInvite'")
    is_invited = can_invite and bool(body.sendInvite)
    if body.password is None and not is_invited:
        raise Problem("invalid_field", "password: field required", fields=[FieldError("password", "field required")])
    return is_invited


def _check_new_user(call: Call, body: models.NewUser) -> None:
    if is_blank(body.username):
        raise build_problem("validation", "Username is required.")
    if not NAME_PATTERN.fullmatch(body.username):
        raise build_problem("validation", "Username may only contain letters, digits, dots, underscores, and hyphens.")
    _check_email_format(body.email)
    if is_blank(body.fullName) and is_documented(call, "empty_full_name"):
        raise build_problem("validation", "Full name is required.")


def _check_email_format(email: str) -> None:
    if is_blank(email) or "@" not in email:
        raise build_problem("validation", "A valid email address is required.")


def _normalize_email(call: Call, text: str) -> str:
    """Returns the e-mail to compare with others; the product trims it only later, so it can have white space."""
    lower = text.lower()
    return lower.strip() if is_documented(call, "database_errors") else lower


def _check_email_free(call: Call, email: str, own_id: str | None) -> None:
    for candidate in (email, email.strip()):
        others = call.space.find("users", "email", candidate)
        if any(user["email"] == candidate and user["id"] != own_id for user in others):
            # The product compares before it trims, so this duplicate reaches its database.
            if candidate != email:
                raise build_problem("database_error", "The trimmed e-mail is already in use")
            raise build_problem("conflict", f"Email '{email}' is already registered.")


def _retrieve(call: Call) -> Reply:
    return render_user(call, path_records.get_for_read(call, "users"))


def _update(call: Call) -> Reply:
    body = call.body
    if is_documented(call, "user_update_fields"):
        require_fields(body, "email", "fullName")
    record = dict(path_records.get_for_write(call, "users"))
    if body.email is not None:
        _check_email_format(body.email)
        email = _normalize_email(call, body.email)
        if email != record["email"]:
            _check_email_free(call, email, record["id"])
        record["email"] = email.strip()
    if body.fullName is not None:
        record["fullName"] = body.fullName.strip()
    check_columns(call, email=record["email"], fullName=record["fullName"])
    call.space.put("users", record)
    _audit_and_publish(call, "UPDATED", "user.updated", record)
    return render_user(call, record)


def require_fields(body: Any, *names: str) -> None:
    """Raises Problem if one of the fields is missing or null."""
    missing = [name for name in names if getattr(body, name) is None]
    if missing:
        raise Problem("invalid_field", f"{missing[0]}: field required", fields=[FieldError(missing[0], "required")])


def _disable(call: Call) -> Reply:
    record = {**path_records.get_for_write(call, "users"), "enabled": False}
    call.space.put("users", record)
    _audit_and_publish(call, "DISABLED", "user.updated", record, enabled="false")
    return no_content()


def _audit_and_publish(call: Call, action: str, event: str, record: Record, **extra: str) -> None:
    user, details = int(record["id"]), cast(dict[str, Any], {"username": record["username"], **extra})
    audit(call, f"ADMIN_USER_{action}", user=user, **details)
    publish_event(call, event, user=user, **details)


def _resend_invite(call: Call) -> Reply:
    record = path_records.get_for_write(call, "users")
    if record["requiredActions"] != INVITE_ACTIONS:
        raise build_problem("no_pending_invite", "The user does not have a pending invite.")
    audit(call, "USER_INVITE_SENT", user=int(record["id"]), username=record["username"])
    return call.sandbox.provider.dialect.render_record(call, {})


def operations() -> Iterator[Operation]:
    many, single = f"{BASE}/users", f"{BASE}/users/{{userId}}"
    read, write = "users:read", "users:write"
    user = models.User
    yield Operation(
        "list_users", "GET", many, _list, "List users", query=models.UserQuery, refusals=READ_REFUSALS, scope=read,
        response=user,
    )  # fmt: skip
    yield Operation(
        "create_user", "POST", many, _create, "Create a user", body=models.NewUser, status=201,
        refusals=(400, 401, 403, 404, 409, 413, 422, 429), scope=write, response=user,
    )  # fmt: skip
    yield Operation(
        "get_user", "GET", single, _retrieve, "Get a user", refusals=(400, *READ_REFUSALS), scope=read, response=user
    )
    yield Operation(
        "update_user", "PUT", single, _update, "Update a user", body=models.ChangedUser, refusals=WRITE_REFUSALS,
        scope=write, response=user,
    )  # fmt: skip
    yield Operation(
        "disable_user", "DELETE", single, _disable, "Disable a user", status=204, refusals=(400, *READ_REFUSALS),
        scope=write,
    )  # fmt: skip
    yield Operation(
        "resend_invite", "POST", f"{single}/resend-invite", _resend_invite, "Send an invite again",
        refusals=(400, *READ_REFUSALS), scope=write,
        available_if=lambda assumptions: resolve_fidelity(assumptions, "resend_invite") == "documented",
    )  # fmt: skip
