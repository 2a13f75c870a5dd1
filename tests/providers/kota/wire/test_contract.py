"""Kota's operations, statuses, fields and events against the bare facts of its inventory."""

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
"""Five operations of newer pages, in no inventory."""
UNCHECKED_SCHEMAS = ("Requirements_", "JsonNode")
"""Schemas of the documents' tool: free objects, one file's own names."""


def operation_title(fact: dict[str, Any]) -> str:
    return f"{fact['method']} {fact['path']}"


operations = pytest.mark.parametrize("fact", DOCUMENTED, ids=operation_title)
with_body = pytest.mark.parametrize(
    "fact", [each for each in DOCUMENTED if isinstance(each["body"], str)], ids=operation_title
)
with_answer = pytest.mark.parametrize(
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
    """The JSON schemas of a model and of all it is made of, by name."""
    schema = model.model_json_schema()
    return {**schema.pop("$defs", {}), model.__name__: schema}


def kind(said: dict[str, Any]) -> Any:
    """What a fact says of a field's type: a name of a schema, the values of an enum, or a plain type."""
    name = said["type"]
    if name in ("CountryCode", "CurrencyCode"):
        return "string"
    if name == "JsonNode":
        return "object"
    return sorted(ENUMS[name]) if name in ENUMS else name


def describe_model_field(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """A field of a model of ours as a fact."""
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]], "type": "string"}
    said = fact_of(schema, required)
    nullable = said.get("nullable", False)
    # Where a field may be left out our models write null for that.
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    inner = choices[0] if len(choices) == 1 else schema
    if "const" in inner:
        inner = {**inner, "enum": [inner["const"]]}
    return {**said, "nullable": nullable, "kind": sorted(inner["enum"]) if "enum" in inner else said["type"]}


def schema_differences(name: str, schema: dict[str, Any]) -> list[str]:
    """Everything in which a schema of ours is not the documented one."""
    facts, required = SCHEMAS[name], schema.get("required", [])
    properties = schema.get("properties", {})
    found = [
        f"{name}: {field} is {'missing' if field in facts else 'strange'}" for field in set(facts) ^ set(properties)
    ]
    for field in set(facts) & set(properties):
        said, mine = facts[field], describe_model_field(properties[field], field in required)
        if kind(said) != mine["kind"]:
            found.append(f"{name}.{field} is {mine['kind']}, not {kind(said)}")
        if bool(said.get("required")) != bool(mine.get("required")):
            found.append(f"{name}.{field} is {'not ' * (not mine.get('required'))}required")
        if said.get("nullable") and not mine["nullable"]:
            found.append(f"{name}.{field} takes no null")
        if "pattern" in said and mine.get("pattern") != f"^{said['pattern']}":
            found.append(f"{name}.{field} has the pattern {mine.get('pattern')}")
        if said.get("format") in ("date", "date-time") and mine.get("format") != said["format"]:
            found.append(f"{name}.{field} has the format {mine.get('format')}")
    return found


def test_exactly_the_documented_operations_are_served_and_five_of_newer_pages() -> None:
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
def test_an_operation_takes_the_documented_parameters(fact: dict[str, Any]) -> None:
    said = {name: each for name, each in fact["parameters"].items() if each["in"] == "query"}
    query = operation(fact).query
    schema = query.model_json_schema() if query else {}
    assert set(schema.get("properties", {})) == set(said)
    assert not schema.get("required")


@with_body
def test_a_body_is_the_documented_one(fact: dict[str, Any]) -> None:
    model = operation(fact).body
    assert model is not None
    assert model.__name__ == fact["body"]
    assert [each for name, schema in models(model).items() for each in schema_differences(name, schema)] == []


@with_answer
def test_an_answer_has_every_documented_field(fact: dict[str, Any]) -> None:
    model = operation(fact).response_model
    assert model is not None
    assert model.__name__ == fact["answer"]
    assert [each for name, schema in models(model).items() for each in schema_differences(name, schema)] == []


@operations
def test_only_what_has_no_body_declares_no_answer(fact: dict[str, Any]) -> None:
    assert (operation(fact).response_model is None) == (fact["status"] == 204)
    assert (operation(fact).body is not None) == (fact["body"] is not None)


def test_codes_of_countries_and_currencies_are_the_documented_ones() -> None:
    assert set(ENUMS["CountryCode"]) == COUNTRIES
    assert set(ENUMS["CurrencyCode"]) == CURRENCIES


def test_the_types_of_events_are_the_documented_ones_and_two_of_newer_pages() -> None:
    documented = {type for type, _, _ in FACTS["events"]}
    assert len(documented) == 89
    assert set(EVENT_TYPES) - documented == {
        "employee.salary_deleted",
        "dependents_management_intent.dependent.pending_confirmation",
    }
    assert documented <= set(EVENT_TYPES)
    assert {type for type, version, _ in FACTS["events"] if version == "v1"} == VERSION_1_TYPES
