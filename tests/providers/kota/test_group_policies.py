"""Kota's group policies: start, end, cancellation and renewal by date."""

from __future__ import annotations

import pytest

from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    add_to_group,
    create_active_employee,
    create_available_quote,
    create_employer,
    create_group,
    create_group_policy,
    create_policy_intent,
    create_staffed_group,
    event_data,
    event_types,
    expect_field_refusal,
    expect_not_found,
    expect_ok,
    expect_simulation_refused,
    fetch_status,
    find_plan,
    get,
    make_empty_harness,
    post,
    set_assumptions,
    simulate,
    take_step,
)

ALL_STATES_QUERY = "status=scheduled,active,expired,cancelled"


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def path(id: str) -> str:
    return f"/group_policies/{id}"


def renewal(harness: Harness, id: str) -> str:
    return str(get(harness, path(id))["health_insurance"]["renewal"]["status"])


def enrolled_member(harness: Harness) -> tuple[str, str]:
    """Returns the ids of a group policy and of an employee's policy under it."""
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_active_employee(harness, employer)
    group_policy = create_group_policy(harness, group)
    add_to_group(harness, group, employee, create_enrolment_intents=True)
    harness.advance("10s")
    (policy,) = get(harness, f"/policies?employee_id={employee}")["items"]
    return group_policy, str(policy["id"])


def test_a_group_policy_shows_provider_plan_and_renewal(harness: Harness) -> None:
    group = create_staffed_group(harness)
    group_policy, core = create_group_policy(harness, group, start="2026-10-01"), find_plan(harness, "Core")
    record = get(harness, path(group_policy))
    provider, plan = record.pop("provider"), record.pop("plan")
    assert (provider["id"], plan["id"], plan["currency"]) == (core["provider"]["id"], core["id"], "eur")
    assert record == {
        "object": "group_policy",
        "id": group_policy,
        "group_id": group,
        "employer_id": get(harness, f"/groups/{group}")["employer_id"],
        "start_date": "2026-10-01",
        "end_date": "2027-09-30",
        "cancellation_date": None,
        "status": "scheduled",
        "type": "health_insurance",
        "health_insurance": {
            "group_policy_number": None,
            "renewal": {
                "renewal_date": "2027-10-01",
                "window_start_date": "2027-08-02",
                "window_end_date": "2027-09-21",
                "status": "upcoming",
                "renewed_policy_id": None,
            },
            "configuration": {
                "cost_sharing": {
                    "type": "policyholder_only",
                    **dict.fromkeys(("member_count", "member_selection", "percentage", "family_type")),
                }
            },
        },
        "disclosures": core["disclosures"],
    }
    assert event_data(harness, "group_policy.scheduled") == [
        {
            "group_policy_id": group_policy,
            "group_id": group,
            "employer_id": record["employer_id"],
            "resource_type": "group_policy",
            "object": "group_policy_event",
        }
    ]


def test_a_group_policy_becomes_active_on_its_day_and_gets_its_number(harness: Harness) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness), start="2026-03-03")
    harness.advance("1d")
    assert fetch_status(harness, path(group_policy)) == "scheduled"
    harness.advance("12h")
    record = get(harness, path(group_policy))
    assert (record["status"], record["health_insurance"]["group_policy_number"]) == ("active", "G0000001")
    assert event_types(harness, group_policy) == ["group_policy.scheduled", "group_policy.active"]


def test_a_group_policy_expires_after_its_last_day(harness: Harness) -> None:
    set_assumptions(harness, group_policy_months=1, renewals="cancelled")
    group_policy = create_group_policy(harness, create_staffed_group(harness))
    assert get(harness, path(group_policy))["end_date"] == "2026-03-31"
    harness.advance("30d")
    assert fetch_status(harness, path(group_policy)) == "active"
    harness.advance("1d")
    assert fetch_status(harness, path(group_policy)) == "expired"
    assert event_types(harness, group_policy)[-1] == "group_policy.expired"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-03-01", 12, "2027-02-28"),
        ("2026-03-31", 1, "2026-04-29"),
        ("2026-12-15", 1, "2027-01-14"),
        ("2028-02-29", 12, "2029-02-27"),
        ("2026-08-31", 6, "2027-02-27"),
    ],
)
def test_a_group_policy_runs_for_whole_months(harness: Harness, start: str, months: int, end: str) -> None:
    set_assumptions(harness, group_policy_months=months)
    assert (
        get(harness, path(create_group_policy(harness, create_staffed_group(harness), start=start)))["end_date"] == end
    )


def test_a_policy_that_ended_long_ago_is_expired_at_once_and_never_renewed(harness: Harness) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness), start="2020-01-01")
    assert fetch_status(harness, path(group_policy)) == "expired"
    harness.advance("1d")
    assert event_types(harness, group_policy) == ["group_policy.expired"]
    expect_simulation_refused(harness, "decide_renewal", group_policy_id=group_policy, decision="renew")


def test_lists_contain_group_policies_in_force_by_default(harness: Harness) -> None:
    here, there = create_staffed_group(harness), create_staffed_group(harness)
    first, second, third = (
        create_group_policy(harness, here),
        create_group_policy(harness, there, start="2026-06-01"),
        create_group_policy(harness, here),
    )
    take_step(harness, first, "expire")
    employer = get(harness, f"/groups/{here}")["employer_id"]
    for query, ids in (
        ("", [third, second]),
        (f"?{ALL_STATES_QUERY}", [third, second, first]),
        ("?status=scheduled", [second]),
        (f"?group_id={there}", [second]),
        (f"?employer_id={employer}&{ALL_STATES_QUERY}", [third, first]),
    ):
        assert [each["id"] for each in get(harness, f"/group_policies{query}")["items"]] == ids
    expect_field_refusal(harness.request("GET", "/group_policies?status=over"), "status")
    expect_not_found(harness.request("GET", "/group_policies/gp_none"))


def test_cancelling_a_group_policy_cancels_its_policies(harness: Harness) -> None:
    group_policy, policy = enrolled_member(harness)
    simulate(harness, "end_group_policy", group_policy_id=group_policy)
    record = get(harness, path(group_policy))
    assert (record["status"], record["cancellation_date"]) == ("cancelled", "2026-03-01")
    assert renewal(harness, group_policy) == "cancelled"
    assert fetch_status(harness, f"/policies/{policy}") == "cancelled"
    assert event_types(harness, group_policy).count("group_policy.cancelled") == 1
    assert "group_policy.renewal.canceled" in event_types(harness, group_policy)
    expect_simulation_refused(harness, "end_group_policy", group_policy_id=group_policy)


def test_a_cancellation_can_be_planned(harness: Harness) -> None:
    group_policy, policy = enrolled_member(harness)
    simulate(harness, "end_group_policy", group_policy_id=group_policy, on="2026-03-11")
    record = get(harness, path(group_policy))
    assert (record["status"], record["cancellation_date"]) == ("active", "2026-03-11")
    assert event_data(harness, "group_policy.updated")[0]["group_policy_id"] == group_policy
    harness.advance("9d")
    assert fetch_status(harness, path(group_policy)) == "active"
    harness.advance("1d")
    assert (fetch_status(harness, path(group_policy)), fetch_status(harness, f"/policies/{policy}")) == (
        "cancelled",
        "cancelled",
    )
    assert event_types(harness, group_policy).count("group_policy.cancelled") == 1


def test_a_group_policy_that_never_began_is_cancelled_at_once(harness: Harness) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness), start="2026-06-01")
    simulate(harness, "end_group_policy", group_policy_id=group_policy, on="2026-05-01")
    assert fetch_status(harness, path(group_policy)) == "cancelled"


def test_a_renewal_opens_and_is_renewed_by_the_policy_that_follows(harness: Harness) -> None:
    group_policy, policy = enrolled_member(harness)
    group = get(harness, path(group_policy))["group_id"]
    # The renewal date is 2027-03-01, so the window is from 2026-12-31 to 2027-02-19.
    harness.advance("304d")
    assert renewal(harness, group_policy) == "upcoming"
    harness.advance("1d")
    assert renewal(harness, group_policy) == "open"
    harness.advance("50d")
    assert renewal(harness, group_policy) == "open"
    harness.advance("1d")
    assert renewal(harness, group_policy) == "renewed"
    successor, before = get(harness, f"/group_policies?group_id={group}")["items"]
    assert (before["id"], successor["status"], successor["start_date"]) == (group_policy, "scheduled", "2027-03-01")
    assert get(harness, f"/policies?group_policy_id={successor['id']}")["total_count"] == 1
    harness.advance("10d")
    assert [fetch_status(harness, path(id)) for id in (group_policy, successor["id"])] == ["expired", "active"]
    assert fetch_status(harness, f"/policies/{policy}") == "expired"
    names = ("active", "renewal.opened", "renewal.renewed", "expired")
    policy_events = [each for each in event_types(harness, group_policy) if each.startswith("group_policy.")]
    assert policy_events == [f"group_policy.{name}" for name in names]
    assert get(harness, f"/groups/{group}")["group_policy_ids"] == [group_policy, successor["id"]]


@pytest.mark.parametrize("source", ["assumption", "metadata"])
def test_a_renewal_can_be_cancelled_by_assumption_or_metadata(harness: Harness, source: str) -> None:
    metadata = {"testmode.renewal": "cancelled"} if source == "metadata" else None
    if source == "assumption":
        set_assumptions(harness, renewals="cancelled")
    group_policy = create_group_policy(harness, create_staffed_group(harness, metadata=metadata))
    harness.advance("366d")
    assert (renewal(harness, group_policy), fetch_status(harness, path(group_policy))) == ("cancelled", "expired")
    assert "group_policy.renewal.canceled" in event_types(harness, group_policy)
    assert get(harness, f"/group_policies?{ALL_STATES_QUERY}")["total_count"] == 1


def test_the_renewal_window_is_an_assumption(harness: Harness) -> None:
    set_assumptions(harness, renewal_opens=30, renewal_closes=0)
    record = get(harness, path(create_group_policy(harness, create_staffed_group(harness))))["health_insurance"][
        "renewal"
    ]
    assert (record["window_start_date"], record["window_end_date"]) == ("2027-01-30", "2027-03-01")


@pytest.mark.parametrize(
    ("decisions", "state"),
    [(["open"], "open"), (["renew"], "renewed"), (["open", "renew"], "renewed"), (["open", "decline"], "cancelled")],
)
def test_a_simulation_decides_a_renewal(harness: Harness, decisions: list[str], state: str) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness))
    for each in decisions:
        simulate(harness, "decide_renewal", group_policy_id=group_policy, decision=each)
    assert renewal(harness, group_policy) == state
    expect_simulation_refused(harness, "decide_renewal", group_policy_id=group_policy, decision="open")


def test_a_renewal_takes_lifecycle_steps_by_simulation(harness: Harness) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness))
    take_step(harness, f"rn_{group_policy}", "open")
    take_step(harness, f"rn_{group_policy}", "decline")
    assert renewal(harness, group_policy) == "cancelled"


@pytest.mark.parametrize(
    ("start", "name", "state"),
    [
        ("2026-06-01", "activate", "active"),
        ("2026-06-01", "expire", "expired"),
        ("2026-06-01", "cancel", "cancelled"),
        ("2026-03-01", "expire", "expired"),
        ("2026-03-01", "cancel", "cancelled"),
    ],
)
def test_every_step_can_be_taken_by_simulation(harness: Harness, start: str, name: str, state: str) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness), start=start)
    take_step(harness, group_policy, name)
    assert fetch_status(harness, path(group_policy)) == state
    assert f"group_policy.{state}" in event_types(harness, group_policy)


def test_the_first_policy_makes_a_group_ready_and_later_ones_update_it(harness: Harness) -> None:
    group = create_staffed_group(harness)
    create_group_policy(harness, group)
    create_group_policy(harness, group)
    assert event_types(harness, group).count("group.ready") == 1
    assert "group.updated" in event_types(harness, group)
    take_step(harness, group, "archive")
    assert get(harness, f"/groups/{group}")["status"] == "archived"


def selection(harness: Harness, scope: str, name: str) -> dict[str, object]:
    configuration = next(each for each in find_plan(harness, "Choice")["coverage_options"] if each["scope"] == scope)
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == name]
    return {"configuration_id": configuration["id"], "options": options}


def test_options_selected_for_the_group_are_in_the_price_of_its_employees_policies(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing", group_policy_start="today")
    group = create_staffed_group(harness)
    (member,) = get(harness, f"/groups/{group}/employees")["items"]
    selections = [selection(harness, "group_policy", "All hospitals")]
    create_policy_intent(harness, create_available_quote(harness, group, "Choice", coverage_selections=selections))
    harness.advance("5s")
    body = {"employee_id": member["id"], "group_id": group, "force_confirmation": False}
    expect_ok(
        post(
            harness,
            "/enrolment_intents",
            {**body, "coverage_selections": [selection(harness, "policy", "Low excess")]},
        )
    )
    harness.advance("2s")
    (intent,) = get(harness, f"/enrolment_intents?group_id={group}")["items"]
    assert intent["status"] == "enrolling"
    harness.advance("3s")
    (policy,) = get(harness, f"/policies?group_id={group}")["items"]
    # 142.25 for an adult, 12.00 for the hospitals, 6.50 for the excess
    assert policy["health_insurance"]["estimated_gross_premium"]["monthly"]["total"] == 160.75


def test_a_simulated_group_policy_needs_an_existing_group_and_plan(harness: Harness) -> None:
    core = find_plan(harness, "Core")["id"]
    expect_simulation_refused(harness, "make_group_policy", group_id="gr_none", plan_id=core)
    expect_simulation_refused(harness, "make_group_policy", group_id=create_staffed_group(harness), plan_id="pl_none")
    assert get(harness, "/group_policies")["items"] == []


def test_a_group_policy_without_a_start_date_starts_next_month(harness: Harness) -> None:
    group_policy = create_group_policy(harness, create_staffed_group(harness), start=None)
    assert get(harness, path(group_policy))["start_date"] == "2026-04-01"
