"""Kota's operations, statuses, fields and events match its contract."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mockserver.engine import Operation
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.events.publishing import VERSION_1_TYPES
from mockserver.providers.kota.events.types import EVENT_TYPES
from mockserver.providers.kota.values.fields import COUNTRIES, CURRENCIES
from tests.providers.contracts.extract import describe_field as fact_of
from tests.support.paths import load_contract

FACTS = load_contract("kota")
DOCUMENTED: list[dict[str, Any]] = FACTS["operations"]
SCHEMAS: dict[str, dict[str, Any]] = FACTS["schemas"]
ENUMS: dict[str, list[str]] = FACTS["enums"]
SERVED = {(op.method, op.path): op for op in PROVIDER.operations}
SALARIES = {(op.method, op.path) for op in PROVIDER.operations if "/salaries" in op.path}
"""Five operations that are documented on newer pages only, and not in the contract."""
UNCHECKED_SCHEMAS = ("Requirements_", "JsonNode")
"""Prefixes of generated schemas for free-form objects, whose names differ between the vendor's files."""


def operation_title(fact: dict[str, Any]) -> str:
    return f"{fact['method']} {fact['path']}"


operations = pytest.mark.parametrize("fact", DOCUMENTED, ids=operation_title)
with_body = pytest.mark.parametrize(
    "fact", [each for each in DOCUMENTED if isinstance(each["body"], str)], ids=operation_title
)
with_response_schema = pytest.mark.parametrize(
    "fact",
    [
        each
        for each in DOCUMENTED
        if isinstance(each["answer"], str) and not each["answer"].startswith(UNCHECKED_SCHEMAS)
    ],
    ids=operation_title,
)


def operation(fact: dict[str, Any]) -> Operation:
    return SERVED[fact["method"], fact["path"]]


def models(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Returns the JSON schemas of a model and of its nested models, by name."""
    schema = model.model_json_schema()
    return {**schema.pop("$defs", {}), model.__name__: schema}


def kind(fact: dict[str, Any]) -> Any:
    """Returns the type of a field in the contract: a schema name, the values of an enum, or a plain type."""
    name = fact["type"]
    if name in ("CountryCode", "CurrencyCode"):
        return "string"
    if name == "JsonNode":
        return "object"
    return sorted(ENUMS[name]) if name in ENUMS else name


def describe_model_field(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """Returns a field of a Testmode model in the form of the contract."""
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]], "type": "string"}
    fact = fact_of(schema, required)
    nullable = fact.get("nullable", False)
    # A field that may be omitted has a null type in the models, which is not compared.
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    inner = choices[0] if len(choices) == 1 else schema
    if "const" in inner:
        inner = {**inner, "enum": [inner["const"]]}
    return {**fact, "nullable": nullable, "kind": sorted(inner["enum"]) if "enum" in inner else fact["type"]}


def schema_differences(name: str, schema: dict[str, Any]) -> list[str]:
    """Returns a sentence for every difference between a model's schema and the documented one."""
    facts, required = SCHEMAS[name], schema.get("required", [])
    properties = schema.get("properties", {})
    differences = [
        f"{name}: {field} is {'missing' if field in facts else 'strange'}" for field in set(facts) ^ set(properties)
    ]
    for field in set(facts) & set(properties):
        documented, declared = facts[field], describe_model_field(properties[field], field in required)
        if kind(documented) != declared["kind"]:
            differences.append(f"{name}.{field} is {declared['kind']}, not {kind(documented)}")
        if bool(documented.get("required")) != bool(declared.get("required")):
            differences.append(f"{name}.{field} is {'not ' * (not declared.get('required'))}required")
        if documented.get("nullable") and not declared["nullable"]:
            differences.append(f"{name}.{field} takes no null")
        if "pattern" in documented and declared.get("pattern") != f"^{documented['pattern']}":
            differences.append(f"{name}.{field} has the pattern {declared.get('pattern')}")
        if documented.get("format") in ("date", "date-time") and declared.get("format") != documented["format"]:
            differences.append(f"{name}.{field} has the format {declared.get('format')}")
    return differences


def test_exactly_the_documented_operations_and_five_newer_ones_are_served() -> None:
    assert set(SERVED) - SALARIES == {(fact["method"], fact["path"]) for fact in DOCUMENTED}
    assert len(DOCUMENTED) == 87
    assert len({fact["path"] for fact in DOCUMENTED}) == 70
    assert len(SALARIES) == 5


@operations
def test_an_operation_declares_the_documented_statuses(fact: dict[str, Any]) -> None:
    op = operation(fact)
    assert op.status == fact["status"]
    assert set(fact["refusals"]) <= set(op.refusals)
    assert {401, 403, 429, 500} <= set(op.refusals)
    assert (409 in op.refusals) == (fact["method"] == "POST")


@operations
def test_an_operation_accepts_the_documented_parameters(fact: dict[str, Any]) -> None:
    documented = {name: each for name, each in fact["parameters"].items() if each["in"] == "query"}
    query = operation(fact).query
    schema = query.model_json_schema() if query else {}
    assert set(schema.get("properties", {})) == set(documented)
    assert not schema.get("required")


@with_body
def test_a_request_model_has_the_documented_schema(fact: dict[str, Any]) -> None:
    model = operation(fact).body
    assert model is not None
    assert model.__name__ == fact["body"]
    assert [each for name, schema in models(model).items() for each in schema_differences(name, schema)] == []


@with_response_schema
def test_a_response_model_has_the_documented_schema(fact: dict[str, Any]) -> None:
    model = operation(fact).response_model
    assert model is not None
    assert model.__name__ == fact["answer"]
    assert [each for name, schema in models(model).items() for each in schema_differences(name, schema)] == []


@operations
def test_only_operations_without_a_response_body_have_no_response_model(fact: dict[str, Any]) -> None:
    assert (operation(fact).response_model is None) == (fact["status"] == 204)
    assert (operation(fact).body is not None) == (fact["body"] is not None)


def test_country_and_currency_codes_are_the_documented_ones() -> None:
    assert set(ENUMS["CountryCode"]) == COUNTRIES
    assert set(ENUMS["CurrencyCode"]) == CURRENCIES


def test_the_event_types_are_the_documented_ones_and_two_newer_ones() -> None:
    documented = {type for type, _, _ in FACTS["events"]}
    assert len(documented) == 89
    assert set(EVENT_TYPES) - documented == {
        "employee.salary_deleted",
        "dependents_management_intent.dependent.pending_confirmation",
    }
    assert documented <= set(EVENT_TYPES)
    assert {type for type, version, _ in FACTS["events"] if version == "v1"} == VERSION_1_TYPES
