"""Checks whether a plan covers an employee, and gives the reasons if it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.members import age
from mockserver.providers.kota.values.records import today
from mockserver.providers.kota.wire.lists import iter_records

IN_FORCE = frozenset(("scheduled", "active"))
Reasons = list[dict[str, str]]


def find_covering_policy(at: WriteContext, group_id: str) -> Record | None:
    """Returns the group policy that determines eligibility: the oldest in force, or None."""
    return next(iter_records(at.space, "group_policies", oldest_first=True, group_id=group_id, status=IN_FORCE), None)


def check_eligibility(at: WriteContext, group: Record, employee: Record, day: str | None = None) -> tuple[str, Reasons]:
    """Returns the status of an employee's eligibility under the group's policy, and the reasons for it.

    ``day`` defaults to today, or to the start of the policy if that is later. The status is pending while the group has
    no policy, or while the employee's own check is the only obstacle (assumption ``eligibility_of_pending``).
    """
    policy = find_covering_policy(at, group["id"])
    if policy is None:
        return "pending", []
    plan = catalog.get_plan(at, policy["plan"]["id"])
    return evaluate_eligibility(at, plan, employee, day or max(today(at), policy["start_date"]))


def evaluate_eligibility(at: WriteContext, plan: Record, employee: Record, day: str) -> tuple[str, Reasons]:
    """Returns the status of an employee's eligibility for a plan on a day, and the reasons for it."""
    reasons = [{"code": code, "message": message} for code, message in _ineligibility_reasons(at, plan, employee, day)]
    only_pending = employee["status"] == "pending" and [each["code"] for each in reasons] == ["employee_not_active"]
    if only_pending and assumptions_of(at).eligibility_of_pending == "pending":
        return "pending", reasons
    return ("ineligible" if reasons else "eligible"), reasons


def _ineligibility_reasons(at: WriteContext, plan: Record, employee: Record, day: str) -> Iterator[tuple[str, str]]:
    if employee["status"] == "restricted":
        yield "employee_restricted", "The employee is restricted."
    elif employee["status"] != "active":
        yield "employee_not_active", f"The employee is {employee['status']}."
    if employee["start_on"] > day and assumptions_of(at).employment_started == "needed":
        yield "employment_not_started", f"The employment begins on {employee['start_on']}."
    years = age(employee["date_of_birth"], day)
    for criterion in plan["employee_eligibility_criteria"]:
        yield from _CRITERIA[criterion["type"]](criterion[criterion["type"]], years)


def _age_range(limits: Mapping[str, Any], years: int) -> Iterator[tuple[str, str]]:
    if limits["min"] is not None and years < limits["min"]:
        yield "employee_under_minimum_age", f"The plan covers employees from the age of {limits['min']}."
    if limits["max"] is not None and years > limits["max"]:
        yield "employee_above_maximum_age", f"The plan covers employees up to the age of {limits['max']}."


_CRITERIA: Mapping[str, Callable[[Mapping[str, Any], int], Iterator[tuple[str, str]]]] = {"age_range": _age_range}
