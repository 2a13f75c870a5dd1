"""Kota's policies: begun, priced, shared, renewed, ended by date; and policies taken over from insurers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.kota_cover import (
    S,
    assume,
    done,
    enrolled,
    freeze,
    get,
    group,
    group_policy,
    insured_pair,
    join,
    ok,
    person,
    post,
    refused,
    selection,
    told,
)
from tests.support.kota_world import employee, employer, made, simulate, step
from tests.support.worlds import make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer, World


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def shown(world: World, id: str) -> Any:
    return get(world, f"/policies/{id}")


def test_a_policy_has_deadlines_a_renewal_and_a_member(world: World) -> None:
    policy = enrolled(world, insured_pair(world))
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


def test_a_plan_for_the_policyholder_alone_has_no_deadline_for_dependents(world: World) -> None:
    policy = enrolled(world, insured_pair(world, "Single", sharing={"type": "policyholder_only"}))
    assert policy["health_insurance"]["initial_dependents_update_deadline"] is None
    assert policy["health_insurance"]["dependents_supported"] is False


def test_the_deadlines_can_be_assumed_otherwise(world: World) -> None:
    assume(world, opt_out_days=1, initial_dependents_days=2)
    insurance = enrolled(world, insured_pair(world))["health_insurance"]
    assert insurance["opt_out_deadline"] == "2026-03-01"
    assert insurance["initial_dependents_update_deadline"] == "2026-03-02"


def test_a_policy_starts_and_ends_on_its_days(world: World) -> None:
    id = enrolled(world, insured_pair(world, start="2026-04-01"))["id"]
    assert shown(world, id)["status"] == "scheduled"
    freeze(world, "2026-04-01T00:00:00Z")
    assert shown(world, id)["status"] == "active"
    freeze(world, "2027-03-31T23:59:59Z")
    assert shown(world, id)["status"] == "active"
    world.advance("1s")
    assert shown(world, id)["status"] == "expired"
    events = told(world, id)
    assert [events[0], events[1], events[-1]] == ["policy.scheduled", "policy.active", "policy.expired"]


def test_a_policy_is_renewed_with_the_policy_of_its_group(world: World) -> None:
    before = enrolled(world, insured_pair(world))
    freeze(world, before["health_insurance"]["renewal"]["window_start_date"] + "T00:00:00Z")
    assert shown(world, before["id"])["health_insurance"]["renewal"]["status"] == "open"
    freeze(world, "2027-03-01T00:00:00Z")
    renewal = shown(world, before["id"])["health_insurance"]["renewal"]
    assert (renewal["status"], shown(world, before["id"])["status"]) == ("renewed", "expired")
    after = shown(world, renewal["renewed_policy_id"])
    assert (after["status"], after["start_date"], after["employee_id"]) == (
        "active",
        "2027-03-01",
        before["employee_id"],
    )
    assert after["group_policy_id"] != before["group_policy_id"]
    assert after["health_insurance"]["members"][0]["id"] != before["health_insurance"]["members"][0]["id"]
    assert told(world, before["id"]) == [
        "policy.active",
        "policy.renewal.opened",
        "policy.renewal.renewed",
        "policy.expired",
    ]


def test_a_renewal_is_cancelled_with_that_of_the_group(world: World) -> None:
    assume(world, renewals="cancelled")
    policy = enrolled(world, insured_pair(world))
    freeze(world, "2027-02-28T00:00:00Z")
    assert shown(world, policy["id"])["health_insurance"]["renewal"]["status"] == "cancelled"
    assert told(world, policy["id"])[-1] == "policy.renewal.canceled"


def test_what_is_to_end_is_not_renewed(world: World) -> None:
    policy = enrolled(world, insured_pair(world))
    simulate(world, "cancel_policy", id=policy["id"], day="2027-02-25")
    freeze(world, "2027-02-24T00:00:00Z")
    assert shown(world, policy["id"])["health_insurance"]["renewal"]["status"] == "cancelled"


def test_an_insurer_ends_a_policy_now_or_on_a_day(world: World) -> None:
    id = enrolled(world, insured_pair(world))["id"]
    simulate(world, "cancel_policy", id=id, day="2026-03-10")
    assert (shown(world, id)["status"], shown(world, id)["cancellation_date"]) == ("active", "2026-03-10")
    freeze(world, "2026-03-10T00:00:00Z")
    assert shown(world, id)["status"] == "cancelled"
    assert told(world, id) == ["policy.active", "policy.updated", "policy.cancelled"]
    again = world.admin("POST", f"{S}/simulations/cancel_policy", {"id": id, "day": "2026-03-10"})
    assert again.status_code == 422


def test_a_policy_cancelled_before_it_begins_never_does(world: World) -> None:
    id = enrolled(world, insured_pair(world, start="2026-04-01"))["id"]
    simulate(world, "cancel_policy", id=id, day="2026-03-20")
    assert (shown(world, id)["status"], shown(world, id)["cancellation_date"]) == ("cancelled", "2026-03-20")


def test_a_step_without_a_day_is_taken_today(world: World) -> None:
    id = enrolled(world, insured_pair(world))["id"]
    step(world, id, "cancel")
    assert shown(world, id)["cancellation_date"] == "2026-03-01"


def test_only_policies_in_force_are_listed_unless_asked_otherwise(world: World) -> None:
    someone, everybody = insured_pair(world)
    id = enrolled(world, (someone, everybody))["id"]
    step(world, id, "cancel")
    assert get(world, f"/policies?employee_id={someone}")["items"] == []
    assert get(world, "/policies?status=cancelled")["items"][0]["id"] == id
    second = enrolled(world, (someone, everybody))
    for filter in (f"employee_id={someone}", f"group_id={everybody}", f"group_policy_id={second['group_policy_id']}"):
        assert [each["id"] for each in get(world, f"/policies?{filter}")["items"]] == [second["id"]]
        assert get(world, f"/policies?{filter}&status=active,cancelled")["total_count"] == 2
    assert get(world, "/policies?group_policy_id=gp_none")["items"] == []
    refused(world.ask("GET", "/policies/p_none"), "not_found", 404)


def test_a_bundle_of_plans_makes_a_policy_of_each(world: World) -> None:
    owner = employer(world)
    someone, everybody = employee(world, owner), group(world, owner)
    group_policy(world, everybody, "Core")
    group_policy(world, everybody, "Choice")
    world.advance("5s")
    join(world, everybody, someone)
    enrolled(world, (someone, everybody), coverage_selections=[selection(world, "policy")])
    policies = get(world, f"/policies?group_id={everybody}")["items"]
    assert {(each["plan"]["name"], each["bundling_type"]) for each in policies} == {
        ("Core", "bundled_primary"),
        ("Choice", "bundled_secondary"),
    }


def importing(world: World, pair: tuple[str, str], **changes: Any) -> Answer:
    body = {
        "employee_id": pair[0],
        "group_id": pair[1],
        "provider_policy_number": "ILH-77",
        "member_number": "M-1",
        "policy_start_date": "2025-11-01",
    }
    return post(world, "/policy_import_intents", {**body, **changes})


def test_a_policy_that_exists_at_the_insurer_is_taken_over(world: World) -> None:
    pair = insured_pair(world)
    spouse = person(world, pair[0], "spouse", "1990-01-01")
    people = [{"associated_person_id": spouse, "member_number": "M-2"}]
    asked = ok(importing(world, pair, associated_persons=people))
    assert asked["status"] == "processing"
    assert asked["associated_persons"][0]["member_number"] == "M-2"
    world.advance("3s")
    assert get(world, f"/policy_import_intents/{asked['id']}")["status"] == "success"
    policy = get(world, "/policies")["items"][0]
    assert (policy["start_date"], policy["end_date"], policy["status"]) == ("2025-11-01", None, "active")
    assert policy["health_insurance"]["policy_number"] == "ILH-77"
    members = [(each["member_type"], each["member_number"]) for each in policy["health_insurance"]["members"]]
    assert members == [("policyholder", "M-1"), ("spouse", "M-2")]
    states = ["processing", "success"]
    assert told(world, asked["id"]) == [f"policy_import_intent.{state}" for state in states]
    # The event of a success names the policy.
    assert told(world, policy["id"]) == ["policy.imported", "policy_import_intent.success"]
    freeze(world, "2028-01-01T00:00:00Z")
    assert shown(world, policy["id"])["status"] == "active"


def test_an_imported_policy_ends_when_its_insurer_says(world: World) -> None:
    pair = insured_pair(world)
    ok(importing(world, pair, policy_end_date="2026-02-28"))
    world.advance("3s")
    assert get(world, "/policies?status=expired")["items"][0]["end_date"] == "2026-02-28"


def test_the_last_day_there_is_means_for_ever(world: World) -> None:
    ok(importing(world, insured_pair(world), policy_start_date="2026-05-01", policy_end_date="9999-12-31"))
    world.advance("3s")
    id = get(world, "/policies?status=scheduled")["items"][0]["id"]
    freeze(world, "2030-01-01T00:00:00Z")
    assert (shown(world, id)["status"], shown(world, id)["end_date"]) == ("active", "9999-12-31")


def test_a_plan_of_a_bundle_covers_whom_it_can(world: World) -> None:
    owner = employer(world)
    someone, everybody = employee(world, owner), group(world, owner)
    group_policy(world, everybody, "Core")
    group_policy(world, everybody, "Single", sharing={"type": "policyholder_only"})
    world.advance("5s")
    join(world, everybody, someone)
    body = {"employee_id": someone, "group_id": everybody, "force_confirmation": True}
    enrolment = f"/enrolment_intents/{made(world, '/enrolment_intents', body)['id']}"
    world.advance("2s")
    listing = f"/dependents_management_intents/{made(world, f'{enrolment}/create_dependents_management_intent')['id']}"
    made(world, f"{listing}/dependents", {"associated_person_ids": [person(world, someone)]})
    done(post(world, f"{listing}/confirm"))
    world.advance("3s")
    done(post(world, f"{enrolment}/confirm"))
    world.advance("3s")
    found = get(world, f"/policies?employee_id={someone}")["items"]
    assert {each["plan"]["name"]: len(each["health_insurance"]["members"]) for each in found} == {
        "Core": 2,
        "Single": 1,
    }


def test_an_import_fails_for_whoever_is_covered_or_as_metadata_says(world: World) -> None:
    pair = insured_pair(world)
    enrolled(world, pair)
    covered = ok(importing(world, pair))["id"]
    failing = insured_pair(world, metadata={"testmode.policy_import_intent": "failed"})
    chosen = ok(importing(world, failing))["id"]
    world.advance("3s")
    assert get(world, f"/policy_import_intents/{covered}")["status"] == "failed"
    assert get(world, f"/policy_import_intents/{chosen}")["status"] == "failed"
    assert told(world, chosen)[-1] == "policy_import_intent.failed"
    found = get(world, f"/policy_import_intents?employee_id={failing[0]}&group_id={failing[1]}&status=failed")
    assert [each["id"] for each in found["items"]] == [chosen]
    assert [each["id"] for each in get(world, "/policy_import_intents")["items"][:2]] == [chosen, covered]
    assert get(world, f"/policy_import_intents?employee_id={failing[0]}&status=success")["items"] == []


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
def test_wrong_imports_are_refused_by_their_path(world: World, changes: dict[str, str], path: str) -> None:
    assert path in refused(importing(world, insured_pair(world), **changes), "invalid_request")["errors"]


def test_only_the_employees_own_people_are_imported_once_each(world: World) -> None:
    pair, others = insured_pair(world), insured_pair(world)
    mine, theirs = person(world, pair[0]), person(world, others[0])
    rows = [{"associated_person_id": each} for each in (mine, mine, theirs)]
    rows[0] |= {"start_date": "2025-12-01", "end_date": "2025-11-01"}
    errors = refused(importing(world, pair, associated_persons=rows), "invalid_request")["errors"]
    assert set(errors) == {
        "associated_persons[0].end_date",
        "associated_persons[1].associated_person_id",
        "associated_persons[2].associated_person_id",
    }


def test_what_cannot_be_insured_cannot_be_imported(world: World) -> None:
    pair = insured_pair(world)
    refused(importing(world, (pair[0], group(world, employer(world)))))
    refused(importing(world, ("ee_none", pair[1])), "not_found", 404)
    refused(importing(world, (pair[0], "gr_none")), "not_found", 404)
    refused(world.ask("GET", "/policy_import_intents/pii_0"), "not_found", 404)
    assume(world, insurers="down")
    refused(importing(world, pair), "third_party_error", 500)


def test_how_long_an_import_takes_can_be_assumed_otherwise(world: World) -> None:
    assume(world, import_processing="1h")
    id = ok(importing(world, insured_pair(world)))["id"]
    world.advance("59m")
    assert get(world, f"/policy_import_intents/{id}")["status"] == "processing"
    world.advance("1m")
    assert get(world, f"/policy_import_intents/{id}")["status"] == "success"
