"""Kota's group policy intents: from an accepted quote to the policy of the group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    POLICY_ANSWERS,
    create_available_quote,
    create_group_policy,
    create_policy_intent,
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
FIFTY_PERCENT = {**EIGHTY_PERCENT, "percentage": {"percentage": 50}}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def path(id: str) -> str:
    return f"/group_policy_intents/{id}"


def outcome_metadata(state: str) -> dict[str, Any]:
    return {"metadata": {"testmode.group_policy_intent": state}}


def accept_quote(harness: Harness, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """Returns the id of a policy intent that the insurer has approved."""
    id = create_policy_intent(harness, create_available_quote(harness, group_id, plan_name, **fields))
    harness.advance("2s")
    fulfil_requirement(harness, path(id), POLICY_ANSWERS)
    harness.advance("3s")
    assert fetch_status(harness, path(id)) == "policy_created"
    return id


def test_a_policy_intent_begins_processing_with_the_quotes_terms(harness: Harness) -> None:
    group = create_staffed_group(harness)
    id = create_available_quote(harness, group, cost_sharing=EIGHTY_PERCENT)
    created = expect_ok(post(harness, "/group_policy_intents", {"quote_intent_id": id}))
    assert created == {
        "object": "group_policy_intent",
        "id": created["id"],
        "group_id": group,
        "plan_id": find_plan(harness, "Core")["id"],
        "quote_intent_id": id,
        "status": "processing",
        "due_date": "2026-03-29T23:59:59Z",
        "cost_sharing": {**EIGHTY_PERCENT, **UNSET_SHARING},
        "action_required": None,
        "disclosures": find_plan(harness, "Core")["disclosures"],
    }
    assert get(harness, path(created["id"])) == created
    assert get(harness, f"/groups/{group}")["group_policy_intent_ids"] == [created["id"]]
    (data,) = event_data(harness, "group_policy_intent.processing")
    ids = {"group_policy_intent_id": created["id"], "group_id": group, "plan_id": created["plan_id"]}
    assert data == {**ids, "resource_type": "group_policy_intent", "object": "group_policy_intent_event"}


def test_an_approved_intent_gives_the_group_its_policy(harness: Harness) -> None:
    group = create_staffed_group(harness)
    id = create_policy_intent(
        harness, create_available_quote(harness, group, expected_start_date="2026-05-01"), cost_sharing=FIFTY_PERCENT
    )
    harness.advance("2s")
    record = get(harness, path(id))
    assert (record["status"], record["action_required"]["due_by"]) == ("action_required", "2026-03-15T23:59:59Z")
    fulfil_requirement(harness, path(id), POLICY_ANSWERS)
    record = get(harness, path(id))
    assert (record["status"], record["action_required"]) == ("pending_provider_approval", None)
    harness.advance("3s")
    states = ("processing", "action_required", "pending_provider_approval", "policy_created")
    assert event_types(harness, id) == [f"group_policy_intent.{state}" for state in states]
    (policy,) = get(harness, f"/group_policies?group_id={group}")["items"]
    assert policy["start_date"] == "2026-05-01"
    assert policy["health_insurance"]["configuration"]["cost_sharing"] == {**FIFTY_PERCENT, **UNSET_SHARING}
    record = get(harness, f"/groups/{group}")
    assert (record["status"], record["group_type"]) == ("ready", "single")
    assert record["group_policy_ids"] == [policy["id"]]


def test_policy_intents_are_listed_newest_first_and_filtered(harness: Harness) -> None:
    here, there = create_staffed_group(harness), create_staffed_group(harness)
    first, second = (
        create_policy_intent(harness, create_available_quote(harness, here)),
        create_policy_intent(harness, create_available_quote(harness, there, "Family")),
    )
    family = find_plan(harness, "Family")["id"]
    for query, ids in (
        ("", [second, first]),
        (f"?group_id={here}", [first]),
        (f"?plan_id={family}", [second]),
        ("?status=processing", [second]),
        ("?status=processing,action_required", [second, first]),
    ):
        assert [each["id"] for each in get(harness, f"/group_policy_intents{query}")["items"]] == ids
    expect_field_refusal(harness.request("GET", "/group_policy_intents?status=done"), "status")
    expect_not_found(harness.request("GET", "/group_policy_intents/gpi_none"))
    expect_not_found(harness.request("GET", "/group_policy_intents/gpi_none/requirements"))


def test_only_an_available_quote_can_be_accepted_and_only_once(harness: Harness) -> None:
    group = create_staffed_group(harness)
    expect_invalid_state(
        post(harness, "/group_policy_intents", {"quote_intent_id": create_quote_intent(harness, group)})
    )
    expect_not_found(post(harness, "/group_policy_intents", {"quote_intent_id": "gqi_none"}))
    id = create_available_quote(harness, group)
    first = create_policy_intent(harness, id)
    expect_invalid_state(post(harness, "/group_policy_intents", {"quote_intent_id": id}))
    simulate(harness, "refuse_intent", id=first)
    second = create_policy_intent(harness, id)
    set_assumptions(harness, policy_intents_of_quote="many")
    assert get(harness, f"/groups/{group}")["group_policy_intent_ids"] == [first, second]
    assert create_policy_intent(harness, id)


@pytest.mark.parametrize(
    ("changes", "field"),
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
def test_a_policy_intent_is_refused_for_wrong_fields(harness: Harness, changes: Any, field: str) -> None:
    body = {"quote_intent_id": create_available_quote(harness, create_staffed_group(harness)), **changes}
    expect_field_refusal(post(harness, "/group_policy_intents", body), field)
    assert get(harness, "/group_policy_intents")["total_count"] == 0


def test_an_assumption_requires_consents(harness: Harness) -> None:
    set_assumptions(harness, consents="required")
    id = create_available_quote(harness, create_staffed_group(harness))
    links = get(harness, f"/group_quote_intents/{id}")["consent_links"]
    approvals = [{"type": link["type"], "version": link["version"], "ip": "x", "user_id": "u"} for link in links]
    old = [{**approvals[0], "version": "0"}, approvals[1]]
    for consents in (None, approvals[:1], old):
        body = {"quote_intent_id": id, "consent_approvals": consents}
        expect_field_refusal(post(harness, "/group_policy_intents", body), "consent_approvals")
    assert create_policy_intent(harness, id, consent_approvals=approvals)


def test_an_archived_group_cannot_accept_a_quote(harness: Harness) -> None:
    group = create_staffed_group(harness)
    id = create_available_quote(harness, group)
    simulate(harness, "archive_group", group_id=group)
    expect_invalid_state(post(harness, "/group_policy_intents", {"quote_intent_id": id}))


def test_no_quote_can_be_accepted_while_insurers_are_down(harness: Harness) -> None:
    id = create_available_quote(harness, create_staffed_group(harness))
    set_assumptions(harness, insurers="down")
    response = post(harness, "/group_policy_intents", {"quote_intent_id": id})
    assert (response.status_code, response.json["error_code"]) == (500, "third_party_error")


def test_an_intent_expires_after_its_due_date(harness: Harness) -> None:
    set_assumptions(harness, group_policy_deadline=1)
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    assert get(harness, path(id))["due_date"] == "2026-03-02T23:59:59Z"
    harness.advance("1d")
    harness.advance("11h")
    assert fetch_status(harness, path(id)) == "action_required"
    harness.advance("1h")
    record = get(harness, path(id))
    assert (record["status"], record["action_required"]) == ("expired", None)
    assert event_types(harness, id)[-1] == "group_policy_intent.expired"


def test_an_intent_expires_if_the_insurer_takes_too_long(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing", group_policy_deadline=1, group_policy_approval="9d")
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("2d")
    assert fetch_status(harness, path(id)) == "expired"
    assert get(harness, "/group_policies")["items"] == []


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
def test_metadata_of_the_employer_selects_the_outcome(harness: Harness, state: str) -> None:
    set_assumptions(harness, group_policy_asks="nothing")
    id = create_policy_intent(
        harness, create_available_quote(harness, create_staffed_group(harness, **outcome_metadata(state)))
    )
    harness.advance("1m")
    assert fetch_status(harness, path(id)) == state


def test_an_assumption_decides_which_requirements_a_policy_intent_has(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="employer_and_employees")
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness, 2)))
    harness.advance("2s")
    required = list_requirements(harness, path(id))
    assert [each["object_type"] for each in required] == ["employee", "employee", "employer"]
    assert get(harness, f"{path(id)}/requirements?object_id={required[0]['object_id']}")["total_count"] == 1


def test_the_duration_of_each_step_is_an_assumption(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing", group_policy_processing="1d", group_policy_approval="2d")
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("1d")
    assert fetch_status(harness, path(id)) == "pending_provider_approval"
    harness.advance("2d")
    assert fetch_status(harness, path(id)) == "policy_created"


@pytest.mark.parametrize(("rule", "start"), [("next_month", "2026-04-01"), ("today", "2026-03-01")])
def test_an_assumption_decides_the_start_of_a_policy_without_a_requested_start(
    harness: Harness, rule: str, start: str
) -> None:
    set_assumptions(harness, group_policy_start=rule)
    group = create_staffed_group(harness)
    accept_quote(harness, group)
    assert get(harness, f"/group_policies?group_id={group}")["items"][0]["start_date"] == start


def test_a_requested_start_in_the_past_becomes_today(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing", group_policy_approval="3d")
    group = create_staffed_group(harness)
    create_policy_intent(harness, create_available_quote(harness, group, expected_start_date="2026-03-02"))
    harness.advance("4d")
    assert get(harness, f"/group_policies?group_id={group}")["items"][0]["start_date"] == "2026-03-04"


def test_a_second_plan_makes_a_bundle_unless_it_is_refused(harness: Harness) -> None:
    group = create_staffed_group(harness)
    create_group_policy(harness, group)
    id = create_available_quote(harness, group, "Family")
    set_assumptions(harness, second_plan="refused")
    expect_invalid_state(post(harness, "/group_policy_intents", {"quote_intent_id": id}))
    set_assumptions(harness, second_plan="bundled")
    accept_quote(harness, group, "Family")
    assert get(harness, f"/groups/{group}")["group_type"] == "bundled"


def test_accepting_a_quote_for_the_same_plan_renews_the_policy(harness: Harness) -> None:
    group = create_staffed_group(harness)
    old = create_group_policy(harness, group)
    accept_quote(harness, group, cost_sharing=FIFTY_PERCENT)
    new, before = get(harness, f"/group_policies?group_id={group}")["items"]
    assert (before["id"], before["health_insurance"]["renewal"]["status"]) == (old, "renewed")
    assert (new["start_date"], new["status"]) == ("2027-03-01", "scheduled")
    assert new["health_insurance"]["configuration"]["cost_sharing"] == {**FIFTY_PERCENT, **UNSET_SHARING}
    assert event_types(harness, old)[-1] == "group_policy.renewal.renewed"
    assert get(harness, f"/groups/{group}")["group_type"] == "single"
    accept_quote(harness, group)
    assert get(harness, f"/group_policies?group_id={group}")["items"][0]["start_date"] == "2028-03-01"


def test_a_declined_renewal_can_still_be_accepted(harness: Harness) -> None:
    group = create_staffed_group(harness)
    old = create_group_policy(harness, group)
    simulate(harness, "decide_renewal", group_policy_id=old, decision="decline")
    accept_quote(harness, group)
    new, before = get(harness, f"/group_policies?group_id={group}")["items"]
    assert (new["start_date"], before["health_insurance"]["renewal"]["status"]) == ("2027-03-01", "cancelled")


def test_an_assumption_makes_a_renewal_need_manual_gathering(harness: Harness) -> None:
    set_assumptions(harness, renewal_gathering="manual")
    group = create_staffed_group(harness)
    first = accept_quote(harness, group)
    second = create_policy_intent(harness, create_available_quote(harness, group))
    harness.advance("2s")
    assert fetch_status(harness, path(second)) == "manual_renewal_gathering_required"
    assert event_types(harness, second)[-1] == "group_policy_intent.manual_renewal_gathering_required"
    assert "group_policy_intent.manual_renewal_gathering_required" not in event_types(harness, first)
    harness.advance("29d")
    assert fetch_status(harness, path(second)) == "expired"


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
def test_every_step_can_be_taken_by_simulation(harness: Harness, before: list[str], name: str, state: str) -> None:
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    for each in (*before, name):
        take_step(harness, id, each)
    assert fetch_status(harness, path(id)) == state
    assert event_types(harness, id)[-1] == f"group_policy_intent.{state}"


def test_a_simulation_refuses_a_policy_intent(harness: Harness) -> None:
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    simulate(harness, "refuse_intent", id=id)
    assert fetch_status(harness, path(id)) == "provider_rejected"
    expect_simulation_refused(harness, "refuse_intent", id=id)
