"""What Kota's documents leave open, each point a setting; the files of this folder have the points by subject."""

from __future__ import annotations

from typing import cast

from mockserver.engine import WriteContext
from mockserver.providers.kota.assumptions.enrolment import EnrolmentAssumptions
from mockserver.providers.kota.assumptions.events import EventsAssumptions
from mockserver.providers.kota.assumptions.groups import GroupsAssumptions
from mockserver.providers.kota.assumptions.http import HttpAssumptions
from mockserver.providers.kota.assumptions.people import PeopleAssumptions


class KotaAssumptions(EventsAssumptions, EnrolmentAssumptions, GroupsAssumptions, PeopleAssumptions, HttpAssumptions):
    """Every point the vendor does not document, with the default we chose."""


def assumptions_of(at: WriteContext) -> KotaAssumptions:
    """The assumptions that hold where a call or simulation happens."""
    return cast(KotaAssumptions, at.sandbox.assumptions)


def is_employer_of_record(at: WriteContext) -> bool:
    """Whether the platform employs people for its customers."""
    return assumptions_of(at).platform_type == "employer_of_record"
