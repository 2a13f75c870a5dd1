"""Employees: made, checked, found; what is told of them and what their states do to their cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.employees.cover_end import end_cover
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.values.records import begins, kept, later, new_id, outcome, platform_id, today, written
from mockserver.providers.kota.wire.lists import walk

STATES = ("pending", "active", "offboarding", "inactive", "restricted")
STATUTORY = ("nl", "ae")
"""Countries whose schemes are statutory: benefits begin there whatever date was asked for."""


def tell_employee(at: At, what: str, record: Record) -> None:
    """Keep an event about an employee."""
    tell(at, f"employee.{what}", "employee", {name: record[name] for name in ("id", "employer_id", "metadata")}, record)


def _told(at: At, record: Record) -> None:
    # There is no event of its own for a check that is over, nor for an offboarding that is planned or taken back.
    changed = "offboarded" if record["status"] == "inactive" else "updated"
    tell_employee(at, "created" if record["_visit"] == 1 else changed, record)
    if record["status"] == "inactive":
        end_cover(at, record)
    elif record["status"] == "active":
        enrolments.employee_became_active(at, record)
        memberships.review_employee(at, record)


def _stay(_at: At, record: dict[str, Any]) -> None:
    record |= {"offboard_on": None, "_standing": record["status"]}


def _leave(at: At, record: dict[str, Any]) -> None:
    ahead = record["status"] == "offboarding"
    record["offboard_on"] = record["offboard_on"] or written(at, begins(later(today(at), 1)) if ahead else at.now)


def _check_due(at: At, record: Record) -> int:
    checked = int(record["_entered"]) + assume(at).employee_check
    return max([checked, *(begins(day) for day in _awaited(at, record))])


def _awaited(at: At, record: Record) -> list[str]:
    """The days before which an employee stays pending."""
    employer = kept(at, "employer", record["employer_id"]) or {}
    countries = {
        "employee": (record["home_address"] or {}).get("country_code"),
        "employer": employer["legal_address"]["country_code"],
    }
    if countries[assume(at).statutory_country] in STATUTORY:
        return []
    inherited = employer["earliest_benefits_start_date"] if assume(at).employer_benefits_start == "counts" else None
    return [day for day in (record["earliest_benefits_start_date"], inherited) if day is not None]


def _check(moment: Moment, record: Record) -> str | None:
    if any(begins(day) > moment.now for day in _awaited(moment, record)):
        LIFECYCLE.keep(moment, record)
        return None
    wanted = outcome("employee", record, kept(moment, "employer", record["employer_id"]))
    return (LIFECYCLE.leads_to(record, wanted) if wanted else None) or "pass_check"


LIFECYCLE: Lifecycle = Lifecycle(
    "employee",
    "employees",
    steps=(
        Step("pass_check", ("pending", "restricted"), "active"),
        Step("fail_check", ("pending", "active"), "restricted"),
        Step("schedule_offboarding", ("pending", "active", "restricted", "offboarding"), "offboarding"),
        Step("resume_pending", ("offboarding",), "pending"),
        Step("resume_active", ("offboarding",), "active"),
        Step("resume_restricted", ("offboarding",), "restricted"),
        Step("offboard", ("pending", "active", "offboarding", "restricted"), "inactive"),
    ),
    timed=(
        Timed("pending", _check_due, _check),
        Timed("offboarding", lambda _at, record: begins(record["offboard_on"]), lambda *_: "offboard"),
    ),
    entering={
        **dict.fromkeys(("pending", "active", "restricted"), _stay),
        **dict.fromkeys(("offboarding", "inactive"), _leave),
    },
    entered=_told,
)


def create_employee(at: At, fields: Mapping[str, Any]) -> Record:
    """Make an employee, whose check begins; groups that take everybody take it."""
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
        "bank_account": account_shown(fields.get("bank_account")),
    }
    employee = LIFECYCLE.begin(at, record, "pending")
    memberships.enrol_automatically(at, employee)
    return employee


def wait_anew(at: At, employer: Record) -> None:
    """Have pending employees wait for what their employer's start of benefits is now."""
    for record in list(walk(at.space, "employees", employer_id=employer["id"], status="pending")):
        LIFECYCLE.keep(at, record)


def account_shown(account: Mapping[str, Any] | None) -> dict[str, str] | None:
    """A bank account as it is kept and shown: by its last four characters alone."""
    return None if account is None else {"account_number_last4": account["account_number"][-4:]}
