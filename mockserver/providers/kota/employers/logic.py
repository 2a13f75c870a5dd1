"""Creates employers and defines their lifecycle: the check of a new employer, and offboarding."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Lifecycle, Record, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.employees import offboarding
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import format_date_time, new_id, platform_id, preset_state

STATES = ("pending", "active", "offboarding", "inactive", "restricted")


def _publish_state(at: WriteContext, record: Record) -> None:
    # The vendor has no event type for the end of a check, so that it publishes employer.updated.
    type = {"pending": "created", "inactive": "offboarded"}.get(record["status"], "updated")
    publish_employer_event(at, type, record)
    if record["status"] == "inactive":
        offboarding.end_employer_benefits(at, record)


def publish_employer_event(at: WriteContext, change: str, record: Record) -> None:
    publish_event(at, f"employer.{change}", "employer", {"id": record["id"], "metadata": record["metadata"]}, record)


def _check_step(_at: WriteContext, record: Record) -> str | None:
    preset = preset_state("employer", record)
    return (LIFECYCLE.transition_to(record, preset) if preset else None) or "pass_check"


def _set_offboard_date(at: WriteContext, record: dict[str, Any]) -> None:
    record["offboard_on"] = record["offboard_on"] or format_date_time(at, at.now)


LIFECYCLE: Lifecycle = Lifecycle(
    "employer",
    "employers",
    transitions=(
        Transition("pass_check", ("pending", "restricted"), "active"),
        Transition("fail_check", ("pending", "active"), "restricted"),
        Transition("begin_offboarding", ("pending", "active", "restricted"), "offboarding"),
        Transition("offboard", ("pending", "active", "offboarding", "restricted"), "inactive"),
    ),
    timed_transitions=(
        TimedTransition("pending", lambda at, _record: at.now + assumptions_of(at).employer_check, _check_step),
        TimedTransition(
            "offboarding", lambda at, _record: at.now + assumptions_of(at).employer_offboarding, lambda *_: "offboard"
        ),
    ),
    before_enter=dict.fromkeys(("offboarding", "inactive"), _set_offboard_date),
    after_enter=_publish_state,
)


def create_employer(at: WriteContext, fields: dict[str, Any]) -> Record:
    """Creates an employer and starts its check."""
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
    return LIFECYCLE.create(at, record, "pending")
