"""Creates groups of employees and defines their lifecycle: pending until the group has a policy, ready, archived."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Lifecycle, Record, Transition, WriteContext
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import new_id

STATES = ("pending", "ready", "archived")


def publish_group_event(at: WriteContext, change: str, record: Record) -> None:
    publish_event(at, f"group.{change}", "group", {"id": record["id"], "employer_id": record["employer_id"]})


def _publish_state(at: WriteContext, record: Record) -> None:
    publish_group_event(at, "created" if record["status"] == "pending" else record["status"], record)


LIFECYCLE: Lifecycle = Lifecycle(
    "group",
    "groups",
    transitions=(
        Transition("ready", ("pending",), "ready"),
        Transition("archive", ("pending", "ready"), "archived"),
    ),
    after_enter=_publish_state,
)


def create_group(at: WriteContext, fields: dict[str, Any]) -> Record:
    """Creates a group in the state pending; its first policy makes it ready."""
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
    return LIFECYCLE.create(at, record, "pending")


def append_id(at: WriteContext, group_id: str, field: str, id: str) -> Record:
    """Appends an id to a list of the group, for example to ``group_policy_ids``."""
    group = at.space.get("groups", group_id)
    assert group is not None
    group = {**group, field: [*group[field], id]}
    at.space.put("groups", group)
    return group


def attach_policy(at: WriteContext, group_id: str, group_policy_id: str, *, bundled: bool) -> Record:
    """Adds a policy to a group, makes the group ready, and sets its type; ``bundled`` means several plans."""
    group = append_id(at, group_id, "group_policy_ids", group_policy_id)
    group = {**group, "group_type": "bundled" if bundled or group["group_type"] == "bundled" else "single"}
    if LIFECYCLE.find_transition(group, "ready"):
        return LIFECYCLE.apply(at, group, "ready")
    at.space.put("groups", group)
    publish_group_event(at, "updated", group)
    return group


def archive(at: WriteContext, group: Record) -> Record:
    """Archives a group; an archived group stays the same."""
    return LIFECYCLE.apply(at, group, "archive") if LIFECYCLE.find_transition(group, "archive") else group


def set_enrolment_type(at: WriteContext, group: Record, type: str) -> Record:
    """Sets whether the employer's new employees are added to the group automatically."""
    group = {**group, "enrolment_type": type}
    at.space.put("groups", group)
    publish_group_event(at, "updated", group)
    return group
