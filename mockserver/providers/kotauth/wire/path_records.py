"""Looks up the record that the path names; reads and writes refuse an unknown id with different problems."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.engine import Call, Record
from mockserver.providers.kotauth.wire.problems import build_problem


class _PathRecord(NamedTuple):
    """The path parameter with the id of a record, and the refusals of an unknown id; ``{}`` in a detail is the id."""

    parameter: str
    read_problem: str
    read_detail: str
    write_detail: str


_PATH_RECORDS = {
    "users": _PathRecord(
        "userId", "user_not_found", "No user with id UserId(value={}) in this workspace.", "User {} not found."
    ),
    "roles": _PathRecord("roleId", "role_not_found", "No role with id RoleId(value={}).", "Role not found."),
    "groups": _PathRecord("groupId", "group_not_found", "No group with id GroupId(value={}).", "Group not found."),
    "applications": _PathRecord(
        "appId",
        "application_not_found",
        "No application with id ApplicationId(value={}).",
        "Application not found.",
    ),
}
"""By collection."""


def get_for_read(call: Call, collection: str) -> Record:
    """Returns the record for a read operation. Raises a Problem 404 specific to the collection."""
    path_record = _PATH_RECORDS[collection]
    id = call.args[path_record.parameter]
    record = call.space.get(collection, id)
    if record is None:
        raise build_problem(path_record.read_problem, path_record.read_detail.format(id))
    return record


def get_for_write(call: Call, collection: str) -> Record:
    """Returns the record for a write operation. Raises a Problem 404 that is the same for all collections."""
    path_record = _PATH_RECORDS[collection]
    id = call.args[path_record.parameter]
    record = call.space.get(collection, id)
    if record is None:
        raise build_problem("nothing_found", path_record.write_detail.format(id))
    return record
