"""Kota's enrolment intents: from an employee in a group to a policy, with everything that may come between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.kota_cover import (
    assume,
    freeze,
    get,
    group,
    group_policy,
    insured_pair,
    join,
    ok,
    post,
    refused,
    selection,
    told,
)
from tests.support.kota_world import employee, employer, simulate, step
from tests.support.worlds import make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer, World


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def create(world: World, pair: tuple[str, str], *, force: bool = False, **further: Any) -> Answer:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": force, **further}
    return post(world, "/enrolment_intents", body)


def enrolment(world: World, pair: tuple[str, str], **options: Any) -> str:
    return str(ok(create(world, pair, **options))["id"])


def shown(world: World, id: str) -> Any:
    return get(world, f"/enrolment_intents/{id}")


def test_an_employee_is_processed_enrolled_and_covered(world: World) -> None:
    pair = insured_pair(world)
    made = ok(create(world, pair))
    assert made["status"] == "processing"
    assert made["policy_enrolments"][0]["id"] is None
    world.advance("2s")
    assert shown(world, made["id"])["status"] == "enrolling"
    world.advance("3s")
    after = shown(world, made["id"])
    assert after["status"] == "enrolled"
    policy = get(world, f"/policies/{after['policy_enrolments'][0]['id']}")
    assert (policy["status"], policy["start_date"]) == ("active", "2026-03-01")
    assert policy["employee_id"] == pair[0]
    states = ["processing", "enrolling", "enrolled"]
    assert told(world, made["id"]) == [f"enrolment_intent.{state}" for state in states]
    assert told(world, policy["id"]) == ["policy.active"]


def test_a_forced_confirmation_waits_until_it_is_given(world: World) -> None:
    id = enrolment(world, insured_pair(world), force=True)
    world.advance("1h")
    waiting = shown(world, id)
    assert waiting["status"] == "pending_confirmation"
    assert waiting["pending_confirmation"]["code"] == "confirm_enrolment"
    assert waiting["pending_confirmation"]["due_by"] == "2026-03-15T23:59:59Z"
    assert waiting["pending_confirmation"]["associated_persons"] == {
        "optional": True,
        "type": "dependents",
        "dependent": None,
    }
    answer = post(world, f"/enrolment_intents/{id}/confirm")
    assert (answer.status_code, answer.data) == (204, b"")
    assert shown(world, id)["status"] == "enrolling"
    assert shown(world, id)["pending_confirmation"] is None
    assert "enrolment_intent.pending_confirmation" in told(world, id)


def test_the_day_of_the_deadline_still_counts_and_the_next_does_not(world: World) -> None:
    id = enrolment(world, insured_pair(world), force=True)
    world.advance("2s")
    freeze(world, "2026-03-15T23:59:59Z")
    assert shown(world, id)["status"] == "pending_confirmation"
    world.advance("1s")
    assert shown(world, id)["status"] == "not_undertaken"
    refused(post(world, f"/enrolment_intents/{id}/confirm"))


def test_what_an_employee_pays_for_is_to_be_confirmed(world: World) -> None:
    half = {"type": "percentage", "percentage": {"percentage": 50}}
    pair = insured_pair(world, sharing=half)
    id = enrolment(world, pair)
    world.advance("2s")
    assert shown(world, id)["status"] == "pending_confirmation"


@pytest.mark.parametrize(
    ("rule", "percentage", "state"), [("never", 0, "enrolling"), ("always", 100, "pending_confirmation")]
)
def test_when_confirmation_is_needed_can_be_assumed_otherwise(
    world: World, rule: str, percentage: int, state: str
) -> None:
    assume(world, enrolment_confirmation=rule)
    id = enrolment(world, insured_pair(world, sharing={"type": "percentage", "percentage": {"percentage": percentage}}))
    world.advance("2s")
    assert shown(world, id)["status"] == state


def test_an_enrolment_waits_for_an_employee_who_is_not_active_yet(world: World) -> None:
    owner = employer(world)
    someone, everybody = employee(world, owner), group(world, owner)
    group_policy(world, everybody)
    join(world, everybody, someone)
    made = ok(create(world, (someone, everybody)))
    assert made["status"] == "scheduled"
    ok(world.ask("PUT", f"/enrolment_intents/{made['id']}", json={"enrolment_date": "2026-03-20"}))
    assert shown(world, made["id"])["status"] == "scheduled"
    world.advance("2s")
    assert shown(world, made["id"])["status"] == "processing"
    assert told(world, made["id"])[-1] == "enrolment_intent.processing"


def test_whoever_is_too_old_for_the_plan_is_ineligible(world: World) -> None:
    id = enrolment(world, insured_pair(world, date_of_birth="1940-01-01"))
    world.advance("2s")
    assert shown(world, id)["ineligibility_reason"]["code"] == "employee_above_maximum_age"
    assert told(world, id)[-1] == "enrolment_intent.ineligible"


def test_an_ineligibility_without_a_known_reason_says_so(world: World) -> None:
    id = enrolment(world, insured_pair(world, metadata={"testmode.enrolment_intent": "ineligible"}))
    world.advance("2s")
    assert shown(world, id)["ineligibility_reason"]["code"] == "unknown"


def test_information_is_asked_for_once(world: World) -> None:
    assume(world, enrolment_information="asked")
    id = enrolment(world, insured_pair(world))
    world.advance("2s")
    assert shown(world, id)["action_required"]["code"] == "provide_missing_information"
    asked = get(world, f"/enrolment_intents/{id}/requirements")["items"]
    assert [each["requirement_type"] for each in asked] == ["enrolment_intent"]
    step(world, asked[0]["id"], "fulfil")
    assert shown(world, id)["status"] == "processing"
    world.advance("2s")
    assert shown(world, id)["status"] == "enrolling"


def test_metadata_chooses_ahead_what_an_enrolment_comes_to(world: World) -> None:
    id = enrolment(world, insured_pair(world, metadata={"testmode.enrolment_intent": "action_required"}))
    world.advance("2s")
    assert shown(world, id)["status"] == "action_required"
    asked = get(world, f"/enrolment_intents/{id}/requirements")["items"]
    step(world, asked[0]["id"], "fulfil")
    world.advance("2s")
    assert shown(world, id)["status"] == "enrolling"


def test_an_insurer_may_not_enrol_after_all(world: World) -> None:
    id = enrolment(world, insured_pair(world, metadata={"testmode.enrolment_intent": "not_undertaken"}))
    world.advance("2s")
    assert shown(world, id)["status"] == "not_undertaken"


def test_options_are_selected_before_an_employee_is_enrolled(world: World) -> None:
    id = enrolment(world, insured_pair(world, "Choice"))
    world.advance("2s")
    before = shown(world, id)
    assert before["status"] == "coverage_options_required"
    assert before["policy_enrolments"][0]["health_insurance"]["coverage_options"]
    refused(post(world, f"/enrolment_intents/{id}/confirm"))
    chosen = [selection(world, "policy")]
    assert (
        post(world, f"/enrolment_intents/{id}/coverage-selections", {"coverage_selections": chosen}).status_code == 204
    )
    world.advance("2s")
    after = shown(world, id)
    assert after["status"] == "enrolling"
    kept = after["policy_enrolments"][0]["health_insurance"]["coverage_selections"]
    assert kept[0]["options"][0]["option_id"] == chosen[0]["options"][0]["option_id"]
    refused(post(world, f"/enrolment_intents/{id}/coverage-selections", {"coverage_selections": chosen}))


def test_options_selected_ahead_are_not_asked_for_and_cost(world: World) -> None:
    id = enrolment(world, insured_pair(world, "Choice"), coverage_selections=[selection(world, "policy", 1)])
    world.advance("5s")
    policy = get(world, f"/policies/{shown(world, id)['policy_enrolments'][0]['id']}")
    assert policy["health_insurance"]["estimated_gross_premium"]["monthly"]["total"] == 142.25 + 6.50


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda it: it[0].update(configuration_id="pc_none"), "coverage_selections[0].configuration_id"),
        (lambda it: it[0].update(options=[]), "coverage_selections[0].options"),
        (lambda it: it[0]["options"][0].update(option_id="pco_none"), "coverage_selections[0].options[0].option_id"),
        (lambda it: it.append(it[0]), "coverage_selections[1].configuration_id"),
        (lambda it: it[0].update(options=it[0]["options"] * 2), "coverage_selections[0].options[1].option_id"),
        (
            lambda it: it[0]["options"][0].update(sub_options=[{"option_id": "pco_none"}]),
            "coverage_selections[0].options[0].sub_options[0].option_id",
        ),
    ],
)
def test_wrong_selections_are_refused_by_their_path(world: World, change: Any, path: str) -> None:
    pair, chosen = insured_pair(world, "Choice"), [selection(world, "policy")]
    change(chosen)
    assert path in refused(create(world, pair, coverage_selections=chosen), "invalid_request")["errors"]


def test_options_of_another_scope_are_not_for_a_policy(world: World) -> None:
    pair = insured_pair(world, "Choice")
    errors = refused(create(world, pair, coverage_selections=[selection(world, "member")]), "invalid_request")
    assert set(errors["errors"]) == {"coverage_selections[0].configuration_id", "coverage_selections"}


def test_changing_the_dates_starts_over(world: World) -> None:
    id = enrolment(world, insured_pair(world), force=True, policy_configuration={"enrolment_date": "2026-03-05"})
    world.advance("2s")
    assert shown(world, id)["policy_enrolments"][0]["estimated_effective_from"] == "2026-03-05"
    answer = ok(world.ask("PUT", f"/enrolment_intents/{id}", json={"desired_policy_start_date": "2026-04-01"}))
    assert answer["status"] == "processing"
    assert answer["policy_configuration"] == {
        "desired_policy_start_date": "2026-04-01",
        "enrolment_date": "2026-03-05",
    }
    assert answer["policy_enrolments"][0]["estimated_effective_from"] == "2026-04-01"
    assume(world, configuration_put="replaced")
    answer = ok(world.ask("PUT", f"/enrolment_intents/{id}", json={}))
    assert answer["policy_configuration"] == {"desired_policy_start_date": None, "enrolment_date": None}


def test_what_is_being_enrolled_cannot_be_changed(world: World) -> None:
    id = enrolment(world, insured_pair(world))
    world.advance("2s")
    refused(world.ask("PUT", f"/enrolment_intents/{id}", json={}))
    world.advance("3s")
    refused(world.ask("PUT", f"/enrolment_intents/{id}", json={}))


def test_an_offer_can_be_rejected_and_taken_up_again(world: World) -> None:
    id = enrolment(world, insured_pair(world), force=True)
    refused(post(world, f"/enrolment_intents/{id}/reject"))
    world.advance("2s")
    assert post(world, f"/enrolment_intents/{id}/reject").status_code == 204
    assert shown(world, id)["status"] == "not_undertaken"
    assert ok(world.ask("PUT", f"/enrolment_intents/{id}", json={}))["status"] == "processing"


def test_an_employee_is_enrolled_into_a_group_once(world: World) -> None:
    pair = insured_pair(world)
    enrolment(world, pair)
    refused(create(world, pair))
    world.advance("5s")
    refused(create(world, pair))
    assume(world, second_enrolment="accepted")
    ok(create(world, pair))


def test_only_members_of_a_group_with_a_policy_can_be_enrolled(world: World) -> None:
    owner = employer(world)
    someone, everybody = employee(world, owner), group(world, owner)
    assert "not in the group" in refused(create(world, (someone, everybody)))["detail"]
    join(world, everybody, someone)
    assert "no policy" in refused(create(world, (someone, everybody)))["detail"]
    group_policy(world, everybody)
    simulate(world, "set_enrolment_type", group_id=everybody, enrolment_type="automatic")
    assert "automatically" in refused(create(world, (someone, everybody)))["detail"]
    simulate(world, "archive_group", group_id=everybody)
    assert "archived" in refused(create(world, (someone, everybody)))["detail"]


@pytest.mark.parametrize("field", ["employee_id", "group_id"])
def test_unknown_ids_are_not_found(world: World, field: str) -> None:
    someone, everybody = insured_pair(world)
    body: dict[str, Any] = {"employee_id": someone, "group_id": everybody, "force_confirmation": False}
    body[field] = body[field][:3] + "0" * 32
    refused(post(world, "/enrolment_intents", body), "not_found", 404)
    del body["force_confirmation"]
    assert "force_confirmation" in refused(post(world, "/enrolment_intents", body), "invalid_request")["errors"]
    for path in ("", "/requirements"):
        refused(world.ask("GET", f"/enrolment_intents/ei_0{path}"), "not_found", 404)


def test_an_enrolment_ends_with_the_policy_of_its_group(world: World) -> None:
    owner = employer(world)
    someone, everybody = employee(world, owner), group(world, owner)
    policy = group_policy(world, everybody)
    world.advance("5s")
    join(world, everybody, someone)
    id = enrolment(world, (someone, everybody))
    world.advance("2s")
    simulate(world, "end_group_policy", group_policy_id=policy)
    world.advance("3s")
    assert shown(world, id)["status"] == "not_undertaken"


def test_nothing_can_be_confirmed_while_the_insurers_are_down(world: World) -> None:
    id = enrolment(world, insured_pair(world), force=True)
    world.advance("2s")
    assume(world, insurers="down")
    refused(post(world, f"/enrolment_intents/{id}/confirm"), "third_party_error", 500)
    assert shown(world, id)["status"] == "pending_confirmation"


def test_enrolments_are_listed_newest_first_by_employee_group_and_status(world: World) -> None:
    pair = insured_pair(world)
    assume(world, second_enrolment="accepted")
    first, second = enrolment(world, pair), enrolment(world, pair, force=True)
    world.advance("2s")
    ids = [each["id"] for each in get(world, "/enrolment_intents")["items"]][:2]
    assert ids == [second, first]
    assert get(world, f"/enrolment_intents?employee_id={pair[0]}&status=enrolling")["total_count"] == 1
    assert (
        get(world, f"/enrolment_intents?group_id={pair[1]}&status=enrolling,pending_confirmation")["total_count"] == 2
    )
    assert get(world, "/enrolment_intents?employee_id=ee_none")["total_count"] == 0
    refused(world.ask("GET", "/enrolment_intents?status=none"), "invalid_request")


@pytest.mark.parametrize(
    ("setting", "rest", "state"),
    [("enrolment_processing", "50m", "enrolling"), ("enrolment_enrolling", "50m2s", "enrolled")],
)
def test_how_long_things_take_can_be_assumed_otherwise(world: World, setting: str, rest: str, state: str) -> None:
    assume(world, **{setting: "1h"})
    id = enrolment(world, insured_pair(world))
    world.advance("10m")
    assert shown(world, id)["status"] != state
    world.advance(rest)
    assert shown(world, id)["status"] == state


def test_the_deadline_can_be_assumed_otherwise(world: World) -> None:
    assume(world, enrolment_deadline=0)
    id = enrolment(world, insured_pair(world), force=True)
    world.advance("2s")
    assert shown(world, id)["pending_confirmation"]["due_by"] == "2026-03-01T23:59:59Z"
