"""Users: listed, searched, made, changed, disabled, invited."""

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
USER_FIELDS = ("username", "email", "fullName", "emailVerified", "enabled", "mfaEnabled")


def show(record: Record) -> dict[str, Any]:
    """A user as lists show it."""
    return {"id": int(record["id"]), **{name: record[name] for name in USER_FIELDS}}


def render_user(call: Call, record: Record, status: int = 200) -> Reply:
    """The answer that shows a single user."""
    shown = show(record)
    if is_documented(call, "required_actions"):
        shown["requiredActions"] = record["requiredActions"]
    return call.sandbox.provider.dialect.render_record(call, shown, status)


def _list(call: Call) -> Reply:
    search = getattr(call.query_parameters, "search", None) or ""
    walk = (record for _, record in call.space.scan("users"))
    if is_blank(search):
        return render_list(call, walk, show, total=call.space.count("users"))
    fits = _search_matcher(search, whole=not is_documented(call, "search"))
    return render_list(call, (user for user in walk if any(fits(user[name].lower()) for name in USER_FIELDS[:3])), show)


def _search_matcher(text: str, *, whole: bool) -> Any:
    if not whole:
        return lambda value: value.startswith(text.lower())
    # As in SQL: % is anything, _ is one character. Greedy steps over the pieces need no backtracking.
    pieces = [re.compile(re.escape(piece).replace("_", "."), re.DOTALL) for piece in text.lower().split("%")]

    def fits(value: str) -> bool:
        at = 0
        for piece in pieces:
            hit = piece.search(value, at)
            if hit is None:
                return False
            at = hit.end()
        return True

    return fits


def _create(call: Call) -> Reply:
    body = call.body
    invited = _is_invited(call, body)
    _check_new(call, body)
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
        "emailVerified": not invited,
        "enabled": True,
        "mfaEnabled": False,
        "requiredActions": INVITE_ACTIONS if invited else [],
        "_created": call.now,
    }
    call.space.put("users", record)
    _announce(call, "CREATED", "user.created", record, invite=str(invited).lower())
    return render_user(call, record, 201)


def _is_invited(call: Call, body: models.NewUser) -> bool:
    """Whether the user gets an invite instead of a password; a body with neither cannot be read."""
    allowed = is_documented(call, "invites")
    if not allowed and "sendInvite" in body.model_fields_set and refuses_unknown_fields(call):
        raise Problem("malformed_body", "There is no field 'sendInvite'")
    invited = allowed and bool(body.sendInvite)
    if body.password is None and not invited:
        raise Problem("invalid_field", "password: field required", fields=[FieldError("password", "field required")])
    return invited


def _check_new(call: Call, body: models.NewUser) -> None:
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
    """The e-mail as it is compared: the product trims only afterwards, and leaves the rest to the database."""
    lower = text.lower()
    return lower.strip() if is_documented(call, "database_errors") else lower


def _check_email_free(call: Call, email: str, own: str | None) -> None:
    for candidate in (email, email.strip()):
        others = call.space.find("users", "email", candidate)
        if any(user["email"] == candidate and user["id"] != own for user in others):
            if candidate != email:
                raise build_problem("database_error", "The e-mail is taken once it is trimmed")
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
    _announce(call, "UPDATED", "user.updated", record)
    return render_user(call, record)


def require_fields(body: Any, *names: str) -> None:
    """Refuse a body that leaves out a field, or gives it as null, where the documents require it."""
    missing = [name for name in names if getattr(body, name) is None]
    if missing:
        raise Problem("invalid_field", f"{missing[0]}: field required", fields=[FieldError(missing[0], "required")])


def _disable(call: Call) -> Reply:
    record = {**path_records.get_for_write(call, "users"), "enabled": False}
    call.space.put("users", record)
    _announce(call, "DISABLED", "user.updated", record, enabled="false")
    return no_content()


def _announce(call: Call, what: str, event: str, record: Record, **further: str) -> None:
    user, details = int(record["id"]), cast(dict[str, Any], {"username": record["username"], **further})
    audit(call, f"ADMIN_USER_{what}", user=user, **details)
    publish_event(call, event, user=user, **details)


def _resend(call: Call) -> Reply:
    record = path_records.get_for_write(call, "users")
    if record["requiredActions"] != INVITE_ACTIONS:
        raise build_problem("no_pending_invite", "The user does not have a pending invite.")
    audit(call, "USER_INVITE_SENT", user=int(record["id"]), username=record["username"])
    return call.sandbox.provider.dialect.render_record(call, {})


def operations() -> Iterator[Operation]:
    """The operations on users themselves."""
    many, single = f"{BASE}/users", f"{BASE}/users/{{userId}}"
    read, write = "users:read", "users:write"
    user = models.User
    yield Operation(
        "list_users",
        "GET",
        many,
        _list,
        "List users",
        query=models.UserQuery,
        refusals=READ_REFUSALS,
        scope=read,
        response=user,
    )
    yield Operation(
        "create_user", "POST", many, _create, "Create a user", body=models.NewUser, status=201,
        refusals=(400, 401, 403, 404, 409, 413, 422, 429), scope=write, response=user,
    )  # fmt: skip
    yield Operation(
        "get_user", "GET", single, _retrieve, "Get a user", refusals=(400, *READ_REFUSALS), scope=read, response=user
    )
    yield Operation(
        "update_user", "PUT", single, _update, "Update a user", body=models.ChangedUser, refusals=WRITE_REFUSALS, scope=write,
        response=user,
    )  # fmt: skip
    yield Operation(
        "disable_user",
        "DELETE",
        single,
        _disable,
        "Disable a user",
        status=204,
        refusals=(400, *READ_REFUSALS),
        scope=write,
    )
    yield Operation(
        "resend_invite", "POST", f"{single}/resend-invite", _resend, "Send an invite again", refusals=(400, *READ_REFUSALS),
        scope=write, available_if=lambda given: resolve_fidelity(given, "resend_invite") == "documented",
    )  # fmt: skip
