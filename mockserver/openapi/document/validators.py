"""Schemas compiled to validators, as clients write them and as answers show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from mockserver.engine import FieldError
from mockserver.openapi.document.linking import LinkedDocument
from mockserver.openapi.document.schemas import Schema, Schemas
from mockserver.openapi.document.upgrade import (
    SCHEMA_KEYWORDS,
    SCHEMA_LIST_KEYWORDS,
    SCHEMA_MAP_KEYWORDS,
    to_openapi_31,
)

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

View = Literal["written", "shown"]
"""Written by clients: without what is only read; shown in answers: without what is only written."""
NO_PROPERTIES: Mapping[str, Schema] = {}
MAX_ERRORS = 50
"""No refusal lists more fields."""


class Validators:
    """Every schema's validator, compiled when it is first asked for."""

    def __init__(self, linked: LinkedDocument, schemas: Schemas) -> None:
        self._linked, self._schemas = linked, schemas
        self._compiled: dict[tuple[int, View], tuple[Schema, Draft202012Validator]] = {}
        self._definitions: dict[tuple[str, View], tuple[Any, list[str]]] = {}

    def errors(self, schema: Schema, view: View, value: Any) -> list[FieldError]:
        """What is wrong with a value, field by field."""
        validator = self._validator(schema, view)
        found = []
        for error in validator.iter_errors(value):
            found += list(_field_errors(error))
            if len(found) >= MAX_ERRORS:
                break
        return list(dict.fromkeys(found))[:MAX_ERRORS]

    def is_valid(self, schema: Schema, view: View, value: Any) -> bool:
        """Whether the schema holds for a value."""
        return self._validator(schema, view).is_valid(value)

    def _validator(self, schema: Schema, view: View) -> Draft202012Validator:
        key = (id(schema), view)
        if key not in self._compiled:
            self._compiled[key] = (schema, self._compile(schema, view))
        return self._compiled[key][1]

    def _compile(self, schema: Schema, view: View) -> Draft202012Validator:
        # Half of what a start costs, which only those pay who serve a document of their own.
        from jsonschema_rs import Draft202012Validator

        names: dict[str, str] = {}
        waiting: list[str] = []
        top = self._rewrite(schema, view, waiting)
        definitions: dict[str, Any] = {}
        while waiting:
            reference = waiting.pop()
            name = names.setdefault(reference, _definition_name(reference))
            if name not in definitions:
                part, leads = self._definition(reference, view)
                definitions[name] = part
                waiting += leads
        whole = {"$defs": definitions, "allOf": [top]}
        return Draft202012Validator(whole, validate_formats=True)

    def _definition(self, reference: str, view: View) -> tuple[Any, list[str]]:
        if (reference, view) not in self._definitions:
            leads: list[str] = []
            part = self._rewrite(self._linked.targets[reference], view, leads)
            self._definitions[reference, view] = part, leads
        return self._definitions[reference, view]

    def _rewrite(
        self, schema: Schema, view: View, leads: list[str], beside: Mapping[str, Schema] = NO_PROPERTIES
    ) -> Any:
        """The schema as the validator reads it; ``beside`` are the properties of the schema it is a part of."""
        if not isinstance(schema, dict):
            return schema
        if self._is_hidden(schema, view):
            return True
        said = to_openapi_31(_apply_discriminator(schema))
        if "$ref" in said:
            leads.append(said["$ref"])
            said["$ref"] = f"#/$defs/{_definition_name(said['$ref'])}"
        if "pattern" in said and not is_supported(said["pattern"]):
            del said["pattern"]
        if "required" in said:
            known = {**beside, **self._schemas.properties(schema)}
            said["required"] = [name for name in said["required"] if not self._is_never_required(known, name, view)]
        for name, value in said.items():
            if name in SCHEMA_KEYWORDS:
                said[name] = self._rewrite(value, view, leads)
            elif name in SCHEMA_LIST_KEYWORDS:
                inner = {**beside, **self._schemas.properties(schema)}
                said[name] = [self._rewrite(each, view, leads, inner) for each in value]
            elif name in SCHEMA_MAP_KEYWORDS:
                said[name] = {key: self._rewrite(each, view, leads) for key, each in value.items()}
        return said

    def _is_hidden(self, schema: Schema, view: View) -> bool:
        return view == "written" and self._schemas.is_read_only(schema)

    def _is_never_required(self, known: Mapping[str, Schema], name: str, view: View) -> bool:
        if name not in known:
            return False
        hidden = self._schemas.is_read_only if view == "written" else self._schemas.is_write_only
        return hidden(known[name])


def _definition_name(reference: str) -> str:
    # No slash, tilde or percent sign: nothing a pointer or a URL would read in another way.
    return "".join(letter if letter.isalnum() else f"_{ord(letter):x}_" for letter in reference)


def _apply_discriminator(schema: dict[str, Any]) -> dict[str, Any]:
    """Where a discriminator names the alternative, that one has to hold, and no other is asked."""
    told = schema.get("discriminator")
    group = next((name for name in ("oneOf", "anyOf") if name in schema), None)
    if not isinstance(told, dict) or group is None or not isinstance(told.get("propertyName"), str):
        return schema
    property = told["propertyName"]
    apart = [
        {"allOf": [each, {"type": "object", "properties": {property: {"enum": names}}, "required": [property]}]}
        if (names := discriminator_values(told, each))
        else each
        for each in schema[group]
    ]
    rest = {name: value for name, value in schema.items() if name not in (group, "discriminator")}
    return {**rest, "anyOf" if "anyOf" not in rest else "oneOf": apart}


def discriminator_values(told: dict[str, Any], alternative: Schema) -> list[str]:
    """The values of the discriminating property that name an alternative."""
    reference = alternative.get("$ref") if isinstance(alternative, dict) else None
    if not isinstance(reference, str):
        return []
    own = reference.rpartition("/")[2]
    mapping = told.get("mapping") or {}
    named = [key for key, target in mapping.items() if str(target).rpartition("/")[2] == own]
    return named or [own]


@lru_cache(maxsize=4096)
def is_supported(pattern: str) -> bool:
    """Whether the validator understands a pattern."""
    from jsonschema_rs import Draft202012Validator

    try:
        Draft202012Validator({"pattern": pattern})
    except ValueError:
        return False
    return True


def _field_errors(error: ValidationError) -> Iterator[FieldError]:
    steps = list(error.instance_path)
    name = getattr(error.kind, "property", None)
    if error.kind.name == "required" and isinstance(name, str):
        yield FieldError(format_path([*steps, name]), "is required")
        return
    for unexpected in getattr(error.kind, "unexpected", ()):
        yield FieldError(format_path([*steps, unexpected]), "is not known")
    if error.kind.name == "additionalProperties":
        return
    message = error.message
    yield FieldError(format_path(steps), message if len(message) <= 200 else f"{message[:200]}...")


def format_path(steps: list[Any]) -> str:
    """A place in a body as clients write it: ``rules[0].productId``."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "body"
