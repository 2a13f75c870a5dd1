"""Groups: employees of one employer who have the same scheme; made, changed, readied by a policy, archived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from mockserver.engine import At, Call, Lifecycle, Operation, Record, Reply, Step
from mockserver.providers.kota import models
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.records import changed, found, found_with_body, new_id, one, referred
from mockserver.providers.kota.values.terms import EmployerId
from mockserver.providers.kota.wire.lists import Page, chosen, listed, states, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

STATES = ("pending", "ready", "archived")


class GroupsPage(Page):
    """The query of the list of groups."""

    employer_id: EmployerId | None = None
    status: Annotated[str | None, states(*STATES)] = None


def tell_group(at: At, what: str, record: Record) -> None:
    """Keep an event about a group."""
    tell(at, f"group.{what}", "group", {"id": record["id"], "employer_id": record["employer_id"]})


def _told(at: At, record: Record) -> None:
    tell_group(at, "created" if record["status"] == "pending" else record["status"], record)


LIFECYCLE: Lifecycle = Lifecycle(
    "group",
    "groups",
    steps=(
        Step("ready", ("pending",), "ready"),
        Step("archive", ("pending", "ready"), "archived"),
    ),
    entered=_told,
)


def create_group(at: At, fields: dict[str, Any]) -> Record:
    """Make a group, which is being configured until it has a policy."""
    record = {
        "object": "group",
        "id": new_id(at, "gr"),
        "name": fields["name"],
        "description": fields.get("description"),
        "group_type": "undefined",
        "enrolment_type": "manual",
        "employer_id": fields["employer_id"],
        "group_policy_ids": [],
        "group_quote_intent_ids": [],
        "group_policy_intent_ids": [],
    }
    return LIFECYCLE.begin(at, record, "pending")


def add_to(at: At, group_id: str, field: str, id: str) -> Record:
    """Add an id to one of a group's lists of ids."""
    group = at.space.get("groups", group_id)
    assert group is not None
    group = {**group, field: [*group[field], id]}
    at.space.put("groups", group)
    return group


def insure(at: At, group_id: str, group_policy_id: str, *, bundled: bool) -> Record:
    """Give a group a policy: that readies it and decides its type."""
    group = add_to(at, group_id, "group_policy_ids", group_policy_id)
    group = {**group, "group_type": "bundled" if bundled or group["group_type"] == "bundled" else "single"}
    if LIFECYCLE.allows(group, "ready"):
        return LIFECYCLE.take(at, group, "ready")
    at.space.put("groups", group)
    tell_group(at, "updated", group)
    return group


def archive(at: At, group: Record) -> Record:
    """Close a group, unless that has been done."""
    return LIFECYCLE.take(at, group, "archive") if LIFECYCLE.allows(group, "archive") else group


def set_enrolment_type(at: At, group: Record, type: str) -> Record:
    """Have the employees of a group's employer be added to it by hand, or whenever one is made."""
    group = {**group, "enrolment_type": type}
    at.space.put("groups", group)
    tell_group(at, "updated", group)
    return group


def _create(call: Call) -> Reply:
    body: models.CreateGroupRequest = call.body
    referred(call, "employer", "employer_id", body.employer_id)
    return one(call, create_group(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    return listed(call, walk(call.space, "groups", employer_id=query.employer_id, status=chosen(query.status)))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "group", "group_id"))


def _update(call: Call) -> Reply:
    record, body = found_with_body(call, "group", "group_id")
    record = changed(record, body, "name", "description")
    call.space.put("groups", record)
    tell_group(call, "updated", record)
    return one(call, record)


def operations() -> Iterator[Operation]:
    """The operations on groups."""
    answer, single = shown("GroupResponse"), "/groups/{group_id}"
    create, update = models.CreateGroupRequest, models.UpdateGroupRequest
    yield row("create_group", "POST /groups", _create, "Create a group", body=create, answer=answer)
    yield row("list_groups", "GET /groups", _list, "List groups", query=GroupsPage, answer=paged(answer))
    yield row("update_group", f"PUT {single}", _update, "Update a group", body=update, answer=answer)
    yield row("get_group", f"GET {single}", _retrieve, "Get a group", answer=answer)
