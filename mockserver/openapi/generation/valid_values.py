"""Generates, completes or reduces the values of responses until they are valid against the declared schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import Problem, Randomness
from mockserver.openapi.document.document import Document, MediaType
from mockserver.openapi.document.schemas import Schema, level_types
from mockserver.openapi.generation.generator import GenerationOptions, Generator

_OPTIONS = (
    GenerationOptions(),
    GenerationOptions(examples=False),
    GenerationOptions(max_depth=1),
    GenerationOptions(optional=False),
    GenerationOptions(examples=False, optional=False),
    GenerationOptions(examples=False, max_depth=2),
)


class ValidValues:
    """Creates values that are valid against the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.generator = Generator(document.schemas)

    def example_or_generated(self, media: MediaType, randomness: Randomness, purpose: str) -> Any:
        """Returns the first valid example of a media type, otherwise a generated value."""
        for each in media.examples:
            if self.is_valid(media.schema, each):
                return each
        return self.make(media.schema, randomness, purpose)

    def make(self, schema: Schema, randomness: Randomness, purpose: str, *, varied: bool = False) -> Any:
        """Generates a valid value; ``varied`` prefers values other than examples.

        Raises Problem with status 501 if no valid value is found.
        """
        for value in self._candidates(schema, randomness, purpose, _OPTIONS[1:] if varied else _OPTIONS):
            if self.is_valid(schema, value):
                return value
        raise Problem("unsatisfiable", "No value could be generated that the response schema allows", status=501)

    def is_valid(self, schema: Schema, value: Any) -> bool:
        """Returns whether a value is valid in a response."""
        return self._document.validators.is_valid(schema, "response", value)

    def _candidates(
        self, schema: Schema, randomness: Randomness, purpose: str, options_list: tuple[GenerationOptions, ...]
    ) -> Iterator[Any]:
        for round_ in range(4):
            for nth, options in enumerate(options_list):
                rng = randomness.stream(f"value:{purpose}", f"{round_}/{nth}")
                yield self.generator.value(schema, rng, options)

    def complete(self, schema: Schema, known: Any, randomness: Randomness, purpose: str) -> Any:
        """Returns ``known`` made valid: removes forbidden members and generates missing ones."""
        visible = self.strip(schema, known)
        if self.is_valid(schema, visible):
            return visible
        for value in self._candidates(
            schema,
            randomness,
            purpose,
            (GenerationOptions(optional=False), GenerationOptions(), GenerationOptions(examples=False)),
        ):
            for whole in (merge_over(value, visible), merge_over(value, visible, deep=False)):
                if self.is_valid(schema, whole):
                    return whole
        return self._complete_partly(schema, visible, randomness, purpose)

    def _complete_partly(self, schema: Schema, visible: Any, randomness: Randomness, purpose: str) -> Any:
        """Returns a generated value in which each known member replaces the generated one, if it stays valid."""
        generated = self.make(schema, randomness, purpose)
        for name, value in visible.items() if isinstance(visible, dict) and isinstance(generated, dict) else ():
            further = {**generated, name: value}
            if self.is_valid(schema, further):
                generated = further
        return generated

    def strip(self, schema: Schema, known: Any) -> Any:
        """Returns ``known`` without writeOnly members and members that the schema does not allow."""
        schemas = self._document.schemas
        if not isinstance(known, Mapping):
            return known
        properties = schemas.properties(schema)
        closed = schemas.flatten(schema).get("additionalProperties") is False and bool(properties)
        visible = {}
        for name, value in known.items():
            inner = properties.get(name)
            if inner is None:
                if not closed:
                    visible[name] = value
            elif not schemas.is_write_only(inner):
                visible[name] = self.strip(inner, value) if "object" in level_types(schemas.flatten(inner)) else value
        return visible


def merge_over(base: Any, over: Any, *, deep: bool = True) -> Any:
    """Returns ``base`` with the members of ``over``; ``deep`` also merges nested objects."""
    if not (isinstance(base, dict) and isinstance(over, Mapping)):
        return over
    return {
        **base,
        **{name: merge_over(base[name], value) if deep and name in base else value for name, value in over.items()},
    }
