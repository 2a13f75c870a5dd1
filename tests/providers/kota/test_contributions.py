"""Kota's contribution reports: opened monthly, filled from policies, finalized once, adjusted later."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mockserver.providers.kota.contributions.entries import covered_days, last_day_of_month, next_month
from tests.support.harness import Harness
from tests.support.kota_cover_helpers import add_to_group, create_insured_employee, enrol_employee, person, post
from tests.support.kota_helpers import (
    create,
    create_employee,
    events,
    fetch,
    freeze_clock,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
    take_step,
)

EIGHTY_PERCENT = {"type": "percentage", "percentage": {"percentage": 80}}
MARCH, APRIL = (
    {"from_date": "2026-03-01", "to_date": "2026-03-31"},
    {"from_date": "2026-04-01", "to_date": "2026-04-30"},
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness(enrolment_confirmation="never")


@pytest.fixture
def enrolled_policy(harness: Harness) -> Any:
    """A policy with a premium of 109.90 a month, of which the employer pays 80 percent."""
    return enrol_employee(harness, create_insured_employee(harness, sharing=EIGHTY_PERCENT))


def reports(harness: Harness, query: str = "") -> list[Any]:
    return list(fetch(harness, f"/contribution_reports?page_size=100&{query}")["items"])


def breakdown(harness: Harness, report: Any, employee_id: str) -> Any:
    return fetch(harness, f"/contribution_reports/{report['id']}/employee_breakdowns/{employee_id}")


def amounts(harness: Harness, report: Any, employee_id: str, side: str) -> list[float]:
    entries = breakdown(harness, report, employee_id)["health_insurance"][f"{side}_contributions"]
    return [each["amount"] for each in entries]


def offboard(harness: Harness, id: str, day: str) -> None:
    create(harness, f"/employees/{id}/offboard", {"offboard_on": f"{day}T00:00:00Z", "offboard_reason": "x"})


def test_the_first_policy_of_an_employer_opens_the_report_of_its_month(harness: Harness, enrolled_policy: Any) -> None:
    (report,) = reports(harness)
    employer = fetch(harness, f"/employees/{enrolled_policy['employee_id']}")["employer_id"]
    assert report == {
        "object": "contribution_report",
        "id": report["id"],
        "employer_id": employer,
        "external_customer_id": None,
        "period": MARCH,
        "status": "open",
        "finalized_at": None,
        "created_at": "2026-03-01T12:00:10Z",
        "last_updated_at": "2026-03-01T12:00:10Z",
    }
    assert fetch(harness, f"/contribution_reports/{report['id']}") == report


def test_a_breakdown_lists_contributions_by_payer_and_member(harness: Harness, enrolled_policy: Any) -> None:
    (report,) = reports(harness)
    record = breakdown(harness, report, enrolled_policy["employee_id"])
    assert fetch(harness, f"/contribution_reports/{report['id']}/employee_breakdowns")["items"] == [record]
    (contribution,) = record["health_insurance"]["employer_contributions"]
    assert contribution == {
        "id": contribution["id"],
        "category": "gross_premium",
        "member_type": "policyholder",
        "adjustment": False,
        "adjustment_for": None,
        "amount": 87.92,
        "type": "recurring",
        "note": None,
        "cover_period": MARCH,
        "policy_id": enrolled_policy["id"],
        "employee_policy_id": enrolled_policy["id"].replace("p_", "eehp_"),
        "reporting_month": "2026-03-01",
    }
    assert amounts(harness, report, enrolled_policy["employee_id"], "employee") == [21.98]
    assert record["currency"] == "eur"


def test_every_month_of_cover_has_a_report_opened_as_it_begins(harness: Harness, enrolled_policy: Any) -> None:
    freeze_clock(harness, "2026-03-31T23:59:59Z")
    assert len(reports(harness)) == 1
    freeze_clock(harness, "2026-06-01T00:00:00Z")
    assert [each["period"]["from_date"][5:7] for each in reports(harness)] == ["06", "05", "04", "03"]
    assert reports(harness)[0]["created_at"] == "2026-06-01T00:00:00Z"
    assert amounts(harness, reports(harness)[0], enrolled_policy["employee_id"], "employer") == [87.92]


def test_a_future_policy_is_reported_from_its_first_month(harness: Harness) -> None:
    pair = create_insured_employee(harness, start="2026-05-11")
    policy = enrol_employee(harness, pair)
    assert reports(harness) == []
    freeze_clock(harness, "2026-04-30T00:00:00Z")
    assert reports(harness) == []
    freeze_clock(harness, "2026-05-01T00:00:00Z")
    (report,) = reports(harness)
    # 21 of 31 days of 109.90
    assert amounts(harness, report, policy["employee_id"], "employer") == [74.45]


def test_reports_end_with_the_last_policy(harness: Harness, enrolled_policy: Any) -> None:
    offboard(harness, enrolled_policy["employee_id"], "2026-04-11")
    freeze_clock(harness, "2026-06-15T00:00:00Z")
    latest, *_ = reports(harness)
    assert latest["period"] == APRIL
    # 10 of 30 days of 109.90, shared 80 to 20
    assert amounts(harness, latest, enrolled_policy["employee_id"], "employer") == [29.31]
    assert amounts(harness, latest, enrolled_policy["employee_id"], "employee") == [7.33]


def test_an_assumption_charges_a_partial_month_in_full(harness: Harness) -> None:
    set_assumptions(harness, partial_month="whole")
    policy = enrol_employee(harness, create_insured_employee(harness, start="2026-03-20"))
    assert amounts(harness, reports(harness)[0], policy["employee_id"], "employer") == [109.9]


def test_tax_and_tax_relief_have_their_own_entries(harness: Harness) -> None:
    set_assumptions(harness, contribution_tax=200, contribution_tax_relief=2_000)
    policy = enrol_employee(harness, create_insured_employee(harness, sharing=EIGHTY_PERCENT))
    entries = breakdown(harness, reports(harness)[0], policy["employee_id"])["health_insurance"][
        "employer_contributions"
    ]
    assert {each["category"]: each["amount"] for each in entries} == {
        "gross_premium": 87.92,
        "tax": 1.76,
        "tax_relief": -17.58,
    }


def test_each_dependent_has_an_entry_with_its_member_type(harness: Harness, enrolled_policy: Any) -> None:
    child = person(harness, enrolled_policy["employee_id"])
    body = {
        "amendment_reason": {"type": "initial_adjustment_period"},
        "requested_changes": [{"change_type": "dependents"}],
    }
    path = f"/policies/{enrolled_policy['id']}/policy_amendment_intents"
    amendment = create(harness, path, body)["id"]
    intent = create(harness, f"{path}/{amendment}/create_dependents_management_intent")["id"]
    create(harness, f"/dependents_management_intents/{intent}/dependents", {"associated_person_ids": [child]})
    harness.advance("3s")
    assert post(harness, f"/dependents_management_intents/{intent}/confirm").status_code == 204
    harness.advance("10s")
    assert post(harness, f"{path}/{amendment}/confirm").status_code == 204
    harness.advance("10s")
    record = breakdown(harness, reports(harness)[0], enrolled_policy["employee_id"])["health_insurance"]
    contributions = [(each["member_type"], each["amount"]) for each in record["employer_contributions"]]
    assert contributions == [("policyholder", 87.92), ("child_dependant", 27.96)]


def test_finalizing_emits_an_event_and_cannot_be_repeated(harness: Harness, enrolled_policy: Any) -> None:
    (report,) = reports(harness)
    harness.advance("1h")
    finalized = create(harness, f"/contribution_reports/{report['id']}/finalize")
    now = "2026-03-01T13:00:10Z"
    assert finalized == {**report, "status": "finalized", "finalized_at": now, "last_updated_at": now}
    record = breakdown(harness, report, enrolled_policy["employee_id"])
    assert (record["status"], record["finalized_at"]) == ("finalized", now)
    assert refusal_code(harness, "POST", f"/contribution_reports/{report['id']}/finalize") == (400, "invalid_state")
    (v2,), (v1,) = (events(harness, each, "contribution_report.finalized") for each in ("v2", "v1"))
    assert v2["data"] == {
        "id": report["id"],
        "employer_id": report["employer_id"],
        "external_customer_id": None,
        "resource_type": "contribution_report",
        "object": "contribution_report_event",
    }
    assert v1["data"] == finalized


def test_a_change_after_finalizing_is_adjusted_in_the_next_report(harness: Harness, enrolled_policy: Any) -> None:
    (march,) = reports(harness)
    create(harness, f"/contribution_reports/{march['id']}/finalize")
    before = breakdown(harness, march, enrolled_policy["employee_id"])
    offboard(harness, enrolled_policy["employee_id"], "2026-03-21")
    freeze_clock(harness, "2026-03-31T00:00:00Z")
    assert [each["period"] for each in reports(harness)] == [MARCH]
    freeze_clock(harness, "2026-06-01T00:00:00Z")
    assert breakdown(harness, march, enrolled_policy["employee_id"]) == before
    assert [each["period"] for each in reports(harness)] == [APRIL, MARCH]
    assert amounts(harness, reports(harness)[0], enrolled_policy["employee_id"], "employer") == [-31.2]


def test_a_backdated_offboarding_in_a_finalized_month_is_credited(harness: Harness, enrolled_policy: Any) -> None:
    (march,) = reports(harness)
    create(harness, f"/contribution_reports/{march['id']}/finalize")
    freeze_clock(harness, "2026-04-10T00:00:00Z")
    offboard(harness, enrolled_policy["employee_id"], "2026-03-21")
    april, _ = reports(harness)
    original = breakdown(harness, march, enrolled_policy["employee_id"])["health_insurance"]["employer_contributions"]
    (entry,) = breakdown(harness, april, enrolled_policy["employee_id"])["health_insurance"]["employer_contributions"]
    # 20 of 31 days of 87.92 remain, so 31.20 are credited.
    assert (entry["amount"], entry["adjustment"], entry["type"]) == (-31.2, True, "one_off")
    assert (entry["adjustment_for"], entry["reporting_month"]) == (original[0]["id"], "2026-04-01")
    assert entry["cover_period"] == {"from_date": "2026-03-01", "to_date": "2026-03-20"}
    assert [each["amount"] for each in original] == [87.92]
    create(harness, f"/contribution_reports/{april['id']}/finalize")
    freeze_clock(harness, "2026-06-10T00:00:00Z")
    assert len(reports(harness)) == 2


def test_an_open_report_of_a_past_month_is_corrected_in_place(harness: Harness, enrolled_policy: Any) -> None:
    freeze_clock(harness, "2026-04-10T00:00:00Z")
    offboard(harness, enrolled_policy["employee_id"], "2026-03-21")
    april, march = reports(harness)
    assert amounts(harness, march, enrolled_policy["employee_id"], "employer") == [56.72]
    assert amounts(harness, april, enrolled_policy["employee_id"], "employer") == []
    assert march["last_updated_at"] == "2026-04-10T00:00:00Z"


def test_reports_are_found_by_employer_status_and_time(harness: Harness, enrolled_policy: Any) -> None:
    (march,) = reports(harness)
    create(harness, f"/contribution_reports/{march['id']}/finalize")
    freeze_clock(harness, "2027-02-01T00:00:00Z")

    def months(query: str) -> list[str]:
        return [each["period"]["from_date"] for each in reports(harness, query)]

    assert months("status=finalized") == ["2026-03-01"]
    assert months("year=2027") == ["2027-02-01", "2027-01-01"]
    assert months("year=2026&month=5") == ["2026-05-01"]
    assert len(months("month=5")) == len(months("")) == 12
    assert months("employer_id=er_none") == []
    assert months("external_customer_id=acme") == months("")
    for query in ("status=closed", "month=may", "employer_id=1"):
        assert invalid_fields(harness, "GET", f"/contribution_reports?{query}") == [query.partition("=")[0]]


def test_unknown_reports_and_breakdowns_are_not_found(harness: Harness, enrolled_policy: Any) -> None:
    (report,) = reports(harness)
    single = f"/contribution_reports/{report['id']}"
    unknown = ("/contribution_reports/ctr_none", f"{single}/employee_breakdowns/ee_none")
    for path in (*unknown, "/contribution_reports/ctr_none/employee_breakdowns"):
        assert refusal_code(harness, "GET", path) == (404, "not_found")
    assert refusal_code(harness, "POST", "/contribution_reports/ctr_none/finalize") == (404, "not_found")


def test_an_employer_of_record_has_a_report_for_each_customer(harness: Harness) -> None:
    set_assumptions(harness, platform_type="employer_of_record")
    policy = enrol_employee(harness, create_insured_employee(harness, external_customer_id="acme"))
    (report,) = reports(harness)
    assert report["external_customer_id"] == "acme"
    assert breakdown(harness, report, policy["employee_id"])["external_customer_id"] == "acme"
    assert reports(harness, "external_customer_id=zenith") == []
    assert reports(harness, "external_customer_id=acme") == [report]


def test_a_simulation_finalizes_a_report(harness: Harness, enrolled_policy: Any) -> None:
    assert take_step(harness, reports(harness)[0]["id"], "finalize")["status"] == "finalized"


@pytest.mark.parametrize("month", ["2026-01-01", "2026-02-01", "2028-02-01", "2026-12-01"])
def test_a_month_ends_the_day_before_the_next(month: str) -> None:
    assert date.fromisoformat(last_day_of_month(month)) + timedelta(days=1) == date.fromisoformat(next_month(month))


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
    assert (
        covered_days({"start_date": start, "end_date": end, "cancellation_date": cancelled}, "2026-03-01") == expected
    )


def test_a_second_policy_of_an_employer_sets_no_second_timer_for_a_month(
    harness: Harness, enrolled_policy: Any
) -> None:
    employer = fetch(harness, f"/employees/{enrolled_policy['employee_id']}")["employer_id"]
    group_id = fetch(harness, f"/groups?employer_id={employer}")["items"][0]["id"]
    second = create_employee(harness, employer)
    add_to_group(harness, group_id, second)
    create(harness, "/enrolment_intents", {"employee_id": second, "group_id": group_id, "force_confirmation": False})
    harness.advance("10s")
    assert [each["status"] for each in fetch(harness, f"/policies?employee_id={second}")["items"]] == ["active"]
    with harness.sandbox.transaction() as space:
        timers = [
            each["parameters"] for _, each in space.scan("_timers") if each["action"] == "open_contribution_report"
        ]
    assert [each["month"] for each in timers if each["employer_id"] == employer] == ["2026-04-01"]
    freeze_clock(harness, "2026-05-01T00:00:00Z")
    assert [each["period"]["from_date"] for each in reports(harness)] == ["2026-05-01", "2026-04-01", "2026-03-01"]
