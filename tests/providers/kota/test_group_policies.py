"""Kota's group policies: begun, ended, cancelled and renewed by date."""

from __future__ import annotations

import pytest

from tests.support.kota_groups import (
    active,
    assume,
    bare_world,
    data_of,
    employer,
    get,
    group,
    group_policy,
    impossible,
    join,
    missing,
    ok,
    plan,
    policy_intent,
    post,
    quote,
    refused,
    simulate,
    staffed,
    status,
    step,
    told,
)
from tests.support.worlds import World

ALL = "status=scheduled,active,expired,cancelled"


@pytest.fixture
def world() -> World:
    return bare_world()


def path(id: str) -> str:
    return f"/group_policies/{id}"


def renewal(world: World, id: str) -> str:
    return str(get(world, path(id))["health_insurance"]["renewal"]["status"])


def enrolled(world: World) -> tuple[str, str]:
    """A group policy and the policy of an employee under it."""
    er = employer(world)
    gr, ee = group(world, er), active(world, er)
    gp = group_policy(world, gr)
    join(world, gr, ee, create_enrolment_intents=True)
    world.advance("10s")
    (policy,) = get(world, f"/policies?employee_id={ee}")["items"]
    return gp, str(policy["id"])


def test_a_group_policy_shows_provider_plan_and_renewal(world: World) -> None:
    gr = staffed(world)
    gp, core = group_policy(world, gr, start="2026-10-01"), plan(world, "Core")
    shown = get(world, path(gp))
    provider, of_plan = shown.pop("provider"), shown.pop("plan")
    assert (provider["id"], of_plan["id"], of_plan["currency"]) == (core["provider"]["id"], core["id"], "eur")
    assert shown == {
        "object": "group_policy",
        "id": gp,
        "group_id": gr,
        "employer_id": get(world, f"/groups/{gr}")["employer_id"],
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
    assert data_of(world, "group_policy.scheduled") == [
        {
            "group_policy_id": gp,
            "group_id": gr,
            "employer_id": shown["employer_id"],
            "resource_type": "group_policy",
            "object": "group_policy_event",
        }
    ]


def test_a_group_policy_becomes_active_on_its_day_and_gets_its_number(world: World) -> None:
    gp = group_policy(world, staffed(world), start="2026-03-03")
    world.advance("1d")
    assert status(world, path(gp)) == "scheduled"
    world.advance("12h")
    shown = get(world, path(gp))
    assert (shown["status"], shown["health_insurance"]["group_policy_number"]) == ("active", "G0000001")
    assert told(world, gp) == ["group_policy.scheduled", "group_policy.active"]


def test_a_group_policy_expires_behind_its_last_day(world: World) -> None:
    assume(world, group_policy_months=1, renewals="cancelled")
    gp = group_policy(world, staffed(world))
    assert get(world, path(gp))["end_date"] == "2026-03-31"
    world.advance("30d")
    assert status(world, path(gp)) == "active"
    world.advance("1d")
    assert status(world, path(gp)) == "expired"
    assert told(world, gp)[-1] == "group_policy.expired"


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
def test_a_group_policy_runs_for_whole_months(world: World, start: str, months: int, end: str) -> None:
    assume(world, group_policy_months=months)
    assert get(world, path(group_policy(world, staffed(world), start=start)))["end_date"] == end


def test_a_policy_that_ended_long_ago_is_expired_at_once_and_never_renewed(world: World) -> None:
    gp = group_policy(world, staffed(world), start="2020-01-01")
    assert status(world, path(gp)) == "expired"
    world.advance("1d")
    assert told(world, gp) == ["group_policy.expired"]
    impossible(world, "decide_renewal", group_policy_id=gp, decision="renew")


def test_group_policies_are_listed_without_those_that_are_over(world: World) -> None:
    here, there = staffed(world), staffed(world)
    first, second, third = (
        group_policy(world, here),
        group_policy(world, there, start="2026-06-01"),
        group_policy(world, here),
    )
    step(world, first, "expire")
    owner = get(world, f"/groups/{here}")["employer_id"]
    for query, ids in (
        ("", [third, second]),
        (f"?{ALL}", [third, second, first]),
        ("?status=scheduled", [second]),
        (f"?group_id={there}", [second]),
        (f"?employer_id={owner}&{ALL}", [third, first]),
    ):
        assert [each["id"] for each in get(world, f"/group_policies{query}")["items"]] == ids
    refused(world.ask("GET", "/group_policies?status=over"), "status")
    missing(world.ask("GET", "/group_policies/gp_none"))


def test_a_cancelled_group_policy_takes_the_policies_under_it_along(world: World) -> None:
    gp, policy = enrolled(world)
    simulate(world, "end_group_policy", group_policy_id=gp)
    shown = get(world, path(gp))
    assert (shown["status"], shown["cancellation_date"]) == ("cancelled", "2026-03-01")
    assert renewal(world, gp) == "cancelled"
    assert status(world, f"/policies/{policy}") == "cancelled"
    assert told(world, gp).count("group_policy.cancelled") == 1
    assert "group_policy.renewal.canceled" in told(world, gp)
    impossible(world, "end_group_policy", group_policy_id=gp)


def test_a_cancellation_can_be_planned(world: World) -> None:
    gp, policy = enrolled(world)
    simulate(world, "end_group_policy", group_policy_id=gp, on="2026-03-11")
    shown = get(world, path(gp))
    assert (shown["status"], shown["cancellation_date"]) == ("active", "2026-03-11")
    assert data_of(world, "group_policy.updated")[0]["group_policy_id"] == gp
    world.advance("9d")
    assert status(world, path(gp)) == "active"
    world.advance("1d")
    assert (status(world, path(gp)), status(world, f"/policies/{policy}")) == ("cancelled", "cancelled")
    assert told(world, gp).count("group_policy.cancelled") == 1


def test_a_group_policy_that_never_began_is_cancelled_at_once(world: World) -> None:
    gp = group_policy(world, staffed(world), start="2026-06-01")
    simulate(world, "end_group_policy", group_policy_id=gp, on="2026-05-01")
    assert status(world, path(gp)) == "cancelled"


def test_a_renewal_opens_and_is_renewed_by_the_policy_that_follows(world: World) -> None:
    gp, policy = enrolled(world)
    gr = get(world, path(gp))["group_id"]
    # The renewal is on 2027-03-01, so its window is from 2026-12-31 to 2027-02-19.
    world.advance("304d")
    assert renewal(world, gp) == "upcoming"
    world.advance("1d")
    assert renewal(world, gp) == "open"
    world.advance("50d")
    assert renewal(world, gp) == "open"
    world.advance("1d")
    assert renewal(world, gp) == "renewed"
    following, before = get(world, f"/group_policies?group_id={gr}")["items"]
    assert (before["id"], following["status"], following["start_date"]) == (gp, "scheduled", "2027-03-01")
    assert get(world, f"/policies?group_policy_id={following['id']}")["total_count"] == 1
    world.advance("10d")
    assert [status(world, path(id)) for id in (gp, following["id"])] == ["expired", "active"]
    assert status(world, f"/policies/{policy}") == "expired"
    names = ("active", "renewal.opened", "renewal.renewed", "expired")
    of_group = [each for each in told(world, gp) if each.startswith("group_policy.")]
    assert of_group == [f"group_policy.{name}" for name in names]
    assert get(world, f"/groups/{gr}")["group_policy_ids"] == [gp, following["id"]]


@pytest.mark.parametrize("way", ["assumption", "metadata"])
def test_a_renewal_can_come_to_nothing(world: World, way: str) -> None:
    metadata = {"testmode.renewal": "cancelled"} if way == "metadata" else None
    if way == "assumption":
        assume(world, renewals="cancelled")
    gp = group_policy(world, staffed(world, metadata=metadata))
    world.advance("366d")
    assert (renewal(world, gp), status(world, path(gp))) == ("cancelled", "expired")
    assert "group_policy.renewal.canceled" in told(world, gp)
    assert get(world, f"/group_policies?{ALL}")["total_count"] == 1


def test_the_renewals_window_is_assumed(world: World) -> None:
    assume(world, renewal_opens=30, renewal_closes=0)
    shown = get(world, path(group_policy(world, staffed(world))))["health_insurance"]["renewal"]
    assert (shown["window_start_date"], shown["window_end_date"]) == ("2027-01-30", "2027-03-01")


@pytest.mark.parametrize(
    ("decisions", "state"),
    [(["open"], "open"), (["renew"], "renewed"), (["open", "renew"], "renewed"), (["open", "decline"], "cancelled")],
)
def test_a_renewal_is_decided_off_stage(world: World, decisions: list[str], state: str) -> None:
    gp = group_policy(world, staffed(world))
    for each in decisions:
        simulate(world, "decide_renewal", group_policy_id=gp, decision=each)
    assert renewal(world, gp) == state
    impossible(world, "decide_renewal", group_policy_id=gp, decision="open")


def test_a_renewal_takes_its_steps_like_everything_else(world: World) -> None:
    gp = group_policy(world, staffed(world))
    step(world, f"rn_{gp}", "open")
    step(world, f"rn_{gp}", "decline")
    assert renewal(world, gp) == "cancelled"


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
def test_every_step_can_be_taken_off_stage(world: World, start: str, name: str, state: str) -> None:
    gp = group_policy(world, staffed(world), start=start)
    step(world, gp, name)
    assert status(world, path(gp)) == state
    assert f"group_policy.{state}" in told(world, gp)


def test_a_group_is_readied_once_and_updated_by_later_policies(world: World) -> None:
    gr = staffed(world)
    group_policy(world, gr)
    group_policy(world, gr)
    assert told(world, gr).count("group.ready") == 1
    assert "group.updated" in told(world, gr)
    step(world, gr, "archive")
    assert get(world, f"/groups/{gr}")["status"] == "archived"


def selection(world: World, scope: str, name: str) -> dict[str, object]:
    configuration = next(each for each in plan(world, "Choice")["coverage_options"] if each["scope"] == scope)
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == name]
    return {"configuration_id": configuration["id"], "options": options}


def test_options_selected_for_the_group_are_in_the_price_of_its_employees_policies(world: World) -> None:
    assume(world, group_policy_asks="nothing", group_policy_start="today")
    gr = staffed(world)
    (member,) = get(world, f"/groups/{gr}/employees")["items"]
    selections = [selection(world, "group_policy", "All hospitals")]
    policy_intent(world, quote(world, gr, "Choice", coverage_selections=selections))
    world.advance("5s")
    asked = {"employee_id": member["id"], "group_id": gr, "force_confirmation": False}
    ok(post(world, "/enrolment_intents", {**asked, "coverage_selections": [selection(world, "policy", "Low excess")]}))
    world.advance("2s")
    (intent,) = get(world, f"/enrolment_intents?group_id={gr}")["items"]
    assert intent["status"] == "enrolling"
    world.advance("3s")
    (policy,) = get(world, f"/policies?group_id={gr}")["items"]
    # 142.25 for an adult, 12.00 for the hospitals, 6.50 for the excess.
    assert policy["health_insurance"]["estimated_gross_premium"]["monthly"]["total"] == 160.75


def test_a_policy_can_be_given_to_a_group_that_exists_only(world: World) -> None:
    core = plan(world, "Core")["id"]
    impossible(world, "make_group_policy", group_id="gr_none", plan_id=core)
    impossible(world, "make_group_policy", group_id=staffed(world), plan_id="pl_none")
    assert get(world, "/group_policies")["items"] == []


def test_a_policy_without_a_start_begins_next_month(world: World) -> None:
    gp = group_policy(world, staffed(world), start=None)
    assert get(world, path(gp))["start_date"] == "2026-04-01"
