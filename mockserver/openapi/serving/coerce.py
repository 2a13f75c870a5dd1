"""Converts the text of parameters and forms to the types of their schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from mockserver.openapi.document.document import Parameter
from mockserver.openapi.document.schemas import Schema, Schemas, level_types

_INTEGER = re.compile(r"-?\d{1,400}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d{1,3})?")
_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|", "label": ".", "matrix": ","}
Pairs = Sequence[tuple[str, str]]
MISSING: Any = object()


def parse_scalar(text: str, kinds: Sequence[str]) -> Any:
    """Converts text to the first of the JSON types that fits; returns the text if none does."""
    for kind in kinds:
        if kind == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "number" and _NUMBER.fullmatch(text):
            return float(text) if not _INTEGER.fullmatch(text) else int(text)
        if kind == "boolean" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "null" and text in ("", "null") and "string" not in kinds:
            return None
    return text


class Coercer:
    """Converts text by the schemas of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def coerce_parameter(self, parameter: Parameter, sent: Pairs) -> Any:
        """Returns the value of a parameter from ``sent``, the pairs of its location; MISSING if it has none."""
        kinds = self._schemas.types_of(parameter.schema)
        texts = [value for name, value in sent if name in (parameter.name, f"{parameter.name}[]")]
        if parameter.is_json and texts:
            try:
                return from_json(texts[-1])
            except ValueError:
                return texts[-1]
        if "object" in kinds and not (texts and "string" in kinds):
            return self._object(parameter, sent, texts)
        if not texts:
            return MISSING
        if "array" in kinds:
            return self._array(parameter, texts)
        return parse_scalar(_strip_style(parameter, texts[-1]), kinds)

    def _array(self, parameter: Parameter, texts: list[str]) -> list[Any]:
        inner = self._schemas.types_of(self._schemas.flatten(parameter.schema).get("items", True))
        separate = not parameter.explode or parameter.location in ("path", "header")
        pieces = texts
        if separate:
            pieces = (
                _strip_style(parameter, texts[-1]).split(_SEPARATORS.get(parameter.style, ",")) if texts[-1] else []
            )
        return [parse_scalar(piece, inner) for piece in pieces]

    def _object(self, parameter: Parameter, sent: Pairs, texts: list[str]) -> Any:
        if parameter.style == "deepObject":
            deep = [(name, value) for name, value in sent if name.startswith(f"{parameter.name}[")]
            return self.coerce_form(parameter.schema, parse_nested(deep)[parameter.name]) if deep else MISSING
        if parameter.style == "form" and parameter.explode:
            properties = self._schemas.properties(parameter.schema)
            values = {
                name: parse_scalar(value, self._schemas.types_of(properties[name]))
                for name, value in sent
                if name in properties
            }
            return values or MISSING
        if not texts:
            return MISSING
        pieces = _strip_style(parameter, texts[-1]).split(",")
        pairs = (
            [piece.partition("=")[::2] for piece in pieces]
            if parameter.explode
            else zip(pieces[::2], pieces[1::2], strict=False)
        )
        return self.coerce_form(parameter.schema, dict(pairs))

    def coerce_form(self, schema: Schema, value: Any) -> Any:
        """Converts nested text, from ``parse_nested``, to the types of a schema."""
        level = self._schemas.flatten(schema)
        if isinstance(value, Mapping):
            properties = self._schemas.properties(schema)
            if "array" in level_types(level) and all(key.isdigit() for key in value):
                return [self.coerce_form(level.get("items", True), value[key]) for key in sorted(value, key=int)]
            additional = level.get("additionalProperties", True)
            return {name: self.coerce_form(properties.get(name, additional), each) for name, each in value.items()}
        if isinstance(value, list):
            inner = level.get("items", True) if "array" in self._schemas.types_of(schema) else schema
            return [self.coerce_form(inner, each) for each in value]
        if not isinstance(value, str):
            return value
        kinds = self._schemas.types_of(schema)
        if "array" in kinds and "string" not in kinds:
            return [self.coerce_form(level.get("items", True), each) for each in value.split(",")]
        return parse_scalar(value, kinds)


def _strip_style(parameter: Parameter, text: str) -> str:
    """Returns the text of a path parameter without the prefix of its style."""
    if parameter.style == "label":
        return text.removeprefix(".")
    return text.removeprefix(";").removeprefix(f"{parameter.name}=") if parameter.style == "matrix" else text


def parse_nested(pairs: Pairs) -> dict[str, Any]:
    """Converts form fields to a tree: ``a[b]=1`` and ``c[]=2`` become ``{"a": {"b": "1"}, "c": ["2"]}``."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *steps = re.findall(r"^[^\[]+|(?<=\[)[^\]]*(?=\])", name) or [name]
        node, key = tree, head
        for step in steps:
            if step == "":
                break
            inner = node.setdefault(key, {})
            if not isinstance(inner, dict):
                inner = node[key] = {}
            node, key = inner, step
        current = node.get(key, MISSING)
        if steps and steps[-1] == "":
            node[key] = [*(current if isinstance(current, list) else []), value]
        else:
            node[key] = (
                value if current is MISSING else [*current, value] if isinstance(current, list) else [current, value]
            )
    return tree
