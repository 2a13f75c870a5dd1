"""Contribution reports read by the platform that runs payroll, and finalized when it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.contributions.logic import LIFECYCLE, breakdown_id
from mockserver.providers.kota.contributions.schemas import ReportsPage
from mockserver.providers.kota.values.customers import customer_filter
from mockserver.providers.kota.values.records import found, one
from mockserver.providers.kota.wire.lists import Page, chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _report(call: Call) -> Record:
    return found(call, "contribution_report", "contribution_report_id")


def _retrieve(call: Call) -> Reply:
    return one(call, _report(call))


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted: Any = {"employer_id": query.employer_id, "external_customer_id": customer_filter(call)}
    reports = walk(call.space, "contribution_reports", status=chosen(query.status), **wanted)
    return listed(call, (each for each in reports if _in_time(query, each["period"]["from_date"])))


def _in_time(query: Any, first: str) -> bool:
    """Whether a month is one of the year asked for, and the month of it where that was asked for too."""
    year, month = int(first[:4]), int(first[5:7])
    return query.year is None or (query.year == year and query.month in (None, month))


def _finalize(call: Call) -> Reply:
    return one(call, LIFECYCLE.take(call, _report(call), "finalize"))


def _list_breakdowns(call: Call) -> Reply:
    report = _report(call)
    return listed(call, walk(call.space, "breakdowns", contribution_report_id=report["id"]), _shown)


def _shown(breakdown: Record) -> Record:
    return {name: value for name, value in breakdown.items() if name != "id"}


def _retrieve_breakdown(call: Call) -> Reply:
    breakdown = call.space.get("breakdowns", breakdown_id(_report(call)["id"], call.args["employee_id"]))
    if breakdown is None:
        raise Problem("not_found", "The contribution report has no employee of this id.")
    return one(call, _shown(breakdown))


def operations() -> Iterator[Operation]:
    """The operations on contribution reports."""
    report = shown("contributions", "ContributionReportResponse")
    breakdown = shown("contributions", "ContributionReportEmployeeBreakdownResponse")
    single = "/contribution_reports/{contribution_report_id}"
    under = f"{single}/employee_breakdowns"
    reading, finalizing = "Get a contribution report", "Finalize a contribution report"
    listing, listing_people = "List contribution reports", "List what a report says of employees"
    of_one = "Get what a report says of an employee"
    pages, people = paged(report), paged(breakdown)
    yield row("get_contribution_report", f"GET {single}", _retrieve, reading, answer=report)
    yield row("list_contribution_reports", "GET /contribution_reports", _list, listing, query=ReportsPage, answer=pages)
    yield row("finalize_contribution_report", f"POST {single}/finalize", _finalize, finalizing, answer=report)
    yield row("get_employee_breakdown", f"GET {under}/{{employee_id}}", _retrieve_breakdown, of_one, answer=breakdown)
    yield row("list_employee_breakdowns", f"GET {under}", _list_breakdowns, listing_people, query=Page, answer=people)
