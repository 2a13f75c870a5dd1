"""Operations on the roles of a workspace and of its applications."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.access import named
from mockserver.providers.kotauth.access.named import NamedResource
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.users.calls import NAME_PATTERN
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.path_records import get_for_write
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit, check_columns, is_blank, new_id, trim_to_none


def _create(call: Call) -> Reply:
    body = call.body
    _check_name(body.name)
    scope = "CLIENT" if (body.scope or "").lower() == "client" else "TENANT"
    if scope == "CLIENT" and not is_documented(call, "client_roles"):
        raise build_problem("validation", "Client-scoped roles require a client ID.")
    record = {
        "id": "",
        "name": body.name,
        "description": trim_to_none(body.description),
        "scope": scope,
        "clientId": None,
        "_created": call.now,
    }
    _check_free(call, record)
    record["id"] = new_id(call, "roles")
    call.space.put("roles", record)
    audit(call, "ADMIN_ROLE_CREATED", roleName=record["name"], scope=scope.lower())
    return named.render_one(call, models.Role, record, 201)


def _check_name(name: str) -> None:
    if is_blank(name):
        raise build_problem("validation", "Role name is required.")
    if not NAME_PATTERN.fullmatch(name):
        raise build_problem("validation", "Role name may only contain letters, digits, dots, underscores, and hyphens.")


def _check_free(call: Call, record: Record) -> None:
    name, scope_and_client = record["name"], (record["scope"], record["clientId"])
    for other in call.space.find("roles", "name", name):
        if (
            other["name"] == name
            and other["id"] != record["id"]
            and (other["scope"], other["clientId"]) == scope_and_client
        ):
            raise build_problem("conflict", f"Role '{name}' already exists in this scope.")
    check_columns(call, role_name=name, description=record["description"])


def _update(call: Call) -> Reply:
    body = call.body
    current = get_for_write(call, "roles")
    _check_name(body.name)
    record = {**current, "name": body.name, "description": trim_to_none(body.description)}
    _check_free(call, record)
    call.space.put("roles", record)
    audit(call, "ADMIN_ROLE_UPDATED", client=record["clientId"], roleId=record["id"], roleName=record["name"])
    return named.render_one(call, models.Role, record)


def _delete(call: Call) -> Reply:
    record = get_for_write(call, "roles")
    for link in list(call.space.find("user_roles", "roleId", int(record["id"]))):
        call.space.drop("user_roles", link["id"])
    call.space.drop("roles", record["id"])
    audit(call, "ADMIN_ROLE_DELETED", client=record["clientId"], roleName=record["name"])
    return no_content()


def operations() -> Iterator[Operation]:
    resource = NamedResource("role", models.Role, models.NewRole, models.ChangedRole, _create, _update, _delete)
    return named.operations(resource)
