"""Values that a schema admits, from dice alone: the same dice, the same value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from random import Random  # noqa: TID251
from typing import Any

from mockserver.openapi.document.schemas import Schema, Schemas, merge, types
from mockserver.openapi.document.validators import discriminated
from mockserver.openapi.generation.patterns import matching
from mockserver.openapi.generation.words import FORMATS, named, word

_DEEP, _TOO_DEEP = 4, 24
"""From here on only what is required; from here on nothing."""
MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Manner:
    """How values are made."""

    examples: bool = True
    """Whether the schema's own examples are taken."""
    optional: bool = True
    """Whether properties are made that are not required."""
    hidden: str = "writeOnly"
    """Properties that say this of themselves are left out."""
    deep: int = _DEEP


class Generator:
    """Makes values for the schemas of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def value(self, schema: Schema, dice: Random, manner: Manner, name: str = "", depth: int = 0) -> Any:
        """A value for a schema; ``name`` is the property it is for."""
        level = self.chosen(schema, dice, depth)
        given = _given(level, dice, manner)
        if given is not MISSING:
            return given
        kind = next((each for each in types(level) if each != "null"), "null" if types(level) else "")
        if depth > _TOO_DEEP or (level.get("null") is True and depth > manner.deep):
            return None
        if kind in ("object", "array"):
            return (self._object if kind == "object" else self._array)(level, dice, manner, depth, name)
        return _SCALARS.get(kind, _text)(level, dice, name)

    def chosen(self, schema: Schema, dice: Random, depth: int = 0) -> dict[str, Any]:
        """A schema as one level, one of each group of alternatives chosen."""
        level = self._schemas.flat(schema)
        turns = 0
        while "choices" in level and turns < 8:
            choice, *others = level["choices"]
            rest = {name: value for name, value in level.items() if name != "choices"}
            if others:
                rest["choices"] = others
            level, turns = merge(rest, self._alternative(level, choice, dice, depth)), turns + 1
        return level

    def _alternative(self, level: Mapping[str, Any], choice: list[Schema], dice: Random, depth: int) -> dict[str, Any]:
        usable = [each for each in choice if types(self._schemas.flat(each)) != ("null",)] or choice
        simple = [each for each in usable if "object" not in types(self._schemas.flat(each))] if depth > _DEEP else []
        picked = dice.choice(simple or usable)
        made, told = self._schemas.flat(picked), level.get("discriminator")
        names = discriminated(told, picked) if isinstance(told, dict) else []
        if names and isinstance(told, dict) and isinstance(told.get("propertyName"), str):
            property = told["propertyName"]
            said = {"type": "object", "required": [property], "properties": {property: {"enum": names}}}
            return merge(made, said)
        return made

    def _object(self, level: dict[str, Any], dice: Random, manner: Manner, depth: int, name: str) -> dict[str, Any]:  # noqa: ARG002
        required = set(level.get("required", ()))
        made: dict[str, Any] = {}
        for key, inner in level.get("properties", {}).items():
            if (not manner.optional or depth >= manner.deep) and key not in required:
                continue
            flat = self._schemas.flat(inner)
            if flat.get(manner.hidden) is True or (inner is False):
                continue
            if flat.get("deprecated") is True and key not in required:
                continue
            made[key] = self.value(inner, dice, manner, key, depth + 1)
        for key in self._further(level, required - made.keys(), made, depth):
            schema = level.get("additionalProperties", True)
            if level.get("properties", {}).get(key) is None:
                made[key] = self.value(
                    schema if isinstance(schema, dict) else {"type": "string"}, dice, manner, key, depth + 1
                )
        most = level.get("maxProperties", len(made))
        dropped = [key for key in made if key not in required][: max(0, len(made) - most)]
        return {key: value for key, value in made.items() if key not in dropped}

    def _further(self, level: dict[str, Any], required: set[str], made: dict[str, Any], depth: int) -> Iterator[str]:
        yield from sorted(required)
        least = level.get("minProperties", 0)
        is_map = not level.get("properties") and isinstance(level.get("additionalProperties"), dict)
        wanted = max(least, 2 if is_map and depth < _DEEP else 0) - len(made) - len(required)
        yield from (f"key{nth}" for nth in range(1, wanted + 1))

    def _array(self, level: dict[str, Any], dice: Random, manner: Manner, depth: int, name: str) -> list[Any]:
        least, most = level.get("minItems", 0), level.get("maxItems", 10_000)
        first = [self.value(each, dice, manner, name, depth + 1) for each in level.get("prefixItems", ())]
        wanted = max(least, min(most, 2 if manner.optional and depth < manner.deep else 0)) if most else 0
        inner = level.get("items", {} if not first else False)
        made = first
        for _ in range(max(0, wanted * 3 if level.get("uniqueItems") else wanted - len(first))):
            if inner is False or len(made) >= wanted:
                break
            value = self.value(inner, dice, manner, name.removesuffix("s"), depth + 1)
            if not (level.get("uniqueItems") and value in made):
                made = [*made, value]
        return made


def _given(level: Mapping[str, Any], dice: Random, manner: Manner) -> Any:
    if "const" in level:
        return level["const"]
    if level.get("enum"):
        return dice.choice([each for each in level["enum"] if each is not None] or [None])
    if manner.examples:
        found = [level["example"]] if "example" in level else list(level.get("examples") or ())
        if found and _fits(level, found[0]):
            return found[0]
        if "default" in level and _fits(level, level["default"]):
            return level["default"]
    return MISSING


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def _fits(level: Mapping[str, Any], value: Any) -> bool:
    """Whether an example is at least of the type: many in real documents are not."""
    said = types(level)
    if not said or isinstance(value, dict | list):
        return not said
    return any(isinstance(value, _KINDS[each]) and not (isinstance(value, bool) and each != "boolean") for each in said)


def _number(level: Mapping[str, Any], dice: Random, name: str) -> float:  # noqa: ARG001
    low, high = _bounds(level, 0.01)
    step = level.get("multipleOf")
    if step:
        return _stepped(low, high, step, dice)
    return round(dice.uniform(low, high), 2) if high - low >= 1 else (low + high) / 2


def _whole(level: Mapping[str, Any], dice: Random, name: str) -> int:  # noqa: ARG001
    low, high = _bounds(level, 1)
    step = level.get("multipleOf")
    if step:
        return int(_stepped(low, high, step, dice))
    return dice.randint(ceil(low), max(ceil(low), floor(high)))


def _bounds(level: Mapping[str, Any], least: float) -> tuple[float, float]:
    low = max(
        [each for each in (level.get("minimum"), _over(level, "exclusiveMinimum", least)) if each is not None]
        or [-1e300]
    )
    high = min(
        [each for each in (level.get("maximum"), _over(level, "exclusiveMaximum", -least)) if each is not None]
        or [1e300]
    )
    if low < -1e9 and high > 1e9:
        return 1, 1000
    return (low, min(high, low + 1000)) if low >= -1e9 else (high - 1000, high)


def _over(level: Mapping[str, Any], name: str, by: float) -> float | None:
    value = level.get(name)
    return value + by if isinstance(value, int | float) and not isinstance(value, bool) else None


def _stepped(low: float, high: float, step: float, dice: Random) -> float:
    first, last = ceil(low / step), floor(high / step)
    return dice.randint(first, max(first, min(last, first + 100))) * step


def _text(level: Mapping[str, Any], dice: Random, name: str) -> str:
    least, most = level.get("minLength", 0), level.get("maxLength", 10_000)
    if "pattern" in level:
        made = matching(level["pattern"], dice, least if least > 6 else 0)
        if made is not None:
            return made
    form = FORMATS.get(level.get("format", ""))
    text = form(dice) if form else named(name, dice) or word(dice)
    if form is None and len(text) < least:
        text = (
            (text + " " + " ".join(word(dice) for _ in range(least // 3 + 1)))[: max(least, 1)]
            .strip()
            .ljust(least, "x")
        )
    return text if form else text[:most]


_SCALARS: dict[str, Any] = {
    "integer": _whole,
    "number": _number,
    "boolean": lambda _level, dice, _name: dice.random() < 0.5,
    "null": lambda _level, _dice, _name: None,
    "string": _text,
}
