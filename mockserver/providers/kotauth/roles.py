"""Roles of the workspace and of its applications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth import models
from mockserver.providers.kotauth.assumptions import assume, documented
from mockserver.providers.kotauth.dialect import nothing
from mockserver.providers.kotauth.paths import BASE, READ, WRITE
from mockserver.providers.kotauth.problems import refuse
from mockserver.providers.kotauth.records import audit, blank, check_columns, listed, new_id, trimmed
from mockserver.providers.kotauth.users import NAME


def _show(call: Call, record: Record) -> dict[str, Any]:
    shown = {name: record[name] for name in ("name", "description", "scope")}
    return {"id": int(record["id"]), **shown, "tenantId": assume(call).tenant_id}


def _list(call: Call) -> Reply:
    walk = (record for _, record in call.space.scan("roles", field="name"))
    return listed(call, walk, lambda record: _show(call, record), total=call.space.count("roles"))


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
    return call.sandbox.provider.dialect.one(call, _show(call, record), 201)


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


def _retrieve(call: Call) -> Reply:
    record = call.space.get("roles", call.args["roleId"])
    if record is None:
        raise refuse("role_not_found", f"No role with id RoleId(value={call.args['roleId']}).")
    return call.sandbox.provider.dialect.one(call, _show(call, record))


def _found(call: Call) -> Record:
    record = call.space.get("roles", call.args["roleId"])
    if record is None:
        raise refuse("nothing_found", "Role not found.")
    return record


def _update(call: Call) -> Reply:
    body = call.body
    current = _found(call)
    _check_name(body.name)
    record = {**current, "name": body.name, "description": trimmed(body.description)}
    _check_free(call, record)
    call.space.put("roles", record)
    audit(call, "ADMIN_ROLE_UPDATED", client=record["clientId"], roleId=record["id"], roleName=record["name"])
    return call.sandbox.provider.dialect.one(call, _show(call, record))


def _delete(call: Call) -> Reply:
    record = _found(call)
    for link in list(call.space.find("user_roles", "roleId", int(record["id"]))):
        call.space.drop("user_roles", link["id"])
    call.space.drop("roles", record["id"])
    audit(call, "ADMIN_ROLE_DELETED", client=record["clientId"], roleName=record["name"])
    return nothing()


def operations() -> Iterator[Operation]:
    """The operations on roles."""
    many, single = f"{BASE}/roles", f"{BASE}/roles/{{roleId}}"
    read, write = "roles:read", "roles:write"
    role = models.Role
    yield Operation(
        "list_roles", "GET", many, _list, "List roles", query=models.Page, answer=role, refusals=READ, scope=read
    )
    yield Operation(
        "create_role", "POST", many, _create, "Create a role", body=models.NewRole, answer=role, status=201,
        refusals=WRITE, scope=write,
    )  # fmt: skip
    yield Operation("get_role", "GET", single, _retrieve, "Get a role", answer=role, refusals=(400, *READ), scope=read)
    yield Operation(
        "update_role", "PUT", single, _update, "Update a role", body=models.ChangedRole, answer=role, refusals=WRITE,
        scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_role", "DELETE", single, _delete, "Delete a role", status=204, refusals=(400, *READ), scope=write
    )
