"""New ids in the shape of their schema: a number, a UUID, what a pattern matches, or text like the example's."""

from __future__ import annotations

import re
from typing import Any

from mockserver.engine import LOWER, Randomness, iso
from mockserver.openapi.document.schemas import Schemas
from mockserver.openapi.document.validators import Validators
from mockserver.openapi.generation.generate import Generator, Manner
from mockserver.openapi.generation.words import instant, plain
from mockserver.openapi.inference.resources import Resource, singular

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PREFIXED = re.compile(r"([A-Za-z]{1,10}[_-])[A-Za-z0-9]{4,}")
_OPAQUE = ("id", "uuid", "guid", "key", "sid")


class Ids:
    """Makes ids for the resources of one document."""

    def __init__(self, schemas: Schemas, validators: Validators) -> None:
        self._schemas, self._validators = schemas, validators
        self._generator = Generator(schemas)

    def make(self, resource: Resource, randomness: Randomness, nth: int) -> Any:
        """The nth id of a resource; another for every nth, as far as its schema has that many."""
        level, purpose = self._schemas.flat(resource.id_schema), f"id:{resource.name}"
        kinds = self._schemas.kinds(resource.id_schema)
        if "integer" in kinds or "number" in kinds:
            return max(int(level.get("minimum", 1)), 1) + nth - 1
        made = self._text(resource, level, randomness, purpose, nth)
        if self._validators.is_valid(resource.id_schema, "written", made):
            return made
        dice = randomness.stream(purpose, nth)
        return self._generator.value(resource.id_schema, dice, Manner(examples=False))

    def _text(self, resource: Resource, level: dict[str, Any], randomness: Randomness, purpose: str, nth: int) -> str:
        example = str(level.get("example") or next(iter(level.get("examples") or ()), ""))
        if level.get("format") in ("uuid", "guid") or _UUID.fullmatch(example):
            return randomness.uuid(purpose, nth)
        if "pattern" in level and resource.id_prefix is None:
            return str(self._generator.value({**level, "examples": []}, randomness.stream(purpose, nth), Manner(False)))
        if str(level.get("format", "")).startswith("date"):
            return iso(instant(randomness.stream(purpose, nth)))[: 10 if level["format"] == "date" else None]
        return self._like(resource, level, example, randomness, purpose, nth)

    def _like(
        self, resource: Resource, level: dict[str, Any], example: str, randomness: Randomness, purpose: str, nth: int
    ) -> str:
        found = _PREFIXED.fullmatch(example)
        prefix = resource.id_prefix if resource.id_prefix is not None else found[1] if found else ""
        if example.isdigit() and not prefix:
            return randomness.text(purpose, nth, min(len(example), 20), "123456789")
        field = plain(resource.id_field or resource.id_parameter)
        if not prefix and not field.endswith(_OPAQUE):
            return f"{singular(resource.name.rpartition('_')[2])}-{nth}"
        length = len(example) - len(prefix) if found else 16
        length = max(min(length, level.get("maxLength", 64) - len(prefix)), level.get("minLength", 1) - len(prefix), 4)
        return prefix + randomness.text(purpose, nth, length, LOWER)
