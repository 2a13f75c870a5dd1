"""Kota's group quote intents: request, requirements, quote, refusal and expiry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    QUOTE_ANSWERS,
    add_to_group,
    answer_requirement,
    create_active_employee,
    create_available_quote,
    create_employer,
    create_group,
    create_quote_intent,
    create_staffed_group,
    event_data,
    event_types,
    expect_field_refusal,
    expect_invalid_state,
    expect_not_found,
    expect_ok,
    expect_simulation_refused,
    fetch_status,
    find_plan,
    fulfil_requirement,
    get,
    list_requirements,
    make_empty_harness,
    post,
    set_assumptions,
    simulate,
    take_step,
)

EIGHTY_PERCENT = {"type": "percentage", "percentage": {"percentage": 80}}
UNSET_SHARING = {"member_count": None, "member_selection": None, "family_type": None}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def path(id: str) -> str:
    return f"/group_quote_intents/{id}"


def outcome_metadata(state: str) -> dict[str, Any]:
    return {"metadata": {"testmode.group_quote_intent": state}}


def test_a_quote_intent_begins_processing(harness: Harness) -> None:
    group, plan = create_staffed_group(harness), find_plan(harness, "Core")
    body = {
        "group_id": group,
        "plan_id": plan["id"],
        "cost_sharing": EIGHTY_PERCENT,
        "expected_start_date": "2026-10-01",
    }
    created = expect_ok(post(harness, "/group_quote_intents", body))
    links = created.pop("consent_links")
    assert created == {
        "object": "group_quote_intent",
        "id": created["id"],
        "group_id": group,
        "plan_id": plan["id"],
        "status": "processing",
        "cost_sharing": {**EIGHTY_PERCENT, **UNSET_SHARING},
        "expected_start_date": "2026-10-01",
        "action_required": None,
        "disclosures": plan["disclosures"],
    }
    assert [link["type"] for link in links] == ["terms_of_business", "privacy_policy"]
    assert get(harness, f"/groups/{group}")["group_quote_intent_ids"] == [created["id"]]
    assert event_data(harness, "group_quote_intent.processing") == [
        {
            "group_quote_intent_id": created["id"],
            "group_id": group,
            "plan_id": plan["id"],
            "resource_type": "group_quote_intent",
            "object": "group_quote_intent_event",
        }
    ]


def test_a_quote_is_available_after_the_employers_answers(harness: Harness) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness))
    expect_invalid_state(harness.request("GET", f"{path(id)}/quote"))
    harness.advance("2s")
    record = get(harness, path(id))
    assert record["status"] == "action_required"
    assert record["action_required"]["code"] == "provide_missing_information"
    assert record["action_required"]["due_by"] == "2026-03-15T23:59:59Z"
    fulfil_requirement(harness, path(id), QUOTE_ANSWERS)
    record = get(harness, path(id))
    assert (record["status"], record["action_required"]) == ("awaiting_quote", None)
    harness.advance("3s")
    states = ("processing", "action_required", "awaiting_quote", "quote_available")
    assert event_types(harness, id) == [f"group_quote_intent.{state}" for state in states]


def test_a_quote_counts_eligible_employees_and_their_premium(harness: Harness) -> None:
    group = create_staffed_group(harness, 2)
    employer = get(harness, f"/groups/{group}")["employer_id"]
    for changes in ({"date_of_birth": "1930-01-01"}, {"start_on": "2027-01-01"}):
        add_to_group(harness, group, create_active_employee(harness, employer, **changes))
    ineligible = create_active_employee(harness, employer)
    add_to_group(harness, group, ineligible)
    take_step(harness, ineligible, "fail_check")
    id = create_available_quote(harness, group, cost_sharing=EIGHTY_PERCENT)
    record = get(harness, f"{path(id)}/quote")
    pdf = record.pop("pdf_url")
    assert record == {
        "object": "group_quote",
        "employee_count": 2,
        "cost_sharing": {**EIGHTY_PERCENT, **UNSET_SHARING},
        "total_monthly_premium": 219.8,
        "currency": "EUR",
        "pdf_expires_at": "2026-03-01T13:00:18Z",
        "generated_at": "2026-03-01T12:00:18Z",
        "expires_at": "2026-03-31T12:00:18Z",
    }
    assert get(harness, f"{path(id)}/quote")["pdf_url"] != pdf
    harness.advance("1h")
    assert get(harness, f"{path(id)}/quote")["pdf_expires_at"] == "2026-03-01T14:00:18Z"


def test_selected_options_are_in_the_price(harness: Harness) -> None:
    configuration = next(
        each for each in find_plan(harness, "Choice")["coverage_options"] if each["scope"] == "group_policy"
    )
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == "All hospitals"]
    group, selections = create_staffed_group(harness), [{"configuration_id": configuration["id"], "options": options}]
    id = create_available_quote(harness, group, "Choice", coverage_selections=selections)
    assert get(harness, f"{path(id)}/quote")["total_monthly_premium"] == 154.25


def test_an_option_for_larger_employers_is_refused_by_the_insurer(harness: Harness) -> None:
    configuration = next(
        each for each in find_plan(harness, "Choice")["coverage_options"] if each["scope"] == "group_policy"
    )
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == "City hospitals"]
    selections = [{"configuration_id": configuration["id"], "options": options}]
    id = create_available_quote(harness, create_staffed_group(harness), "Choice", coverage_selections=selections)
    assert fetch_status(harness, path(id)) == "rejected_by_insurer"


def test_quote_intents_are_listed_newest_first_and_filtered(harness: Harness) -> None:
    here, there = create_staffed_group(harness), create_staffed_group(harness)
    first, second, third = (
        create_available_quote(harness, here),
        create_quote_intent(harness, here, "Family"),
        create_quote_intent(harness, there),
    )
    core = find_plan(harness, "Core")["id"]
    for query, ids in (
        ("", [third, second, first]),
        (f"?group_id={here}", [second, first]),
        (f"?plan_id={core}", [third, first]),
        ("?status=quote_available,rejected", [first]),
        ("?page_size=1&page=2", [second]),
    ):
        assert [each["id"] for each in get(harness, f"/group_quote_intents{query}")["items"]] == ids
    expect_field_refusal(harness.request("GET", "/group_quote_intents?status=done"), "status")
    expect_not_found(harness.request("GET", "/group_quote_intents/gqi_none"))
    expect_not_found(harness.request("GET", "/group_quote_intents/gqi_none/quote"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"group_id": "er_1"}, "group_id"),
        ({"plan_id": None}, "plan_id"),
        ({"expected_start_date": "1 May"}, "expected_start_date"),
        ({"expected_start_date": "2026-02-28"}, "expected_start_date"),
        ({"cost_sharing": {"type": "percentage"}}, "cost_sharing"),
        ({"cost_sharing": {"type": "policyholder_only", "percentage": {"percentage": 1}}}, "cost_sharing"),
        (
            {"cost_sharing": {"type": "percentage", "percentage": {"percentage": 101}}},
            "cost_sharing.percentage.percentage",
        ),
        ({"cost_sharing": {"type": "family_type", "family_type": {"type": "single"}}}, "cost_sharing.type"),
        (
            {"coverage_selections": [{"configuration_id": "pc_x", "options": []}]},
            "coverage_selections[0].configuration_id",
        ),
    ],
)
def test_a_quote_intent_is_refused_for_wrong_fields(harness: Harness, changes: Any, field: str) -> None:
    body = {"group_id": create_staffed_group(harness), "plan_id": find_plan(harness, "Core")["id"], **changes}
    expect_field_refusal(post(harness, "/group_quote_intents", body), field)
    assert get(harness, "/group_quote_intents")["total_count"] == 0


def test_a_quote_intent_needs_a_group_and_a_plan_that_exist_and_an_open_group(harness: Harness) -> None:
    group, core = create_staffed_group(harness), find_plan(harness, "Core")["id"]
    expect_not_found(post(harness, "/group_quote_intents", {"group_id": "gr_none", "plan_id": core}))
    expect_not_found(post(harness, "/group_quote_intents", {"group_id": group, "plan_id": "pl_none"}))
    expect_field_refusal(
        post(harness, "/group_quote_intents", {"group_id": group, "plan_id": find_plan(harness, "Choice")["id"]}),
        "coverage_selections",
    )
    simulate(harness, "archive_group", group_id=group)
    expect_invalid_state(post(harness, "/group_quote_intents", {"group_id": group, "plan_id": core}))


def test_a_plan_must_be_on_sale_unless_an_assumption_allows_others(harness: Harness) -> None:
    group = create_staffed_group(harness)
    for name in ("Classic", "Next"):
        expect_field_refusal(
            post(harness, "/group_quote_intents", {"group_id": group, "plan_id": find_plan(harness, name)["id"]}),
            "plan_id",
        )
    set_assumptions(harness, plan_not_on_sale="accepted")
    assert create_quote_intent(harness, group, "Classic")


def test_assumptions_allow_unsupported_cost_sharing_and_a_past_start(harness: Harness) -> None:
    group, family = create_staffed_group(harness), {"type": "family_type", "family_type": {"type": "single"}}
    set_assumptions(harness, unsupported_cost_sharing="accepted", start_in_past="accepted")
    assert create_quote_intent(harness, group, cost_sharing=family, expected_start_date="2026-01-01")


@pytest.mark.parametrize(("rule", "percentage"), [("policyholder_only", None), ("percentage", {"percentage": 100})])
def test_a_quote_without_cost_sharing_uses_the_assumed_one(harness: Harness, rule: str, percentage: Any) -> None:
    set_assumptions(harness, quote_cost_sharing=rule)
    id = create_available_quote(harness, create_staffed_group(harness))
    assert get(harness, path(id))["cost_sharing"] is None
    assert get(harness, f"{path(id)}/quote")["cost_sharing"] == {
        "type": rule,
        "percentage": percentage,
        **UNSET_SHARING,
    }


def test_an_available_quote_can_be_rejected_once(harness: Harness) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness))
    expect_invalid_state(post(harness, f"{path(id)}/reject"))
    available = create_available_quote(harness, create_staffed_group(harness))
    expect_ok(post(harness, f"{path(available)}/reject"), 204)
    assert fetch_status(harness, path(available)) == "rejected"
    expect_invalid_state(post(harness, f"{path(available)}/reject"))
    expect_invalid_state(harness.request("GET", f"{path(available)}/quote"))
    assert event_types(harness, available)[-1] == "group_quote_intent.rejected"
    expect_not_found(post(harness, "/group_quote_intents/gqi_none/reject"))


def test_a_quote_expires_after_its_validity(harness: Harness) -> None:
    set_assumptions(harness, quote_validity="2d")
    id = create_available_quote(harness, create_staffed_group(harness))
    harness.advance("1d")
    assert fetch_status(harness, path(id)) == "quote_available"
    harness.advance("1d")
    assert fetch_status(harness, path(id)) == "quote_expired"
    assert event_types(harness, id)[-1] == "group_quote_intent.quote_expired"


def test_an_insurer_refuses_employers_that_do_not_meet_the_plans_criteria(harness: Harness) -> None:
    small, large, mining = (
        create_staffed_group(harness, 2),
        create_staffed_group(harness, 3),
        create_staffed_group(harness, 3),
    )
    ids = [create_quote_intent(harness, each, "International") for each in (small, large, mining)]
    harness.advance("2s")
    for id, industry in zip(ids, ("software", "software", "mining"), strict=True):
        fulfil_requirement(harness, path(id), {**QUOTE_ANSWERS, "industry": industry})
    harness.advance("3s")
    states = [fetch_status(harness, path(id)) for id in ids]
    assert states == ["rejected_by_insurer", "quote_available", "rejected_by_insurer"]
    set_assumptions(harness, employer_criteria="ignored")
    assert fetch_status(harness, path(create_available_quote(harness, small, "International"))) == "quote_available"


def test_a_simulation_refuses_a_quote_intent(harness: Harness) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness))
    simulate(harness, "refuse_intent", id=id)
    assert fetch_status(harness, path(id)) == "rejected_by_insurer"
    assert event_types(harness, id)[-1] == "group_quote_intent.rejected_by_insurer"
    expect_simulation_refused(harness, "refuse_intent", id=id)
    expect_simulation_refused(harness, "refuse_intent", id="gqi_none")
    expect_simulation_refused(harness, "refuse_intent", id="ei_none")


@pytest.mark.parametrize(
    ("state", "reached"),
    [
        ("action_required", "action_required"),
        ("awaiting_quote", "awaiting_quote"),
        ("quote_available", "quote_available"),
        ("rejected_by_insurer", "rejected_by_insurer"),
        ("quote_expired", "quote_expired"),
    ],
)
def test_metadata_of_the_employer_selects_the_outcome(harness: Harness, state: str, reached: str) -> None:
    set_assumptions(harness, quote_asks="nothing")
    id = create_quote_intent(harness, create_staffed_group(harness, **outcome_metadata(state)))
    harness.advance("1m")
    assert fetch_status(harness, path(id)) == reached


def test_an_assumption_decides_which_requirements_a_quote_intent_has(harness: Harness) -> None:
    set_assumptions(harness, quote_asks="nothing")
    id = create_quote_intent(harness, create_staffed_group(harness))
    harness.advance("5s")
    assert fetch_status(harness, path(id)) == "quote_available"
    assert list_requirements(harness, path(id)) == []


def test_an_assumption_decides_the_state_after_the_answers(harness: Harness) -> None:
    set_assumptions(harness, quote_answered="processing", requirement_deadline=0)
    id = create_quote_intent(harness, create_staffed_group(harness))
    harness.advance("2s")
    assert get(harness, path(id))["action_required"]["due_by"] == "2026-03-01T23:59:59Z"
    fulfil_requirement(harness, path(id), QUOTE_ANSWERS)
    assert fetch_status(harness, path(id)) == "processing"
    harness.advance("5s")
    assert fetch_status(harness, path(id)) == "quote_available"


def test_the_duration_of_each_step_is_an_assumption(harness: Harness) -> None:
    set_assumptions(
        harness, quote_asks="nothing", quote_processing="1d", quote_insurer="2d", quote_document_validity="5m"
    )
    id = create_quote_intent(harness, create_staffed_group(harness))
    harness.advance("1d")
    assert fetch_status(harness, path(id)) == "awaiting_quote"
    harness.advance("2d")
    record = get(harness, f"{path(id)}/quote")
    assert (record["generated_at"], record["pdf_expires_at"]) == ("2026-03-04T12:00:07Z", "2026-03-04T12:05:07Z")


def test_no_quote_is_shown_while_insurers_are_down(harness: Harness) -> None:
    id = create_available_quote(harness, create_staffed_group(harness))
    set_assumptions(harness, insurers="down")
    response = harness.request("GET", f"{path(id)}/quote")
    assert (response.status_code, response.json["error_code"]) == (500, "third_party_error")


STEPS = [
    ([], "ask", "action_required"),
    ([], "submit", "awaiting_quote"),
    ([], "quote", "quote_available"),
    ([], "refuse", "rejected_by_insurer"),
    (["ask"], "process", "processing"),
    (["ask"], "submit", "awaiting_quote"),
    (["submit"], "quote", "quote_available"),
    (["submit"], "refuse", "rejected_by_insurer"),
    (["quote"], "reject", "rejected"),
    (["quote"], "expire", "quote_expired"),
]


@pytest.mark.parametrize(("before", "name", "state"), STEPS)
def test_every_step_can_be_taken_by_simulation(harness: Harness, before: list[str], name: str, state: str) -> None:
    id = create_quote_intent(harness, create_group(harness, create_employer(harness)))
    for each in (*before, name):
        take_step(harness, id, each)
    assert fetch_status(harness, path(id)) == state
    assert event_types(harness, id)[-1] == f"group_quote_intent.{state}"


def test_late_answers_do_not_change_a_finished_intent(harness: Harness) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness))
    harness.advance("2s")
    (required,) = list_requirements(harness, path(id))
    take_step(harness, id, "process")
    simulate(harness, "refuse_intent", id=id)
    answer_requirement(harness, required["id"], QUOTE_ANSWERS)
    assert fetch_status(harness, path(id)) == "rejected_by_insurer"
