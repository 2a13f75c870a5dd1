"""Kota's enrolment intents: from an employee in a group to a policy, with every state between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.harness import make_harness
from tests.support.kota_cover_helpers import (
    add_to_group,
    coverage_selection,
    create_group,
    create_group_policy,
    create_insured_employee,
    event_types,
    expect_ok,
    expect_refusal,
    freeze_clock,
    get,
    post,
    set_assumptions,
)
from tests.support.kota_helpers import create_employee, create_employer, simulate, take_step

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse, Harness


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def create(harness: Harness, pair: tuple[str, str], *, force: bool = False, **fields: Any) -> ApiResponse:
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": force, **fields}
    return post(harness, "/enrolment_intents", body)


def enrolment_id(harness: Harness, pair: tuple[str, str], **options: Any) -> str:
    return str(expect_ok(create(harness, pair, **options))["id"])


def fetch_enrolment(harness: Harness, id: str) -> Any:
    return get(harness, f"/enrolment_intents/{id}")


def test_an_employee_is_processed_enrolled_and_covered(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    created = expect_ok(create(harness, pair))
    assert created["status"] == "processing"
    assert created["policy_enrolments"][0]["id"] is None
    harness.advance("2s")
    assert fetch_enrolment(harness, created["id"])["status"] == "enrolling"
    harness.advance("3s")
    after = fetch_enrolment(harness, created["id"])
    assert after["status"] == "enrolled"
    policy = get(harness, f"/policies/{after['policy_enrolments'][0]['id']}")
    assert (policy["status"], policy["start_date"]) == ("active", "2026-03-01")
    assert policy["employee_id"] == pair[0]
    states = ["processing", "enrolling", "enrolled"]
    assert event_types(harness, created["id"]) == [f"enrolment_intent.{state}" for state in states]
    assert event_types(harness, policy["id"]) == ["policy.active"]


def test_a_forced_confirmation_waits_for_the_call(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness), force=True)
    harness.advance("1h")
    waiting = fetch_enrolment(harness, id)
    assert waiting["status"] == "pending_confirmation"
    assert waiting["pending_confirmation"]["code"] == "confirm_enrolment"
    assert waiting["pending_confirmation"]["due_by"] == "2026-03-15T23:59:59Z"
    assert waiting["pending_confirmation"]["associated_persons"] == {
        "optional": True,
        "type": "dependents",
        "dependent": None,
    }
    response = post(harness, f"/enrolment_intents/{id}/confirm")
    assert (response.status_code, response.data) == (204, b"")
    assert fetch_enrolment(harness, id)["status"] == "enrolling"
    assert fetch_enrolment(harness, id)["pending_confirmation"] is None
    assert "enrolment_intent.pending_confirmation" in event_types(harness, id)


def test_the_deadline_includes_its_day(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness), force=True)
    harness.advance("2s")
    freeze_clock(harness, "2026-03-15T23:59:59Z")
    assert fetch_enrolment(harness, id)["status"] == "pending_confirmation"
    harness.advance("1s")
    assert fetch_enrolment(harness, id)["status"] == "not_undertaken"
    expect_refusal(post(harness, f"/enrolment_intents/{id}/confirm"))


def test_an_enrolment_that_the_employee_pays_for_needs_confirmation(harness: Harness) -> None:
    half = {"type": "percentage", "percentage": {"percentage": 50}}
    pair = create_insured_employee(harness, sharing=half)
    id = enrolment_id(harness, pair)
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == "pending_confirmation"


@pytest.mark.parametrize(
    ("rule", "percentage", "state"), [("never", 0, "enrolling"), ("always", 100, "pending_confirmation")]
)
def test_an_assumption_decides_when_confirmation_is_needed(
    harness: Harness, rule: str, percentage: int, state: str
) -> None:
    set_assumptions(harness, enrolment_confirmation=rule)
    id = enrolment_id(
        harness,
        create_insured_employee(harness, sharing={"type": "percentage", "percentage": {"percentage": percentage}}),
    )
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == state


def test_an_enrolment_waits_for_an_employee_who_is_not_active_yet(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer), create_group(harness, employer)
    create_group_policy(harness, group)
    add_to_group(harness, group, employee)
    created = expect_ok(create(harness, (employee, group)))
    assert created["status"] == "scheduled"
    expect_ok(harness.request("PUT", f"/enrolment_intents/{created['id']}", json={"enrolment_date": "2026-03-20"}))
    assert fetch_enrolment(harness, created["id"])["status"] == "scheduled"
    harness.advance("2s")
    assert fetch_enrolment(harness, created["id"])["status"] == "processing"
    assert event_types(harness, created["id"])[-1] == "enrolment_intent.processing"


def test_an_employee_too_old_for_the_plan_is_ineligible(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness, date_of_birth="1940-01-01"))
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["ineligibility_reason"]["code"] == "employee_above_maximum_age"
    assert event_types(harness, id)[-1] == "enrolment_intent.ineligible"


def test_an_ineligibility_without_a_reason_has_the_code_unknown(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness, metadata={"testmode.enrolment_intent": "ineligible"}))
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["ineligibility_reason"]["code"] == "unknown"


def test_missing_information_is_requested_once(harness: Harness) -> None:
    set_assumptions(harness, enrolment_information="asked")
    id = enrolment_id(harness, create_insured_employee(harness))
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["action_required"]["code"] == "provide_missing_information"
    requirements = get(harness, f"/enrolment_intents/{id}/requirements")["items"]
    assert [each["requirement_type"] for each in requirements] == ["enrolment_intent"]
    take_step(harness, requirements[0]["id"], "fulfil")
    assert fetch_enrolment(harness, id)["status"] == "processing"
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == "enrolling"


def test_metadata_selects_the_outcome_of_an_enrolment(harness: Harness) -> None:
    id = enrolment_id(
        harness, create_insured_employee(harness, metadata={"testmode.enrolment_intent": "action_required"})
    )
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == "action_required"
    requirements = get(harness, f"/enrolment_intents/{id}/requirements")["items"]
    take_step(harness, requirements[0]["id"], "fulfil")
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == "enrolling"


def test_an_insurer_may_refuse_an_enrolment(harness: Harness) -> None:
    id = enrolment_id(
        harness, create_insured_employee(harness, metadata={"testmode.enrolment_intent": "not_undertaken"})
    )
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["status"] == "not_undertaken"


def test_options_are_selected_before_an_employee_is_enrolled(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness, "Choice"))
    harness.advance("2s")
    before = fetch_enrolment(harness, id)
    assert before["status"] == "coverage_options_required"
    assert before["policy_enrolments"][0]["health_insurance"]["coverage_options"]
    expect_refusal(post(harness, f"/enrolment_intents/{id}/confirm"))
    chosen = [coverage_selection(harness, "policy")]
    assert (
        post(harness, f"/enrolment_intents/{id}/coverage-selections", {"coverage_selections": chosen}).status_code
        == 204
    )
    harness.advance("2s")
    after = fetch_enrolment(harness, id)
    assert after["status"] == "enrolling"
    stored = after["policy_enrolments"][0]["health_insurance"]["coverage_selections"]
    assert stored[0]["options"][0]["option_id"] == chosen[0]["options"][0]["option_id"]
    expect_refusal(post(harness, f"/enrolment_intents/{id}/coverage-selections", {"coverage_selections": chosen}))


def test_options_selected_at_creation_are_not_requested_again_and_are_in_the_premium(harness: Harness) -> None:
    id = enrolment_id(
        harness,
        create_insured_employee(harness, "Choice"),
        coverage_selections=[coverage_selection(harness, "policy", 1)],
    )
    harness.advance("5s")
    policy = get(harness, f"/policies/{fetch_enrolment(harness, id)['policy_enrolments'][0]['id']}")
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
def test_invalid_selections_are_refused_with_their_path(harness: Harness, change: Any, path: str) -> None:
    pair, chosen = create_insured_employee(harness, "Choice"), [coverage_selection(harness, "policy")]
    change(chosen)
    assert path in expect_refusal(create(harness, pair, coverage_selections=chosen), "invalid_request")["errors"]


def test_options_of_another_scope_are_refused(harness: Harness) -> None:
    pair = create_insured_employee(harness, "Choice")
    errors = expect_refusal(
        create(harness, pair, coverage_selections=[coverage_selection(harness, "member")]), "invalid_request"
    )
    assert set(errors["errors"]) == {"coverage_selections[0].configuration_id", "coverage_selections"}


def test_changing_the_dates_restarts_processing(harness: Harness) -> None:
    id = enrolment_id(
        harness, create_insured_employee(harness), force=True, policy_configuration={"enrolment_date": "2026-03-05"}
    )
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["policy_enrolments"][0]["estimated_effective_from"] == "2026-03-05"
    response = expect_ok(
        harness.request("PUT", f"/enrolment_intents/{id}", json={"desired_policy_start_date": "2026-04-01"})
    )
    assert response["status"] == "processing"
    assert response["policy_configuration"] == {
        "desired_policy_start_date": "2026-04-01",
        "enrolment_date": "2026-03-05",
    }
    assert response["policy_enrolments"][0]["estimated_effective_from"] == "2026-04-01"
    set_assumptions(harness, configuration_put="replaced")
    response = expect_ok(harness.request("PUT", f"/enrolment_intents/{id}", json={}))
    assert response["policy_configuration"] == {"desired_policy_start_date": None, "enrolment_date": None}


def test_an_enrolment_in_progress_cannot_be_changed(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness))
    harness.advance("2s")
    expect_refusal(harness.request("PUT", f"/enrolment_intents/{id}", json={}))
    harness.advance("3s")
    expect_refusal(harness.request("PUT", f"/enrolment_intents/{id}", json={}))


def test_an_enrolment_can_be_rejected_and_restarted(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness), force=True)
    expect_refusal(post(harness, f"/enrolment_intents/{id}/reject"))
    harness.advance("2s")
    assert post(harness, f"/enrolment_intents/{id}/reject").status_code == 204
    assert fetch_enrolment(harness, id)["status"] == "not_undertaken"
    assert expect_ok(harness.request("PUT", f"/enrolment_intents/{id}", json={}))["status"] == "processing"


def test_an_employee_is_enrolled_into_a_group_once(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    enrolment_id(harness, pair)
    expect_refusal(create(harness, pair))
    harness.advance("5s")
    expect_refusal(create(harness, pair))
    set_assumptions(harness, second_enrolment="accepted")
    expect_ok(create(harness, pair))


def test_only_members_of_a_group_with_a_policy_can_be_enrolled(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer), create_group(harness, employer)
    assert "not in the group" in expect_refusal(create(harness, (employee, group)))["detail"]
    add_to_group(harness, group, employee)
    assert "no policy" in expect_refusal(create(harness, (employee, group)))["detail"]
    create_group_policy(harness, group)
    simulate(harness, "set_enrolment_type", group_id=group, enrolment_type="automatic")
    assert "automatically" in expect_refusal(create(harness, (employee, group)))["detail"]
    simulate(harness, "archive_group", group_id=group)
    assert "archived" in expect_refusal(create(harness, (employee, group)))["detail"]


@pytest.mark.parametrize("field", ["employee_id", "group_id"])
def test_unknown_ids_are_not_found(harness: Harness, field: str) -> None:
    employee, group = create_insured_employee(harness)
    body: dict[str, Any] = {"employee_id": employee, "group_id": group, "force_confirmation": False}
    body[field] = body[field][:3] + "0" * 32
    expect_refusal(post(harness, "/enrolment_intents", body), "not_found", 404)
    del body["force_confirmation"]
    assert (
        "force_confirmation" in expect_refusal(post(harness, "/enrolment_intents", body), "invalid_request")["errors"]
    )
    for path in ("", "/requirements"):
        expect_refusal(harness.request("GET", f"/enrolment_intents/ei_0{path}"), "not_found", 404)


def test_an_enrolment_ends_with_the_policy_of_its_group(harness: Harness) -> None:
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer), create_group(harness, employer)
    policy = create_group_policy(harness, group)
    harness.advance("5s")
    add_to_group(harness, group, employee)
    id = enrolment_id(harness, (employee, group))
    harness.advance("2s")
    simulate(harness, "end_group_policy", group_policy_id=policy)
    harness.advance("3s")
    assert fetch_enrolment(harness, id)["status"] == "not_undertaken"


def test_nothing_can_be_confirmed_while_the_insurers_are_down(harness: Harness) -> None:
    id = enrolment_id(harness, create_insured_employee(harness), force=True)
    harness.advance("2s")
    set_assumptions(harness, insurers="down")
    expect_refusal(post(harness, f"/enrolment_intents/{id}/confirm"), "third_party_error", 500)
    assert fetch_enrolment(harness, id)["status"] == "pending_confirmation"


def test_enrolments_are_listed_newest_first_by_employee_group_and_status(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    set_assumptions(harness, second_enrolment="accepted")
    first, second = enrolment_id(harness, pair), enrolment_id(harness, pair, force=True)
    harness.advance("2s")
    ids = [each["id"] for each in get(harness, "/enrolment_intents")["items"]][:2]
    assert ids == [second, first]
    assert get(harness, f"/enrolment_intents?employee_id={pair[0]}&status=enrolling")["total_count"] == 1
    assert (
        get(harness, f"/enrolment_intents?group_id={pair[1]}&status=enrolling,pending_confirmation")["total_count"] == 2
    )
    assert get(harness, "/enrolment_intents?employee_id=ee_none")["total_count"] == 0
    expect_refusal(harness.request("GET", "/enrolment_intents?status=none"), "invalid_request")


@pytest.mark.parametrize(
    ("setting", "rest", "state"),
    [("enrolment_processing", "50m", "enrolling"), ("enrolment_enrolling", "50m2s", "enrolled")],
)
def test_the_duration_of_each_step_is_an_assumption(harness: Harness, setting: str, rest: str, state: str) -> None:
    set_assumptions(harness, **{setting: "1h"})
    id = enrolment_id(harness, create_insured_employee(harness))
    harness.advance("10m")
    assert fetch_enrolment(harness, id)["status"] != state
    harness.advance(rest)
    assert fetch_enrolment(harness, id)["status"] == state


def test_the_deadline_is_an_assumption(harness: Harness) -> None:
    set_assumptions(harness, enrolment_deadline=0)
    id = enrolment_id(harness, create_insured_employee(harness), force=True)
    harness.advance("2s")
    assert fetch_enrolment(harness, id)["pending_confirmation"]["due_by"] == "2026-03-01T23:59:59Z"
