"""Operations on contribution reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.contributions.logic import LIFECYCLE, breakdown_id
from mockserver.providers.kota.contributions.schemas import ReportsQuery
from mockserver.providers.kota.values.customers import customer_filter
from mockserver.providers.kota.values.records import get_or_404, render_one
from mockserver.providers.kota.wire.lists import PageQuery, filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _get_report(call: Call) -> Record:
    return get_or_404(call, "contribution_report", "contribution_report_id")


def _retrieve(call: Call) -> Reply:
    return render_one(call, _get_report(call))


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters: Any = {"employer_id": query.employer_id, "external_customer_id": customer_filter(call)}
    reports = iter_records(call.space, "contribution_reports", status=filter_values(query.status), **filters)
    return render_list(call, (each for each in reports if _is_in_period(query, each["period"]["from_date"])))


def _is_in_period(query: Any, first: str) -> bool:
    """Returns whether the query selects the month that begins on ``first``; it ignores a month without a year."""
    year, month = int(first[:4]), int(first[5:7])
    return query.year is None or (query.year == year and query.month in (None, month))


def _finalize(call: Call) -> Reply:
    return render_one(call, LIFECYCLE.apply(call, _get_report(call), "finalize"))


def _list_breakdowns(call: Call) -> Reply:
    report = _get_report(call)
    return render_list(call, iter_records(call.space, "breakdowns", contribution_report_id=report["id"]), _render)


def _render(breakdown: Record) -> Record:
    return {name: value for name, value in breakdown.items() if name != "id"}


def _retrieve_breakdown(call: Call) -> Reply:
    breakdown = call.space.get("breakdowns", breakdown_id(_get_report(call)["id"], call.args["employee_id"]))
    if breakdown is None:
        raise Problem("not_found", "The contribution report has no employee of this id.")
    return render_one(call, _render(breakdown))


def operations() -> Iterator[Operation]:
    report = response_model("contributions", "ContributionReportResponse")
    breakdown = response_model("contributions", "ContributionReportEmployeeBreakdownResponse")
    item_path = "/contribution_reports/{contribution_report_id}"
    breakdowns_path = f"{item_path}/employee_breakdowns"
    get_summary, finalize_summary = "Get a contribution report", "Finalize a contribution report"
    yield define_operation("get_contribution_report", f"GET {item_path}", _retrieve, get_summary, response=report)
    yield define_operation(
        "list_contribution_reports",
        "GET /contribution_reports",
        _list,
        "List contribution reports",
        query=ReportsQuery,
        response=paged_response_model(report),
    )
    yield define_operation(
        "finalize_contribution_report", f"POST {item_path}/finalize", _finalize, finalize_summary, response=report
    )
    route, summary = f"GET {breakdowns_path}/{{employee_id}}", "Get the breakdown of an employee in a report"
    yield define_operation("get_employee_breakdown", route, _retrieve_breakdown, summary, response=breakdown)
    yield define_operation(
        "list_employee_breakdowns",
        f"GET {breakdowns_path}",
        _list_breakdowns,
        "List the employee breakdowns of a report",
        query=PageQuery,
        response=paged_response_model(breakdown),
    )
