"""From a vendor's OpenAPI file to its bare facts: what is called, what is sent, what comes back; no sentence of it.

``python tests/providers/contracts/extract_contract.py openapi.yaml > facts.json``
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
    """The type of a field and what else it must keep to."""
    inner, nullable = unwrap_nullable(schema)
    said: dict[str, Any] = {"type": name(inner["$ref"]) if "$ref" in inner else inner.get("type", "any")}
    if "items" in inner:
        said["items"] = describe_field(inner["items"])["type"]
    said |= {"required": True} if required else {}
    said |= {"nullable": True} if nullable else {}
    return said | {limit: inner[limit] for limit in CONSTRAINTS if limit in inner}


def unwrap_nullable(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """A schema without the forms in which OpenAPI 3.1 says that null is allowed, and whether it is."""
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
    """The fields of an object, by name."""
    required = schema.get("required", [])
    return {field: describe_field(each, field in required) for field, each in schema.get("properties", {}).items()}


def name(reference: str) -> str:
    """What a reference points at, without where it is."""
    return reference.rsplit("/", 1)[-1]


def content(said: dict[str, Any]) -> Any:
    """The schema of a body or an answer: a name, or the fields where it has none."""
    media: list[dict[str, Any]] = list(said.get("content", {}).values())
    schema = media[0].get("schema") if media else None
    if schema is None:
        return None
    schema, _ = unwrap_nullable(schema)
    return name(schema["$ref"]) if "$ref" in schema else fields(schema)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation: method, path, parameters, body, answer, statuses."""
    for path, shown in document["paths"].items():
        for method in METHODS:
            if method in shown:
                parameters = [*shown.get("parameters", []), *shown[method].get("parameters", [])]
                yield operation(method, path, parameters, shown[method])


def operation(method: str, path: str, parameters: list[dict[str, Any]], said: dict[str, Any]) -> dict[str, Any]:
    """One operation."""
    status = next(status for status in said["responses"] if str(status).startswith("2"))
    return {
        "method": method.upper(),
        "path": path,
        "parameters": {
            each["name"]: {"in": each["in"], **describe_field(each["schema"], bool(each.get("required")))}
            for each in parameters
        },
        "body": content(said.get("requestBody", {})),
        "answer": content(said["responses"][status]),
        "status": int(status),
        "refusals": sorted(int(other) for other in said["responses"] if other != status),
    }


def extract_contract(document: dict[str, Any]) -> dict[str, Any]:
    """The bare facts of a document."""
    schemas = document.get("components", {}).get("schemas", {})
    asked, told = list(operations(document)), sorted(events(document))
    used = reachable_schemas(schemas, [asked, told, list(refusal_schemas(document))])
    facts = {
        "operations": asked,
        "schemas": {each: fields(schemas[each]) for each in schemas if each in used and "enum" not in schemas[each]},
        "enums": {each: schemas[each]["enum"] for each in schemas if each in used and "enum" in schemas[each]},
        "events": told,
    }
    return {kind: found for kind, found in facts.items() if found}


def refusal_schemas(document: dict[str, Any]) -> Iterator[Any]:
    """The schemas of what is said when an operation is refused."""
    for shown in document["paths"].values():
        for method in METHODS:
            responses = shown.get(method, {}).get("responses", {})
            yield from (content(said) for status, said in responses.items() if not str(status).startswith("2"))


def reachable_schemas(schemas: dict[str, Any], start: Any) -> set[str]:
    """The names of the schemas that operations and events lead to."""
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
    """Every event: its type, its version, the schema of its data."""
    for each, said in document.get("webhooks", {}).items():
        envelope = document["components"]["schemas"][each]["properties"]
        yield [
            said["post"]["summary"],
            "v2" if "version" in envelope else "v1",
            describe_field(envelope["data"])["type"],
        ]


def format_contract(facts: dict[str, Any]) -> str:
    """The facts as they are kept: an operation a line, a schema a line."""
    return "{\n" + ",\n".join(f'  "{kind}": {_lines(found)}' for kind, found in facts.items()) + "\n}\n"


def _lines(found: Any) -> str:
    if isinstance(found, list):
        return "[\n" + ",\n".join(f"    {dumps(each)}" for each in found) + "\n  ]"
    return "{\n" + ",\n".join(f"    {dumps(each)}: {dumps(said)}" for each, said in found.items()) + "\n  }"


if __name__ == "__main__":
    sys.stdout.write(format_contract(extract_contract(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8")))))
