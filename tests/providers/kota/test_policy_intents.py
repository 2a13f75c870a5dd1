"""Kota's group policy intents: a quote is taken up, the insurer approves, the group has a policy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_groups import (
    POLICY_ANSWERS,
    assume,
    bare_world,
    data_of,
    fulfil,
    get,
    group_policy,
    impossible,
    missing,
    not_now,
    ok,
    plan,
    policy_intent,
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
FIFTY = {**EIGHTY, "percentage": {"percentage": 50}}


@pytest.fixture
def world() -> World:
    return bare_world()


def path(id: str) -> str:
    return f"/group_policy_intents/{id}"


def wanting(state: str) -> dict[str, Any]:
    return {"metadata": {"testmode.group_policy_intent": state}}


def taken_up(world: World, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """The id of a policy intent that the insurer has approved."""
    id = policy_intent(world, quote(world, group_id, plan_name, **fields))
    world.advance("2s")
    fulfil(world, path(id), POLICY_ANSWERS)
    world.advance("3s")
    assert status(world, path(id)) == "policy_created"
    return id


def test_a_policy_intent_begins_processing_with_the_quotes_terms(world: World) -> None:
    gr = staffed(world)
    id = quote(world, gr, cost_sharing=EIGHTY)
    made = ok(post(world, "/group_policy_intents", {"quote_intent_id": id}))
    assert made == {
        "object": "group_policy_intent",
        "id": made["id"],
        "group_id": gr,
        "plan_id": plan(world, "Core")["id"],
        "quote_intent_id": id,
        "status": "processing",
        "due_date": "2026-03-29T23:59:59Z",
        "cost_sharing": {**EIGHTY, **OTHERS},
        "action_required": None,
        "disclosures": plan(world, "Core")["disclosures"],
    }
    assert get(world, path(made["id"])) == made
    assert get(world, f"/groups/{gr}")["group_policy_intent_ids"] == [made["id"]]
    (data,) = data_of(world, "group_policy_intent.processing")
    ids = {"group_policy_intent_id": made["id"], "group_id": gr, "plan_id": made["plan_id"]}
    assert data == {**ids, "resource_type": "group_policy_intent", "object": "group_policy_intent_event"}


def test_an_approved_intent_gives_the_group_its_policy(world: World) -> None:
    gr = staffed(world)
    id = policy_intent(world, quote(world, gr, expected_start_date="2026-05-01"), cost_sharing=FIFTY)
    world.advance("2s")
    shown = get(world, path(id))
    assert (shown["status"], shown["action_required"]["due_by"]) == ("action_required", "2026-03-15T23:59:59Z")
    fulfil(world, path(id), POLICY_ANSWERS)
    shown = get(world, path(id))
    assert (shown["status"], shown["action_required"]) == ("pending_provider_approval", None)
    world.advance("3s")
    states = ("processing", "action_required", "pending_provider_approval", "policy_created")
    assert told(world, id) == [f"group_policy_intent.{state}" for state in states]
    (policy,) = get(world, f"/group_policies?group_id={gr}")["items"]
    assert policy["start_date"] == "2026-05-01"
    assert policy["health_insurance"]["configuration"]["cost_sharing"] == {**FIFTY, **OTHERS}
    shown = get(world, f"/groups/{gr}")
    assert (shown["status"], shown["group_type"]) == ("ready", "single")
    assert shown["group_policy_ids"] == [policy["id"]]


def test_policy_intents_are_listed_newest_first_and_filtered(world: World) -> None:
    here, there = staffed(world), staffed(world)
    first, second = policy_intent(world, quote(world, here)), policy_intent(world, quote(world, there, "Family"))
    family = plan(world, "Family")["id"]
    for query, ids in (
        ("", [second, first]),
        (f"?group_id={here}", [first]),
        (f"?plan_id={family}", [second]),
        ("?status=processing", [second]),
        ("?status=processing,action_required", [second, first]),
    ):
        assert [each["id"] for each in get(world, f"/group_policy_intents{query}")["items"]] == ids
    refused(world.ask("GET", "/group_policy_intents?status=done"), "status")
    missing(world.ask("GET", "/group_policy_intents/gpi_none"))
    missing(world.ask("GET", "/group_policy_intents/gpi_none/requirements"))


def test_only_an_available_quote_can_be_taken_up_and_only_once(world: World) -> None:
    gr = staffed(world)
    not_now(post(world, "/group_policy_intents", {"quote_intent_id": quote_intent(world, gr)}))
    missing(post(world, "/group_policy_intents", {"quote_intent_id": "gqi_none"}))
    id = quote(world, gr)
    first = policy_intent(world, id)
    not_now(post(world, "/group_policy_intents", {"quote_intent_id": id}))
    simulate(world, "refuse_intent", id=first)
    second = policy_intent(world, id)
    assume(world, policy_intents_of_quote="many")
    assert get(world, f"/groups/{gr}")["group_policy_intent_ids"] == [first, second]
    assert policy_intent(world, id)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"quote_intent_id": "gpi_1"}, "quote_intent_id"),
        ({"cost_sharing": {"type": "none"}}, "cost_sharing.type"),
        ({"cost_sharing": {"type": "family_type", "family_type": {"type": "single"}}}, "cost_sharing.type"),
        (
            {"consent_approvals": [{"type": "terms_of_business", "ip": "x", "version": "1"}]},
            "consent_approvals[0].user_id",
        ),
        (
            {"consent_approvals": [{"type": "no", "ip": "x", "version": "1", "user_id": "u"}]},
            "consent_approvals[0].type",
        ),
    ],
)
def test_a_policy_intent_is_refused_for_wrong_fields(world: World, changes: Any, where: str) -> None:
    body = {"quote_intent_id": quote(world, staffed(world)), **changes}
    refused(post(world, "/group_policy_intents", body), where)
    assert get(world, "/group_policy_intents")["total_count"] == 0


def test_consents_are_asked_for_only_where_that_is_assumed(world: World) -> None:
    assume(world, consents="required")
    id = quote(world, staffed(world))
    links = get(world, f"/group_quote_intents/{id}")["consent_links"]
    approvals = [{"type": link["type"], "version": link["version"], "ip": "x", "user_id": "u"} for link in links]
    old = [{**approvals[0], "version": "0"}, approvals[1]]
    for given in (None, approvals[:1], old):
        body = {"quote_intent_id": id, "consent_approvals": given}
        refused(post(world, "/group_policy_intents", body), "consent_approvals")
    assert policy_intent(world, id, consent_approvals=approvals)


def test_an_archived_group_takes_no_quote_up(world: World) -> None:
    gr = staffed(world)
    id = quote(world, gr)
    simulate(world, "archive_group", group_id=gr)
    not_now(post(world, "/group_policy_intents", {"quote_intent_id": id}))


def test_no_quote_is_taken_up_while_insurers_are_down(world: World) -> None:
    id = quote(world, staffed(world))
    assume(world, insurers="down")
    said = post(world, "/group_policy_intents", {"quote_intent_id": id})
    assert (said.status_code, said.json["error_code"]) == (500, "third_party_error")


def test_an_intent_expires_when_it_is_due_the_day_included(world: World) -> None:
    assume(world, group_policy_deadline=1)
    id = policy_intent(world, quote(world, staffed(world)))
    assert get(world, path(id))["due_date"] == "2026-03-02T23:59:59Z"
    world.advance("1d")
    world.advance("11h")
    assert status(world, path(id)) == "action_required"
    world.advance("1h")
    shown = get(world, path(id))
    assert (shown["status"], shown["action_required"]) == ("expired", None)
    assert told(world, id)[-1] == "group_policy_intent.expired"


def test_an_insurer_that_takes_too_long_lets_the_intent_expire(world: World) -> None:
    assume(world, group_policy_asks="nothing", group_policy_deadline=1, group_policy_approval="9d")
    id = policy_intent(world, quote(world, staffed(world)))
    world.advance("2d")
    assert status(world, path(id)) == "expired"
    assert get(world, "/group_policies")["items"] == []


@pytest.mark.parametrize(
    "state",
    [
        "action_required",
        "pending_provider_approval",
        "policy_created",
        "provider_rejected",
        "expired",
        "manual_renewal_gathering_required",
    ],
)
def test_an_employers_metadata_choose_what_comes_out(world: World, state: str) -> None:
    assume(world, group_policy_asks="nothing")
    id = policy_intent(world, quote(world, staffed(world, **wanting(state))))
    world.advance("1m")
    assert status(world, path(id)) == state


def test_whom_a_policy_intent_asks_about_is_assumed(world: World) -> None:
    assume(world, group_policy_asks="employer_and_employees")
    id = policy_intent(world, quote(world, staffed(world, 2)))
    world.advance("2s")
    required = requirements_of(world, path(id))
    assert [each["object_type"] for each in required] == ["employee", "employee", "employer"]
    assert get(world, f"{path(id)}/requirements?object_id={required[0]['object_id']}")["total_count"] == 1


def test_how_long_things_take_is_assumed(world: World) -> None:
    assume(world, group_policy_asks="nothing", group_policy_processing="1d", group_policy_approval="2d")
    id = policy_intent(world, quote(world, staffed(world)))
    world.advance("1d")
    assert status(world, path(id)) == "pending_provider_approval"
    world.advance("2d")
    assert status(world, path(id)) == "policy_created"


@pytest.mark.parametrize(("rule", "start"), [("next_month", "2026-04-01"), ("today", "2026-03-01")])
def test_a_policy_without_an_asked_start_begins_when_assumed(world: World, rule: str, start: str) -> None:
    assume(world, group_policy_start=rule)
    gr = staffed(world)
    taken_up(world, gr)
    assert get(world, f"/group_policies?group_id={gr}")["items"][0]["start_date"] == start


def test_a_start_that_has_passed_is_today(world: World) -> None:
    assume(world, group_policy_asks="nothing", group_policy_approval="3d")
    gr = staffed(world)
    policy_intent(world, quote(world, gr, expected_start_date="2026-03-02"))
    world.advance("4d")
    assert get(world, f"/group_policies?group_id={gr}")["items"][0]["start_date"] == "2026-03-04"


def test_a_second_plan_makes_a_bundle_unless_it_is_refused(world: World) -> None:
    gr = staffed(world)
    group_policy(world, gr)
    id = quote(world, gr, "Family")
    assume(world, second_plan="refused")
    not_now(post(world, "/group_policy_intents", {"quote_intent_id": id}))
    assume(world, second_plan="bundled")
    taken_up(world, gr, "Family")
    assert get(world, f"/groups/{gr}")["group_type"] == "bundled"


def test_taking_up_the_same_plan_again_renews_the_policy(world: World) -> None:
    gr = staffed(world)
    old = group_policy(world, gr)
    taken_up(world, gr, cost_sharing=FIFTY)
    new, before = get(world, f"/group_policies?group_id={gr}")["items"]
    assert (before["id"], before["health_insurance"]["renewal"]["status"]) == (old, "renewed")
    assert (new["start_date"], new["status"]) == ("2027-03-01", "scheduled")
    assert new["health_insurance"]["configuration"]["cost_sharing"] == {**FIFTY, **OTHERS}
    assert told(world, old)[-1] == "group_policy.renewal.renewed"
    assert get(world, f"/groups/{gr}")["group_type"] == "single"
    taken_up(world, gr)
    assert get(world, f"/group_policies?group_id={gr}")["items"][0]["start_date"] == "2028-03-01"


def test_a_declined_renewal_can_still_be_taken_up(world: World) -> None:
    gr = staffed(world)
    old = group_policy(world, gr)
    simulate(world, "decide_renewal", group_policy_id=old, decision="decline")
    taken_up(world, gr)
    new, before = get(world, f"/group_policies?group_id={gr}")["items"]
    assert (new["start_date"], before["health_insurance"]["renewal"]["status"]) == ("2027-03-01", "cancelled")


def test_a_renewal_may_have_to_be_gathered_by_hand(world: World) -> None:
    assume(world, renewal_gathering="manual")
    gr = staffed(world)
    first = taken_up(world, gr)
    second = policy_intent(world, quote(world, gr))
    world.advance("2s")
    assert status(world, path(second)) == "manual_renewal_gathering_required"
    assert told(world, second)[-1] == "group_policy_intent.manual_renewal_gathering_required"
    assert "group_policy_intent.manual_renewal_gathering_required" not in told(world, first)
    world.advance("29d")
    assert status(world, path(second)) == "expired"


STEPS = [
    ([], "ask", "action_required"),
    ([], "gather", "manual_renewal_gathering_required"),
    ([], "submit", "pending_provider_approval"),
    ([], "refuse", "provider_rejected"),
    ([], "expire", "expired"),
    (["ask"], "gather", "manual_renewal_gathering_required"),
    (["ask"], "process", "processing"),
    (["ask"], "submit", "pending_provider_approval"),
    (["ask"], "expire", "expired"),
    (["gather"], "process", "processing"),
    (["gather"], "submit", "pending_provider_approval"),
    (["gather"], "expire", "expired"),
    (["submit"], "approve", "policy_created"),
    (["submit"], "refuse", "provider_rejected"),
    (["submit"], "expire", "expired"),
]


@pytest.mark.parametrize(("before", "name", "state"), STEPS)
def test_every_step_can_be_taken_off_stage(world: World, before: list[str], name: str, state: str) -> None:
    id = policy_intent(world, quote(world, staffed(world)))
    for each in (*before, name):
        step(world, id, each)
    assert status(world, path(id)) == state
    assert told(world, id)[-1] == f"group_policy_intent.{state}"


def test_an_insurer_refuses_a_policy_off_stage(world: World) -> None:
    id = policy_intent(world, quote(world, staffed(world)))
    simulate(world, "refuse_intent", id=id)
    assert status(world, path(id)) == "provider_rejected"
    impossible(world, "refuse_intent", id=id)
