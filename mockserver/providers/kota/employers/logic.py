"""Employers: made, checked, changed, offboarded."""

from __future__ import annotations

from typing import Any

from mockserver.engine import At, Lifecycle, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.employees import offboarding
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.records import new_id, outcome, platform_id, written

STATES = ("pending", "active", "offboarding", "inactive", "restricted")


def _told(at: At, record: Record) -> None:
    # There is no event of its own for a check that is over.
    type = {"pending": "created", "inactive": "offboarded"}.get(record["status"], "updated")
    tell_employer(at, type, record)
    if record["status"] == "inactive":
        offboarding.end_employer(at, record)


def tell_employer(at: At, what: str, record: Record) -> None:
    """Keep an event about an employer."""
    tell(at, f"employer.{what}", "employer", {"id": record["id"], "metadata": record["metadata"]}, record)


def _check(_at: At, record: Record) -> str | None:
    wanted = outcome("employer", record)
    return (LIFECYCLE.leads_to(record, wanted) if wanted else None) or "pass_check"


def _leave(at: At, record: dict[str, Any]) -> None:
    record["offboard_on"] = record["offboard_on"] or written(at, at.now)


LIFECYCLE: Lifecycle = Lifecycle(
    "employer",
    "employers",
    steps=(
        Step("pass_check", ("pending", "restricted"), "active"),
        Step("fail_check", ("pending", "active"), "restricted"),
        Step("begin_offboarding", ("pending", "active", "restricted"), "offboarding"),
        Step("offboard", ("pending", "active", "offboarding", "restricted"), "inactive"),
    ),
    timed=(
        Timed("pending", lambda at, _record: at.now + assume(at).employer_check, _check),
        Timed("offboarding", lambda at, _record: at.now + assume(at).employer_offboarding, lambda *_: "offboard"),
    ),
    entering=dict.fromkeys(("offboarding", "inactive"), _leave),
    entered=_told,
)


def create_employer(at: At, fields: dict[str, Any]) -> Record:
    """Make an employer, whose check begins."""
    record = {
        "object": "employer",
        "id": new_id(at, "er"),
        "platform_id": platform_id(at),
        "status": "pending",
        "legal_name": fields["legal_name"],
        "registration_number": fields.get("registration_number"),
        "legal_address": fields["legal_address"],
        "contact": fields["contact"],
        "offboard_on": None,
        "earliest_benefits_start_date": fields.get("earliest_benefits_start_date"),
        "metadata": fields.get("metadata"),
    }
    return LIFECYCLE.begin(at, record, "pending")
