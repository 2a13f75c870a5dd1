"""Records by the id in the path, and how each kind of them is missed."""

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
"""Collection -> path parameter, name and words of the refusal to show it, words of the refusal to change it."""


def get_for_read(call: Call, collection: str) -> Record:
    """The record of the path, for those who only look."""
    parameter, refusal, words, _ = _NOT_FOUND_TEXTS[collection]
    record = call.space.get(collection, call.args[parameter])
    if record is None:
        raise build_problem(refusal, words.format(call.args[parameter]))
    return record


def get_for_write(call: Call, collection: str) -> Record:
    """The record of the path, for those who change something."""
    parameter, _, _, words = _NOT_FOUND_TEXTS[collection]
    record = call.space.get(collection, call.args[parameter])
    if record is None:
        raise build_problem("nothing_found", words.format(call.args[parameter]))
    return record
