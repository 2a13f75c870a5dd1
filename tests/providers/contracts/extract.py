"""Extracts a contract from a vendor's OpenAPI file: operations, schemas, enums and events, without any prose.

``python tests/providers/contracts/extract.py openapi.yaml > facts.json``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

METHODS = ("get", "post", "put", "patch", "delete")
CONSTRAINTS = (
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "default",
    "format",
)


def describe_field(schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    """Returns the type of a field and its constraints."""
    inner, nullable = unwrap_nullable(schema)
    field: dict[str, Any] = {"type": name(inner["$ref"]) if "$ref" in inner else inner.get("type", "any")}
    if "items" in inner:
        field["items"] = describe_field(inner["items"])["type"]
    field |= {"required": True} if required else {}
    field |= {"nullable": True} if nullable else {}
    return field | {limit: inner[limit] for limit in CONSTRAINTS if limit in inner}


def unwrap_nullable(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Returns a schema without its OpenAPI 3.0 or 3.1 notation for null, and whether null is allowed."""
    nullable = bool(schema.get("nullable"))
    for wrapper in ("allOf", "anyOf"):
        choices = [each for each in schema.get(wrapper, ()) if each.get("type") != "null"]
        if len(choices) == 1:
            return choices[0], nullable or len(schema[wrapper]) > 1
    if isinstance(schema.get("type"), list):
        (kind,) = (each for each in schema["type"] if each != "null")
        return {**schema, "type": kind}, True
    return schema, nullable


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", [])
    return {field: describe_field(each, field in required) for field, each in schema.get("properties", {}).items()}


def name(reference: str) -> str:
    """Returns the last part of a ``$ref``."""
    return reference.rsplit("/", 1)[-1]


def content(definition: dict[str, Any]) -> Any:
    """Returns the schema of a body or a response: its name, or its fields if it has no name."""
    media: list[dict[str, Any]] = list(definition.get("content", {}).values())
    schema = media[0].get("schema") if media else None
    if schema is None:
        return None
    schema, _ = unwrap_nullable(schema)
    return name(schema["$ref"]) if "$ref" in schema else fields(schema)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, path_item in document["paths"].items():
        for method in METHODS:
            if method in path_item:
                parameters = [*path_item.get("parameters", []), *path_item[method].get("parameters", [])]
                yield operation(method, path, parameters, path_item[method])


def operation(method: str, path: str, parameters: list[dict[str, Any]], definition: dict[str, Any]) -> dict[str, Any]:
    status = next(status for status in definition["responses"] if str(status).startswith("2"))
    return {
        "method": method.upper(),
        "path": path,
        "parameters": {
            each["name"]: {"in": each["in"], **describe_field(each["schema"], bool(each.get("required")))}
            for each in parameters
        },
        "body": content(definition.get("requestBody", {})),
        "answer": content(definition["responses"][status]),
        "status": int(status),
        "refusals": sorted(int(other) for other in definition["responses"] if other != status),
    }


def extract_contract(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.get("components", {}).get("schemas", {})
    listed, emitted = list(operations(document)), sorted(events(document))
    used = reachable_schemas(schemas, [listed, emitted, list(refusal_schemas(document))])
    facts = {
        "operations": listed,
        "schemas": {each: fields(schemas[each]) for each in schemas if each in used and "enum" not in schemas[each]},
        "enums": {each: schemas[each]["enum"] for each in schemas if each in used and "enum" in schemas[each]},
        "events": emitted,
    }
    return {kind: values for kind, values in facts.items() if values}


def refusal_schemas(document: dict[str, Any]) -> Iterator[Any]:
    """Yields the schemas of all error responses."""
    for path_item in document["paths"].values():
        for method in METHODS:
            responses = path_item.get(method, {}).get("responses", {})
            yield from (content(response) for status, response in responses.items() if not str(status).startswith("2"))


def reachable_schemas(schemas: dict[str, Any], start: Any) -> set[str]:
    """Returns the names of all schemas that are reachable from ``start``."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value in schemas and value not in found:
            found.add(value)
            waiting.append(fields(schemas[value]))
    return found


def events(document: dict[str, Any]) -> Iterator[list[str]]:
    """Yields the type, the version and the data schema of every event."""
    for schema, webhook in document.get("webhooks", {}).items():
        envelope = document["components"]["schemas"][schema]["properties"]
        yield [
            webhook["post"]["summary"],
            "v2" if "version" in envelope else "v1",
            describe_field(envelope["data"])["type"],
        ]


def format_contract(facts: dict[str, Any]) -> str:
    """Returns the contract as JSON with one operation, schema, enum or event per line."""
    return "{\n" + ",\n".join(f'  "{kind}": {_lines(values)}' for kind, values in facts.items()) + "\n}\n"


def _lines(values: Any) -> str:
    if isinstance(values, list):
        return "[\n" + ",\n".join(f"    {dumps(key)}" for key in values) + "\n  ]"
    return "{\n" + ",\n".join(f"    {dumps(key)}: {dumps(value)}" for key, value in values.items()) + "\n  }"


if __name__ == "__main__":
    sys.stdout.write(format_contract(extract_contract(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8")))))
