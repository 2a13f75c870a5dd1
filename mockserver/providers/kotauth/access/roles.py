"""Roles of the workspace and of its applications."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.access import named
from mockserver.providers.kotauth.access.named import Named
from mockserver.providers.kotauth.assumptions import documented
from mockserver.providers.kotauth.users.calls import NAME
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import nothing
from mockserver.providers.kotauth.wire.finding import found
from mockserver.providers.kotauth.wire.problems import refuse
from mockserver.providers.kotauth.wire.records import audit, blank, check_columns, new_id, trimmed


def _create(call: Call) -> Reply:
    body = call.body
    _check_name(body.name)
    scope = "CLIENT" if (body.scope or "").lower() == "client" else "TENANT"
    if scope == "CLIENT" and not documented(call, "client_roles"):
        raise refuse("validation", "Client-scoped roles require a client ID.")
    record = {
        "id": "",
        "name": body.name,
        "description": trimmed(body.description),
        "scope": scope,
        "clientId": None,
        "_created": call.now,
    }
    _check_free(call, record)
    record["id"] = new_id(call, "roles")
    call.space.put("roles", record)
    audit(call, "ADMIN_ROLE_CREATED", roleName=record["name"], scope=scope.lower())
    return named.one(call, models.Role, record, 201)


def _check_name(name: str) -> None:
    if blank(name):
        raise refuse("validation", "Role name is required.")
    if not NAME.fullmatch(name):
        raise refuse("validation", "Role name may only contain letters, digits, dots, underscores, and hyphens.")


def _check_free(call: Call, record: Record) -> None:
    name, place = record["name"], (record["scope"], record["clientId"])
    for other in call.space.find("roles", "name", name):
        if other["name"] == name and other["id"] != record["id"] and (other["scope"], other["clientId"]) == place:
            raise refuse("conflict", f"Role '{name}' already exists in this scope.")
    check_columns(call, role_name=name, description=record["description"])


def _update(call: Call) -> Reply:
    body = call.body
    current = found(call, "roles")
    _check_name(body.name)
    record = {**current, "name": body.name, "description": trimmed(body.description)}
    _check_free(call, record)
    call.space.put("roles", record)
    audit(call, "ADMIN_ROLE_UPDATED", client=record["clientId"], roleId=record["id"], roleName=record["name"])
    return named.one(call, models.Role, record)


def _delete(call: Call) -> Reply:
    record = found(call, "roles")
    for link in list(call.space.find("user_roles", "roleId", int(record["id"]))):
        call.space.drop("user_roles", link["id"])
    call.space.drop("roles", record["id"])
    audit(call, "ADMIN_ROLE_DELETED", client=record["clientId"], roleName=record["name"])
    return nothing()


def operations() -> Iterator[Operation]:
    """The operations on roles."""
    kind = Named("role", models.Role, models.NewRole, models.ChangedRole, _create, _update, _delete)
    return named.operations(kind)
