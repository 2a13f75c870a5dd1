"""Builds the members of policies; the member type determines the price of a member."""

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
    """An associated person to cover, with selected options and the member number at the insurer."""

    person: Record
    selections: Sequence[Record] | None = None
    number: str | None = None


def age(born: str, day: str) -> int:
    """Returns the age on ``day`` of a person born on ``born``, in whole years."""
    birth, then = date.fromisoformat(born[:10]), date.fromisoformat(day[:10])
    return then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))


def member_type(at: WriteContext, person: Record, day: str) -> str:
    """Returns the member type of an associated person on a day."""
    relationship: str = person["relationship_type"]
    if relationship in PARTNERS:
        return relationship
    young = age(person["date_of_birth"], day) < assumptions_of(at).child_until
    return "child" if relationship == "child" and young else "adult_dependant"


def build_members(
    at: WriteContext, employee: Record, dependents: Sequence[Dependent], day: str, number: str | None = None
) -> list[Record]:
    """Returns the members of a policy, with their member types on ``day``.

    ``number`` is the employee's member number at the insurer.
    """
    members = [_member(at, employee, "policyholder", number)]
    return [*members, *(build_dependant(at, each, day) for each in dependents)]


def build_dependant(at: WriteContext, dependent: Dependent, day: str) -> dict[str, Any]:
    """Returns an associated person as a member, with the member type on ``day``."""
    person = dependent.person
    member = _member(at, person, member_type(at, person, day), dependent.number)
    return {**member, "associated_person_id": person["id"], "_coverage_selections": dependent.selections}


def _member(at: WriteContext, person: Record, type: str, number: str | None) -> dict[str, Any]:
    return {
        "id": new_id(at, "pm"),
        "member_number": number,
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "date_of_birth": person["date_of_birth"],
        "sex_at_birth": person["sex_at_birth"],
        "member_type": type,
        "associated_person_id": None,
    }
