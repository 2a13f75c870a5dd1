"""Kota's policy amendments: other dependents and early ends, quoted, confirmed, made or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.kota_cover import assume, done, enrolled, freeze, get, insured_pair, ok, person, post, refused, told
from tests.support.kota_world import simulate, step
from tests.support.worlds import make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer, World

BIRTH = {
    "type": "qualifying_life_event",
    "qualifying_life_event": {"event": "birth_of_child", "event_date": "2026-03-01"},
}
AT_FIRST = {"type": "initial_adjustment_period"}


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def ask(world: World, policy: str, change: str = "dependents", reason: Any = AT_FIRST) -> Answer:
    body = {"amendment_reason": reason, "requested_changes": [{"change_type": change}]}
    return post(world, f"/policies/{policy}/policy_amendment_intents", body)


class Amendment:
    """An amendment of a policy and the paths it has."""

    def __init__(self, world: World, policy: str, *asked: Any) -> None:
        self.made = ok(ask(world, policy, *asked))
        self.world, self.policy, self.id = world, policy, self.made["id"]
        self.path = f"/policies/{policy}/policy_amendment_intents/{self.id}"

    @property
    def shown(self) -> Any:
        return get(self.world, self.path)

    def list_dependents(self) -> str:
        return str(ok(post(self.world, f"{self.path}/create_dependents_management_intent"))["id"])

    def confirm_dependents(self, *added: str) -> str:
        intent = self.list_dependents()
        path = f"/dependents_management_intents/{intent}"
        if added:
            ok(post(self.world, f"{path}/dependents", {"associated_person_ids": list(added)}))
        done(post(self.world, f"{path}/confirm"))
        self.world.advance("3s")
        return intent

    def confirm(self) -> Answer:
        return post(self.world, f"{self.path}/confirm")


def test_a_child_is_born_quoted_and_covered(world: World) -> None:
    half = {"type": "percentage", "percentage": {"percentage": 50}}
    pair = insured_pair(world, sharing=half, metadata={"testmode.enrolment_intent": "enrolling"})
    policy = enrolled(world, pair)
    amendment = Amendment(world, policy["id"], "dependents", BIRTH)
    asked = amendment.made["required_action"]
    assert amendment.made["status"] == "action_required"
    assert amendment.made["amendment_reason"]["qualifying_life_event"]["reason"] is None
    assert (asked["code"], asked["due_by"]) == ("provide_dependents_information", "2026-03-29")
    assert asked["associated_persons"] == {
        "type": "dependents",
        "dependents": {"dependents_management_intent_id": None, "status": None},
    }
    intent = amendment.confirm_dependents(person(world, pair[0]))
    assert amendment.shown["status"] == "awaiting_quote"
    world.advance("3s")
    quoted = amendment.shown["pending_confirmation"]
    assert (quoted["code"], quoted["quote"]["currency"]) == ("confirm_quote", "EUR")
    listed = {"dependents_management_intent_id": intent, "status": "completed"}
    assert quoted["associated_persons"]["dependents"] == listed
    monthly = quoted["quote"]["monthly"]
    assert monthly["total"] == {"net": 142.01, "tax": 2.84, "gross": 144.85}
    for part in ("net", "tax", "gross"):
        both = monthly["employee_contribution"][part] + monthly["employer_contribution"][part]
        assert both == pytest.approx(monthly["total"][part])
    assert quoted["quote"]["term"]["total"]["gross"] == 1738.20
    before = get(world, f"/policies/{policy['id']}")["health_insurance"]
    done(amendment.confirm())
    assert amendment.shown["status"] == "processing"
    world.advance("3s")
    assert amendment.shown["status"] == "amended"
    after = get(world, f"/policies/{policy['id']}")["health_insurance"]
    assert [each["member_type"] for each in after["members"]] == ["policyholder", "child"]
    assert after["members"][0] == before["members"][0]
    assert after["estimated_gross_premium"]["monthly"]["total"] == 144.85
    assert [each.partition(".")[2] for each in told(world, amendment.id) if each.startswith("policy_")] == [
        "action_required",
        "awaiting_quote",
        "pending_confirmation",
        "processing",
        "amended",
    ]
    assert told(world, policy["id"])[-2:] == ["policy.updated", "policy_amendment_intent.amended"]


def test_whoever_was_covered_is_on_the_list_and_can_be_removed(world: World) -> None:
    pair = insured_pair(world)
    policy, child = enrolled(world, pair)["id"], person(world, pair[0])
    first = Amendment(world, policy)
    first.confirm_dependents(child)
    world.advance("3s")
    done(first.confirm())
    world.advance("3s")
    second = Amendment(world, policy)
    intent = second.list_dependents()
    path = f"/dependents_management_intents/{intent}"
    assert [each["associated_person_id"] for each in get(world, path)["dependents"]] == [child]
    ok(world.ask("DELETE", f"{path}/dependents/{child}"))
    done(post(world, f"{path}/confirm"))
    world.advance("6s")
    done(second.confirm())
    world.advance("3s")
    assert len(get(world, f"/policies/{policy}")["health_insurance"]["members"]) == 1


def test_a_policy_can_be_opted_out_of_as_if_it_had_not_begun(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    amendment = Amendment(world, policy, "cancellation")
    assert amendment.made["status"] == "pending_confirmation"
    waiting = amendment.made["pending_confirmation"]
    assert (waiting["code"], waiting["quote"], waiting["associated_persons"]) == ("confirm_opt_out", None, None)
    done(amendment.confirm())
    world.advance("3s")
    assert amendment.shown["status"] == "amended"
    ended = get(world, f"/policies/{policy}")
    assert (ended["status"], ended["cancellation_date"]) == ("cancelled", "2026-03-01")


def test_a_policy_is_cancelled_on_the_day_of_a_life_event(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    event = {"event": "gained_other_insurance_coverage", "event_date": "2026-06-01", "reason": "A new employer's"}
    reason = {"type": "qualifying_life_event", "qualifying_life_event": event}
    amendment = Amendment(world, policy, "cancellation", reason)
    assert amendment.made["pending_confirmation"]["code"] == "confirm_qle"
    assert amendment.made["amendment_reason"] == reason
    done(amendment.confirm())
    world.advance("3s")
    assert get(world, f"/policies/{policy}")["cancellation_date"] == "2026-06-01"
    freeze(world, "2026-06-01T00:00:00Z")
    assert get(world, f"/policies/{policy}")["status"] == "cancelled"


@pytest.mark.parametrize(("confirmed", "code"), [(False, "unable_to_quote"), (True, "provider_rejected")])
def test_an_insurer_may_fail_to_quote_or_refuse(world: World, confirmed: bool, code: str) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    amendment = Amendment(world, policy)
    amendment.confirm_dependents()
    if confirmed:
        world.advance("3s")
        done(amendment.confirm())
    step(world, amendment.id, "fail")
    assert (amendment.shown["status"], amendment.shown["processing_error"]["code"]) == ("processing_error", code)
    assert told(world, amendment.id)[-1] == "policy_amendment_intent.processing_error"
    refused(post(world, f"{amendment.path}/cancel"))


def test_metadata_chooses_ahead_that_an_amendment_fails(world: World) -> None:
    pair = insured_pair(world, metadata={"testmode.policy_amendment_intent": "processing_error"})
    amendment = Amendment(world, enrolled(world, pair)["id"])
    amendment.confirm_dependents()
    world.advance("3s")
    assert amendment.shown["processing_error"]["code"] == "unable_to_quote"


def test_an_amendment_can_be_cancelled_until_it_is_quoted_or_made(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    amendment = Amendment(world, policy)
    intent = amendment.list_dependents()
    done(post(world, f"{amendment.path}/cancel"))
    assert amendment.shown["status"] == "not_undertaken"
    assert get(world, f"/dependents_management_intents/{intent}")["status"] == "not_undertaken"
    refused(post(world, f"{amendment.path}/cancel"))
    refused(amendment.confirm())
    other = Amendment(world, policy)
    other.confirm_dependents()
    refused(post(world, f"{other.path}/cancel"))
    world.advance("3s")
    done(post(world, f"{other.path}/cancel"))
    assert told(world, other.id)[-1] == "policy_amendment_intent.not_undertaken"


@pytest.mark.parametrize("change", ["dependents", "cancellation"])
def test_the_day_of_the_deadline_still_counts_and_the_next_does_not(world: World, change: str) -> None:
    assume(world, amendment_deadline=3)
    amendment = Amendment(world, enrolled(world, insured_pair(world))["id"], change)
    freeze(world, "2026-03-04T23:59:59Z")
    assert amendment.shown["status"] == amendment.made["status"]
    world.advance("1s")
    assert amendment.shown["status"] == "not_undertaken"


def test_a_list_given_up_can_be_begun_anew_while_it_is_asked_for(world: World) -> None:
    amendment = Amendment(world, enrolled(world, insured_pair(world))["id"])
    first = amendment.list_dependents()
    refused(post(world, f"{amendment.path}/create_dependents_management_intent"))
    done(post(world, f"/dependents_management_intents/{first}/cancel"))
    state = amendment.shown["required_action"]["associated_persons"]["dependents"]
    assert state == {"dependents_management_intent_id": first, "status": "not_undertaken"}
    amendment.confirm_dependents()
    refused(post(world, f"{amendment.path}/create_dependents_management_intent"))


def test_the_initial_adjustment_period_ends(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    freeze(world, "2026-03-15T00:00:00Z")
    refused(ask(world, policy, "cancellation"))
    Amendment(world, policy, "cancellation", BIRTH)
    freeze(world, "2026-03-31T23:59:59Z")
    assume(world, second_amendment="accepted")
    Amendment(world, policy)
    world.advance("1s")
    refused(ask(world, policy))


def test_one_amendment_at_a_time(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    Amendment(world, policy)
    assert "under way" in refused(ask(world, policy))["detail"]
    assume(world, second_amendment="accepted")
    Amendment(world, policy)


def test_what_cannot_be_amended_is_refused(world: World) -> None:
    alone = enrolled(world, insured_pair(world, "Single", sharing={"type": "policyholder_only"}))["id"]
    assert "no dependents" in refused(ask(world, alone, "dependents", BIRTH))["detail"]
    assert "cancellation" in ok(ask(world, alone, "cancellation"))["requested_changes"][0]["change_type"]
    step(world, alone, "cancel")
    assert "cancelled" in refused(ask(world, alone, "cancellation"))["detail"]


def test_an_amendment_is_given_up_when_its_policy_ends(world: World) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    amendment = Amendment(world, policy)
    simulate(world, "cancel_policy", id=policy, day="2026-03-01")
    assert amendment.shown["status"] == "not_undertaken"


@pytest.mark.parametrize(
    ("reason", "changes", "path"),
    [
        ({"type": "qualifying_life_event"}, ["dependents"], "amendment_reason.qualifying_life_event"),
        (AT_FIRST, [], "requested_changes"),
        (AT_FIRST, ["dependents", "cancellation"], "requested_changes"),
        (AT_FIRST, ["other"], "requested_changes[0].change_type"),
        ({"type": "other"}, ["dependents"], "amendment_reason.type"),
    ],
)
def test_wrong_amendments_are_refused_by_their_path(world: World, reason: Any, changes: list[str], path: str) -> None:
    policy = enrolled(world, insured_pair(world))["id"]
    body = {"amendment_reason": reason, "requested_changes": [{"change_type": each} for each in changes]}
    answer = post(world, f"/policies/{policy}/policy_amendment_intents", body)
    assert path in refused(answer, "invalid_request")["errors"]


def test_amendments_are_listed_oldest_first_under_their_policy_alone(world: World) -> None:
    assume(world, second_amendment="accepted")
    policy, other = enrolled(world, insured_pair(world))["id"], enrolled(world, insured_pair(world))["id"]
    first, second = Amendment(world, policy), Amendment(world, policy, "cancellation")
    path = f"/policies/{policy}/policy_amendment_intents"
    assert [each["id"] for each in get(world, path)["items"]] == [first.id, second.id]
    assert [each["id"] for each in get(world, f"{path}?status=pending_confirmation")["items"]] == [second.id]
    assert get(world, f"/policies/{other}/policy_amendment_intents")["items"] == []
    refused(world.ask("GET", f"/policies/{other}/policy_amendment_intents/{first.id}"), "not_found", 404)
    refused(world.ask("GET", "/policies/p_none/policy_amendment_intents"), "not_found", 404)


def test_an_opt_out_cannot_be_confirmed_while_the_insurers_are_down(world: World) -> None:
    amendment = Amendment(world, enrolled(world, insured_pair(world))["id"], "cancellation")
    assume(world, insurers="down")
    refused(amendment.confirm(), "third_party_error", 500)


@pytest.mark.parametrize(
    ("setting", "state"), [("amendment_quote", "pending_confirmation"), ("amendment_processing", "amended")]
)
def test_how_long_an_amendment_takes_can_be_assumed_otherwise(world: World, setting: str, state: str) -> None:
    assume(world, **{setting: "1h"})
    amendment = Amendment(world, enrolled(world, insured_pair(world))["id"])
    amendment.confirm_dependents()
    if state == "amended":
        world.advance("3s")
        done(amendment.confirm())
    world.advance("59m59s")
    assert amendment.shown["status"] != state
    world.advance("1s")
    assert amendment.shown["status"] == state


def test_tax_and_currency_of_a_quote_can_be_assumed_otherwise(world: World) -> None:
    assume(world, amendment_tax=0, amendment_currency="lower")
    amendment = Amendment(world, enrolled(world, insured_pair(world))["id"])
    amendment.confirm_dependents()
    world.advance("3s")
    quote = amendment.shown["pending_confirmation"]["quote"]
    assert (quote["currency"], quote["monthly"]["total"]["tax"]) == ("eur", 0.0)
