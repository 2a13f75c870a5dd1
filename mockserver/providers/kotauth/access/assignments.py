"""Which users have which roles and are in which groups: written here, read nowhere over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.path_records import get_for_write
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit


@dataclass(frozen=True, slots=True)
class _LinkType:
    """One kind of link between a user and something else."""

    link_collection: str
    """The collection of the links."""
    target_collection: str
    """The collection of what users are linked to."""
    path_parameters: tuple[str, str]
    """The path parameters of both ends, in the order in which the path has them and a link's id says them."""
    name: str
    """What an audit event calls the other end's name."""
    created_event: str
    removed_event: str


_ROLES = _LinkType(
    "user_roles", "roles", ("userId", "roleId"), "roleName", "ADMIN_ROLE_ASSIGNED", "ADMIN_ROLE_UNASSIGNED"
)
_MEMBERS = _LinkType(
    "group_members", "groups", ("groupId", "userId"), "groupName", "ADMIN_GROUP_MEMBER_ADDED",
    "ADMIN_GROUP_MEMBER_REMOVED",
)  # fmt: skip


def _find_both_ends(kind: _LinkType, call: Call) -> tuple[Record, Record] | None:
    """The user and the other end; None where the product ignores that one of them is missing."""
    try:
        return get_for_write(call, "users"), get_for_write(call, kind.target_collection)
    except Problem:
        if is_documented(call, "unknown_assignment"):
            raise
        return None


def _link(kind: _LinkType, call: Call) -> Reply:
    pair = _find_both_ends(kind, call)
    if pair is not None and _put(kind, call):
        _audit_link(kind, call, kind.created_event, *pair)
    return no_content()


def _put(kind: _LinkType, call: Call) -> bool:
    """Write the link; False when it is there already, which the product takes for an error of its own."""
    id = _id(kind, call)
    if call.space.get(kind.link_collection, id) is not None:
        if not is_documented(call, "database_errors"):
            raise build_problem("database_error", f"{id} is in {kind.link_collection} already")
        return False
    call.space.put(kind.link_collection, {"id": id, **{end: int(call.args[end]) for end in kind.path_parameters}})
    return True


def _unlink(kind: _LinkType, call: Call) -> Reply:
    pair = _find_both_ends(kind, call)
    if pair is not None:
        call.space.drop(kind.link_collection, _id(kind, call))
        _audit_link(kind, call, kind.removed_event, *pair)
    return no_content()


def _id(kind: _LinkType, call: Call) -> str:
    return "/".join(call.args[end] for end in kind.path_parameters)


def _audit_link(kind: _LinkType, call: Call, event: str, user: Record, other: Record) -> None:
    details = {kind.name: other["name"], "username": user["username"]}
    # Only roles belong to an application.
    audit(call, event, user=int(user["id"]), client=other.get("clientId"), **details)


def operations() -> Iterator[Operation]:
    """Roles given and taken, members added and removed."""
    role, member = f"{BASE}/users/{{userId}}/roles/{{roleId}}", f"{BASE}/groups/{{groupId}}/members/{{userId}}"
    rows = (
        ("assign_role", "POST", role, partial(_link, _ROLES), "Give a user a role", "users:write"),
        ("unassign_role", "DELETE", role, partial(_unlink, _ROLES), "Take a role from a user", "users:write"),
        ("add_member", "POST", member, partial(_link, _MEMBERS), "Add a user to a group", "groups:write"),
        ("remove_member", "DELETE", member, partial(_unlink, _MEMBERS), "Remove a user from a group", "groups:write"),
    )
    for name, method, path, perform, summary, scope in rows:
        yield Operation(name, method, path, perform, summary, status=204, refusals=(400, *READ_REFUSALS), scope=scope)
