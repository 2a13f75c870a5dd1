"""Breaks every documented constraint of every body once; the problem must name the path of the field."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from json import dumps
from typing import Any

import pytest

from mockserver.providers.kota import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.paths import load_contract

FACTS = load_contract("kota")
SCHEMAS, ENUMS = FACTS["schemas"], FACTS["enums"]
HEX = "011e2d3c4b5a69788796a5b4c3d2e1f0"
ADDRESS = {"line1": "12 Harbour Row", "line2": "Floor 2", "line3": "Left", "city": "Galway", "state": "Connacht"}
HOME = {**ADDRESS, "postal_code": "H91 T8NX", "country_code": "ie"}
CONTACT = {"name": "Orla Byrne", "email": "orla@brightwater.test"}
DATES = {"desired_policy_start_date": "2030-10-01", "enrolment_date": "2030-09-01"}
SELECTIONS = [
    {
        "configuration_id": f"pc_{HEX}",
        "options": [{"option_id": f"pco_{HEX}", "sub_options": [{"option_id": f"pco_{HEX}"}]}],
    }
]
SHARING = {"type": "percentage", "percentage": {"percentage": 80}}
BANK = {"account_number": "IE29AIBK93115212345678"}
PERSON = {
    "first_name": "Sean",
    "last_name": "Doyle",
    "date_of_birth": "2019-02-03",
    "sex_at_birth": "male",
    "relationship_type": "child",
    "email": "sean@doyle.test",
    "phone_number": "+353871234567",
}
EMPLOYEE = {
    "first_name": "Niamh",
    "last_name": "Doyle",
    "home_address": HOME,
    "nationality": "ie",
    "national_tax_id": "1234567T",
    "phone_number": "+353871234567",
    "email": "niamh@brightwater.test",
    "start_on": "2030-09-01",
    "earliest_benefits_start_date": "2030-09-01",
    "bank_account": BANK,
    "metadata": {"id": "emp-042"},
}
BODIES: dict[str, dict[str, Any]] = {
    "CreateEmployerRequest": {
        "legal_name": "Brightwater Labs Ltd",
        "registration_number": "700123",
        "legal_address": HOME,
        "contact": CONTACT,
        "earliest_benefits_start_date": "2030-01-01",
        "metadata": {"crm_id": "A-19"},
    },
    "UpdateEmployerRequest": {
        "legal_name": "Brightwater Labs Ltd",
        "registration_number": "700123",
        "legal_address": {**ADDRESS, "postal_code": "H91 T8NX"},
        "contact": CONTACT,
        "earliest_benefits_start_date": "2030-01-01",
        "metadata": {"crm_id": "A-19"},
    },
    "CreateEmployeeRequest": {
        **EMPLOYEE,
        "employer_id": f"er_{HEX}",
        "external_customer_id": "c-1",
        "date_of_birth": "1991-04-17",
        "sex_at_birth": "female",
    },
    "UpdateEmployeeRequest": {**EMPLOYEE, "home_address": {**ADDRESS, "postal_code": "H91 T8NX"}},
    "OffboardEmployeeRequest": {"offboard_on": "2030-12-31T00:00:00Z", "offboard_reason": "resignation"},
    "CreateAssociatedPersonRequest": PERSON,
    "UpdateAssociatedPersonRequest": PERSON,
    "CreateGroupRequest": {"employer_id": f"er_{HEX}", "name": "Engineering", "description": "All of them"},
    "UpdateGroupRequest": {"name": "Engineering", "description": "All of them"},
    "AddEmployeeToGroupRequest": {
        "employee_id": f"ee_{HEX}",
        "create_enrolment_intents": True,
        "policy_configuration": DATES,
    },
    "CheckGroupEligibilityRequest": {"employee_id": f"ee_{HEX}"},
    "CreateGroupQuoteIntentRequest": {
        "group_id": f"gr_{HEX}",
        "plan_id": f"pl_{HEX}",
        "cost_sharing": SHARING,
        "expected_start_date": "2030-10-01",
        "coverage_selections": SELECTIONS,
    },
    "CreateGroupPolicyIntentRequest": {
        "quote_intent_id": f"gqi_{HEX}",
        "cost_sharing": SHARING,
        "consent_approvals": [{"type": "terms_of_business", "ip": "203.0.113.7", "version": "1", "user_id": "u-9"}],
    },
    "CreateEnrolmentIntentRequest": {
        "employee_id": f"ee_{HEX}",
        "group_id": f"gr_{HEX}",
        "policy_configuration": DATES,
        "force_confirmation": True,
        "coverage_selections": SELECTIONS,
    },
    "PolicyConfigurationRequest": DATES,
    "SubmitCoverageSelectionsRequest": {"coverage_selections": SELECTIONS},
    "AddDependentsRequest": {
        "associated_person_ids": [f"ap_{HEX}"],
        "dependent_coverage_selections": [{"associated_person_id": f"ap_{HEX}", "coverage_selections": SELECTIONS}],
    },
    "CreatePolicyAmendmentIntentRequest": {
        "amendment_reason": {
            "type": "qualifying_life_event",
            "qualifying_life_event": {"event": "birth_of_child", "event_date": "2026-02-02", "reason": "born"},
        },
        "requested_changes": [{"change_type": "dependents"}],
    },
    "CreatePolicyImportIntentRequest": {
        "employee_id": f"ee_{HEX}",
        "group_id": f"gr_{HEX}",
        "provider_policy_number": "P-1",
        "member_number": "M-1",
        "policy_start_date": "2026-01-01",
        "policy_end_date": "2026-12-31",
        "associated_persons": [
            {"associated_person_id": f"ap_{HEX}", "member_number": "M-2", "start_date": "2026-01-01", "end_date": None}
        ],
    },
    "CreateSessionTokenRequest": {
        "employer_id": f"er_{HEX}",
        "employee_id": f"ee_{HEX}",
        "external_customer_id": "c-1",
    },
    "CreateSessionTokenLinkRequest": {"employer_id": f"er_{HEX}", "employee_id": f"ee_{HEX}"},
}
"""A body with every field for every request schema; its ids refer to no records."""
WRONG_TYPES: dict[str, Any] = {"string": 7, "integer": "many", "boolean": "yes", "array": "none", "object": "none"}
REMOVED = object()
InvalidCase = tuple[str, tuple[str | int, ...], Any, str]


def invalid_variants(
    schema: str, body: Any, parent: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any, str]]:
    """Yields the path, an invalid value and its defect, for every constraint of every field."""
    for name, fact in SCHEMAS[schema].items():
        path = (*parent, name)
        if fact.get("required"):
            yield path, REMOVED, "missing"
        if not fact.get("nullable"):
            yield path, None, "null"
        yield from ((path, value, defect) for value, defect in invalid_values(fact))
        nested = fact.get("items", fact["type"])
        if nested in SCHEMAS and body.get(name):
            nested_variant = (body[name][0], (*path, 0)) if fact["type"] == "array" else (body[name], path)
            yield from invalid_variants(nested, *nested_variant)


def invalid_values(fact: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yields values that a field must refuse, each with its defect."""
    if fact["type"] in ENUMS:
        yield "no-such-word", "not one of its words"
    elif fact["type"] in WRONG_TYPES:
        yield WRONG_TYPES[fact["type"]], "of another type"
    else:
        yield "text", "no object"
    if "pattern" in fact:
        yield f"xx_{HEX}", "another prefix"
    if fact.get("format") in ("date", "date-time"):
        yield "2026-02-30", "no such day"


def all_invalid_cases() -> Iterator[InvalidCase]:
    for schema, body in BODIES.items():
        yield from ((schema, path, value, defect) for path, value, defect in invalid_variants(schema, body))


US = {**HOME, "country_code": "us", "postal_code": "10001", "state": "New York"}
CANADA = {**HOME, "country_code": "ca", "postal_code": "K1A 0B1"}
ADDITIONAL_CASES: list[InvalidCase] = [
    ("CreateEmployerRequest", ("metadata",), {f"key-{nth}": "v" for nth in range(26)}, "more than 25 keys"),
    ("CreateEmployerRequest", ("metadata",), {"k" * 41: "v"}, "a key of 41 characters"),
    ("CreateEmployerRequest", ("metadata",), {"k": "v" * 501}, "a value of 501 characters"),
    ("CreateEmployerRequest", ("metadata",), {"k": 1}, "a value that is no text"),
    ("UpdateEmployeeRequest", ("metadata",), {f"key-{nth}": "v" for nth in range(26)}, "more than 25 keys"),
    ("CreateEmployerRequest", ("legal_address", "postal_code"), "123", "no postal code of Ireland"),
    ("CreateEmployerRequest", ("legal_address", "postal_code"), " ", "empty"),
    ("CreateEmployerRequest", ("legal_address", "line1"), "", "empty"),
    ("CreateEmployerRequest", ("legal_address", "city"), "", "empty"),
    ("CreateEmployerRequest", ("legal_address", "country_code"), "IE", "an upper-case code"),
    ("CreateEmployerRequest", ("legal_address",), {**US, "state": None}, "no state in the United States"),
    ("CreateEmployerRequest", ("legal_address",), {**CANADA, "state": ""}, "no province in Canada"),
    ("CreateEmployerRequest", ("earliest_benefits_start_date",), "2026-03-01", "not in the future"),
    ("CreateEmployeeRequest", ("first_name",), "", "empty"),
    ("CreateEmployeeRequest", ("last_name",), "", "empty"),
    ("CreateEmployeeRequest", ("national_tax_id",), "", "empty"),
    ("CreateEmployeeRequest", ("email",), "", "empty"),
    ("CreateEmployeeRequest", ("phone_number",), "0871234567", "not in E.164"),
    ("CreateEmployeeRequest", ("date_of_birth",), "1900-01-01", "not after 1900-01-01"),
    ("CreateEmployeeRequest", ("date_of_birth",), "2026-03-01", "not in the past"),
    ("CreateEmployeeRequest", ("start_on",), "1900-01-01", "not after 1900-01-01"),
    ("CreateEmployeeRequest", ("nationality",), "zz", "no country"),
    ("CreateEmployeeRequest", ("bank_account", "account_number"), "IE29AIBK93115212345679", "a wrong check digit"),
    ("CreateEmployeeRequest", ("external_customer_id",), None, "needed by an employer of record"),
    ("UpdateEmployeeRequest", ("phone_number",), "0871234567", "not in E.164"),
    ("CreateAssociatedPersonRequest", ("date_of_birth",), "2026-03-02", "not in the past"),
    ("CreateAssociatedPersonRequest", ("phone_number",), "12", "not in E.164"),
    ("UpdateAssociatedPersonRequest", ("date_of_birth",), "1899-12-31", "not after 1900-01-01"),
    ("AddDependentsRequest", ("associated_person_ids",), [], "empty"),
    ("CreateGroupQuoteIntentRequest", ("cost_sharing",), {"type": "percentage"}, "without its percentage"),
    ("CreateGroupQuoteIntentRequest", ("cost_sharing", "percentage", "percentage"), 101, "more than all"),
    (
        "CreatePolicyAmendmentIntentRequest",
        ("amendment_reason",),
        {"type": "qualifying_life_event"},
        "without its event",
    ),
]
"""Constraints that are documented outside the schemas or cannot be expressed in one."""
CASES = [*all_invalid_cases(), *ADDITIONAL_CASES]
OPERATIONS = {fact["body"]: fact for fact in FACTS["operations"] if isinstance(fact["body"], str)}


def format_path(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def body_with(schema: str, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    body: Any = deepcopy(BODIES[schema])
    nested_body = body
    for part in path[:-1]:
        nested_body = nested_body[part]
    if value is REMOVED:
        del nested_body[path[-1]]
    else:
        nested_body[path[-1]] = value
    return dict(body)


@pytest.fixture(scope="module")
def harness() -> Harness:
    """One harness for all cases: a refused call changes nothing."""
    harness = make_harness(PROVIDER)
    harness.admin("PATCH", "/sandboxes/kota", {"assumptions": {"platform_type": "employer_of_record"}})
    return harness


def seeded_ids(harness: Harness) -> dict[str, str]:
    """Returns the ids of an Irish employee, its employer, a person and a policy, by id prefix."""
    with harness.sandbox.transaction() as space:
        persons = [person for _, person in space.scan("associated_persons")]
        employees = {person["employee_id"]: space.get("employees", person["employee_id"]) for person in persons}
        person = next(each for each in persons if employees[each["employee_id"]]["nationality"] == "ie")  # type: ignore[index]
        employee = employees[person["employee_id"]]
        assert employee is not None
        policy = next(space.find("policies", "employee_id", employee["id"]))
    return {"er": employee["employer_id"], "ee": employee["id"], "ap": person["id"], "p": policy["id"]}


def send_body(harness: Harness, schema: str, body: dict[str, Any]) -> Any:
    """Sends a body in which employer, employee, person and policy exist; other ids refer to no records."""
    fact = OPERATIONS[schema]
    url = fact["path"]
    for name, parameter in fact["parameters"].items():
        if parameter["in"] == "path":
            url = url.replace(f"{{{name}}}", parameter["pattern"].replace(".+", HEX))
    text = dumps(body)
    for prefix, seeded_id in seeded_ids(harness).items():
        url, text = (
            url.replace(f"/{prefix}_{HEX}", f"/{seeded_id}"),
            text.replace(f'"{prefix}_{HEX}"', f'"{seeded_id}"'),
        )
    return harness.request(fact["method"], url, data=text, content_type="application/json")


def test_every_request_schema_has_a_body_with_every_field() -> None:
    assert set(BODIES) == set(OPERATIONS)
    for schema, body in BODIES.items():
        assert set(body) == set(SCHEMAS[schema]), schema


@pytest.mark.parametrize("schema", BODIES)
def test_a_complete_body_is_refused_for_no_field(schema: str) -> None:
    response = send_body(make_harness(PROVIDER), schema, BODIES[schema])
    assert response.status_code in (200, 400, 404), response.text
    allowed = {
        "earliest_benefits_start_date",
        "start_on",
        "amendment_reason.qualifying_life_event",
        "policy_start_date",
    }
    if response.status_code == 400 and response.json["error_code"] != "invalid_state":
        assert set(response.json["errors"]) <= allowed, response.text


@pytest.mark.parametrize(
    ("schema", "path", "value", "defect"),
    CASES,
    ids=lambda value: format_path(value) if isinstance(value, tuple) else None,
)
def test_a_field_that_breaks_its_constraint_is_named(
    harness: Harness, schema: str, path: tuple[str | int, ...], value: Any, defect: str
) -> None:
    response = send_body(harness, schema, body_with(schema, path, value))
    assert response.status_code == 400, f"{defect}: {response.text}"
    problem = response.json
    assert (problem["error_code"], problem["title"]) == ("invalid_request", "Invalid request")
    assert [
        error_path
        for error_path in problem["errors"]
        if error_path == format_path(path) or error_path.startswith(format_path(path))
    ], problem
