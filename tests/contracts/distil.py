"""From a vendor's OpenAPI file to its bare facts: what is called, what is sent, what comes back; no sentence of it.

``python tests/contracts/distil.py openapi.yaml > facts.json``
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

METHODS = ("get", "post", "put", "patch", "delete")
LIMITS = (
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


def fact(schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    """The type of a field and what else it must keep to."""
    said: dict[str, Any] = {"type": name(schema["$ref"]) if "$ref" in schema else schema.get("type", "any")}
    if "items" in schema:
        said["items"] = fact(schema["items"])["type"]
    said |= {"required": True} if required else {}
    said |= {"nullable": True} if schema.get("nullable") else {}
    return said | {limit: schema[limit] for limit in LIMITS if limit in schema}


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object, by name."""
    required = schema.get("required", [])
    return {field: fact(each, field in required) for field, each in schema.get("properties", {}).items()}


def name(reference: str) -> str:
    """What a reference points at, without where it is."""
    return reference.rsplit("/", 1)[-1]


def content(said: dict[str, Any]) -> Any:
    """The schema of a body or an answer: a name, or the fields where it has none."""
    media: list[dict[str, Any]] = list(said.get("content", {}).values())
    schema = media[0].get("schema") if media else None
    if schema is None:
        return None
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
            each["name"]: {"in": each["in"], **fact(each["schema"], bool(each.get("required")))} for each in parameters
        },
        "body": content(said.get("requestBody", {})),
        "answer": content(said["responses"][status]),
        "status": int(status),
        "refusals": sorted(int(other) for other in said["responses"] if other != status),
    }


def distil(document: dict[str, Any]) -> dict[str, Any]:
    """The bare facts of a document."""
    schemas = document.get("components", {}).get("schemas", {})
    return {
        "operations": list(operations(document)),
        "schemas": {each: fields(schema) for each, schema in schemas.items()},
    }


def written(facts: dict[str, Any]) -> str:
    """The facts as they are kept: an operation a line, a schema a line."""
    lines = ",\n".join(f"    {dumps(each)}" for each in facts["operations"])
    schemas = ",\n".join(f"    {dumps(each)}: {dumps(shown)}" for each, shown in facts["schemas"].items())
    return f'{{\n  "operations": [\n{lines}\n  ],\n  "schemas": {{\n{schemas}\n  }}\n}}\n'


if __name__ == "__main__":
    sys.stdout.write(written(distil(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8")))))
