"""Requirements: what an intent needs to know before it goes on, each a form about one person or company."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mockserver.engine import At, Call, Lifecycle, Record, Reply, Step
from mockserver.providers.kota.requirements.forms import FORMS
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import new_id
from mockserver.providers.kota.wire.lists import listed, walk

_TYPES = {"dependents_management_intent": "dependent_management_intent"}
"""The kinds of intents that requirements call by another name."""
HOOKS: dict[str, Callable[[At, Record], None]] = {}
"""By requirement type: told of an intent none of whose requirements is open any more. The kinds of intents add
themselves, since they are built on requirements."""


def _fulfilled(at: At, record: dict[str, Any]) -> None:
    record |= {"is_fulfilled": True, "_fulfilled_at": at.now}


def _told(at: At, record: Record) -> None:
    if record["is_fulfilled"] and not open_ones(at, record["_intent_id"]):
        intent = at.space.get(KINDS[record["_intent_kind"]].collection, record["_intent_id"])
        assert intent is not None
        HOOKS[record["requirement_type"]](at, intent)


LIFECYCLE: Lifecycle = Lifecycle(
    "requirement",
    "requirements",
    steps=(
        Step("answer", ("pending", "in_progress"), "in_progress"),
        Step("fulfil", ("pending", "in_progress"), "fulfilled"),
    ),
    entering={"fulfilled": _fulfilled},
    entered=_told,
    states="_status",
)


def ask(at: At, intent_kind: str, intent: Record, object_type: str, object_id: str) -> Record:
    """Have an intent require a form about an employer, an employee or an associated person."""
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
    return LIFECYCLE.begin(at, record, "pending")


def form_of(record: Record) -> Any:
    """The form that a requirement consists of."""
    return FORMS[record["_intent_kind"], record["object_type"]]


def ask_all(at: At, intent_kind: str, intent: Record, about: Iterable[tuple[str, str]]) -> None:
    """Have an intent require forms about these, pairs of type and id, as far as it has not done so before."""
    before = walk(at.space, "requirements", _intent_id=intent["id"])
    asked = {(each["object_type"], each["object_id"]) for each in before}
    for object_type, object_id in about:
        if (object_type, object_id) not in asked:
            ask(at, intent_kind, intent, object_type, object_id)


def open_ones(at: At, intent_id: str) -> list[Record]:
    """The requirements of an intent that are not fulfilled, oldest first."""
    return list(walk(at.space, "requirements", oldest_first=True, _intent_id=intent_id, is_fulfilled=False))


def list_of(call: Call, intent: Record) -> Reply:
    """The page of an intent's requirements that the query asks for."""
    query: Any = call.parameters
    wanted = {"object_type": query.object_type, "object_id": query.object_id}
    return listed(call, walk(call.space, "requirements", _intent_id=intent["id"], **wanted))
