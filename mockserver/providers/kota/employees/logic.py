"""Creates employees and defines their lifecycle. Entering a state publishes an event and can begin or end cover."""

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
"""Countries with statutory schemes, in which earliest_benefits_start_date is ignored."""


def publish_employee_event(at: WriteContext, change: str, record: Record) -> None:
    publish_event(
        at, f"employee.{change}", "employee", {name: record[name] for name in ("id", "employer_id", "metadata")}, record
    )


def _publish_state(at: WriteContext, record: Record) -> None:
    # The vendor has no event types for the end of a check and for scheduling or cancelling an offboarding, so that
    # they publish employee.updated. ``_visit`` counts the states entered so far: 1 means that the record is new.
    change = "offboarded" if record["status"] == "inactive" else "updated"
    publish_employee_event(at, "created" if record["_visit"] == 1 else change, record)
    if record["status"] == "inactive":
        end_cover(at, record)
    elif record["status"] == "active":
        enrolments.begin_scheduled_enrolments(at, record)
        memberships.review_employee(at, record)


def _clear_offboarding(_at: WriteContext, record: dict[str, Any]) -> None:
    """Removes the offboarding date, and stores the state to which a cancelled offboarding returns."""
    record |= {"offboard_on": None, "_standing": record["status"]}


def _set_offboard_date(at: WriteContext, record: dict[str, Any]) -> None:
    """Sets a date if none was requested: tomorrow for a scheduled offboarding, now for an immediate one."""
    is_scheduled = record["status"] == "offboarding"
    record["offboard_on"] = record["offboard_on"] or format_date_time(
        at, start_of_day(add_days(today(at), 1)) if is_scheduled else at.now
    )


def _check_ends_at(at: WriteContext, record: Record) -> int:
    """Returns the instant at which the check ends, but not before the employee's benefits may start."""
    check_end = int(record["_entered"]) + assumptions_of(at).employee_check
    return max([check_end, *(start_of_day(day) for day in _pending_until_days(at, record))])


def _pending_until_days(at: WriteContext, record: Record) -> list[str]:
    """Returns the start dates of benefits; the employee stays pending until the latest of them."""
    employer = find_record(at, "employer", record["employer_id"]) or {}
    countries = {
        "employee": (record["home_address"] or {}).get("country_code"),
        "employer": employer["legal_address"]["country_code"],
    }
    if countries[assumptions_of(at).statutory_country] in STATUTORY_COUNTRIES:
        return []
    days = [record["earliest_benefits_start_date"]]
    # Assumed: the employer's date also applies to its employees, unless the setting is "ignored".
    if assumptions_of(at).employer_benefits_start == "counts":
        days.append(employer["earliest_benefits_start_date"])
    return [day for day in days if day is not None]


def _check_step(context: SimulationContext, record: Record) -> str | None:
    """Returns the step that ends the check; None if a start date has moved into the future, which sets a new timer."""
    if any(start_of_day(day) > context.now for day in _pending_until_days(context, record)):
        LIFECYCLE.update(context, record)
        return None
    preset = preset_state("employee", record, find_record(context, "employer", record["employer_id"]))
    return (LIFECYCLE.transition_to(record, preset) if preset else None) or "pass_check"


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
        TimedTransition("pending", _check_ends_at, _check_step),
        TimedTransition("offboarding", lambda _at, record: start_of_day(record["offboard_on"]), lambda *_: "offboard"),
    ),
    before_enter={
        **dict.fromkeys(("pending", "active", "restricted"), _clear_offboarding),
        **dict.fromkeys(("offboarding", "inactive"), _set_offboard_date),
    },
    after_enter=_publish_state,
)


def create_employee(at: WriteContext, fields: Mapping[str, Any]) -> Record:
    """Creates an employee, starts the check, and adds the employee to the groups with automatic enrolment."""
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
    """Sets the timers of pending employees again, because the employer's start of benefits may have changed."""
    for record in list(iter_records(at.space, "employees", employer_id=employer["id"], status="pending")):
        LIFECYCLE.update(at, record)


def mask_bank_account(account: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Reduces a bank account to the last four characters of its number."""
    return None if account is None else {"account_number_last4": account["account_number"][-4:]}
