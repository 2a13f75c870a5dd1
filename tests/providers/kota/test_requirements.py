"""Kota's requirements: forms whose answers add up until nothing is missing."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kota.requirements.form_answers import outstanding, wrong
from mockserver.providers.kota.requirements.forms import FORMS
from mockserver.providers.kota.requirements.rules import holds
from tests.support.kota_groups import (
    POLICY_ANSWERS,
    QUOTE_ANSWERS,
    answer,
    assume,
    bare_world,
    fulfil,
    get,
    group_policy,
    impossible,
    missing,
    ok,
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
)
from tests.support.worlds import World

TODAY = "2026-03-01"
HEALTHY = {"treated": False, "truthful": True}
DEPENDENT = {"student": False}
COMPLETE: dict[tuple[str, str], Any] = {
    ("group_quote_intent", "employer"): QUOTE_ANSWERS,
    ("group_quote_intent", "employee"): {"occupation": "Welder", "weekly_hours": 39},
    ("group_policy_intent", "employer"): POLICY_ANSWERS,
    ("group_policy_intent", "employee"): {"staff_number": "A-17"},
    ("enrolment_intent", "employee"): HEALTHY,
    ("enrolment_intent", "associated_person"): DEPENDENT,
    ("dependents_management_intent", "associated_person"): DEPENDENT,
}


@pytest.fixture
def world() -> World:
    return bare_world()


@pytest.fixture
def intent(world: World) -> str:
    """The path of a quote intent that asks about its employer."""
    id = quote_intent(world, staffed(world))
    world.advance("2s")
    return f"/group_quote_intents/{id}"


@pytest.fixture
def asked(world: World, intent: str) -> str:
    """The id of what it requires."""
    return str(requirements_of(world, intent)[0]["id"])


def test_an_intent_lists_what_it_requires(world: World, intent: str, asked: str) -> None:
    owner = get(world, "/groups")["items"][0]["employer_id"]
    assert get(world, f"{intent}/requirements") == {
        "items": [
            {
                "object": "requirement",
                "id": asked,
                "object_type": "employer",
                "object_id": owner,
                "is_fulfilled": False,
                "requirement_type": "group_quote_intent",
            }
        ],
        "page": 1,
        "page_size": 1,
        "total_count": 1,
        "has_next_page": False,
        "has_previous_page": False,
    }
    for query, count in ((f"object_id={owner}", 1), ("object_id=er_x", 0), ("object_type=employee", 0)):
        assert get(world, f"{intent}/requirements?{query}")["total_count"] == count
    refused(world.ask("GET", f"{intent}/requirements?object_type=dog"), "object_type")
    missing(world.ask("GET", "/group_quote_intents/gqi_none/requirements"))


def test_a_requirement_shows_its_form(world: World, asked: str) -> None:
    shown = get(world, f"/requirements/{asked}")
    assert set(shown) == {"is_fulfilled", "schema"}
    form = shown["schema"]
    assert (form["object_type"], form["benefit_type"], form["context"]) == ("employer", "health", "setup_intent")
    assert [field["id"] for field in form["fields"]] == form["flow"]["steps"][0]["fields"]
    assert not [field for field in form["fields"] if "defaultValue" in field]
    missing(world.ask("GET", "/requirements/ar_none"))


def test_answers_add_up_and_come_back_as_defaults(world: World, intent: str, asked: str) -> None:
    first = answer(world, asked, {"industry": "other"})
    assert (first["status"], first["outstanding_fields"]) == ("in_progress", ["industry_name", "headcount"])
    assert first["schema"]["fields"][0]["defaultValue"] == "other"
    assert get(world, f"/requirements/{asked}")["schema"] == first["schema"]
    second = answer(world, asked, {"headcount": 4})
    assert (second["status"], second["outstanding_fields"]) == ("in_progress", ["industry_name"])
    last = answer(world, asked, {"industry_name": "Falconry"})
    assert set(last) == {"status", "schema"}
    assert last["status"] == "fulfilled"
    shown = get(world, f"/requirements/{asked}")
    assert (shown["is_fulfilled"], shown["fulfilled_at"]) == (True, "2026-03-01T12:00:09Z")
    assert requirements_of(world, intent)[0]["is_fulfilled"] is True
    assert status(world, intent) == "awaiting_quote"


def test_no_answers_leave_a_requirement_pending(world: World, asked: str) -> None:
    assert answer(world, asked, {})["status"] == "pending"


def test_a_later_answer_replaces_an_earlier_one(world: World, asked: str) -> None:
    answer(world, asked, {"industry": "other"})
    assert answer(world, asked, {"industry": "retail"})["outstanding_fields"] == ["headcount"]


def test_a_fulfilled_requirement_takes_no_more_answers(world: World, asked: str) -> None:
    answer(world, asked, QUOTE_ANSWERS)
    again = post(world, f"/requirements/{asked}", {"answers": {"headcount": 5}})
    assert again.status_code == 409
    assert set(again.json) == {"type", "title", "status", "detail", "error_code", "trace_id"}


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("industry", "piracy", "invalid_option"),
        ("industry", 1, "invalid_type"),
        ("headcount", "12", "invalid_type"),
        ("headcount", True, "invalid_type"),
        ("headcount", None, "invalid_type"),
        ("headcount", 0, "rule_failed"),
        ("industry_name", " ", "invalid_type"),
        ("insured_before", "yes", "invalid_option"),
    ],
)
def test_a_wrong_answer_is_refused_as_a_list_of_errors_and_nothing_is_kept(
    world: World, asked: str, field: str, value: Any, error: str
) -> None:
    said = post(world, f"/requirements/{asked}", {"answers": {"insurer_before": "Acme", field: value}})
    assert (said.status_code, said.json["error_code"]) == (400, "invalid_request")
    ((told),) = said.json["errors"]
    assert (told["field_id"], told["error_type"]) == (field, error)
    assert told["message"] == said.json["detail"]
    assert not [each for each in get(world, f"/requirements/{asked}")["schema"]["fields"] if "defaultValue" in each]


def test_answers_to_fields_the_form_has_not_are_named(world: World, asked: str) -> None:
    said = post(world, f"/requirements/{asked}", {"answers": {"headcount": 3, "shoe_size": 44, "hat": "x"}})
    assert (said.status_code, said.json["error_code"]) == (400, "invalid_request")
    assert sorted(said.json["unknown_fields"]) == ["hat", "shoe_size"]
    assert "errors" not in said.json


@pytest.mark.parametrize("body", [{}, {"answers": None}, {"answers": [1]}])
def test_a_body_without_answers_is_refused_as_a_list_with_a_detail(world: World, asked: str, body: Any) -> None:
    said = post(world, f"/requirements/{asked}", body)
    assert (said.status_code, [each["field_id"] for each in said.json["errors"]]) == (400, ["answers"])
    assert said.json["detail"]


def test_an_unknown_requirement_takes_no_answers(world: World) -> None:
    missing(post(world, "/requirements/ar_none", {"answers": {}}))


def test_a_form_with_a_dataset_takes_its_items(world: World) -> None:
    id = policy_intent(world, quote(world, staffed(world)))
    world.advance("2s")
    (required,) = requirements_of(world, f"/group_policy_intents/{id}")
    assert required["requirement_type"] == "group_policy_intent"
    wrong_one = post(world, f"/requirements/{required['id']}", {"answers": {"legal_form": "kingdom"}})
    assert wrong_one.json["errors"][0]["error_type"] == "invalid_option"
    left = answer(world, required["id"], {**POLICY_ANSWERS, "payment": "direct_debit"})["outstanding_fields"]
    assert left == ["account_holder"]
    assert answer(world, required["id"], {"account_holder": "Harbour Ltd"})["status"] == "fulfilled"


def test_the_last_of_several_requirements_moves_the_intent(world: World) -> None:
    assume(world, quote_asks="employer_and_employees")
    intent = f"/group_quote_intents/{quote_intent(world, staffed(world, 2))}"
    world.advance("2s")
    required = requirements_of(world, intent)
    assert [each["object_type"] for each in required] == ["employee", "employee", "employer"]
    assert get(world, f"{intent}/requirements?object_type=employee")["total_count"] == 2
    for each in required[:2]:
        answer(world, each["id"], COMPLETE["group_quote_intent", "employee"])
    assert status(world, intent) == "action_required"
    answer(world, required[2]["id"], QUOTE_ANSWERS)
    assert status(world, intent) == "awaiting_quote"


def test_someone_at_kota_can_fill_a_form_in(world: World, intent: str, asked: str) -> None:
    step(world, asked, "answer")
    assert status(world, intent) == "action_required"
    step(world, asked, "fulfil")
    assert get(world, f"/requirements/{asked}")["is_fulfilled"] is True
    assert status(world, intent) == "awaiting_quote"


def test_more_can_be_asked_of_an_intent_off_stage(world: World) -> None:
    gr = staffed(world)
    id = quote_intent(world, gr)
    (member,) = get(world, f"/groups/{gr}/employees")["items"]
    asked = simulate(world, "ask_requirement", id=id, object_type="employee", object_id=member["id"])
    assert status(world, f"/group_quote_intents/{id}") == "action_required"
    assert asked["id"] in [each["id"] for each in requirements_of(world, f"/group_quote_intents/{id}")]
    impossible(world, "ask_requirement", id=id, object_type="employee", object_id="ee_none")
    impossible(world, "ask_requirement", id=id, object_type="associated_person", object_id="ap_none")
    impossible(world, "ask_requirement", id=gr, object_type="employee", object_id=member["id"])


def test_an_enrolment_can_be_asked_for_more_off_stage_too(world: World) -> None:
    gr = staffed(world)
    group_policy(world, gr)
    (member,) = get(world, f"/groups/{gr}/employees")["items"]
    body = {"employee_id": member["id"], "group_id": gr, "force_confirmation": True}
    intent = f"/enrolment_intents/{ok(post(world, '/enrolment_intents', body))['id']}"
    simulate(world, "ask_requirement", id=intent.rpartition("/")[2], object_type="employee", object_id=member["id"])
    assert status(world, intent) == "action_required"
    fulfil(world, intent, HEALTHY)
    world.advance("2s")
    assert status(world, intent) == "pending_confirmation"


@pytest.mark.parametrize("key", FORMS, ids="-".join)
def test_every_form_can_be_filled_in(key: tuple[str, str]) -> None:
    form = FORMS[key]
    assert wrong(form, COMPLETE[key], {}, TODAY) == []
    assert outstanding(form, {}, TODAY) != []
    assert outstanding(form, COMPLETE[key], TODAY) == []


@pytest.mark.parametrize(
    ("answers", "field_id"),
    [
        ({"trading_since": "2026-03-02"}, "trading_since"),
        ({"trading_since": "2026-3-1"}, "trading_since"),
        ({"signatory_phone": "087 123"}, "signatory_phone"),
        ({"notes": ""}, "notes"),
        ({"legal_form": True}, "legal_form"),
    ],
)
def test_rules_of_fields_are_held(answers: Any, field_id: str) -> None:
    assert [each.field_id for each in wrong(FORMS["group_policy_intent", "employer"], answers, {}, TODAY)] == [field_id]


def test_a_field_can_be_required_by_a_rule_and_a_box_may_have_to_be_ticked() -> None:
    form = FORMS["enrolment_intent", "employee"]
    assert outstanding(form, {"treated": True}, TODAY) == ["treatment", "treated_until", "truthful"]
    assert outstanding(form, {"treated": False}, TODAY) == ["truthful"]
    assert [each.message for each in wrong(form, {"truthful": False}, {}, TODAY)] == ["Must be confirmed."]
    assert [each.error_type for each in wrong(form, {"truthful": "yes"}, {}, TODAY)] == ["invalid_type"]


NUMBER = {"var": "n"}


@pytest.mark.parametrize(
    ("rule", "answers", "true"),
    [
        (True, {}, True),
        (None, {}, False),
        ({"==": [NUMBER, 3]}, {"n": 3}, True),
        ({"!=": [NUMBER, 3]}, {"n": 3}, False),
        ({"<": [NUMBER, 3]}, {"n": 2}, True),
        ({"<=": [NUMBER, 3]}, {"n": 4}, False),
        ({">": [NUMBER, 3]}, {"n": 4}, True),
        ({">": [NUMBER, 3]}, {}, False),
        ({">=": [NUMBER, "x"]}, {"n": 4}, False),
        ({"!": NUMBER}, {"n": 0}, True),
        ({"and": [{"!": [NUMBER]}, True]}, {"n": 1}, False),
        ({"or": [{"==": [NUMBER, 1]}, {"==": [NUMBER, 2]}]}, {"n": 2}, True),
        ({"in": [NUMBER, ["a", "b"]]}, {"n": "b"}, True),
        ({"in": [NUMBER, 4]}, {"n": "b"}, False),
        ({"==": [NUMBER, {"today": []}]}, {"n": TODAY}, True),
        ({"match": [NUMBER, "[a-z]+"]}, {"n": "abc"}, True),
        ({"match": [NUMBER, "[a-z]+"]}, {"n": "abc1"}, False),
        ({"match": [NUMBER, "[a-z]+"]}, {}, False),
        ({"phone_valid": [NUMBER]}, {"n": "+353871234567"}, True),
        ({"phone_valid": NUMBER}, {"n": 353}, False),
    ],
)
def test_rules_are_json_logic(rule: Any, answers: Any, true: bool) -> None:
    assert holds(rule, answers, TODAY) is true
