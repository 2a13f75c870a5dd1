"""Who a policy covers: the employee and the dependents, each as a kind of member that plans price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.records import new_id

PARTNERS = ("spouse", "partner")


@dataclass(frozen=True, slots=True)
class Dependent:
    """A person to be covered beside the employee."""

    person: Record
    selections: Sequence[Record] | None = None
    number: str | None = None


def age(born: str, day: str) -> int:
    """How old who was born on one day is on another, in whole years."""
    birth, then = date.fromisoformat(born[:10]), date.fromisoformat(day[:10])
    return then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))


def member_type(at: WriteContext, person: Record, day: str) -> str:
    """The kind of member that an associated person is on a day."""
    relationship: str = person["relationship_type"]
    if relationship in PARTNERS:
        return relationship
    young = age(person["date_of_birth"], day) < assumptions_of(at).child_until
    return "child" if relationship == "child" and young else "adult_dependant"


def build_members(
    at: WriteContext, employee: Record, dependents: Sequence[Dependent], day: str, number: str | None = None
) -> list[Record]:
    """An employee and dependents as the members of a policy from a day on; ``number`` is the employee's own."""
    members = [_member(at, employee, "policyholder", number)]
    return [*members, *(build_dependant(at, each, day) for each in dependents)]


def build_dependant(at: WriteContext, dependent: Dependent, day: str) -> dict[str, Any]:
    """An associated person as a member from a day on."""
    person = dependent.person
    member = _member(at, person, member_type(at, person, day), dependent.number)
    return {**member, "associated_person_id": person["id"], "_coverage_selections": dependent.selections}


def _member(at: WriteContext, who: Record, type: str, number: str | None) -> dict[str, Any]:
    return {
        "id": new_id(at, "pm"),
        "member_number": number,
        "first_name": who["first_name"],
        "last_name": who["last_name"],
        "date_of_birth": who["date_of_birth"],
        "sex_at_birth": who["sex_at_birth"],
        "member_type": type,
        "associated_person_id": None,
    }
