"""Looks up the record that the path names; the refusal depends on the collection and on read or write."""

from __future__ import annotations

from mockserver.engine import Call, Record
from mockserver.providers.kotauth.wire.problems import build_problem

_NOT_FOUND_TEXTS = {
    "users": ("userId", "user_not_found", "No user with id UserId(value={}) in this workspace.", "User {} not found."),
    "roles": ("roleId", "role_not_found", "No role with id RoleId(value={}).", "Role not found."),
    "groups": ("groupId", "group_not_found", "No group with id GroupId(value={}).", "Group not found."),
    "applications": (
        "appId",
        "application_not_found",
        "No application with id ApplicationId(value={}).",
        "Application not found.",
    ),
}
"""Collection -> path parameter, name and detail of the refusal of a read, detail of the refusal of a write."""


def get_for_read(call: Call, collection: str) -> Record:
    """Returns the record for a read operation. Raises Problem 404."""
    parameter, problem_name, detail, _ = _NOT_FOUND_TEXTS[collection]
    record = call.space.get(collection, call.args[parameter])
    if record is None:
        raise build_problem(problem_name, detail.format(call.args[parameter]))
    return record


def get_for_write(call: Call, collection: str) -> Record:
    """Returns the record for a write operation. Raises Problem 404 with another title."""
    parameter, _, _, detail = _NOT_FOUND_TEXTS[collection]
    record = call.space.get(collection, call.args[parameter])
    if record is None:
        raise build_problem("nothing_found", detail.format(call.args[parameter]))
    return record
