"""Opens, updates and finalizes contribution reports: one per month and payer, open until the platform finalizes it.

A finalized report keeps its amounts. If an amount changes later, the difference becomes an adjustment in a later
report: the next open report or, if none is open, the next report that is opened. A member who joins or leaves changes
the amounts from the current month on; if its report is finalized, from the next month on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mockserver.engine import Lifecycle, Record, Transition, WriteContext
from mockserver.providers.kota.assumptions import is_employer_of_record
from mockserver.providers.kota.contributions.entries import (
    SIDES,
    DueAmount,
    EntryKey,
    covered_days,
    due_amounts,
    entry_key,
    last_day_of_month,
    next_month,
    recompute_due_amounts,
    render_entry,
)
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import find_record, format_date_time, new_id, start_of_day, today
from mockserver.providers.kota.wire.lists import iter_records

OPEN_REPORT = "open_contribution_report"
"""The simulation that a timer runs when a month begins."""
_IN_FORCE = frozenset(("scheduled", "active"))


@dataclass(frozen=True, slots=True)
class Payer:
    """The payer of a report: an employer, or a customer of an employer of record."""

    employer_id: str
    customer_id: str | None

    @property
    def id(self) -> str:
        """The id of the payer's contribution calendar."""
        return f"{self.employer_id}:{self.customer_id or ''}"


def _finalize(at: WriteContext, record: dict[str, Any]) -> None:
    now = format_date_time(at, at.now)
    record |= {"finalized_at": now, "last_updated_at": now}


def _publish_finalized(at: WriteContext, record: Record) -> None:
    if record["status"] != "finalized":
        return
    fields = {name: record[name] for name in ("status", "finalized_at", "last_updated_at")}
    for breakdown in list(iter_records(at.space, "breakdowns", contribution_report_id=record["id"])):
        at.space.put("breakdowns", {**breakdown, **fields})
    ids = {name: record[name] for name in ("id", "employer_id", "external_customer_id")}
    publish_event(at, "contribution_report.finalized", "contribution_report", ids, record)


LIFECYCLE: Lifecycle = Lifecycle(
    "contribution_report",
    "contribution_reports",
    transitions=(Transition("finalize", ("open",), "finalized"),),
    before_enter={"finalized": _finalize},
    after_enter=_publish_finalized,
)


def apply_policy_change(at: WriteContext, policy: Record) -> None:
    """Updates the payer's reports because a policy was created, was changed, or entered another state.

    Opens the current month's report if the policy needs it, and schedules the next report.
    """
    employee = find_record(at, "employee", policy["employee_id"])
    assert employee is not None, "employees are never deleted"
    customer = employee["external_customer_id"] if is_employer_of_record(at) else None
    payer = Payer(employee["employer_id"], customer)
    month = this_month(at)
    if covered_days(policy, month) is not None and _find_report(at, payer, month) is None:
        open_report(at, payer, month)
    else:
        _update_reports(at, payer, policy)
    if policy["status"] in _IN_FORCE or _has_unreported_adjustment(at, payer, policy):
        _schedule_report(at, payer, max(next_month(month), policy["start_date"][:8] + "01"))


def this_month(at: WriteContext) -> str:
    """Returns the first day of the current month."""
    return f"{today(at)[:8]}01"


def _list_reports(at: WriteContext, payer: Payer) -> list[Record]:
    """Returns the reports of a payer, oldest first."""
    of_employer = iter_records(at.space, "contribution_reports", oldest_first=True, employer_id=payer.employer_id)
    return [each for each in of_employer if each["external_customer_id"] == payer.customer_id]


def _find_report(at: WriteContext, payer: Payer, month: str) -> Record | None:
    return next((each for each in _list_reports(at, payer) if each["period"]["from_date"] == month), None)


def _schedule_report(at: WriteContext, payer: Payer, month: str) -> None:
    """Sets a timer that opens the report of a month, unless an earlier month has a timer."""
    calendar = at.space.get("contribution_calendars", payer.id)
    if calendar is None or calendar["next"] is None or month < calendar["next"]:
        at.space.put("contribution_calendars", {"id": payer.id, "next": month})
        parameters = {"employer_id": payer.employer_id, "external_customer_id": payer.customer_id, "month": month}
        at.sandbox.schedule(at.space, start_of_day(month), OPEN_REPORT, parameters)


def begin_month(at: WriteContext, payer: Payer, month: str) -> None:
    """Opens the report of a month if it would have entries, and schedules the next report."""
    calendar = at.space.get("contribution_calendars", payer.id)
    if calendar is None or calendar["next"] != month:
        # Obsolete: this timer was replaced by one for an earlier month.
        return
    at.space.put("contribution_calendars", {"id": payer.id, "next": None})
    policies = _list_policies(at, payer)
    has_entries = any(covered_days(each, month) or _has_unreported_adjustment(at, payer, each) for each in policies)
    if has_entries and _find_report(at, payer, month) is None:
        open_report(at, payer, month)
    if any(each["status"] in _IN_FORCE for each in policies):
        _schedule_report(at, payer, next_month(month))


def _list_policies(at: WriteContext, payer: Payer) -> list[Record]:
    employees = iter_records(at.space, "employees", oldest_first=True, employer_id=payer.employer_id)
    return [
        policy
        for employee in list(employees)
        if not is_employer_of_record(at) or employee["external_customer_id"] == payer.customer_id
        for policy in iter_records(at.space, "policies", oldest_first=True, employee_id=employee["id"])
    ]


def open_report(at: WriteContext, payer: Payer, month: str) -> Record:
    """Opens the report of a month with the amounts of that month and the adjustments of earlier months."""
    now = format_date_time(at, at.now)
    record = {
        "object": "contribution_report",
        "id": new_id(at, "ctr"),
        "employer_id": payer.employer_id,
        "external_customer_id": payer.customer_id,
        "period": {"from_date": month, "to_date": last_day_of_month(month)},
        "finalized_at": None,
        "created_at": now,
        "last_updated_at": now,
    }
    report = LIFECYCLE.create(at, record, "open")
    for policy in _list_policies(at, payer):
        _update_reports(at, payer, policy)
    return at.space.get("contribution_reports", report["id"]) or report


def _update_reports(at: WriteContext, payer: Payer, policy: Record) -> None:
    """Updates the entries of a policy in all open reports, including adjustments of finalized reports."""
    reports = _list_reports(at, payer)
    for report in [each for each in reports if each["status"] == "open"]:
        month = report["period"]["from_date"]
        # In the current month the current members count, not the members at the time of the last update.
        reported = [] if month == this_month(at) else _reported_entries(at, report, policy)
        _replace_entries(at, report, policy, month, list(_current_due_amounts(at, policy, month, reported)), {})
    for report in reports:
        target = _find_open_report_after(reports, report)
        if report["status"] == "finalized" and target is not None:
            _write_adjustments(at, reports, target, report, policy)


def _find_open_report_after(reports: list[Record], report: Record) -> Record | None:
    """Returns the report that gets the adjustments of a finalized report: the next open report, or None."""
    later = [each for each in reports if each["period"]["from_date"] > report["period"]["from_date"]]
    return next((each for each in later if each["status"] == "open"), None)


def _has_unreported_adjustment(at: WriteContext, payer: Payer, policy: Record) -> bool:
    """Returns whether a finalized report needs an adjustment and no later report is open."""
    reports = _list_reports(at, payer)
    waiting = [
        each for each in reports if each["status"] == "finalized" and _find_open_report_after(reports, each) is None
    ]
    return any(due.amount for each in waiting for due in _compute_differences(at, reports, each, policy))


def _current_due_amounts(at: WriteContext, policy: Record, month: str, reported: list[Record]) -> Iterator[DueAmount]:
    """Yields a month's amounts for the members in ``reported`` or, if it is empty, for the current members."""
    return recompute_due_amounts(at, policy, month, reported) if reported else due_amounts(at, policy, month)


def breakdown_id(report_id: str, employee_id: str) -> str:
    """Returns the id of an employee's breakdown of a report."""
    return f"{report_id}:{employee_id}"


def _find_breakdown(at: WriteContext, report: Record, employee_id: str) -> Record | None:
    return at.space.get("breakdowns", breakdown_id(report["id"], employee_id))


def _iter_entries(breakdown: Record | None) -> Iterator[Record]:
    for side in SIDES if breakdown else ():
        yield from (breakdown or {})["health_insurance"][f"{side}_contributions"]


def _is_about(entry: Record, policy: Record, month: str) -> bool:
    key = entry_key(entry)
    return key.policy_id == policy["id"] and key.month == month


def _reported_entries(at: WriteContext, report: Record, policy: Record) -> list[Record]:
    """Returns a policy's entries in the report of the month that they cover."""
    month, entries = report["period"]["from_date"], _iter_entries(_find_breakdown(at, report, policy["employee_id"]))
    return [each for each in entries if _is_about(each, policy, month)]


def _write_adjustments(at: WriteContext, reports: list[Record], target: Record, report: Record, policy: Record) -> None:
    """Writes the differences from a finalized report into an open report, as adjustments."""
    corrected = {entry_key(each): str(each["id"]) for each in _reported_entries(at, report, policy)}
    differences = _compute_differences(at, reports, report, policy)
    _replace_entries(at, target, policy, report["period"]["from_date"], differences, corrected)


def _compute_differences(at: WriteContext, reports: list[Record], report: Record, policy: Record) -> list[DueAmount]:
    """Returns the current amounts of a finalized report's month, minus the amounts that finalized reports charge."""
    month = report["period"]["from_date"]
    paid = _finalized_amounts(at, reports, policy, month)
    current = _current_due_amounts(at, policy, month, _reported_entries(at, report, policy))
    return [replace(each, amount=each.amount - paid.get(each.key, 0)) for each in current]


def _finalized_amounts(at: WriteContext, reports: list[Record], policy: Record, month: str) -> dict[EntryKey, int]:
    """Returns the amounts in cents that finalized reports charge for a month of a policy, including adjustments."""
    paid: dict[EntryKey, int] = {}
    for report in reports:
        for each in _iter_entries(
            _find_breakdown(at, report, policy["employee_id"]) if report["status"] == "finalized" else None
        ):
            if _is_about(each, policy, month):
                paid[entry_key(each)] = paid.get(entry_key(each), 0) + each["_cents"]
    return paid


def _replace_entries(
    at: WriteContext,
    report: Record,
    policy: Record,
    month: str,
    amounts: list[DueAmount],
    corrected: Mapping[EntryKey, str],
) -> None:
    """Replaces a report's entries for one month of a policy; entries with the same key keep their ids."""
    existing = list(_iter_entries(_find_breakdown(at, report, policy["employee_id"])))
    replaced = {entry_key(each): each for each in existing if _is_about(each, policy, month)}
    others = [each for each in existing if entry_key(each) not in replaced]
    new_entries = [
        render_entry(at, due, report["period"]["from_date"], replaced.get(due.key), corrected.get(due.key))
        for due in amounts
        if due.amount != 0
    ]
    if new_entries != list(replaced.values()):
        _store_breakdown(at, report, policy, [*others, *new_entries])


def _store_breakdown(at: WriteContext, report: Record, policy: Record, entries: list[Record]) -> None:
    now = format_date_time(at, at.now)
    previous = _find_breakdown(at, report, policy["employee_id"]) or {}
    shared = ("employer_id", "external_customer_id", "period", "status", "finalized_at")
    sides = {f"{side}_contributions": [each for each in entries if entry_key(each).side == side] for side in SIDES}
    record = {
        "object": "contribution_report_employee_breakdown",
        "id": breakdown_id(report["id"], policy["employee_id"]),
        "employee_id": policy["employee_id"],
        "contribution_report_id": report["id"],
        **{name: report[name] for name in shared},
        "currency": previous.get("currency", policy["plan"]["currency"]),
        "created_at": previous.get("created_at", now),
        "last_updated_at": now,
        "health_insurance": sides,
    }
    at.space.put("breakdowns", record)
    at.space.put("contribution_reports", {**report, "last_updated_at": now})
