"""Generates ids that match their schema: a number, a UUID, text for a pattern, or text like the example."""

from __future__ import annotations

import re
from typing import Any

from mockserver.engine import LOWER, Randomness, format_instant
from mockserver.openapi.document.schemas import Schemas
from mockserver.openapi.document.validators import Validators
from mockserver.openapi.generation.fake_values import instant, normalize_name
from mockserver.openapi.generation.generator import GenerationOptions, Generator
from mockserver.openapi.inference.resources import InferredResource, singularize

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PREFIXED_ID = re.compile(r"([A-Za-z]{1,10}[_-])[A-Za-z0-9]{4,}")
_OPAQUE_NAMES = ("id", "uuid", "guid", "key", "sid")


class IdGenerator:
    """Generates ids for the resources of one document."""

    def __init__(self, schemas: Schemas, validators: Validators) -> None:
        self._schemas, self._validators = schemas, validators
        self._generator = Generator(schemas)

    def make(self, resource: InferredResource, randomness: Randomness, nth: int) -> Any:
        """Returns the nth id of a resource; ids are different if the schema allows enough values."""
        level, purpose = self._schemas.flatten(resource.id_schema), f"id:{resource.name}"
        kinds = self._schemas.types_of(resource.id_schema)
        if "integer" in kinds or "number" in kinds:
            return max(int(level.get("minimum", 1)), 1) + nth - 1
        id = self._text_id(resource, level, randomness, purpose, nth)
        if self._validators.is_valid(resource.id_schema, "request", id):
            return id
        rng = randomness.stream(purpose, nth)
        return self._generator.value(resource.id_schema, rng, GenerationOptions(examples=False))

    def _text_id(
        self, resource: InferredResource, level: dict[str, Any], randomness: Randomness, purpose: str, nth: int
    ) -> str:
        example = str(level.get("example") or next(iter(level.get("examples") or ()), ""))
        if level.get("format") in ("uuid", "guid") or _UUID.fullmatch(example):
            return randomness.uuid(purpose, nth)
        if "pattern" in level and resource.id_prefix is None:
            return str(
                self._generator.value(
                    {**level, "examples": []}, randomness.stream(purpose, nth), GenerationOptions(examples=False)
                )
            )
        if str(level.get("format", "")).startswith("date"):
            return format_instant(instant(randomness.stream(purpose, nth)))[: 10 if level["format"] == "date" else None]
        return self._like_example(resource, level, example, randomness, purpose, nth)

    def _like_example(
        self,
        resource: InferredResource,
        level: dict[str, Any],
        example: str,
        randomness: Randomness,
        purpose: str,
        nth: int,
    ) -> str:
        match = _PREFIXED_ID.fullmatch(example)
        prefix = resource.id_prefix if resource.id_prefix is not None else match[1] if match else ""
        if example.isdigit() and not prefix:
            return randomness.text(purpose, nth, min(len(example), 20), "123456789")
        field = normalize_name(resource.id_field or resource.id_parameter)
        if not prefix and not field.endswith(_OPAQUE_NAMES):
            return f"{singularize(resource.name.rpartition('_')[2])}-{nth}"
        length = len(example) - len(prefix) if match else 16
        length = max(min(length, level.get("maxLength", 64) - len(prefix)), level.get("minLength", 1) - len(prefix), 4)
        return prefix + randomness.text(purpose, nth, length, LOWER)
