"""Kota's dependents management intents: listing, checking and confirming a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.kota_cover import S, assume, freeze, get, insured_pair, ok, person, post, refused, selection, told
from tests.support.kota_world import simulate, step
from tests.support.worlds import make_world

if TYPE_CHECKING:
    from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def waiting(world: World, plan_name: str = "Core", **changes: Any) -> tuple[str, str]:
    """An enrolment that is to be confirmed, and its employee."""
    someone, everybody = insured_pair(world, plan_name, **changes)
    body = {"employee_id": someone, "group_id": everybody, "force_confirmation": True}
    id = ok(post(world, "/enrolment_intents", body))["id"]
    world.advance("2s")
    return id, someone


def opened(world: World, enrolment: str) -> Any:
    return ok(post(world, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))


def add(world: World, id: str, *persons: str, **further: Any) -> Any:
    body = {"associated_person_ids": list(persons), **further}
    return post(world, f"/dependents_management_intents/{id}/dependents", body)


def shown(world: World, id: str) -> Any:
    return get(world, f"/dependents_management_intents/{id}")


def statuses(world: World, id: str) -> list[str]:
    return [each["status"] for each in shown(world, id)["dependents"]]


def dependent_of(world: World, enrolment: str) -> Any:
    pending = get(world, f"/enrolment_intents/{enrolment}")["pending_confirmation"]
    return pending["associated_persons"]["dependent"]


def test_a_family_is_listed_checked_confirmed_and_covered(world: World) -> None:
    enrolment, someone = waiting(world)
    spouse, child = person(world, someone, "spouse", "1990-01-01"), person(world, someone)
    intent = opened(world, enrolment)
    assert (intent["status"], intent["dependents"], intent["parent_intent_id"]) == ("action_required", [], enrolment)
    assert intent["parent_intent_type"] == "enrolment_intent"
    assert dependent_of(world, enrolment) == {"intent_id": intent["id"], "status": "processing"}
    added = ok(add(world, intent["id"], spouse, child))
    assert [each["status"] for each in added["dependents"]] == ["processing", "processing"]
    world.advance("2s")
    assert statuses(world, intent["id"]) == ["pending_confirmation", "pending_confirmation"]
    assert post(world, f"/dependents_management_intents/{intent['id']}/confirm").status_code == 204
    assert shown(world, intent["id"])["status"] == "processing"
    refused(post(world, f"/enrolment_intents/{enrolment}/confirm"))
    world.advance("3s")
    assert (shown(world, intent["id"])["status"], statuses(world, intent["id"])) == ("completed", ["ready"] * 2)
    assert dependent_of(world, enrolment)["status"] == "confirmed"
    assert post(world, f"/enrolment_intents/{enrolment}/confirm").status_code == 204
    world.advance("3s")
    policy = get(world, "/policies")["items"][0]
    members = {each["member_type"]: each["associated_person_id"] for each in policy["health_insurance"]["members"]}
    assert members == {"policyholder": None, "spouse": spouse, "child": child}
    assert policy["health_insurance"]["estimated_gross_premium"]["monthly"]["total"] == 2 * 109.90 + 34.95
    assert told(world, intent["id"]) == [
        "dependents_management_intent.action_required",
        "dependents_management_intent.dependent.pending_confirmation",
        "dependents_management_intent.dependent.pending_confirmation",
        "dependents_management_intent.completed",
    ]


def test_whoever_the_plan_cannot_cover_is_to_be_removed(world: World) -> None:
    enrolment, someone = waiting(world)
    spouse, partner = person(world, someone, "spouse", "1990-01-01"), person(world, someone, "partner", "1990-01-01")
    id = opened(world, enrolment)["id"]
    ok(add(world, id, spouse, partner))
    world.advance("2s")
    assert statuses(world, id) == ["pending_confirmation", "ineligible"]
    asked = shown(world, id)["action_required"]
    assert (asked["code"], asked["due_by"]) == ("remove_restricted_or_ineligible_dependents", "2026-03-15T23:59:59Z")
    refused(post(world, f"/dependents_management_intents/{id}/confirm"))
    left = ok(world.ask("DELETE", f"/dependents_management_intents/{id}/dependents/{partner}"))
    assert [each["associated_person_id"] for each in left["dependents"]] == [spouse]
    assert left["action_required"] is None
    assert post(world, f"/dependents_management_intents/{id}/confirm").status_code == 204
    missing = world.ask("DELETE", f"/dependents_management_intents/{id}/dependents/{partner}")
    refused(missing, "not_found", 404)
    refused(world.ask("DELETE", f"/dependents_management_intents/{id}/dependents/{spouse}"))


def test_a_list_confirmed_before_it_is_checked_may_come_back(world: World) -> None:
    enrolment, someone = waiting(world, metadata={"testmode.dependent": "restricted"})
    child = person(world, someone)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, child))
    assert post(world, f"/dependents_management_intents/{id}/confirm").status_code == 204
    world.advance("3s")
    assert (shown(world, id)["status"], statuses(world, id)) == ("action_required", ["restricted"])
    assert shown(world, id)["action_required"]["code"] == "remove_restricted_or_ineligible_dependents"
    row = get(world, f"/dependents_management_intents/{id}/associated_persons_eligibility")["items"][0]
    assert (row["eligibility_status"], row["ineligibility_reason"]) == ("ineligible", "The person is restricted.")


def test_a_list_can_be_cancelled_twice_and_begun_anew(world: World) -> None:
    enrolment, _ = waiting(world)
    id = opened(world, enrolment)["id"]
    refused(post(world, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))
    for _ in range(2):
        assert post(world, f"/dependents_management_intents/{id}/cancel").status_code == 204
    assert shown(world, id)["status"] == "not_undertaken"
    assert dependent_of(world, enrolment) is None
    fresh = opened(world, enrolment)["id"]
    assert fresh != id
    post(world, f"/dependents_management_intents/{fresh}/confirm")
    refused(post(world, f"/dependents_management_intents/{fresh}/cancel"))
    assert told(world, id)[-1] == "dependents_management_intent.not_undertaken"


def test_a_dependent_may_have_to_tell_more_first(world: World) -> None:
    assume(world, dependents_information="asked")
    enrolment, someone = waiting(world)
    child = person(world, someone)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, child))
    world.advance("2s")
    found = shown(world, id)["dependents"][0]
    assert found["status"] == "action_required"
    refused(post(world, f"/dependents_management_intents/{id}/confirm"))
    assert get(world, f"/requirements/{found['requirement_id']}")["is_fulfilled"] is False
    step(world, found["requirement_id"], "fulfil")
    assert statuses(world, id) == ["processing"]
    world.advance("2s")
    assert statuses(world, id) == ["pending_confirmation"]


def test_what_a_removed_dependent_was_to_tell_is_not_asked_any_more(world: World) -> None:
    assume(world, dependents_information="asked")
    enrolment, someone = waiting(world)
    first, second = person(world, someone), person(world, someone)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, first, second))
    world.advance("2s")
    asked = [each["requirement_id"] for each in shown(world, id)["dependents"]]
    ok(world.ask("DELETE", f"/dependents_management_intents/{id}/dependents/{first}"))
    refused(world.ask("GET", f"/requirements/{asked[0]}"), "not_found", 404)
    step(world, asked[1], "fulfil")
    assert statuses(world, id) == ["processing"]


def test_a_child_grown_up_is_an_adult_dependant(world: World) -> None:
    assume(world, child_until=18)
    enrolment, someone = waiting(world)
    grown = person(world, someone, "child", "2006-03-02")
    id = opened(world, enrolment)["id"]
    ok(add(world, id, grown))
    post(world, f"/dependents_management_intents/{id}/confirm")
    world.advance("3s")
    post(world, f"/enrolment_intents/{enrolment}/confirm")
    world.advance("3s")
    members = get(world, "/policies")["items"][0]["health_insurance"]["members"]
    assert [each["member_type"] for each in members] == ["policyholder", "adult_dependant"]


def test_a_plan_for_the_policyholder_alone_lists_nobody(world: World) -> None:
    enrolment, _ = waiting(world, "Single", sharing={"type": "policyholder_only"})
    assert get(world, f"/enrolment_intents/{enrolment}")["pending_confirmation"]["associated_persons"] is None
    refused(post(world, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))


def test_dependents_are_listed_only_while_the_enrolment_is_to_be_confirmed(world: World) -> None:
    enrolment, someone = waiting(world)
    id = opened(world, enrolment)["id"]
    post(world, f"/enrolment_intents/{enrolment}/reject")
    assert shown(world, id)["status"] == "not_undertaken"
    refused(post(world, f"/enrolment_intents/{enrolment}/create_dependents_management_intent"))
    refused(post(world, f"/dependents_management_intents/{id}/confirm"))
    refused(add(world, id, person(world, someone)))


def test_after_the_deadline_nothing_can_be_confirmed(world: World) -> None:
    enrolment, someone = waiting(world)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, person(world, someone)))
    freeze(world, "2026-03-16T00:00:00Z")
    refused(post(world, f"/dependents_management_intents/{id}/confirm"))


def test_an_enrolment_may_be_confirmed_without_its_unfinished_list(world: World) -> None:
    assume(world, confirm_with_open_dependents="accepted")
    enrolment, someone = waiting(world)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, person(world, someone)))
    assert post(world, f"/enrolment_intents/{enrolment}/confirm").status_code == 204
    assert shown(world, id)["status"] == "not_undertaken"
    world.advance("3s")
    assert len(get(world, "/policies")["items"][0]["health_insurance"]["members"]) == 1


def test_the_wrong_dependents_are_refused_by_their_path(world: World) -> None:
    enrolment, someone = waiting(world)
    child, id = person(world, someone), opened(world, enrolment)["id"]
    refused(add(world, id, "ap_none"), "not_found", 404)
    assert "associated_person_ids" in refused(add(world, id), "invalid_request")["errors"]
    ok(add(world, id, child))
    assert "associated_person_ids[0]" in refused(add(world, id, child), "invalid_request")["errors"]
    other = person(world, someone)
    errors = refused(add(world, id, other, other), "invalid_request")["errors"]
    assert list(errors) == ["associated_person_ids[1]"]


def chosen_for(world: World, person_id: str) -> dict[str, Any]:
    return {"associated_person_id": person_id, "coverage_selections": [selection(world, "member")]}


def test_options_are_selected_for_each_member(world: World) -> None:
    enrolment, someone = waiting(world, "Choice", metadata={"testmode.enrolment_intent": "pending_confirmation"})
    child, id = person(world, someone), opened(world, enrolment)["id"]
    assert [each["scope"] for each in shown(world, id)["coverage_options"]] == ["member"]
    wrong = [chosen_for(world, "ap_none"), chosen_for(world, child), chosen_for(world, child)]
    wrong[1]["coverage_selections"][0]["configuration_id"] = "pc_none"
    errors = refused(add(world, id, child, dependent_coverage_selections=wrong), "invalid_request")["errors"]
    assert set(errors) == {
        "dependent_coverage_selections[0].associated_person_id",
        "dependent_coverage_selections[1].coverage_selections[0].configuration_id",
        "dependent_coverage_selections[2].associated_person_id",
    }
    chosen = [chosen_for(world, child)]
    added = ok(add(world, id, child, dependent_coverage_selections=chosen))
    assert added["dependents"][0]["coverage_selections"][0]["options"][0]["sub_options"] is None
    post(world, f"/dependents_management_intents/{id}/confirm")
    world.advance("3s")
    post(world, f"/enrolment_intents/{enrolment}/confirm")
    world.advance("3s")
    premium = get(world, "/policies")["items"][0]["health_insurance"]["estimated_gross_premium"]
    assert premium["monthly"]["total"] == pytest.approx(142.25 + 44.10 + 3.90)


def test_who_could_be_covered_is_known_before_anybody_is_listed(world: World) -> None:
    enrolment, someone = waiting(world)
    spouse, child = person(world, someone, "spouse", "1990-01-01"), person(world, someone)
    partner = person(world, someone, "partner", "1990-01-01")
    id = opened(world, enrolment)["id"]
    ok(add(world, id, spouse))
    items = get(world, f"/dependents_management_intents/{id}/associated_persons_eligibility")["items"]
    found = {each["associated_person_id"]: each["eligibility_status"] for each in items}
    assert found == {spouse: "pending", child: "eligible", partner: "ineligible"}
    assert [each["associated_person_id"] for each in items] == [partner, child, spouse]
    assert items[2]["relationship"] == "spouse"
    refused(world.ask("GET", "/dependents_management_intents/dmi_0/associated_persons_eligibility"), "not_found", 404)


def test_a_check_can_be_ended_off_stage(world: World) -> None:
    enrolment, someone = waiting(world)
    child, id = person(world, someone), opened(world, enrolment)["id"]
    ok(add(world, id, child))
    simulate(world, "check_dependent", id=id, associated_person_id=child, status="action_required")
    assert shown(world, id)["dependents"][0]["requirement_id"] is not None
    simulate(world, "check_dependent", id=id, associated_person_id=child, status="restricted")
    assert shown(world, id)["action_required"] is not None
    path = f"{S}/simulations/check_dependent"
    for wrong in ({"id": "dmi_none", "associated_person_id": child}, {"id": id, "associated_person_id": "ap_none"}):
        assert world.admin("POST", path, {**wrong, "status": "restricted"}).status_code == 422


@pytest.mark.parametrize("state", ["action_required", "completed"])
def test_metadata_chooses_ahead_what_a_list_comes_to(world: World, state: str) -> None:
    enrolment, someone = waiting(world, metadata={"testmode.dependents_management_intent": state})
    id = opened(world, enrolment)["id"]
    ok(add(world, id, person(world, someone)))
    post(world, f"/dependents_management_intents/{id}/confirm")
    world.advance("3s")
    assert shown(world, id)["status"] == state


@pytest.mark.parametrize("setting", ["dependents_check", "dependents_processing"])
def test_how_long_a_list_takes_can_be_assumed_otherwise(world: World, setting: str) -> None:
    assume(world, **{setting: "1h"})
    enrolment, someone = waiting(world)
    id = opened(world, enrolment)["id"]
    ok(add(world, id, person(world, someone)))
    post(world, f"/dependents_management_intents/{id}/confirm")
    world.advance("59m")
    assert shown(world, id)["status"] == "processing"
    world.advance("1m")
    assert shown(world, id)["status"] == "completed"
