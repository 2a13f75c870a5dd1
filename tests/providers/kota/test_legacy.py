"""The older health insurance objects: what they mirror, when they are told of, where they are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_cover import enrolled, insured_pair
from tests.support.kota_groups import employer, group, policy_intent, quote, quote_intent, staffed
from tests.support.kota_world import assume, code, events, freeze, made, new_world, read, simulate, step, told, wrong
from tests.support.worlds import World

QUOTES = "employer.health_insurance.quote"
LEVEL = ("plan_name", "plan_currency", "provider_name")


@pytest.fixture
def world() -> World:
    return new_world()


def mirrored(world: World, id: str) -> Any:
    """The older quote of a quote intent."""
    intent = read(world, f"/group_quote_intents/{id}")
    owner = read(world, f"/groups/{intent['group_id']}")["employer_id"]
    return read(world, f"/employers/{owner}/health_insurance/quotes/{id.replace('gqi_', 'erhq_')}")


def moves(world: World, type: str) -> list[str]:
    """What has been told of a kind of object, by the ends of the types."""
    return [each.removeprefix(f"{type}.") for each in told(world) if each.startswith(type)]


def test_an_employers_quote_follows_a_quote_intent_until_it_is_accepted(world: World) -> None:
    id = quote_intent(world, staffed(world))
    shown = mirrored(world, id)
    assert (shown["status"], shown["required_action"]) == ("pending_quote", None)
    assert [shown["coverage_levels"][0][name] for name in LEVEL] == ["Core", "eur", "Irish Life Health"]
    world.advance("2s")
    intent = read(world, f"/group_quote_intents/{id}")["action_required"]
    asked = mirrored(world, id)["required_action"]
    assert asked == {
        "reason": intent["reason"],
        "reason_description": intent["reason_description"],
        "code": intent["code"],
        "due_at": intent["due_by"][:10],
    }
    other = quote(world, staffed(world))
    policy_intent(world, other)
    assert mirrored(world, other)["status"] == "pending_insurer_acceptance"
    assert moves(world, QUOTES)[-1] == "pending_insurer_acceptance"


def test_an_employers_quote_is_told_of_each_time_it_moves(world: World) -> None:
    assume(world, group_policy_asks="nothing")
    id = quote(world, staffed(world))
    assert mirrored(world, id)["required_action"]["code"] == "decide_about_quote"
    policy_intent(world, id)
    world.advance("10s")
    assert mirrored(world, id)["status"] == "accepted"
    assert moves(world, QUOTES) == [
        "created",
        "action_required",
        "pending_quote",
        "action_required",
        "pending_insurer_acceptance",
        "accepted",
    ]
    thin, whole = (events(world, version, f"{QUOTES}.accepted")[0]["data"] for version in ("v2", "v1"))
    assert thin == {
        "id": id.replace("gqi_", "erhq_"),
        "employer_id": whole["employer_id"],
        "resource_type": "employer_health_insurance_quote",
        "object": "employer_health_insurance_quote_event",
    }
    assert whole == mirrored(world, id)


@pytest.mark.parametrize("name", ["reject", "expire"])
def test_a_quote_that_is_not_taken_up_is_not_undertaken(world: World, name: str) -> None:
    id = quote(world, staffed(world))
    step(world, id, name)
    assert mirrored(world, id)["status"] == "not_undertaken"
    assert moves(world, QUOTES)[-1] == "not_undertaken"


def test_a_quote_is_dated_by_when_the_insurer_gave_it(world: World) -> None:
    id = quote(world, staffed(world))
    given = read(world, f"/group_quote_intents/{id}/quote")["generated_at"]
    world.advance("1h")
    step(world, id, "reject")
    assert mirrored(world, id)["quoted_at"] == given


def test_an_employers_policy_follows_the_groups(world: World) -> None:
    someone, _ = insured_pair(world)
    owner = read(world, f"/employees/{someone}")["employer_id"]
    (policy,) = read(world, f"/group_policies?employer_id={owner}")["items"]
    path = f"/employers/{owner}/health_insurance/policies"
    single = f"{path}/{policy['id'].replace('gp_', 'erhp_')}"
    shown = read(world, single)
    assert read(world, path)["items"] == [shown]
    same = ("start_date", "end_date", "cancellation_date", "status")
    assert {name: shown[name] for name in same} == {name: policy[name] for name in same}
    insurance = policy["health_insurance"]
    assert shown["group_policy_number"] == insurance["group_policy_number"] is not None
    assert (shown["enrolment_type"], shown["employer_cancellation_period_length"]) == ("opt_in", 14)
    assert shown["renewal"]["renewal_date"] == insurance["renewal"]["renewal_date"]
    step(world, policy["id"], "cancel")
    assert read(world, single)["status"] == "cancelled"
    assert read(world, f"{path}?status=cancelled")["total_count"] == 1
    assert read(world, f"{path}?status=active,scheduled")["total_count"] == 0


def test_automatic_groups_opt_out(world: World) -> None:
    assume(world, employer_cancellation_period=30)
    owner = employer(world)
    everybody = group(world, owner)
    simulate(world, "set_enrolment_type", group_id=everybody, enrolment_type="automatic")
    plan = read(world, "/plans")["items"][0]["id"]
    simulate(world, "make_group_policy", group_id=everybody, plan_id=plan)
    (shown,) = read(world, f"/employers/{owner}/health_insurance/policies")["items"]
    assert (shown["enrolment_type"], shown["employer_cancellation_period_length"]) == ("opt_out", 30)


def test_policies_name_those_that_renew_them(world: World) -> None:
    someone, _ = insured_pair(world)
    policy = enrolled(world, (someone, _))
    owner = read(world, f"/employees/{someone}")["employer_id"]
    freeze(world, "2027-02-25T00:00:00Z")
    for path in (f"/employers/{owner}/health_insurance/policies", f"/employees/{someone}/health_insurance/policies"):
        following, before = read(world, path)["items"]
        renewal = before["renewal"]
        assert (renewal["status"], renewal["decision_confirmed"]) == ("renewed", True)
        assert renewal["renewed_health_insurance_id"] == following["id"]
        assert (following["renewal"]["renewed_health_insurance_id"], following["status"]) == (None, "scheduled")
    assert before["id"] == policy["id"].replace("p_", "eehp_")


def offer(world: World, someone: str) -> Any:
    (shown,) = read(world, f"/employees/{someone}/health_insurance/offers")["items"]
    return shown


def enrol(world: World, pair: tuple[str, str], **further: Any) -> str:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **further}
    return str(made(world, "/enrolment_intents", body)["id"])


def test_an_offer_asks_for_what_its_enrolment_waits_for(world: World) -> None:
    pair = insured_pair(world)
    id = enrol(world, pair, force_confirmation=True)
    assert read(world, f"/employees/{pair[0]}/health_insurance/offers")["items"] == []
    world.advance("2s")
    shown = offer(world, pair[0])
    assert shown["id"] == id.replace("ei_", "eeho_")
    waiting = read(world, f"/enrolment_intents/{id}")["pending_confirmation"]
    assert shown["required_action"]["code"] == waiting["code"]
    assert shown["required_action"]["due_at"] == waiting["due_by"][:10]
    assert read(world, f"/employees/{pair[0]}/health_insurance/offers/{shown['id']}") == shown
    (thin,), (whole,) = (events(world, each, "employee.health_insurance.offer") for each in ("v2", "v1"))
    assert whole["data"] == shown
    assert thin["data"] == {
        "id": shown["id"],
        "employer_id": shown["employer_id"],
        "employee_id": pair[0],
        "external_customer_id": None,
        "resource_type": "employee_health_insurance_offer",
        "object": "employee_health_insurance_offer_event",
    }
    step(world, id, "confirm")
    assert (offer(world, pair[0])["status"], offer(world, pair[0])["required_action"]) == ("accepted", None)


def test_an_offer_whose_options_are_open_asks_for_a_selection(world: World) -> None:
    pair = insured_pair(world, "Choice")
    enrol(world, pair)
    world.advance("2s")
    assert offer(world, pair[0])["required_action"] == {
        "reason": "Options are to be selected",
        "reason_description": "Select the coverage options of this policy.",
        "code": "select_coverage_options",
        "due_at": "2026-03-15",
    }


def test_an_offer_that_is_declined_is_not_undertaken(world: World) -> None:
    pair = insured_pair(world)
    id = enrol(world, pair, force_confirmation=True)
    world.advance("2s")
    step(world, id, "reject")
    assert offer(world, pair[0])["status"] == "not_undertaken"


def test_who_is_ineligible_is_offered_nothing(world: World) -> None:
    pair = insured_pair(world, date_of_birth="1940-01-01")
    enrol(world, pair)
    world.advance("2s")
    assert read(world, f"/employees/{pair[0]}/health_insurance/offers")["items"] == []


def test_an_employees_policy_follows_the_policy(world: World) -> None:
    pair = insured_pair(world)
    policy = enrolled(world, pair)
    path = f"/employees/{pair[0]}/health_insurance/policies"
    (shown,) = read(world, path)["items"]
    insurance = policy["health_insurance"]
    assert shown["policy_number"] == insurance["policy_number"]
    assert shown["opt_out_deadline_date"] == insurance["opt_out_deadline"]
    assert shown["estimated_gross_premium"] == insurance["estimated_gross_premium"]
    assert (shown["enrolled_dependants_count"], shown["coverage_level"]["plan_name"]) == (0, "Core")
    assert moves(world, "employee.health_insurance.policy") == ["activated"]
    step(world, policy["id"], "cancel")
    assert read(world, f"{path}/{shown['id']}")["status"] == "cancelled"
    assert moves(world, "employee.health_insurance.policy") == ["activated", "cancelled"]


def test_an_employees_policy_that_runs_out_is_told_of(world: World) -> None:
    assume(world, renewals="cancelled")
    policy = enrolled(world, insured_pair(world))
    freeze(world, "2027-03-01T00:00:00Z")
    assert read(world, f"/policies/{policy['id']}")["status"] == "expired"
    assert moves(world, "employee.health_insurance.policy")[-1] == "expired"
    assert moves(world, "employee.health_insurance.policy").count("expired") == 1


def test_an_imported_policy_is_told_of_as_such_and_ends_with_the_renewal_when_open_ended(world: World) -> None:
    someone, everybody = insured_pair(world)
    numbers = {"provider_policy_number": "N-1", "member_number": "M-1", "policy_start_date": "2026-01-01"}
    made(world, "/policy_import_intents", {"employee_id": someone, "group_id": everybody, **numbers})
    world.advance("10s")
    (shown,) = read(world, f"/employees/{someone}/health_insurance/policies")["items"]
    assert (shown["policy_number"], shown["end_date"]) == ("N-1", "2027-02-28")
    assert moves(world, "employee.health_insurance.policy") == ["imported"]
    assert events(world, "v1", "employee.health_insurance.policy") == []


def test_older_objects_are_those_of_the_path(world: World) -> None:
    pair = insured_pair(world)
    policy = enrolled(world, pair)
    other = employer(world)
    id = policy["id"].replace("p_", "eehp_")
    mine = read(world, f"/employees/{pair[0]}")["employer_id"]
    (of_employer,) = read(world, f"/employers/{mine}/health_insurance/policies")["items"]
    unknown = (
        f"/employees/ee_none/health_insurance/policies/{id}",
        f"/employees/{pair[0]}/health_insurance/policies/eehp_none",
        f"/employers/{other}/health_insurance/policies/{of_employer['id']}",
        f"/employers/{other}/health_insurance/quotes/erhq_none",
        "/employees/ee_none/health_insurance/offers",
    )
    for path in unknown:
        assert code(world, "GET", path) == (404, "not_found")


def test_what_older_lists_answer_for_nobody_can_be_set(world: World) -> None:
    lists = [f"/employers/er_none/health_insurance/{each}" for each in ("quotes", "policies")]
    lists.append("/employees/ee_none/health_insurance/policies")
    for path in lists:
        assert code(world, "GET", path) == (404, "not_found")
    assume(world, unknown_parent="empty")
    for path in lists:
        assert read(world, path)["items"] == []
    assert code(world, "GET", "/employees/ee_none/health_insurance/offers") == (404, "not_found")


def test_older_lists_know_their_states(world: World) -> None:
    owner = employer(world)
    for name in ("quotes", "policies"):
        assert wrong(world, "GET", f"/employers/{owner}/health_insurance/{name}?status=gone") == ["status"]
    quote_of = quote(world, staffed(world))
    of = mirrored(world, quote_of)["employer_id"]
    assert read(world, f"/employers/{of}/health_insurance/quotes?status=action_required")["total_count"] == 1
    assert read(world, f"/employers/{of}/health_insurance/quotes?status=accepted,pending_quote")["total_count"] == 0
