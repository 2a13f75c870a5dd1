"""Creates requirements and defines their lifecycle; an intent cannot continue while it has an open requirement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mockserver.engine import Call, Lifecycle, Record, Reply, Transition, WriteContext
from mockserver.providers.kota.requirements.forms import FORMS
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import new_id
from mockserver.providers.kota.wire.lists import iter_records, render_list

_TYPES = {"dependents_management_intent": "dependent_management_intent"}
"""The kind of intent whose name differs in ``requirement_type``; it is spelt so by the vendor."""
FULFILMENT_HANDLERS: dict[str, Callable[[WriteContext, Record], None]] = {}
"""By requirement type: a function that is called with an intent whose requirements are all fulfilled.

The modules of the intents register them.
"""


def _set_fulfilled(at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"is_fulfilled": True, "_fulfilled_at": at.now}


def _notify_intent(at: WriteContext, record: Record) -> None:
    if record["is_fulfilled"] and not find_open_requirements(at, record["_intent_id"]):
        intent = at.space.get(KINDS[record["_intent_kind"]].collection, record["_intent_id"])
        assert intent is not None
        FULFILMENT_HANDLERS[record["requirement_type"]](at, intent)


LIFECYCLE: Lifecycle = Lifecycle(
    "requirement",
    "requirements",
    transitions=(
        Transition("answer", ("pending", "in_progress"), "in_progress"),
        Transition("fulfil", ("pending", "in_progress"), "fulfilled"),
    ),
    before_enter={"fulfilled": _set_fulfilled},
    after_enter=_notify_intent,
    state_field="_status",
)


def add_requirement(at: WriteContext, intent_kind: str, intent: Record, object_type: str, object_id: str) -> Record:
    """Adds a requirement about an employer, an employee or an associated person to an intent."""
    record = {
        "object": "requirement",
        "id": new_id(at, "ar"),
        "object_type": object_type,
        "object_id": object_id,
        "is_fulfilled": False,
        "requirement_type": _TYPES.get(intent_kind, intent_kind),
        "_intent_id": intent["id"],
        "_intent_kind": intent_kind,
        "_answers": {},
        "_fulfilled_at": None,
    }
    return LIFECYCLE.create(at, record, "pending")


def get_form(record: Record) -> Any:
    return FORMS[record["_intent_kind"], record["object_type"]]


def add_requirements(at: WriteContext, intent_kind: str, intent: Record, about: Iterable[tuple[str, str]]) -> None:
    """Adds a requirement for each pair of object type and id in ``about``, unless the intent has it already."""
    requirements = iter_records(at.space, "requirements", _intent_id=intent["id"])
    existing = {(each["object_type"], each["object_id"]) for each in requirements}
    for object_type, object_id in about:
        if (object_type, object_id) not in existing:
            add_requirement(at, intent_kind, intent, object_type, object_id)


def find_open_requirements(at: WriteContext, intent_id: str) -> list[Record]:
    """Returns the requirements of an intent that are not fulfilled, oldest first."""
    return list(iter_records(at.space, "requirements", oldest_first=True, _intent_id=intent_id, is_fulfilled=False))


def render_requirements(call: Call, intent: Record) -> Reply:
    """Renders the requested page of an intent's requirements."""
    query: Any = call.query_parameters
    filters = {"object_type": query.object_type, "object_id": query.object_id}
    return render_list(call, iter_records(call.space, "requirements", _intent_id=intent["id"], **filters))
