"""Employees: creation, check, states, events, and the effect of states on cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.employees.cover_end import end_cover
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.values.records import (
    add_days,
    find_record,
    format_date_time,
    new_id,
    platform_id,
    preset_state,
    start_of_day,
    today,
)
from mockserver.providers.kota.wire.lists import iter_records

STATES = ("pending", "active", "offboarding", "inactive", "restricted")
STATUTORY_COUNTRIES = ("nl", "ae")
"""Countries with statutory schemes: earliest_benefits_start_date is ignored there."""


def publish_employee_event(at: WriteContext, what: str, record: Record) -> None:
    publish_event(
        at, f"employee.{what}", "employee", {name: record[name] for name in ("id", "employer_id", "metadata")}, record
    )


def _publish_state(at: WriteContext, record: Record) -> None:
    # The end of a check, and an offboarding that is planned or cancelled, have no event type: they are updates.
    changed = "offboarded" if record["status"] == "inactive" else "updated"
    publish_employee_event(at, "created" if record["_visit"] == 1 else changed, record)
    if record["status"] == "inactive":
        end_cover(at, record)
    elif record["status"] == "active":
        enrolments.employee_became_active(at, record)
        memberships.review_employee(at, record)


def _clear_offboarding(_at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"offboard_on": None, "_standing": record["status"]}


def _set_offboard_date(at: WriteContext, record: dict[str, Any]) -> None:
    ahead = record["status"] == "offboarding"
    record["offboard_on"] = record["offboard_on"] or format_date_time(
        at, start_of_day(add_days(today(at), 1)) if ahead else at.now
    )


def _check_due(at: WriteContext, record: Record) -> int:
    checked = int(record["_entered"]) + assumptions_of(at).employee_check
    return max([checked, *(start_of_day(day) for day in _pending_until_days(at, record))])


def _pending_until_days(at: WriteContext, record: Record) -> list[str]:
    """Returns the days before which an employee stays pending."""
    employer = find_record(at, "employer", record["employer_id"]) or {}
    countries = {
        "employee": (record["home_address"] or {}).get("country_code"),
        "employer": employer["legal_address"]["country_code"],
    }
    if countries[assumptions_of(at).statutory_country] in STATUTORY_COUNTRIES:
        return []
    inherited = (
        employer["earliest_benefits_start_date"] if assumptions_of(at).employer_benefits_start == "counts" else None
    )
    return [day for day in (record["earliest_benefits_start_date"], inherited) if day is not None]


def _check_step(moment: SimulationContext, record: Record) -> str | None:
    if any(start_of_day(day) > moment.now for day in _pending_until_days(moment, record)):
        LIFECYCLE.update(moment, record)
        return None
    wanted = preset_state("employee", record, find_record(moment, "employer", record["employer_id"]))
    return (LIFECYCLE.transition_to(record, wanted) if wanted else None) or "pass_check"


LIFECYCLE: Lifecycle = Lifecycle(
    "employee",
    "employees",
    transitions=(
        Transition("pass_check", ("pending", "restricted"), "active"),
        Transition("fail_check", ("pending", "active"), "restricted"),
        Transition("schedule_offboarding", ("pending", "active", "restricted", "offboarding"), "offboarding"),
        Transition("resume_pending", ("offboarding",), "pending"),
        Transition("resume_active", ("offboarding",), "active"),
        Transition("resume_restricted", ("offboarding",), "restricted"),
        Transition("offboard", ("pending", "active", "offboarding", "restricted"), "inactive"),
    ),
    timed_transitions=(
        TimedTransition("pending", _check_due, _check_step),
        TimedTransition("offboarding", lambda _at, record: start_of_day(record["offboard_on"]), lambda *_: "offboard"),
    ),
    before_enter={
        **dict.fromkeys(("pending", "active", "restricted"), _clear_offboarding),
        **dict.fromkeys(("offboarding", "inactive"), _set_offboard_date),
    },
    after_enter=_publish_state,
)


def create_employee(at: WriteContext, fields: Mapping[str, Any]) -> Record:
    """Creates an employee, starts its check, and adds it to the groups with automatic enrolment."""
    optional = ("external_customer_id", "nationality", "earliest_benefits_start_date", "metadata")
    required = (
        *("first_name", "last_name", "date_of_birth", "sex_at_birth", "home_address", "national_tax_id"),
        *("start_on", "phone_number", "email"),
    )
    record = {
        "object": "employee",
        "platform_id": platform_id(at),
        "id": new_id(at, "ee"),
        "employer_id": fields["employer_id"],
        "status": "pending",
        **{name: fields[name] for name in required},
        **{name: fields.get(name) for name in optional},
        "offboard_on": None,
        "bank_account": mask_bank_account(fields.get("bank_account")),
    }
    employee = LIFECYCLE.create(at, record, "pending")
    memberships.enrol_automatically(at, employee)
    return employee


def reschedule_checks(at: WriteContext, employer: Record) -> None:
    """Reschedules the checks of pending employees after a change of the employer's start of benefits."""
    for record in list(iter_records(at.space, "employees", employer_id=employer["id"], status="pending")):
        LIFECYCLE.update(at, record)


def mask_bank_account(account: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Reduces a bank account to the last four characters of its number."""
    return None if account is None else {"account_number_last4": account["account_number"][-4:]}
