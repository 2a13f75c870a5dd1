"""Assumptions about Kota: settings for what its documentation leaves open, one file per subject."""

from __future__ import annotations

from typing import cast

from mockserver.engine import WriteContext
from mockserver.providers.kota.assumptions.enrolment import EnrolmentAssumptions
from mockserver.providers.kota.assumptions.events import EventsAssumptions
from mockserver.providers.kota.assumptions.groups import GroupsAssumptions
from mockserver.providers.kota.assumptions.http import HttpAssumptions
from mockserver.providers.kota.assumptions.people import PeopleAssumptions


class KotaAssumptions(EventsAssumptions, EnrolmentAssumptions, GroupsAssumptions, PeopleAssumptions, HttpAssumptions):
    """All assumptions about Kota, with their defaults."""


def assumptions_of(at: WriteContext) -> KotaAssumptions:
    return cast(KotaAssumptions, at.sandbox.assumptions)


def is_employer_of_record(at: WriteContext) -> bool:
    """Returns whether the platform employs people on behalf of its customers."""
    return assumptions_of(at).platform_type == "employer_of_record"
