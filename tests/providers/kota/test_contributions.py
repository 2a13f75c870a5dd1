"""Contribution reports: opened each month, filled by policies, finalized once, corrected afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mockserver.providers.kota.contributions.entries import covered, following, last_of
from tests.support.kota_cover import enrolled, insured_pair, join, person, post
from tests.support.kota_world import assume, code, employee, events, freeze, made, new_world, read, step, wrong
from tests.support.worlds import World

EIGHTY = {"type": "percentage", "percentage": {"percentage": 80}}
MARCH, APRIL = (
    {"from_date": "2026-03-01", "to_date": "2026-03-31"},
    {"from_date": "2026-04-01", "to_date": "2026-04-30"},
)


@pytest.fixture
def world() -> World:
    return new_world(enrolment_confirmation="never")


@pytest.fixture
def policy(world: World) -> Any:
    """A policy of 109.90 a month of which the employer pays four fifths."""
    return enrolled(world, insured_pair(world, sharing=EIGHTY))


def reports(world: World, query: str = "") -> list[Any]:
    return list(read(world, f"/contribution_reports?page_size=100&{query}")["items"])


def breakdown(world: World, report: Any, employee_id: str) -> Any:
    return read(world, f"/contribution_reports/{report['id']}/employee_breakdowns/{employee_id}")


def amounts(world: World, report: Any, employee_id: str, side: str) -> list[float]:
    entries = breakdown(world, report, employee_id)["health_insurance"][f"{side}_contributions"]
    return [each["amount"] for each in entries]


def offboard(world: World, id: str, day: str) -> None:
    made(world, f"/employees/{id}/offboard", {"offboard_on": f"{day}T00:00:00Z", "offboard_reason": "x"})


def test_the_first_policy_of_an_employer_opens_the_report_of_its_month(world: World, policy: Any) -> None:
    (report,) = reports(world)
    owner = read(world, f"/employees/{policy['employee_id']}")["employer_id"]
    assert report == {
        "object": "contribution_report",
        "id": report["id"],
        "employer_id": owner,
        "external_customer_id": None,
        "period": MARCH,
        "status": "open",
        "finalized_at": None,
        "created_at": "2026-03-01T12:00:10Z",
        "last_updated_at": "2026-03-01T12:00:10Z",
    }
    assert read(world, f"/contribution_reports/{report['id']}") == report


def test_a_breakdown_says_who_pays_what_for_whom(world: World, policy: Any) -> None:
    (report,) = reports(world)
    shown = breakdown(world, report, policy["employee_id"])
    assert read(world, f"/contribution_reports/{report['id']}/employee_breakdowns")["items"] == [shown]
    (paid,) = shown["health_insurance"]["employer_contributions"]
    assert paid == {
        "id": paid["id"],
        "category": "gross_premium",
        "member_type": "policyholder",
        "adjustment": False,
        "adjustment_for": None,
        "amount": 87.92,
        "type": "recurring",
        "note": None,
        "cover_period": MARCH,
        "policy_id": policy["id"],
        "employee_policy_id": policy["id"].replace("p_", "eehp_"),
        "reporting_month": "2026-03-01",
    }
    assert amounts(world, report, policy["employee_id"], "employee") == [21.98]
    assert shown["currency"] == "eur"


def test_every_month_of_cover_has_a_report_opened_as_it_begins(world: World, policy: Any) -> None:
    freeze(world, "2026-03-31T23:59:59Z")
    assert len(reports(world)) == 1
    freeze(world, "2026-06-01T00:00:00Z")
    assert [each["period"]["from_date"][5:7] for each in reports(world)] == ["06", "05", "04", "03"]
    assert reports(world)[0]["created_at"] == "2026-06-01T00:00:00Z"
    assert amounts(world, reports(world)[0], policy["employee_id"], "employer") == [87.92]


def test_a_policy_to_come_is_reported_from_its_first_month(world: World) -> None:
    pair = insured_pair(world, start="2026-05-11")
    policy = enrolled(world, pair)
    assert reports(world) == []
    freeze(world, "2026-04-30T00:00:00Z")
    assert reports(world) == []
    freeze(world, "2026-05-01T00:00:00Z")
    (report,) = reports(world)
    # 21 of 31 days of 109.90.
    assert amounts(world, report, policy["employee_id"], "employer") == [74.45]


def test_reports_end_with_the_last_policy(world: World, policy: Any) -> None:
    offboard(world, policy["employee_id"], "2026-04-11")
    freeze(world, "2026-06-15T00:00:00Z")
    latest, *_ = reports(world)
    assert latest["period"] == APRIL
    # Ten of thirty days.
    assert amounts(world, latest, policy["employee_id"], "employer") == [29.31]
    assert amounts(world, latest, policy["employee_id"], "employee") == [7.33]


def test_a_part_of_a_month_may_cost_all_of_it(world: World) -> None:
    assume(world, partial_month="whole")
    policy = enrolled(world, insured_pair(world, start="2026-03-20"))
    assert amounts(world, reports(world)[0], policy["employee_id"], "employer") == [109.9]


def test_tax_and_relief_have_entries_of_their_own_where_there_are_any(world: World) -> None:
    assume(world, contribution_tax=200, contribution_tax_relief=2_000)
    policy = enrolled(world, insured_pair(world, sharing=EIGHTY))
    entries = breakdown(world, reports(world)[0], policy["employee_id"])["health_insurance"]["employer_contributions"]
    assert {each["category"]: each["amount"] for each in entries} == {
        "gross_premium": 87.92,
        "tax": 1.76,
        "tax_relief": -17.58,
    }


def test_dependents_have_entries_by_what_they_are(world: World, policy: Any) -> None:
    child = person(world, policy["employee_id"])
    body = {
        "amendment_reason": {"type": "initial_adjustment_period"},
        "requested_changes": [{"change_type": "dependents"}],
    }
    path = f"/policies/{policy['id']}/policy_amendment_intents"
    amendment = made(world, path, body)["id"]
    intent = made(world, f"{path}/{amendment}/create_dependents_management_intent")["id"]
    made(world, f"/dependents_management_intents/{intent}/dependents", {"associated_person_ids": [child]})
    world.advance("3s")
    assert post(world, f"/dependents_management_intents/{intent}/confirm").status_code == 204
    world.advance("10s")
    assert post(world, f"{path}/{amendment}/confirm").status_code == 204
    world.advance("10s")
    shown = breakdown(world, reports(world)[0], policy["employee_id"])["health_insurance"]
    paid = [(each["member_type"], each["amount"]) for each in shown["employer_contributions"]]
    assert paid == [("policyholder", 87.92), ("child_dependant", 27.96)]


def test_finalizing_is_told_and_cannot_be_done_twice(world: World, policy: Any) -> None:
    (report,) = reports(world)
    world.advance("1h")
    final = made(world, f"/contribution_reports/{report['id']}/finalize")
    now = "2026-03-01T13:00:10Z"
    assert final == {**report, "status": "finalized", "finalized_at": now, "last_updated_at": now}
    shown = breakdown(world, report, policy["employee_id"])
    assert (shown["status"], shown["finalized_at"]) == ("finalized", now)
    assert code(world, "POST", f"/contribution_reports/{report['id']}/finalize") == (400, "invalid_state")
    (thin,), (whole,) = (events(world, each, "contribution_report.finalized") for each in ("v2", "v1"))
    assert thin["data"] == {
        "id": report["id"],
        "employer_id": report["employer_id"],
        "external_customer_id": None,
        "resource_type": "contribution_report",
        "object": "contribution_report_event",
    }
    assert whole["data"] == final


def test_what_changes_after_finalizing_is_adjusted_in_the_next_report(world: World, policy: Any) -> None:
    (march,) = reports(world)
    made(world, f"/contribution_reports/{march['id']}/finalize")
    before = breakdown(world, march, policy["employee_id"])
    offboard(world, policy["employee_id"], "2026-03-21")
    freeze(world, "2026-03-31T00:00:00Z")
    assert [each["period"] for each in reports(world)] == [MARCH]
    freeze(world, "2026-06-01T00:00:00Z")
    assert breakdown(world, march, policy["employee_id"]) == before
    assert [each["period"] for each in reports(world)] == [APRIL, MARCH]
    assert amounts(world, reports(world)[0], policy["employee_id"], "employer") == [-31.2]


def test_a_departure_dated_back_into_a_finalized_month_is_paid_back(world: World, policy: Any) -> None:
    (march,) = reports(world)
    made(world, f"/contribution_reports/{march['id']}/finalize")
    freeze(world, "2026-04-10T00:00:00Z")
    offboard(world, policy["employee_id"], "2026-03-21")
    april, _ = reports(world)
    original = breakdown(world, march, policy["employee_id"])["health_insurance"]["employer_contributions"]
    (entry,) = breakdown(world, april, policy["employee_id"])["health_insurance"]["employer_contributions"]
    # Twenty of 31 days of 87.92 remain.
    assert (entry["amount"], entry["adjustment"], entry["type"]) == (-31.2, True, "one_off")
    assert (entry["adjustment_for"], entry["reporting_month"]) == (original[0]["id"], "2026-04-01")
    assert entry["cover_period"] == {"from_date": "2026-03-01", "to_date": "2026-03-20"}
    assert [each["amount"] for each in original] == [87.92]
    made(world, f"/contribution_reports/{april['id']}/finalize")
    freeze(world, "2026-06-10T00:00:00Z")
    assert len(reports(world)) == 2


def test_an_open_report_of_a_past_month_is_set_right_itself(world: World, policy: Any) -> None:
    freeze(world, "2026-04-10T00:00:00Z")
    offboard(world, policy["employee_id"], "2026-03-21")
    april, march = reports(world)
    assert amounts(world, march, policy["employee_id"], "employer") == [56.72]
    assert amounts(world, april, policy["employee_id"], "employer") == []
    assert march["last_updated_at"] == "2026-04-10T00:00:00Z"


def test_reports_are_found_by_employer_status_and_time(world: World, policy: Any) -> None:
    (march,) = reports(world)
    made(world, f"/contribution_reports/{march['id']}/finalize")
    freeze(world, "2027-02-01T00:00:00Z")

    def found(query: str) -> list[str]:
        return [each["period"]["from_date"] for each in reports(world, query)]

    assert found("status=finalized") == ["2026-03-01"]
    assert found("year=2027") == ["2027-02-01", "2027-01-01"]
    assert found("year=2026&month=5") == ["2026-05-01"]
    assert len(found("month=5")) == len(found("")) == 12
    assert found("employer_id=er_none") == []
    assert found("external_customer_id=acme") == found("")
    for query in ("status=closed", "month=may", "employer_id=1"):
        assert wrong(world, "GET", f"/contribution_reports?{query}") == [query.partition("=")[0]]


def test_what_is_not_there_is_not_found(world: World, policy: Any) -> None:
    (report,) = reports(world)
    single = f"/contribution_reports/{report['id']}"
    unknown = ("/contribution_reports/ctr_none", f"{single}/employee_breakdowns/ee_none")
    for path in (*unknown, "/contribution_reports/ctr_none/employee_breakdowns"):
        assert code(world, "GET", path) == (404, "not_found")
    assert code(world, "POST", "/contribution_reports/ctr_none/finalize") == (404, "not_found")


def test_an_employer_of_record_has_a_report_for_each_customer(world: World) -> None:
    assume(world, platform_type="employer_of_record")
    policy = enrolled(world, insured_pair(world, external_customer_id="acme"))
    (report,) = reports(world)
    assert report["external_customer_id"] == "acme"
    assert breakdown(world, report, policy["employee_id"])["external_customer_id"] == "acme"
    assert reports(world, "external_customer_id=zenith") == []
    assert reports(world, "external_customer_id=acme") == [report]


def test_a_report_takes_its_step_off_stage(world: World, policy: Any) -> None:
    assert step(world, reports(world)[0]["id"], "finalize")["status"] == "finalized"


@pytest.mark.parametrize("month", ["2026-01-01", "2026-02-01", "2028-02-01", "2026-12-01"])
def test_a_month_ends_the_day_before_the_next(month: str) -> None:
    assert date.fromisoformat(last_of(month)) + timedelta(days=1) == date.fromisoformat(following(month))


@pytest.mark.parametrize(
    ("start", "end", "cancelled", "expected"),
    [
        ("2025-07-01", None, None, ("2026-03-01", "2026-03-31")),
        ("2026-03-31", "2027-03-30", None, ("2026-03-31", "2026-03-31")),
        ("2025-07-01", "2026-03-10", None, ("2026-03-01", "2026-03-10")),
        ("2025-07-01", "2026-06-30", "2026-03-10", ("2026-03-01", "2026-03-09")),
        ("2026-03-05", None, "2026-03-05", None),
        ("2026-04-01", None, None, None),
        ("2025-07-01", "2026-02-28", None, None),
    ],
)
def test_a_month_is_covered_from_the_start_until_the_day_before_a_cancellation(
    start: str, end: str | None, cancelled: str | None, expected: Any
) -> None:
    assert covered({"start_date": start, "end_date": end, "cancellation_date": cancelled}, "2026-03-01") == expected


def test_a_second_policy_of_an_employer_sets_no_second_timer_for_a_month(world: World, policy: Any) -> None:
    owner = read(world, f"/employees/{policy['employee_id']}")["employer_id"]
    group_id = read(world, f"/groups?employer_id={owner}")["items"][0]["id"]
    second = employee(world, owner)
    join(world, group_id, second)
    made(world, "/enrolment_intents", {"employee_id": second, "group_id": group_id, "force_confirmation": False})
    world.advance("10s")
    assert [each["status"] for each in read(world, f"/policies?employee_id={second}")["items"]] == ["active"]
    with world.sandbox.transaction() as space:
        waiting = [
            each["parameters"] for _, each in space.scan("_timers") if each["action"] == "open_contribution_report"
        ]
    assert [each["month"] for each in waiting if each["employer_id"] == owner] == ["2026-04-01"]
    freeze(world, "2026-05-01T00:00:00Z")
    assert [each["period"]["from_date"] for each in reports(world)] == ["2026-05-01", "2026-04-01", "2026-03-01"]
