"""Operations that assign roles to users and add users to groups; the API has none that reads these links."""

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
    """A type of link between a user and a role or group."""

    link_collection: str
    target_collection: str
    path_parameters: tuple[str, str]
    """The path parameters of both records, in the order of the path; a link's id has the same order."""
    name_detail: str
    """The member of an audit event's details with the name of the role or group."""
    created_event: str
    removed_event: str


_ROLES = _LinkType(
    "user_roles", "roles", ("userId", "roleId"), "roleName", "ADMIN_ROLE_ASSIGNED", "ADMIN_ROLE_UNASSIGNED"
)
_MEMBERS = _LinkType(
    "group_members", "groups", ("groupId", "userId"), "groupName", "ADMIN_GROUP_MEMBER_ADDED",
    "ADMIN_GROUP_MEMBER_REMOVED",
)  # fmt: skip


def _find_both_ends(link_type: _LinkType, call: Call) -> tuple[Record, Record] | None:
    """Returns the user and the role or group. If one is missing: None (observed) or raises Problem (documented)."""
    try:
        return get_for_write(call, "users"), get_for_write(call, link_type.target_collection)
    except Problem:
        if is_documented(call, "unknown_assignment"):
            raise
        return None


def _link(link_type: _LinkType, call: Call) -> Reply:
    ends = _find_both_ends(link_type, call)
    if ends is not None and _put_link(link_type, call):
        _audit_link(link_type, call, link_type.created_event, *ends)
    return no_content()


def _put_link(link_type: _LinkType, call: Call) -> bool:
    """Writes the link. If it exists: returns False (documented) or raises the product's database error (observed)."""
    id = _link_id(link_type, call)
    if call.space.get(link_type.link_collection, id) is not None:
        if not is_documented(call, "database_errors"):
            raise build_problem("database_error", f"{link_type.link_collection} already contains {id}")
        return False
    call.space.put(
        link_type.link_collection, {"id": id, **{end: int(call.args[end]) for end in link_type.path_parameters}}
    )
    return True


def _unlink(link_type: _LinkType, call: Call) -> Reply:
    ends = _find_both_ends(link_type, call)
    if ends is not None:
        call.space.drop(link_type.link_collection, _link_id(link_type, call))
        _audit_link(link_type, call, link_type.removed_event, *ends)
    return no_content()


def _link_id(link_type: _LinkType, call: Call) -> str:
    return "/".join(call.args[end] for end in link_type.path_parameters)


def _audit_link(link_type: _LinkType, call: Call, event: str, user: Record, other: Record) -> None:
    details = {link_type.name_detail: other["name"], "username": user["username"]}
    # Roles can belong to an application, groups cannot.
    audit(call, event, user=int(user["id"]), client=other.get("clientId"), **details)


def operations() -> Iterator[Operation]:
    role, member = f"{BASE}/users/{{userId}}/roles/{{roleId}}", f"{BASE}/groups/{{groupId}}/members/{{userId}}"
    rows = (
        ("assign_role", "POST", role, partial(_link, _ROLES), "Assign a role to a user", "users:write"),
        ("unassign_role", "DELETE", role, partial(_unlink, _ROLES), "Remove a role from a user", "users:write"),
        ("add_member", "POST", member, partial(_link, _MEMBERS), "Add a user to a group", "groups:write"),
        ("remove_member", "DELETE", member, partial(_unlink, _MEMBERS), "Remove a user from a group", "groups:write"),
    )
    for name, method, path, perform, summary, scope in rows:
        yield Operation(name, method, path, perform, summary, status=204, refusals=(400, *READ_REFUSALS), scope=scope)
