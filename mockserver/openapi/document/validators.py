"""Compiles schemas to validators for requests and for responses."""

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

View = Literal["request", "response"]
"""Requests ignore readOnly properties; responses do not require writeOnly properties."""
NO_PROPERTIES: Mapping[str, Schema] = {}
MAX_ERRORS = 50
"""Maximum number of errors in a refusal; further errors are omitted."""


class Validators:
    """The validators of one document; each is compiled at its first use."""

    def __init__(self, linked: LinkedDocument, schemas: Schemas) -> None:
        self._linked, self._schemas = linked, schemas
        self._compiled: dict[tuple[int, View], tuple[Schema, Draft202012Validator]] = {}
        self._definitions: dict[tuple[str, View], tuple[Any, list[str]]] = {}

    def find_errors(self, schema: Schema, view: View, value: Any) -> list[FieldError]:
        """Validates a value and returns at most ``MAX_ERRORS`` errors."""
        validator = self._validator(schema, view)
        errors = []
        for error in validator.iter_errors(value):
            errors += list(_field_errors(error))
            if len(errors) >= MAX_ERRORS:
                break
        return list(dict.fromkeys(errors))[:MAX_ERRORS]

    def is_valid(self, schema: Schema, view: View, value: Any) -> bool:
        return self._validator(schema, view).is_valid(value)

    def _validator(self, schema: Schema, view: View) -> Draft202012Validator:
        key = (id(schema), view)
        if key not in self._compiled:
            self._compiled[key] = (schema, self._compile(schema, view))
        return self._compiled[key][1]

    def _compile(self, schema: Schema, view: View) -> Draft202012Validator:
        # Imported only when needed, because the import takes half of the start-up time.
        from jsonschema_rs import Draft202012Validator

        waiting: list[str] = []
        top = self._rewrite(schema, view, waiting)
        definitions: dict[str, Any] = {}
        while waiting:
            reference = waiting.pop()
            name = _definition_name(reference)
            if name not in definitions:
                part, references = self._definition(reference, view)
                definitions[name] = part
                waiting += references
        whole = {"$defs": definitions, "allOf": [top]}
        return Draft202012Validator(whole, validate_formats=True)

    def _definition(self, reference: str, view: View) -> tuple[Any, list[str]]:
        if (reference, view) not in self._definitions:
            references: list[str] = []
            part = self._rewrite(self._linked.targets[reference], view, references)
            self._definitions[reference, view] = part, references
        return self._definitions[reference, view]

    def _rewrite(
        self, schema: Schema, view: View, references: list[str], outer_properties: Mapping[str, Schema] = NO_PROPERTIES
    ) -> Any:
        """Returns the schema for the validator and appends its references to ``references``.

        ``required`` can also name ``outer_properties``, the properties of the schema around this one.
        """
        if not isinstance(schema, dict):
            return schema
        if self._is_hidden(schema, view):
            return True
        rewritten = to_openapi_31(_apply_discriminator(schema))
        if "$ref" in rewritten:
            references.append(rewritten["$ref"])
            rewritten["$ref"] = f"#/$defs/{_definition_name(rewritten['$ref'])}"
        if "pattern" in rewritten and not is_supported(rewritten["pattern"]):
            del rewritten["pattern"]
        needs_properties = rewritten.keys() & {"required", *SCHEMA_LIST_KEYWORDS}
        properties = {**outer_properties, **self._schemas.properties(schema)} if needs_properties else NO_PROPERTIES
        if "required" in rewritten:
            names = rewritten["required"]
            rewritten["required"] = [name for name in names if not self._is_never_required(properties, name, view)]
        for name, value in rewritten.items():
            if name in SCHEMA_KEYWORDS:
                rewritten[name] = self._rewrite(value, view, references)
            elif name in SCHEMA_LIST_KEYWORDS:
                rewritten[name] = [self._rewrite(each, view, references, properties) for each in value]
            elif name in SCHEMA_MAP_KEYWORDS:
                rewritten[name] = {key: self._rewrite(each, view, references) for key, each in value.items()}
        return rewritten

    def _is_hidden(self, schema: Schema, view: View) -> bool:
        return view == "request" and self._schemas.is_read_only(schema)

    def _is_never_required(self, properties: Mapping[str, Schema], name: str, view: View) -> bool:
        if name not in properties:
            return False
        is_hidden = self._schemas.is_read_only if view == "request" else self._schemas.is_write_only
        return is_hidden(properties[name])


def _definition_name(reference: str) -> str:
    # JSON pointers and URLs escape slashes, tildes and percent signs, so the name must not contain them.
    return "".join(letter if letter.isalnum() else f"_{ord(letter):x}_" for letter in reference)


def _apply_discriminator(schema: dict[str, Any]) -> dict[str, Any]:
    """Rewrites the alternatives so that each matches only its own values of the discriminator."""
    discriminator = schema.get("discriminator")
    group = next((name for name in ("oneOf", "anyOf") if name in schema), None)
    if not isinstance(discriminator, dict) or group is None or not isinstance(discriminator.get("propertyName"), str):
        return schema
    property = discriminator["propertyName"]
    alternatives = [
        {"allOf": [each, {"type": "object", "properties": {property: {"enum": names}}, "required": [property]}]}
        if (names := discriminator_values(discriminator, each))
        else each
        for each in schema[group]
    ]
    rest = {name: value for name, value in schema.items() if name not in (group, "discriminator")}
    return {**rest, "anyOf" if "anyOf" not in rest else "oneOf": alternatives}


def discriminator_values(discriminator: dict[str, Any], alternative: Schema) -> list[str]:
    """Returns the values of the discriminator that select an alternative."""
    reference = alternative.get("$ref") if isinstance(alternative, dict) else None
    if not isinstance(reference, str):
        return []
    schema_name = reference.rpartition("/")[2]
    mapping = discriminator.get("mapping") or {}
    mapped = [key for key, target in mapping.items() if str(target).rpartition("/")[2] == schema_name]
    return mapped or [schema_name]


@lru_cache(maxsize=4096)
def is_supported(pattern: str) -> bool:
    """Returns whether the validator supports a regular expression."""
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
    """Formats the path of a value in a body: ``rules[0].productId``; ``body`` for the whole body."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "body"
