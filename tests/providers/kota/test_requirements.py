"""Kota's requirements: forms that are fulfilled when no answer is outstanding."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kota.requirements.form_answers import answer_errors, find_outstanding_fields
from mockserver.providers.kota.requirements.forms import FORMS
from mockserver.providers.kota.requirements.rules import holds
from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    POLICY_ANSWERS,
    QUOTE_ANSWERS,
    answer_requirement,
    create_available_quote,
    create_group_policy,
    create_policy_intent,
    create_quote_intent,
    create_staffed_group,
    expect_field_refusal,
    expect_not_found,
    expect_ok,
    expect_simulation_refused,
    fetch_status,
    fulfil_requirement,
    get,
    list_requirements,
    make_empty_harness,
    post,
    set_assumptions,
    simulate,
    take_step,
)

TODAY = "2026-03-01"
ENROLMENT_ANSWERS = {"treated": False, "truthful": True}
DEPENDENT_ANSWERS = {"student": False}
COMPLETE_ANSWERS: dict[tuple[str, str], Any] = {
    ("group_quote_intent", "employer"): QUOTE_ANSWERS,
    ("group_quote_intent", "employee"): {"occupation": "Welder", "weekly_hours": 39},
    ("group_policy_intent", "employer"): POLICY_ANSWERS,
    ("group_policy_intent", "employee"): {"staff_number": "A-17"},
    ("enrolment_intent", "employee"): ENROLMENT_ANSWERS,
    ("enrolment_intent", "associated_person"): DEPENDENT_ANSWERS,
    ("dependents_management_intent", "associated_person"): DEPENDENT_ANSWERS,
}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


@pytest.fixture
def intent(harness: Harness) -> str:
    """The path of a quote intent with a requirement about its employer."""
    id = create_quote_intent(harness, create_staffed_group(harness))
    harness.advance("2s")
    return f"/group_quote_intents/{id}"


@pytest.fixture
def requirement_id(harness: Harness, intent: str) -> str:
    """The id of the intent's requirement."""
    return str(list_requirements(harness, intent)[0]["id"])


def test_an_intent_lists_its_requirements(harness: Harness, intent: str, requirement_id: str) -> None:
    employer = get(harness, "/groups")["items"][0]["employer_id"]
    assert get(harness, f"{intent}/requirements") == {
        "items": [
            {
                "object": "requirement",
                "id": requirement_id,
                "object_type": "employer",
                "object_id": employer,
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
    for query, count in ((f"object_id={employer}", 1), ("object_id=er_x", 0), ("object_type=employee", 0)):
        assert get(harness, f"{intent}/requirements?{query}")["total_count"] == count
    expect_field_refusal(harness.request("GET", f"{intent}/requirements?object_type=dog"), "object_type")
    expect_not_found(harness.request("GET", "/group_quote_intents/gqi_none/requirements"))


def test_a_requirement_shows_its_form(harness: Harness, requirement_id: str) -> None:
    record = get(harness, f"/requirements/{requirement_id}")
    assert set(record) == {"is_fulfilled", "schema"}
    form = record["schema"]
    assert (form["object_type"], form["benefit_type"], form["context"]) == ("employer", "health", "setup_intent")
    assert [field["id"] for field in form["fields"]] == form["flow"]["steps"][0]["fields"]
    assert not [field for field in form["fields"] if "defaultValue" in field]
    expect_not_found(harness.request("GET", "/requirements/ar_none"))


def test_answers_are_merged_and_returned_as_defaults(harness: Harness, intent: str, requirement_id: str) -> None:
    first = answer_requirement(harness, requirement_id, {"industry": "other"})
    assert (first["status"], first["outstanding_fields"]) == ("in_progress", ["industry_name", "headcount"])
    assert first["schema"]["fields"][0]["defaultValue"] == "other"
    assert get(harness, f"/requirements/{requirement_id}")["schema"] == first["schema"]
    second = answer_requirement(harness, requirement_id, {"headcount": 4})
    assert (second["status"], second["outstanding_fields"]) == ("in_progress", ["industry_name"])
    last = answer_requirement(harness, requirement_id, {"industry_name": "Falconry"})
    assert set(last) == {"status", "schema"}
    assert last["status"] == "fulfilled"
    record = get(harness, f"/requirements/{requirement_id}")
    assert (record["is_fulfilled"], record["fulfilled_at"]) == (True, "2026-03-01T12:00:09Z")
    assert list_requirements(harness, intent)[0]["is_fulfilled"] is True
    assert fetch_status(harness, intent) == "awaiting_quote"


def test_no_answers_leave_a_requirement_pending(harness: Harness, requirement_id: str) -> None:
    assert answer_requirement(harness, requirement_id, {})["status"] == "pending"


def test_a_later_answer_replaces_an_earlier_one(harness: Harness, requirement_id: str) -> None:
    answer_requirement(harness, requirement_id, {"industry": "other"})
    assert answer_requirement(harness, requirement_id, {"industry": "retail"})["outstanding_fields"] == ["headcount"]


def test_a_fulfilled_requirement_takes_no_more_answers(harness: Harness, requirement_id: str) -> None:
    answer_requirement(harness, requirement_id, QUOTE_ANSWERS)
    again = post(harness, f"/requirements/{requirement_id}", {"answers": {"headcount": 5}})
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
def test_a_wrong_answer_is_refused_with_a_list_of_errors_and_nothing_is_stored(
    harness: Harness, requirement_id: str, field: str, value: Any, error: str
) -> None:
    response = post(harness, f"/requirements/{requirement_id}", {"answers": {"insurer_before": "Acme", field: value}})
    assert (response.status_code, response.json["error_code"]) == (400, "invalid_request")
    ((entry),) = response.json["errors"]
    assert (entry["field_id"], entry["error_type"]) == (field, error)
    assert entry["message"] == response.json["detail"]
    assert not [
        each for each in get(harness, f"/requirements/{requirement_id}")["schema"]["fields"] if "defaultValue" in each
    ]


def test_answers_to_unknown_fields_are_named(harness: Harness, requirement_id: str) -> None:
    response = post(
        harness, f"/requirements/{requirement_id}", {"answers": {"headcount": 3, "shoe_size": 44, "hat": "x"}}
    )
    assert (response.status_code, response.json["error_code"]) == (400, "invalid_request")
    assert sorted(response.json["unknown_fields"]) == ["hat", "shoe_size"]
    assert "errors" not in response.json


@pytest.mark.parametrize("body", [{}, {"answers": None}, {"answers": [1]}])
def test_a_body_without_answers_is_refused_with_a_list_of_errors_and_a_detail(
    harness: Harness, requirement_id: str, body: Any
) -> None:
    response = post(harness, f"/requirements/{requirement_id}", body)
    assert (response.status_code, [each["field_id"] for each in response.json["errors"]]) == (400, ["answers"])
    assert response.json["detail"]


def test_an_unknown_requirement_takes_no_answers(harness: Harness) -> None:
    expect_not_found(post(harness, "/requirements/ar_none", {"answers": {}}))


def test_a_form_field_with_a_dataset_accepts_only_its_items(harness: Harness) -> None:
    id = create_policy_intent(harness, create_available_quote(harness, create_staffed_group(harness)))
    harness.advance("2s")
    (required,) = list_requirements(harness, f"/group_policy_intents/{id}")
    assert required["requirement_type"] == "group_policy_intent"
    wrong = post(harness, f"/requirements/{required['id']}", {"answers": {"legal_form": "kingdom"}})
    assert wrong.json["errors"][0]["error_type"] == "invalid_option"
    missing = answer_requirement(harness, required["id"], {**POLICY_ANSWERS, "payment": "direct_debit"})[
        "outstanding_fields"
    ]
    assert missing == ["account_holder"]
    assert answer_requirement(harness, required["id"], {"account_holder": "Harbour Ltd"})["status"] == "fulfilled"


def test_the_last_of_several_requirements_moves_the_intent(harness: Harness) -> None:
    set_assumptions(harness, quote_asks="employer_and_employees")
    intent = f"/group_quote_intents/{create_quote_intent(harness, create_staffed_group(harness, 2))}"
    harness.advance("2s")
    required = list_requirements(harness, intent)
    assert [each["object_type"] for each in required] == ["employee", "employee", "employer"]
    assert get(harness, f"{intent}/requirements?object_type=employee")["total_count"] == 2
    for each in required[:2]:
        answer_requirement(harness, each["id"], COMPLETE_ANSWERS["group_quote_intent", "employee"])
    assert fetch_status(harness, intent) == "action_required"
    answer_requirement(harness, required[2]["id"], QUOTE_ANSWERS)
    assert fetch_status(harness, intent) == "awaiting_quote"


def test_a_simulation_fulfils_a_requirement(harness: Harness, intent: str, requirement_id: str) -> None:
    take_step(harness, requirement_id, "answer")
    assert fetch_status(harness, intent) == "action_required"
    take_step(harness, requirement_id, "fulfil")
    assert get(harness, f"/requirements/{requirement_id}")["is_fulfilled"] is True
    assert fetch_status(harness, intent) == "awaiting_quote"


def test_a_simulation_adds_a_requirement_to_an_intent(harness: Harness) -> None:
    group = create_staffed_group(harness)
    id = create_quote_intent(harness, group)
    (member,) = get(harness, f"/groups/{group}/employees")["items"]
    added = simulate(harness, "ask_requirement", id=id, object_type="employee", object_id=member["id"])
    assert fetch_status(harness, f"/group_quote_intents/{id}") == "action_required"
    assert added["id"] in [each["id"] for each in list_requirements(harness, f"/group_quote_intents/{id}")]
    expect_simulation_refused(harness, "ask_requirement", id=id, object_type="employee", object_id="ee_none")
    expect_simulation_refused(harness, "ask_requirement", id=id, object_type="associated_person", object_id="ap_none")
    expect_simulation_refused(harness, "ask_requirement", id=group, object_type="employee", object_id=member["id"])


def test_a_simulation_adds_a_requirement_to_an_enrolment(harness: Harness) -> None:
    group = create_staffed_group(harness)
    create_group_policy(harness, group)
    (member,) = get(harness, f"/groups/{group}/employees")["items"]
    body = {"employee_id": member["id"], "group_id": group, "force_confirmation": True}
    intent = f"/enrolment_intents/{expect_ok(post(harness, '/enrolment_intents', body))['id']}"
    simulate(harness, "ask_requirement", id=intent.rpartition("/")[2], object_type="employee", object_id=member["id"])
    assert fetch_status(harness, intent) == "action_required"
    fulfil_requirement(harness, intent, ENROLMENT_ANSWERS)
    harness.advance("2s")
    assert fetch_status(harness, intent) == "pending_confirmation"


@pytest.mark.parametrize("key", FORMS, ids="-".join)
def test_every_form_can_be_filled_in(key: tuple[str, str]) -> None:
    form = FORMS[key]
    assert answer_errors(form, COMPLETE_ANSWERS[key], {}, TODAY) == []
    assert find_outstanding_fields(form, {}, TODAY) != []
    assert find_outstanding_fields(form, COMPLETE_ANSWERS[key], TODAY) == []


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
def test_rules_of_fields_are_enforced(answers: Any, field_id: str) -> None:
    assert [each.field_id for each in answer_errors(FORMS["group_policy_intent", "employer"], answers, {}, TODAY)] == [
        field_id
    ]


def test_a_rule_can_require_a_field_and_a_checkbox_can_require_true() -> None:
    form = FORMS["enrolment_intent", "employee"]
    assert find_outstanding_fields(form, {"treated": True}, TODAY) == ["treatment", "treated_until", "truthful"]
    assert find_outstanding_fields(form, {"treated": False}, TODAY) == ["truthful"]
    assert [each.message for each in answer_errors(form, {"truthful": False}, {}, TODAY)] == ["Must be confirmed."]
    assert [each.error_type for each in answer_errors(form, {"truthful": "yes"}, {}, TODAY)] == ["invalid_type"]


NUMBER_VARIABLE = {"var": "n"}


@pytest.mark.parametrize(
    ("rule", "answers", "true"),
    [
        (True, {}, True),
        (None, {}, False),
        ({"==": [NUMBER_VARIABLE, 3]}, {"n": 3}, True),
        ({"!=": [NUMBER_VARIABLE, 3]}, {"n": 3}, False),
        ({"<": [NUMBER_VARIABLE, 3]}, {"n": 2}, True),
        ({"<=": [NUMBER_VARIABLE, 3]}, {"n": 4}, False),
        ({">": [NUMBER_VARIABLE, 3]}, {"n": 4}, True),
        ({">": [NUMBER_VARIABLE, 3]}, {}, False),
        ({">=": [NUMBER_VARIABLE, "x"]}, {"n": 4}, False),
        ({"!": NUMBER_VARIABLE}, {"n": 0}, True),
        ({"and": [{"!": [NUMBER_VARIABLE]}, True]}, {"n": 1}, False),
        ({"or": [{"==": [NUMBER_VARIABLE, 1]}, {"==": [NUMBER_VARIABLE, 2]}]}, {"n": 2}, True),
        ({"in": [NUMBER_VARIABLE, ["a", "b"]]}, {"n": "b"}, True),
        ({"in": [NUMBER_VARIABLE, 4]}, {"n": "b"}, False),
        ({"==": [NUMBER_VARIABLE, {"today": []}]}, {"n": TODAY}, True),
        ({"match": [NUMBER_VARIABLE, "[a-z]+"]}, {"n": "abc"}, True),
        ({"match": [NUMBER_VARIABLE, "[a-z]+"]}, {"n": "abc1"}, False),
        ({"match": [NUMBER_VARIABLE, "[a-z]+"]}, {}, False),
        ({"phone_valid": [NUMBER_VARIABLE]}, {"n": "+353871234567"}, True),
        ({"phone_valid": NUMBER_VARIABLE}, {"n": 353}, False),
    ],
)
def test_rules_are_json_logic(rule: Any, answers: Any, true: bool) -> None:
    assert holds(rule, answers, TODAY) is true
