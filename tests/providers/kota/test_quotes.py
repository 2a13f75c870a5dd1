"""Kota's group quote intents: what a plan would cost a group, asked for, answered, refused, expired."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_groups import (
    QUOTE_ANSWERS,
    active,
    answer,
    assume,
    bare_world,
    data_of,
    employer,
    fulfil,
    get,
    group,
    impossible,
    join,
    missing,
    not_now,
    ok,
    plan,
    post,
    quote,
    quote_intent,
    refused,
    requirements_of,
    simulate,
    staffed,
    status,
    step,
    told,
)
from tests.support.worlds import World

EIGHTY = {"type": "percentage", "percentage": {"percentage": 80}}
OTHERS = {"member_count": None, "member_selection": None, "family_type": None}


@pytest.fixture
def world() -> World:
    return bare_world()


def path(id: str) -> str:
    return f"/group_quote_intents/{id}"


def wanting(state: str) -> dict[str, Any]:
    return {"metadata": {"testmode.group_quote_intent": state}}


def test_a_quote_intent_begins_processing(world: World) -> None:
    gr, pl = staffed(world), plan(world, "Core")
    body = {"group_id": gr, "plan_id": pl["id"], "cost_sharing": EIGHTY, "expected_start_date": "2026-10-01"}
    made = ok(post(world, "/group_quote_intents", body))
    links = made.pop("consent_links")
    assert made == {
        "object": "group_quote_intent",
        "id": made["id"],
        "group_id": gr,
        "plan_id": pl["id"],
        "status": "processing",
        "cost_sharing": {**EIGHTY, **OTHERS},
        "expected_start_date": "2026-10-01",
        "action_required": None,
        "disclosures": pl["disclosures"],
    }
    assert [link["type"] for link in links] == ["terms_of_business", "privacy_policy"]
    assert get(world, f"/groups/{gr}")["group_quote_intent_ids"] == [made["id"]]
    assert data_of(world, "group_quote_intent.processing") == [
        {
            "group_quote_intent_id": made["id"],
            "group_id": gr,
            "plan_id": pl["id"],
            "resource_type": "group_quote_intent",
            "object": "group_quote_intent_event",
        }
    ]


def test_a_quote_comes_once_the_employer_has_answered(world: World) -> None:
    id = quote_intent(world, staffed(world))
    not_now(world.ask("GET", f"{path(id)}/quote"))
    world.advance("2s")
    shown = get(world, path(id))
    assert shown["status"] == "action_required"
    assert shown["action_required"]["code"] == "provide_missing_information"
    assert shown["action_required"]["due_by"] == "2026-03-15T23:59:59Z"
    fulfil(world, path(id), QUOTE_ANSWERS)
    shown = get(world, path(id))
    assert (shown["status"], shown["action_required"]) == ("awaiting_quote", None)
    world.advance("3s")
    states = ("processing", "action_required", "awaiting_quote", "quote_available")
    assert told(world, id) == [f"group_quote_intent.{state}" for state in states]


def test_a_quote_counts_those_who_can_be_covered_and_what_they_cost(world: World) -> None:
    gr = staffed(world, 2)
    er = get(world, f"/groups/{gr}")["employer_id"]
    for changes in ({"date_of_birth": "1930-01-01"}, {"start_on": "2027-01-01"}):
        join(world, gr, active(world, er, **changes))
    gone = active(world, er)
    join(world, gr, gone)
    step(world, gone, "fail_check")
    id = quote(world, gr, cost_sharing=EIGHTY)
    shown = get(world, f"{path(id)}/quote")
    pdf = shown.pop("pdf_url")
    assert shown == {
        "object": "group_quote",
        "employee_count": 2,
        "cost_sharing": {**EIGHTY, **OTHERS},
        "total_monthly_premium": 219.8,
        "currency": "EUR",
        "pdf_expires_at": "2026-03-01T13:00:18Z",
        "generated_at": "2026-03-01T12:00:18Z",
        "expires_at": "2026-03-31T12:00:18Z",
    }
    assert get(world, f"{path(id)}/quote")["pdf_url"] != pdf
    world.advance("1h")
    assert get(world, f"{path(id)}/quote")["pdf_expires_at"] == "2026-03-01T14:00:18Z"


def test_selected_options_are_in_the_price(world: World) -> None:
    configuration = next(each for each in plan(world, "Choice")["coverage_options"] if each["scope"] == "group_policy")
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == "All hospitals"]
    gr, selections = staffed(world), [{"configuration_id": configuration["id"], "options": options}]
    id = quote(world, gr, "Choice", coverage_selections=selections)
    assert get(world, f"{path(id)}/quote")["total_monthly_premium"] == 154.25


def test_an_option_for_larger_employers_is_refused_by_the_insurer(world: World) -> None:
    configuration = next(each for each in plan(world, "Choice")["coverage_options"] if each["scope"] == "group_policy")
    options = [{"option_id": each["id"]} for each in configuration["options"] if each["name"] == "City hospitals"]
    selections = [{"configuration_id": configuration["id"], "options": options}]
    id = quote(world, staffed(world), "Choice", coverage_selections=selections)
    assert status(world, path(id)) == "rejected_by_insurer"


def test_quote_intents_are_listed_newest_first_and_filtered(world: World) -> None:
    here, there = staffed(world), staffed(world)
    first, second, third = quote(world, here), quote_intent(world, here, "Family"), quote_intent(world, there)
    core = plan(world, "Core")["id"]
    for query, ids in (
        ("", [third, second, first]),
        (f"?group_id={here}", [second, first]),
        (f"?plan_id={core}", [third, first]),
        ("?status=quote_available,rejected", [first]),
        ("?page_size=1&page=2", [second]),
    ):
        assert [each["id"] for each in get(world, f"/group_quote_intents{query}")["items"]] == ids
    refused(world.ask("GET", "/group_quote_intents?status=done"), "status")
    missing(world.ask("GET", "/group_quote_intents/gqi_none"))
    missing(world.ask("GET", "/group_quote_intents/gqi_none/quote"))


@pytest.mark.parametrize(
    ("changes", "where"),
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
def test_a_quote_intent_is_refused_for_wrong_fields(world: World, changes: Any, where: str) -> None:
    body = {"group_id": staffed(world), "plan_id": plan(world, "Core")["id"], **changes}
    refused(post(world, "/group_quote_intents", body), where)
    assert get(world, "/group_quote_intents")["total_count"] == 0


def test_a_quote_intent_needs_a_group_and_a_plan_that_exist_and_an_open_group(world: World) -> None:
    gr, core = staffed(world), plan(world, "Core")["id"]
    missing(post(world, "/group_quote_intents", {"group_id": "gr_none", "plan_id": core}))
    missing(post(world, "/group_quote_intents", {"group_id": gr, "plan_id": "pl_none"}))
    refused(
        post(world, "/group_quote_intents", {"group_id": gr, "plan_id": plan(world, "Choice")["id"]}),
        "coverage_selections",
    )
    simulate(world, "archive_group", group_id=gr)
    not_now(post(world, "/group_quote_intents", {"group_id": gr, "plan_id": core}))


def test_a_plan_has_to_be_on_sale_unless_assumed_otherwise(world: World) -> None:
    gr = staffed(world)
    for name in ("Classic", "Next"):
        refused(post(world, "/group_quote_intents", {"group_id": gr, "plan_id": plan(world, name)["id"]}), "plan_id")
    assume(world, plan_not_on_sale="accepted")
    assert quote_intent(world, gr, "Classic")


def test_what_a_quote_may_be_asked_with_is_assumed(world: World) -> None:
    gr, family = staffed(world), {"type": "family_type", "family_type": {"type": "single"}}
    assume(world, unsupported_cost_sharing="accepted", start_in_past="accepted")
    assert quote_intent(world, gr, cost_sharing=family, expected_start_date="2026-01-01")


@pytest.mark.parametrize(("rule", "percentage"), [("policyholder_only", None), ("percentage", {"percentage": 100})])
def test_a_quote_without_cost_sharing_gets_the_assumed_one(world: World, rule: str, percentage: Any) -> None:
    assume(world, quote_cost_sharing=rule)
    id = quote(world, staffed(world))
    assert get(world, path(id))["cost_sharing"] is None
    assert get(world, f"{path(id)}/quote")["cost_sharing"] == {"type": rule, "percentage": percentage, **OTHERS}


def test_a_quote_can_be_rejected_once_and_only_when_it_is_there(world: World) -> None:
    id = quote_intent(world, staffed(world))
    not_now(post(world, f"{path(id)}/reject"))
    fulfilled = quote(world, staffed(world))
    ok(post(world, f"{path(fulfilled)}/reject"), 204)
    assert status(world, path(fulfilled)) == "rejected"
    not_now(post(world, f"{path(fulfilled)}/reject"))
    not_now(world.ask("GET", f"{path(fulfilled)}/quote"))
    assert told(world, fulfilled)[-1] == "group_quote_intent.rejected"
    missing(post(world, "/group_quote_intents/gqi_none/reject"))


def test_a_quote_expires_when_its_time_is_up(world: World) -> None:
    assume(world, quote_validity="2d")
    id = quote(world, staffed(world))
    world.advance("1d")
    assert status(world, path(id)) == "quote_available"
    world.advance("1d")
    assert status(world, path(id)) == "quote_expired"
    assert told(world, id)[-1] == "group_quote_intent.quote_expired"


def test_an_insurer_refuses_employers_that_do_not_meet_the_plans_criteria(world: World) -> None:
    small, large, digging = staffed(world, 2), staffed(world, 3), staffed(world, 3)
    ids = [quote_intent(world, each, "International") for each in (small, large, digging)]
    world.advance("2s")
    for id, industry in zip(ids, ("software", "software", "mining"), strict=True):
        fulfil(world, path(id), {**QUOTE_ANSWERS, "industry": industry})
    world.advance("3s")
    states = [status(world, path(id)) for id in ids]
    assert states == ["rejected_by_insurer", "quote_available", "rejected_by_insurer"]
    assume(world, employer_criteria="ignored")
    assert status(world, path(quote(world, small, "International"))) == "quote_available"


def test_an_insurer_refuses_off_stage(world: World) -> None:
    id = quote_intent(world, staffed(world))
    simulate(world, "refuse_intent", id=id)
    assert status(world, path(id)) == "rejected_by_insurer"
    assert told(world, id)[-1] == "group_quote_intent.rejected_by_insurer"
    impossible(world, "refuse_intent", id=id)
    impossible(world, "refuse_intent", id="gqi_none")
    impossible(world, "refuse_intent", id="ei_none")


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
def test_an_employers_metadata_choose_what_comes_out(world: World, state: str, reached: str) -> None:
    assume(world, quote_asks="nothing")
    id = quote_intent(world, staffed(world, **wanting(state)))
    world.advance("1m")
    assert status(world, path(id)) == reached


def test_whom_a_quote_intent_asks_about_is_assumed(world: World) -> None:
    assume(world, quote_asks="nothing")
    id = quote_intent(world, staffed(world))
    world.advance("5s")
    assert status(world, path(id)) == "quote_available"
    assert requirements_of(world, path(id)) == []


def test_where_an_answered_quote_intent_goes_is_assumed(world: World) -> None:
    assume(world, quote_answered="processing", requirement_deadline=0)
    id = quote_intent(world, staffed(world))
    world.advance("2s")
    assert get(world, path(id))["action_required"]["due_by"] == "2026-03-01T23:59:59Z"
    fulfil(world, path(id), QUOTE_ANSWERS)
    assert status(world, path(id)) == "processing"
    world.advance("5s")
    assert status(world, path(id)) == "quote_available"


def test_how_long_things_take_is_assumed(world: World) -> None:
    assume(world, quote_asks="nothing", quote_processing="1d", quote_insurer="2d", quote_document_validity="5m")
    id = quote_intent(world, staffed(world))
    world.advance("1d")
    assert status(world, path(id)) == "awaiting_quote"
    world.advance("2d")
    shown = get(world, f"{path(id)}/quote")
    assert (shown["generated_at"], shown["pdf_expires_at"]) == ("2026-03-04T12:00:07Z", "2026-03-04T12:05:07Z")


def test_no_quote_is_shown_while_insurers_are_down(world: World) -> None:
    id = quote(world, staffed(world))
    assume(world, insurers="down")
    said = world.ask("GET", f"{path(id)}/quote")
    assert (said.status_code, said.json["error_code"]) == (500, "third_party_error")


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
def test_every_step_can_be_taken_off_stage(world: World, before: list[str], name: str, state: str) -> None:
    id = quote_intent(world, group(world, employer(world)))
    for each in (*before, name):
        step(world, id, each)
    assert status(world, path(id)) == state
    assert told(world, id)[-1] == f"group_quote_intent.{state}"


def test_an_intent_that_is_over_is_not_moved_by_late_answers(world: World) -> None:
    id = quote_intent(world, staffed(world))
    world.advance("2s")
    (required,) = requirements_of(world, path(id))
    step(world, id, "process")
    simulate(world, "refuse_intent", id=id)
    answer(world, required["id"], QUOTE_ANSWERS)
    assert status(world, path(id)) == "rejected_by_insurer"
