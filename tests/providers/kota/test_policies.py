"""Kota's policies: start, premium, renewal, end and cancellation; and imported policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.harness import make_harness
from tests.support.kota_cover_helpers import (
    SANDBOX_PATH,
    add_to_group,
    coverage_selection,
    create_group,
    create_group_policy,
    create_insured_employee,
    enrol_employee,
    event_types,
    expect_no_content,
    expect_ok,
    expect_refusal,
    freeze_clock,
    get,
    person,
    post,
    set_assumptions,
)
from tests.support.kota_helpers import create, create_employee, create_employer, simulate, take_step

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse, Harness


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def fetch_policy(harness: Harness, id: str) -> Any:
    return get(harness, f"/policies/{id}")


def test_a_policy_has_deadlines_a_renewal_and_a_member(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))
    insurance = policy["health_insurance"]
    assert (policy["status"], policy["end_date"], policy["type"]) == ("active", "2027-02-28", "health_insurance")
    assert policy["bundling_type"] == "not_bundled"
    assert (insurance["opt_out_deadline"], insurance["initial_dependents_update_deadline"]) == (
        "2026-03-14",
        "2026-03-31",
    )
    assert insurance["renewal"]["renewal_date"] == "2027-03-01"
    assert insurance["dependents_supported"] is True
    assert [each["member_type"] for each in insurance["members"]] == ["policyholder"]
    assert insurance["members"][0]["associated_person_id"] is None
    assert insurance["estimated_gross_premium"] == {
        "currency": "eur",
        "monthly": {"employee_contribution": 0.0, "employer_contribution": 109.90, "total": 109.90},
        "term": {"employee_contribution": 0.0, "employer_contribution": 1318.80, "total": 1318.80},
    }


def test_a_plan_for_the_policyholder_alone_has_no_deadline_for_dependents(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness, "Single", sharing={"type": "policyholder_only"}))
    assert policy["health_insurance"]["initial_dependents_update_deadline"] is None
    assert policy["health_insurance"]["dependents_supported"] is False


def test_the_deadlines_are_assumptions(harness: Harness) -> None:
    set_assumptions(harness, opt_out_days=1, initial_dependents_days=2)
    insurance = enrol_employee(harness, create_insured_employee(harness))["health_insurance"]
    assert insurance["opt_out_deadline"] == "2026-03-01"
    assert insurance["initial_dependents_update_deadline"] == "2026-03-02"


def test_a_policy_starts_and_ends_on_its_days(harness: Harness) -> None:
    id = enrol_employee(harness, create_insured_employee(harness, start="2026-04-01"))["id"]
    assert fetch_policy(harness, id)["status"] == "scheduled"
    freeze_clock(harness, "2026-04-01T00:00:00Z")
    assert fetch_policy(harness, id)["status"] == "active"
    freeze_clock(harness, "2027-03-31T23:59:59Z")
    assert fetch_policy(harness, id)["status"] == "active"
    harness.advance("1s")
    assert fetch_policy(harness, id)["status"] == "expired"
    events = event_types(harness, id)
    assert [events[0], events[1], events[-1]] == ["policy.scheduled", "policy.active", "policy.expired"]


def test_a_policy_is_renewed_with_the_policy_of_its_group(harness: Harness) -> None:
    before = enrol_employee(harness, create_insured_employee(harness))
    freeze_clock(harness, before["health_insurance"]["renewal"]["window_start_date"] + "T00:00:00Z")
    assert fetch_policy(harness, before["id"])["health_insurance"]["renewal"]["status"] == "open"
    freeze_clock(harness, "2027-03-01T00:00:00Z")
    renewal = fetch_policy(harness, before["id"])["health_insurance"]["renewal"]
    assert (renewal["status"], fetch_policy(harness, before["id"])["status"]) == ("renewed", "expired")
    after = fetch_policy(harness, renewal["renewed_policy_id"])
    assert (after["status"], after["start_date"], after["employee_id"]) == (
        "active",
        "2027-03-01",
        before["employee_id"],
    )
    assert after["group_policy_id"] != before["group_policy_id"]
    assert after["health_insurance"]["members"][0]["id"] != before["health_insurance"]["members"][0]["id"]
    assert event_types(harness, before["id"]) == [
        "policy.active",
        "policy.renewal.opened",
        "policy.renewal.renewed",
        "policy.expired",
    ]


def test_a_renewal_is_cancelled_with_the_renewal_of_the_group(harness: Harness) -> None:
    set_assumptions(harness, renewals="cancelled")
    policy = enrol_employee(harness, create_insured_employee(harness))
    freeze_clock(harness, "2027-02-28T00:00:00Z")
    assert fetch_policy(harness, policy["id"])["health_insurance"]["renewal"]["status"] == "cancelled"
    assert event_types(harness, policy["id"])[-1] == "policy.renewal.canceled"


def test_a_policy_with_a_planned_cancellation_is_not_renewed(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))
    simulate(harness, "cancel_policy", id=policy["id"], day="2027-02-25")
    freeze_clock(harness, "2027-02-24T00:00:00Z")
    assert fetch_policy(harness, policy["id"])["health_insurance"]["renewal"]["status"] == "cancelled"


def test_an_insurer_ends_a_policy_now_or_on_a_day(harness: Harness) -> None:
    id = enrol_employee(harness, create_insured_employee(harness))["id"]
    simulate(harness, "cancel_policy", id=id, day="2026-03-10")
    assert (fetch_policy(harness, id)["status"], fetch_policy(harness, id)["cancellation_date"]) == (
        "active",
        "2026-03-10",
    )
    freeze_clock(harness, "2026-03-10T00:00:00Z")
    assert fetch_policy(harness, id)["status"] == "cancelled"
    assert event_types(harness, id) == ["policy.active", "policy.updated", "policy.cancelled"]
    again = harness.admin("POST", f"{SANDBOX_PATH}/simulations/cancel_policy", {"id": id, "day": "2026-03-10"})
    assert again.status_code == 422


def test_a_policy_cancelled_before_its_start_never_starts(harness: Harness) -> None:
    id = enrol_employee(harness, create_insured_employee(harness, start="2026-04-01"))["id"]
    simulate(harness, "cancel_policy", id=id, day="2026-03-20")
    assert (fetch_policy(harness, id)["status"], fetch_policy(harness, id)["cancellation_date"]) == (
        "cancelled",
        "2026-03-20",
    )


def test_a_cancellation_without_a_day_takes_effect_today(harness: Harness) -> None:
    id = enrol_employee(harness, create_insured_employee(harness))["id"]
    take_step(harness, id, "cancel")
    assert fetch_policy(harness, id)["cancellation_date"] == "2026-03-01"


def test_lists_contain_policies_in_force_by_default(harness: Harness) -> None:
    employee, group = create_insured_employee(harness)
    id = enrol_employee(harness, (employee, group))["id"]
    take_step(harness, id, "cancel")
    assert get(harness, f"/policies?employee_id={employee}")["items"] == []
    assert get(harness, "/policies?status=cancelled")["items"][0]["id"] == id
    second = enrol_employee(harness, (employee, group))
    for query in (f"employee_id={employee}", f"group_id={group}", f"group_policy_id={second['group_policy_id']}"):
        assert [each["id"] for each in get(harness, f"/policies?{query}")["items"]] == [second["id"]]
        assert get(harness, f"/policies?{query}&status=active,cancelled")["total_count"] == 2
    assert get(harness, "/policies?group_policy_id=gp_none")["items"] == []
    expect_refusal(harness.request("GET", "/policies/p_none"), "not_found", 404)


def test_a_bundle_of_plans_makes_one_policy_per_plan(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer), create_group(harness, employer)
    create_group_policy(harness, group, "Core")
    create_group_policy(harness, group, "Choice")
    harness.advance("5s")
    add_to_group(harness, group, employee)
    enrol_employee(harness, (employee, group), coverage_selections=[coverage_selection(harness, "policy")])
    policies = get(harness, f"/policies?group_id={group}")["items"]
    assert {(each["plan"]["name"], each["bundling_type"]) for each in policies} == {
        ("Core", "bundled_primary"),
        ("Choice", "bundled_secondary"),
    }


def request_import(harness: Harness, pair: tuple[str, str], **changes: Any) -> ApiResponse:
    body = {
        "employee_id": pair[0],
        "group_id": pair[1],
        "provider_policy_number": "ILH-77",
        "member_number": "M-1",
        "policy_start_date": "2025-11-01",
    }
    return post(harness, "/policy_import_intents", {**body, **changes})


def test_a_policy_that_exists_at_the_insurer_is_imported(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    spouse = person(harness, pair[0], "spouse", "1990-01-01")
    people = [{"associated_person_id": spouse, "member_number": "M-2"}]
    created = expect_ok(request_import(harness, pair, associated_persons=people))
    assert created["status"] == "processing"
    assert created["associated_persons"][0]["member_number"] == "M-2"
    harness.advance("3s")
    assert get(harness, f"/policy_import_intents/{created['id']}")["status"] == "success"
    policy = get(harness, "/policies")["items"][0]
    assert (policy["start_date"], policy["end_date"], policy["status"]) == ("2025-11-01", None, "active")
    assert policy["health_insurance"]["policy_number"] == "ILH-77"
    members = [(each["member_type"], each["member_number"]) for each in policy["health_insurance"]["members"]]
    assert members == [("policyholder", "M-1"), ("spouse", "M-2")]
    states = ["processing", "success"]
    assert event_types(harness, created["id"]) == [f"policy_import_intent.{state}" for state in states]
    # The success event contains the id of the policy.
    assert event_types(harness, policy["id"]) == ["policy.imported", "policy_import_intent.success"]
    freeze_clock(harness, "2028-01-01T00:00:00Z")
    assert fetch_policy(harness, policy["id"])["status"] == "active"


def test_an_imported_policy_ends_on_the_given_date(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    expect_ok(request_import(harness, pair, policy_end_date="2026-02-28"))
    harness.advance("3s")
    assert get(harness, "/policies?status=expired")["items"][0]["end_date"] == "2026-02-28"


def test_the_end_date_9999_12_31_means_open_ended(harness: Harness) -> None:
    expect_ok(
        request_import(
            harness, create_insured_employee(harness), policy_start_date="2026-05-01", policy_end_date="9999-12-31"
        )
    )
    harness.advance("3s")
    id = get(harness, "/policies?status=scheduled")["items"][0]["id"]
    freeze_clock(harness, "2030-01-01T00:00:00Z")
    assert (fetch_policy(harness, id)["status"], fetch_policy(harness, id)["end_date"]) == ("active", "9999-12-31")


def test_a_plan_of_a_bundle_covers_only_eligible_members(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer), create_group(harness, employer)
    create_group_policy(harness, group, "Core")
    create_group_policy(harness, group, "Single", sharing={"type": "policyholder_only"})
    harness.advance("5s")
    add_to_group(harness, group, employee)
    body = {"employee_id": employee, "group_id": group, "force_confirmation": True}
    enrolment = f"/enrolment_intents/{create(harness, '/enrolment_intents', body)['id']}"
    harness.advance("2s")
    dependents_intent = (
        f"/dependents_management_intents/{create(harness, f'{enrolment}/create_dependents_management_intent')['id']}"
    )
    create(harness, f"{dependents_intent}/dependents", {"associated_person_ids": [person(harness, employee)]})
    expect_no_content(post(harness, f"{dependents_intent}/confirm"))
    harness.advance("3s")
    expect_no_content(post(harness, f"{enrolment}/confirm"))
    harness.advance("3s")
    policies = get(harness, f"/policies?employee_id={employee}")["items"]
    assert {each["plan"]["name"]: len(each["health_insurance"]["members"]) for each in policies} == {
        "Core": 2,
        "Single": 1,
    }


def test_an_import_fails_for_a_covered_employee_or_by_metadata(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    enrol_employee(harness, pair)
    covered = expect_ok(request_import(harness, pair))["id"]
    failing = create_insured_employee(harness, metadata={"testmode.policy_import_intent": "failed"})
    chosen = expect_ok(request_import(harness, failing))["id"]
    harness.advance("3s")
    assert get(harness, f"/policy_import_intents/{covered}")["status"] == "failed"
    assert get(harness, f"/policy_import_intents/{chosen}")["status"] == "failed"
    assert event_types(harness, chosen)[-1] == "policy_import_intent.failed"
    page = get(harness, f"/policy_import_intents?employee_id={failing[0]}&group_id={failing[1]}&status=failed")
    assert [each["id"] for each in page["items"]] == [chosen]
    assert [each["id"] for each in get(harness, "/policy_import_intents")["items"][:2]] == [chosen, covered]
    assert get(harness, f"/policy_import_intents?employee_id={failing[0]}&status=success")["items"] == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"policy_start_date": "1900-01-01"}, "policy_start_date"),
        ({"policy_start_date": "1.1.2026"}, "policy_start_date"),
        ({"policy_start_date": "2027-03-01"}, "policy_start_date"),
        ({"policy_start_date": "9999-12-31"}, "policy_start_date"),
        ({"policy_end_date": "2025-10-31"}, "policy_end_date"),
    ],
)
def test_invalid_imports_are_refused_with_the_path_of_the_field(
    harness: Harness, changes: dict[str, str], path: str
) -> None:
    assert (
        path
        in expect_refusal(request_import(harness, create_insured_employee(harness), **changes), "invalid_request")[
            "errors"
        ]
    )


def test_associated_persons_of_an_import_belong_to_the_employee_and_are_unique(harness: Harness) -> None:
    pair, other_pair = create_insured_employee(harness), create_insured_employee(harness)
    own_person, other_person = person(harness, pair[0]), person(harness, other_pair[0])
    rows = [{"associated_person_id": each} for each in (own_person, own_person, other_person)]
    rows[0] |= {"start_date": "2025-12-01", "end_date": "2025-11-01"}
    errors = expect_refusal(request_import(harness, pair, associated_persons=rows), "invalid_request")["errors"]
    assert set(errors) == {
        "associated_persons[0].end_date",
        "associated_persons[1].associated_person_id",
        "associated_persons[2].associated_person_id",
    }


def test_an_import_needs_a_group_policy_and_known_ids(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    expect_refusal(request_import(harness, (pair[0], create_group(harness, create_employer(harness)))))
    expect_refusal(request_import(harness, ("ee_none", pair[1])), "not_found", 404)
    expect_refusal(request_import(harness, (pair[0], "gr_none")), "not_found", 404)
    expect_refusal(harness.request("GET", "/policy_import_intents/pii_0"), "not_found", 404)
    set_assumptions(harness, insurers="down")
    expect_refusal(request_import(harness, pair), "third_party_error", 500)


def test_the_duration_of_an_import_is_an_assumption(harness: Harness) -> None:
    set_assumptions(harness, import_processing="1h")
    id = expect_ok(request_import(harness, create_insured_employee(harness)))["id"]
    harness.advance("59m")
    assert get(harness, f"/policy_import_intents/{id}")["status"] == "processing"
    harness.advance("1m")
    assert get(harness, f"/policy_import_intents/{id}")["status"] == "success"
