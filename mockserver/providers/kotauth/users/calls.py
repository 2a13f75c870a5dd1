"""Users: listed, searched, made, changed, disabled, invited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from mockserver.engine import Call, FieldError, Operation, Problem, Record, Reply
from mockserver.providers.kotauth.assumptions import assume, documented, refuses_unknown_fields, says
from mockserver.providers.kotauth.users.passwords import check_password
from mockserver.providers.kotauth.wire import finding, models
from mockserver.providers.kotauth.wire.dialect import nothing
from mockserver.providers.kotauth.wire.paths import BASE, READ, WRITE
from mockserver.providers.kotauth.wire.problems import refuse
from mockserver.providers.kotauth.wire.records import audit, blank, check_columns, listed, new_id, tell

NAME = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
INVITED = ["SET_PASSWORD"]
FIELDS = ("username", "email", "fullName", "emailVerified", "enabled", "mfaEnabled")


def show(record: Record) -> dict[str, Any]:
    """A user as lists show it."""
    return {"id": int(record["id"]), **{name: record[name] for name in FIELDS}}


def one(call: Call, record: Record, status: int = 200) -> Reply:
    """The answer that shows a single user."""
    shown = show(record)
    if documented(call, "required_actions"):
        shown["requiredActions"] = record["requiredActions"]
    return call.sandbox.provider.dialect.one(call, shown, status)


def _list(call: Call) -> Reply:
    search = getattr(call.parameters, "search", None) or ""
    walk = (record for _, record in call.space.scan("users"))
    if blank(search):
        return listed(call, walk, show, total=call.space.count("users"))
    fits = _search(search, whole=not documented(call, "search"))
    return listed(call, (user for user in walk if any(fits(user[name].lower()) for name in FIELDS[:3])), show)


def _search(text: str, *, whole: bool) -> Any:
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
    invited = _invited(call, body)
    _check_new(call, body)
    if body.password is not None:
        check_password(assume(call), documented(call, "password_minimum"), body.password)
    email = _email(call, body.email)
    if any(user["username"] == body.username for user in call.space.find("users", "username", body.username)):
        raise refuse("conflict", f"Username '{body.username}' is already taken.")
    _check_email(call, email, None)
    check_columns(call, username=body.username, email=email.strip(), fullName=body.fullName.strip())
    record = {
        "id": new_id(call, "users"),
        "username": body.username,
        "email": email.strip(),
        "fullName": body.fullName.strip(),
        "emailVerified": not invited,
        "enabled": True,
        "mfaEnabled": False,
        "requiredActions": INVITED if invited else [],
        "_created": call.now,
    }
    call.space.put("users", record)
    _note(call, "CREATED", "user.created", record, invite=str(invited).lower())
    return one(call, record, 201)


def _invited(call: Call, body: models.NewUser) -> bool:
    """Whether the user gets an invite instead of a password; a body with neither cannot be read."""
    allowed = documented(call, "invites")
    if not allowed and "sendInvite" in body.model_fields_set and refuses_unknown_fields(call):
        raise Problem("malformed_body", "There is no field 'sendInvite'")
    invited = allowed and bool(body.sendInvite)
    if body.password is None and not invited:
        raise Problem("invalid_field", "password: field required", fields=[FieldError("password", "field required")])
    return invited


def _check_new(call: Call, body: models.NewUser) -> None:
    if blank(body.username):
        raise refuse("validation", "Username is required.")
    if not NAME.fullmatch(body.username):
        raise refuse("validation", "Username may only contain letters, digits, dots, underscores, and hyphens.")
    _check_at(body.email)
    if blank(body.fullName) and documented(call, "empty_full_name"):
        raise refuse("validation", "Full name is required.")


def _check_at(email: str) -> None:
    if blank(email) or "@" not in email:
        raise refuse("validation", "A valid email address is required.")


def _email(call: Call, text: str) -> str:
    """The e-mail as it is compared: the product trims only afterwards, and leaves the rest to the database."""
    lower = text.lower()
    return lower.strip() if documented(call, "database_errors") else lower


def _check_email(call: Call, email: str, own: str | None) -> None:
    for candidate in (email, email.strip()):
        others = call.space.find("users", "email", candidate)
        if any(user["email"] == candidate and user["id"] != own for user in others):
            if candidate != email:
                raise refuse("database_error", "The e-mail is taken once it is trimmed")
            raise refuse("conflict", f"Email '{email}' is already registered.")


def _retrieve(call: Call) -> Reply:
    return one(call, finding.shown(call, "users"))


def _update(call: Call) -> Reply:
    body = call.body
    if documented(call, "user_update_fields"):
        need(body, "email", "fullName")
    record = dict(finding.found(call, "users"))
    if body.email is not None:
        _check_at(body.email)
        email = _email(call, body.email)
        if email != record["email"]:
            _check_email(call, email, record["id"])
        record["email"] = email.strip()
    if body.fullName is not None:
        record["fullName"] = body.fullName.strip()
    check_columns(call, email=record["email"], fullName=record["fullName"])
    call.space.put("users", record)
    _note(call, "UPDATED", "user.updated", record)
    return one(call, record)


def need(body: Any, *names: str) -> None:
    """Refuse a body that leaves out a field, or gives it as null, where the documents require it."""
    missing = [name for name in names if getattr(body, name) is None]
    if missing:
        raise Problem("invalid_field", f"{missing[0]}: field required", fields=[FieldError(missing[0], "required")])


def _disable(call: Call) -> Reply:
    record = {**finding.found(call, "users"), "enabled": False}
    call.space.put("users", record)
    _note(call, "DISABLED", "user.updated", record, enabled="false")
    return nothing()


def _note(call: Call, what: str, event: str, record: Record, **further: str) -> None:
    user, details = int(record["id"]), cast(dict[str, Any], {"username": record["username"], **further})
    audit(call, f"ADMIN_USER_{what}", user=user, **details)
    tell(call, event, user=user, **details)


def _resend(call: Call) -> Reply:
    record = finding.found(call, "users")
    if record["requiredActions"] != INVITED:
        raise refuse("no_pending_invite", "The user does not have a pending invite.")
    audit(call, "USER_INVITE_SENT", user=int(record["id"]), username=record["username"])
    return call.sandbox.provider.dialect.one(call, {})


def operations() -> Iterator[Operation]:
    """The operations on users themselves."""
    many, single = f"{BASE}/users", f"{BASE}/users/{{userId}}"
    read, write = "users:read", "users:write"
    user = models.User
    yield Operation(
        "list_users", "GET", many, _list, "List users", query=models.UserPage, refusals=READ, scope=read, answer=user
    )
    yield Operation(
        "create_user", "POST", many, _create, "Create a user", body=models.NewUser, status=201,
        refusals=(400, 401, 403, 404, 409, 413, 422, 429), scope=write, answer=user,
    )  # fmt: skip
    yield Operation("get_user", "GET", single, _retrieve, "Get a user", refusals=(400, *READ), scope=read, answer=user)
    yield Operation(
        "update_user", "PUT", single, _update, "Update a user", body=models.ChangedUser, refusals=WRITE, scope=write,
        answer=user,
    )  # fmt: skip
    yield Operation(
        "disable_user", "DELETE", single, _disable, "Disable a user", status=204, refusals=(400, *READ), scope=write
    )
    yield Operation(
        "resend_invite", "POST", f"{single}/resend-invite", _resend, "Send an invite again", refusals=(400, *READ),
        scope=write, offered=lambda given: says(given, "resend_invite") == "documented",
    )  # fmt: skip
