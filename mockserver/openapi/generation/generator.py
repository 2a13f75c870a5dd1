"""Generates a value for a schema from an rng; equal rngs give equal values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from random import Random  # noqa: TID251
from typing import Any

from mockserver.openapi.document.schemas import Schema, Schemas, level_types, merge_levels
from mockserver.openapi.document.validators import discriminator_values
from mockserver.openapi.generation.fake_values import FORMATS, value_for_name, word
from mockserver.openapi.generation.patterns import generate_match

_OPTIONAL_DEPTH, _MAX_DEPTH = 4, 24
"""The depth from which only required properties are generated, and the depth beyond which every value is null."""
MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    examples: bool = True
    """Whether examples and defaults of the schema are used."""
    optional: bool = True
    """Whether optional properties are generated."""
    hidden_keyword: str = "writeOnly"
    """Properties with this keyword are omitted."""
    max_depth: int = _OPTIONAL_DEPTH


class Generator:
    """Generates values for the schemas of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def value(self, schema: Schema, rng: Random, options: GenerationOptions, name: str = "", depth: int = 0) -> Any:
        """Returns a value for a schema; ``name`` is the name of the property that gets the value."""
        level = self.choose_alternatives(schema, rng, depth)
        predefined = _predefined(level, rng, options)
        if predefined is not MISSING:
            return predefined
        kind = next((each for each in level_types(level) if each != "null"), "null" if level_types(level) else "")
        if depth > _MAX_DEPTH or (level.get("null") is True and depth > options.max_depth):
            return None
        if kind in ("object", "array"):
            return (self._object if kind == "object" else self._array)(level, rng, options, depth, name)
        return _SCALARS.get(kind, _string)(level, rng, name)

    def choose_alternatives(self, schema: Schema, rng: Random, depth: int = 0) -> dict[str, Any]:
        """Flattens a schema and merges one random alternative of each oneOf and anyOf into it."""
        level = self._schemas.flatten(schema)
        rounds = 0
        while "choices" in level and rounds < 8:
            choice, *others = level["choices"]
            rest = {name: value for name, value in level.items() if name != "choices"}
            if others:
                rest["choices"] = others
            level, rounds = merge_levels(rest, self._alternative(level, choice, rng, depth)), rounds + 1
        return level

    def _alternative(self, level: Mapping[str, Any], choice: list[Schema], rng: Random, depth: int) -> dict[str, Any]:
        usable = [each for each in choice if level_types(self._schemas.flatten(each)) != ("null",)] or choice
        simple = (
            [each for each in usable if "object" not in level_types(self._schemas.flatten(each))]
            if depth > _OPTIONAL_DEPTH
            else []
        )
        picked = rng.choice(simple or usable)
        chosen, discriminator = self._schemas.flatten(picked), level.get("discriminator")
        names = discriminator_values(discriminator, picked) if isinstance(discriminator, dict) else []
        if names and isinstance(discriminator, dict) and isinstance(discriminator.get("propertyName"), str):
            property = discriminator["propertyName"]
            tag = {"type": "object", "required": [property], "properties": {property: {"enum": names}}}
            return merge_levels(chosen, tag)
        return chosen

    def _object(
        self,
        level: dict[str, Any],
        rng: Random,
        options: GenerationOptions,
        depth: int,
        _name: str,
    ) -> dict[str, Any]:
        required = set(level.get("required", ()))
        values: dict[str, Any] = {}
        for key, inner in level.get("properties", {}).items():
            if (not options.optional or depth >= options.max_depth) and key not in required:
                continue
            flat = self._schemas.flatten(inner)
            if flat.get(options.hidden_keyword) is True or (inner is False):
                continue
            if flat.get("deprecated") is True and key not in required:
                continue
            values[key] = self.value(inner, rng, options, key, depth + 1)
        for key in self._extra_names(level, required - values.keys(), values, depth):
            schema = level.get("additionalProperties", True)
            if level.get("properties", {}).get(key) is None:
                values[key] = self.value(
                    schema if isinstance(schema, dict) else {"type": "string"}, rng, options, key, depth + 1
                )
        maximum = level.get("maxProperties", len(values))
        dropped = [key for key in values if key not in required][: max(0, len(values) - maximum)]
        return {key: value for key, value in values.items() if key not in dropped}

    def _extra_names(
        self, level: dict[str, Any], required: set[str], values: dict[str, Any], depth: int
    ) -> Iterator[str]:
        yield from sorted(required)
        minimum = level.get("minProperties", 0)
        is_map = not level.get("properties") and isinstance(level.get("additionalProperties"), dict)
        wanted = max(minimum, 2 if is_map and depth < _OPTIONAL_DEPTH else 0) - len(values) - len(required)
        yield from (f"key{nth}" for nth in range(1, wanted + 1))

    def _array(
        self, level: dict[str, Any], rng: Random, options: GenerationOptions, depth: int, name: str
    ) -> list[Any]:
        minimum, maximum = level.get("minItems", 0), level.get("maxItems", 10_000)
        first = [self.value(each, rng, options, name, depth + 1) for each in level.get("prefixItems", ())]
        wanted = (
            max(minimum, min(maximum, 2 if options.optional and depth < options.max_depth else 0)) if maximum else 0
        )
        inner = level.get("items", {} if not first else False)
        values = first
        for _ in range(max(0, wanted * 3 if level.get("uniqueItems") else wanted - len(first))):
            if inner is False or len(values) >= wanted:
                break
            value = self.value(inner, rng, options, name.removesuffix("s"), depth + 1)
            if not (level.get("uniqueItems") and value in values):
                values = [*values, value]
        return values


def _predefined(level: Mapping[str, Any], rng: Random, options: GenerationOptions) -> Any:
    if "const" in level:
        return level["const"]
    if level.get("enum"):
        return rng.choice([each for each in level["enum"] if each is not None] or [None])
    if options.examples:
        examples = [level["example"]] if "example" in level else list(level.get("examples") or ())
        if examples and _has_type(level, examples[0]):
            return examples[0]
        if "default" in level and _has_type(level, level["default"]):
            return level["default"]
    return MISSING


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def _has_type(level: Mapping[str, Any], value: Any) -> bool:
    """Returns whether an example has the declared type, because in real documents many have not."""
    types = level_types(level)
    if not types or isinstance(value, dict | list):
        return not types
    return any(
        isinstance(value, _PYTHON_TYPES[each]) and not (isinstance(value, bool) and each != "boolean") for each in types
    )


def _number(level: Mapping[str, Any], rng: Random, _name: str) -> float:
    low, high = _bounds(level, 0.01)
    step = level.get("multipleOf")
    if step:
        return _multiple(low, high, step, rng)
    return round(rng.uniform(low, high), 2) if high - low >= 1 else (low + high) / 2


def _integer(level: Mapping[str, Any], rng: Random, _name: str) -> int:
    low, high = _bounds(level, 1)
    step = level.get("multipleOf")
    if step:
        return int(_multiple(low, high, step, rng))
    return rng.randint(ceil(low), max(ceil(low), floor(high)))


def _bounds(level: Mapping[str, Any], step: float) -> tuple[float, float]:
    low = max(
        [each for each in (level.get("minimum"), _exclusive_limit(level, "exclusiveMinimum", step)) if each is not None]
        or [-1e300]
    )
    high = min(
        [
            each
            for each in (level.get("maximum"), _exclusive_limit(level, "exclusiveMaximum", -step))
            if each is not None
        ]
        or [1e300]
    )
    if low < -1e9 and high > 1e9:
        return 1, 1000
    return (low, min(high, low + 1000)) if low >= -1e9 else (high - 1000, high)


def _exclusive_limit(level: Mapping[str, Any], name: str, by: float) -> float | None:
    value = level.get(name)
    return value + by if isinstance(value, int | float) and not isinstance(value, bool) else None


def _multiple(low: float, high: float, step: float, rng: Random) -> float:
    first, last = ceil(low / step), floor(high / step)
    return rng.randint(first, max(first, min(last, first + 100))) * step


def _string(level: Mapping[str, Any], rng: Random, name: str) -> str:
    minimum, maximum = level.get("minLength", 0), level.get("maxLength", 10_000)
    if "pattern" in level:
        text = generate_match(level["pattern"], rng, minimum if minimum > 6 else 0)
        if text is not None:
            return text
    form = FORMATS.get(level.get("format", ""))
    text = form(rng) if form else value_for_name(name, rng) or word(rng)
    if form is None and len(text) < minimum:
        text = (
            (text + " " + " ".join(word(rng) for _ in range(minimum // 3 + 1)))[: max(minimum, 1)]
            .strip()
            .ljust(minimum, "x")
        )
    return text if form else text[:maximum]


_SCALARS: dict[str, Any] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda _level, rng, _name: rng.random() < 0.5,
    "null": lambda _level, _rng, _name: None,
    "string": _string,
}
