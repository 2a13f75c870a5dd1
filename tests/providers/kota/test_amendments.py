"""Kota's policy amendments: changes of dependents and cancellations, from the request to the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.harness import make_harness
from tests.support.kota_cover_helpers import (
    create_insured_employee,
    enrol_employee,
    event_types,
    expect_no_content,
    expect_ok,
    expect_refusal,
    freeze_clock,
    get,
    person,
    post,
    set_assumptions,
)
from tests.support.kota_helpers import simulate, take_step

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse, Harness

BIRTH_REASON = {
    "type": "qualifying_life_event",
    "qualifying_life_event": {"event": "birth_of_child", "event_date": "2026-03-01"},
}
INITIAL_PERIOD_REASON = {"type": "initial_adjustment_period"}


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def request_amendment(
    harness: Harness, policy: str, change: str = "dependents", reason: Any = INITIAL_PERIOD_REASON
) -> ApiResponse:
    body = {"amendment_reason": reason, "requested_changes": [{"change_type": change}]}
    return post(harness, f"/policies/{policy}/policy_amendment_intents", body)


class Amendment:
    """Creates an amendment of a policy and calls its operations."""

    def __init__(self, harness: Harness, policy: str, *arguments: Any) -> None:
        self.created = expect_ok(request_amendment(harness, policy, *arguments))
        self.harness, self.policy, self.id = harness, policy, self.created["id"]
        self.path = f"/policies/{policy}/policy_amendment_intents/{self.id}"

    @property
    def fetch(self) -> Any:
        return get(self.harness, self.path)

    def list_dependents(self) -> str:
        return str(expect_ok(post(self.harness, f"{self.path}/create_dependents_management_intent"))["id"])

    def confirm_dependents(self, *added: str) -> str:
        intent = self.list_dependents()
        path = f"/dependents_management_intents/{intent}"
        if added:
            expect_ok(post(self.harness, f"{path}/dependents", {"associated_person_ids": list(added)}))
        expect_no_content(post(self.harness, f"{path}/confirm"))
        self.harness.advance("3s")
        return intent

    def confirm(self) -> ApiResponse:
        return post(self.harness, f"{self.path}/confirm")


def test_a_newborn_child_is_added_by_an_amendment(harness: Harness) -> None:
    half = {"type": "percentage", "percentage": {"percentage": 50}}
    pair = create_insured_employee(harness, sharing=half, metadata={"testmode.enrolment_intent": "enrolling"})
    policy = enrol_employee(harness, pair)
    amendment = Amendment(harness, policy["id"], "dependents", BIRTH_REASON)
    required = amendment.created["required_action"]
    assert amendment.created["status"] == "action_required"
    assert amendment.created["amendment_reason"]["qualifying_life_event"]["reason"] is None
    assert (required["code"], required["due_by"]) == ("provide_dependents_information", "2026-03-29")
    assert required["associated_persons"] == {
        "type": "dependents",
        "dependents": {"dependents_management_intent_id": None, "status": None},
    }
    intent = amendment.confirm_dependents(person(harness, pair[0]))
    assert amendment.fetch["status"] == "awaiting_quote"
    harness.advance("3s")
    quoted = amendment.fetch["pending_confirmation"]
    assert (quoted["code"], quoted["quote"]["currency"]) == ("confirm_quote", "EUR")
    listed = {"dependents_management_intent_id": intent, "status": "completed"}
    assert quoted["associated_persons"]["dependents"] == listed
    monthly = quoted["quote"]["monthly"]
    assert monthly["total"] == {"net": 142.01, "tax": 2.84, "gross": 144.85}
    for part in ("net", "tax", "gross"):
        both = monthly["employee_contribution"][part] + monthly["employer_contribution"][part]
        assert both == pytest.approx(monthly["total"][part])
    assert quoted["quote"]["term"]["total"]["gross"] == 1738.20
    before = get(harness, f"/policies/{policy['id']}")["health_insurance"]
    expect_no_content(amendment.confirm())
    assert amendment.fetch["status"] == "processing"
    harness.advance("3s")
    assert amendment.fetch["status"] == "amended"
    after = get(harness, f"/policies/{policy['id']}")["health_insurance"]
    assert [each["member_type"] for each in after["members"]] == ["policyholder", "child"]
    assert after["members"][0] == before["members"][0]
    assert after["estimated_gross_premium"]["monthly"]["total"] == 144.85
    assert [each.partition(".")[2] for each in event_types(harness, amendment.id) if each.startswith("policy_")] == [
        "action_required",
        "awaiting_quote",
        "pending_confirmation",
        "processing",
        "amended",
    ]
    assert event_types(harness, policy["id"])[-2:] == ["policy.updated", "policy_amendment_intent.amended"]


def test_a_covered_dependent_is_listed_and_can_be_removed(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    policy, child = enrol_employee(harness, pair)["id"], person(harness, pair[0])
    first = Amendment(harness, policy)
    first.confirm_dependents(child)
    harness.advance("3s")
    expect_no_content(first.confirm())
    harness.advance("3s")
    second = Amendment(harness, policy)
    intent = second.list_dependents()
    path = f"/dependents_management_intents/{intent}"
    assert [each["associated_person_id"] for each in get(harness, path)["dependents"]] == [child]
    expect_ok(harness.request("DELETE", f"{path}/dependents/{child}"))
    expect_no_content(post(harness, f"{path}/confirm"))
    harness.advance("6s")
    expect_no_content(second.confirm())
    harness.advance("3s")
    assert len(get(harness, f"/policies/{policy}")["health_insurance"]["members"]) == 1


def test_opting_out_cancels_a_policy_from_its_first_day(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    amendment = Amendment(harness, policy, "cancellation")
    assert amendment.created["status"] == "pending_confirmation"
    pending = amendment.created["pending_confirmation"]
    assert (pending["code"], pending["quote"], pending["associated_persons"]) == ("confirm_opt_out", None, None)
    expect_no_content(amendment.confirm())
    harness.advance("3s")
    assert amendment.fetch["status"] == "amended"
    ended = get(harness, f"/policies/{policy}")
    assert (ended["status"], ended["cancellation_date"]) == ("cancelled", "2026-03-01")


def test_a_policy_is_cancelled_on_the_day_of_a_life_event(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    event = {"event": "gained_other_insurance_coverage", "event_date": "2026-06-01", "reason": "A new employer's"}
    reason = {"type": "qualifying_life_event", "qualifying_life_event": event}
    amendment = Amendment(harness, policy, "cancellation", reason)
    assert amendment.created["pending_confirmation"]["code"] == "confirm_qle"
    assert amendment.created["amendment_reason"] == reason
    expect_no_content(amendment.confirm())
    harness.advance("3s")
    assert get(harness, f"/policies/{policy}")["cancellation_date"] == "2026-06-01"
    freeze_clock(harness, "2026-06-01T00:00:00Z")
    assert get(harness, f"/policies/{policy}")["status"] == "cancelled"


@pytest.mark.parametrize(("confirmed", "code"), [(False, "unable_to_quote"), (True, "provider_rejected")])
def test_an_insurer_may_fail_to_quote_or_refuse(harness: Harness, confirmed: bool, code: str) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    amendment = Amendment(harness, policy)
    amendment.confirm_dependents()
    if confirmed:
        harness.advance("3s")
        expect_no_content(amendment.confirm())
    take_step(harness, amendment.id, "fail")
    assert (amendment.fetch["status"], amendment.fetch["processing_error"]["code"]) == ("processing_error", code)
    assert event_types(harness, amendment.id)[-1] == "policy_amendment_intent.processing_error"
    expect_refusal(post(harness, f"{amendment.path}/cancel"))


def test_metadata_makes_an_amendment_fail(harness: Harness) -> None:
    pair = create_insured_employee(harness, metadata={"testmode.policy_amendment_intent": "processing_error"})
    amendment = Amendment(harness, enrol_employee(harness, pair)["id"])
    amendment.confirm_dependents()
    harness.advance("3s")
    assert amendment.fetch["processing_error"]["code"] == "unable_to_quote"


def test_an_amendment_can_be_cancelled_except_while_it_awaits_its_quote(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    amendment = Amendment(harness, policy)
    intent = amendment.list_dependents()
    expect_no_content(post(harness, f"{amendment.path}/cancel"))
    assert amendment.fetch["status"] == "not_undertaken"
    assert get(harness, f"/dependents_management_intents/{intent}")["status"] == "not_undertaken"
    expect_refusal(post(harness, f"{amendment.path}/cancel"))
    expect_refusal(amendment.confirm())
    other = Amendment(harness, policy)
    other.confirm_dependents()
    expect_refusal(post(harness, f"{other.path}/cancel"))
    harness.advance("3s")
    expect_no_content(post(harness, f"{other.path}/cancel"))
    assert event_types(harness, other.id)[-1] == "policy_amendment_intent.not_undertaken"


@pytest.mark.parametrize("change", ["dependents", "cancellation"])
def test_the_deadline_includes_its_day(harness: Harness, change: str) -> None:
    set_assumptions(harness, amendment_deadline=3)
    amendment = Amendment(harness, enrol_employee(harness, create_insured_employee(harness))["id"], change)
    freeze_clock(harness, "2026-03-04T23:59:59Z")
    assert amendment.fetch["status"] == amendment.created["status"]
    harness.advance("1s")
    assert amendment.fetch["status"] == "not_undertaken"


def test_a_cancelled_list_of_dependents_can_be_created_again_while_it_is_required(harness: Harness) -> None:
    amendment = Amendment(harness, enrol_employee(harness, create_insured_employee(harness))["id"])
    first = amendment.list_dependents()
    expect_refusal(post(harness, f"{amendment.path}/create_dependents_management_intent"))
    expect_no_content(post(harness, f"/dependents_management_intents/{first}/cancel"))
    state = amendment.fetch["required_action"]["associated_persons"]["dependents"]
    assert state == {"dependents_management_intent_id": first, "status": "not_undertaken"}
    amendment.confirm_dependents()
    expect_refusal(post(harness, f"{amendment.path}/create_dependents_management_intent"))


def test_the_initial_adjustment_period_ends(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    freeze_clock(harness, "2026-03-15T00:00:00Z")
    expect_refusal(request_amendment(harness, policy, "cancellation"))
    Amendment(harness, policy, "cancellation", BIRTH_REASON)
    freeze_clock(harness, "2026-03-31T23:59:59Z")
    set_assumptions(harness, second_amendment="accepted")
    Amendment(harness, policy)
    harness.advance("1s")
    expect_refusal(request_amendment(harness, policy))


def test_a_policy_has_at_most_one_open_amendment(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    Amendment(harness, policy)
    assert "under way" in expect_refusal(request_amendment(harness, policy))["detail"]
    set_assumptions(harness, second_amendment="accepted")
    Amendment(harness, policy)


def test_an_amendment_that_the_policy_does_not_allow_is_refused(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness, "Single", sharing={"type": "policyholder_only"}))[
        "id"
    ]
    assert "no dependents" in expect_refusal(request_amendment(harness, policy, "dependents", BIRTH_REASON))["detail"]
    assert (
        "cancellation"
        in expect_ok(request_amendment(harness, policy, "cancellation"))["requested_changes"][0]["change_type"]
    )
    take_step(harness, policy, "cancel")
    assert "cancelled" in expect_refusal(request_amendment(harness, policy, "cancellation"))["detail"]


def test_an_amendment_ends_with_its_policy(harness: Harness) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    amendment = Amendment(harness, policy)
    simulate(harness, "cancel_policy", id=policy, day="2026-03-01")
    assert amendment.fetch["status"] == "not_undertaken"


@pytest.mark.parametrize(
    ("reason", "changes", "path"),
    [
        ({"type": "qualifying_life_event"}, ["dependents"], "amendment_reason.qualifying_life_event"),
        (INITIAL_PERIOD_REASON, [], "requested_changes"),
        (INITIAL_PERIOD_REASON, ["dependents", "cancellation"], "requested_changes"),
        (INITIAL_PERIOD_REASON, ["other"], "requested_changes[0].change_type"),
        ({"type": "other"}, ["dependents"], "amendment_reason.type"),
    ],
)
def test_invalid_amendments_are_refused_with_the_path_of_the_field(
    harness: Harness, reason: Any, changes: list[str], path: str
) -> None:
    policy = enrol_employee(harness, create_insured_employee(harness))["id"]
    body = {"amendment_reason": reason, "requested_changes": [{"change_type": each} for each in changes]}
    response = post(harness, f"/policies/{policy}/policy_amendment_intents", body)
    assert path in expect_refusal(response, "invalid_request")["errors"]


def test_amendments_are_listed_oldest_first_under_their_policy(harness: Harness) -> None:
    set_assumptions(harness, second_amendment="accepted")
    policy, other = (
        enrol_employee(harness, create_insured_employee(harness))["id"],
        enrol_employee(harness, create_insured_employee(harness))["id"],
    )
    first, second = Amendment(harness, policy), Amendment(harness, policy, "cancellation")
    path = f"/policies/{policy}/policy_amendment_intents"
    assert [each["id"] for each in get(harness, path)["items"]] == [first.id, second.id]
    assert [each["id"] for each in get(harness, f"{path}?status=pending_confirmation")["items"]] == [second.id]
    assert get(harness, f"/policies/{other}/policy_amendment_intents")["items"] == []
    expect_refusal(harness.request("GET", f"/policies/{other}/policy_amendment_intents/{first.id}"), "not_found", 404)
    expect_refusal(harness.request("GET", "/policies/p_none/policy_amendment_intents"), "not_found", 404)


def test_an_opt_out_cannot_be_confirmed_while_the_insurers_are_down(harness: Harness) -> None:
    amendment = Amendment(harness, enrol_employee(harness, create_insured_employee(harness))["id"], "cancellation")
    set_assumptions(harness, insurers="down")
    expect_refusal(amendment.confirm(), "third_party_error", 500)


@pytest.mark.parametrize(
    ("setting", "state"), [("amendment_quote", "pending_confirmation"), ("amendment_processing", "amended")]
)
def test_the_duration_of_an_amendment_is_an_assumption(harness: Harness, setting: str, state: str) -> None:
    set_assumptions(harness, **{setting: "1h"})
    amendment = Amendment(harness, enrol_employee(harness, create_insured_employee(harness))["id"])
    amendment.confirm_dependents()
    if state == "amended":
        harness.advance("3s")
        expect_no_content(amendment.confirm())
    harness.advance("59m59s")
    assert amendment.fetch["status"] != state
    harness.advance("1s")
    assert amendment.fetch["status"] == state


def test_tax_and_currency_of_an_amendment_quote_are_assumptions(harness: Harness) -> None:
    set_assumptions(harness, amendment_tax=0, amendment_currency="lower")
    amendment = Amendment(harness, enrol_employee(harness, create_insured_employee(harness))["id"])
    amendment.confirm_dependents()
    harness.advance("3s")
    quote = amendment.fetch["pending_confirmation"]["quote"]
    assert (quote["currency"], quote["monthly"]["total"]["tax"]) == ("eur", 0.0)
