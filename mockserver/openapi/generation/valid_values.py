"""What an operation answers: made, completed or cut until its declared schema holds for it."""

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
    """Makes values that the schemas of one document hold for."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.generator = Generator(document.schemas)

    def value(self, media: MediaType, randomness: Randomness, purpose: str) -> Any:
        """A value for a media type: an example of the document's where one is right, else a made one."""
        for each in media.examples:
            if self.is_valid(media.schema, each):
                return each
        return self.make(media.schema, randomness, purpose)

    def make(self, schema: Schema, randomness: Randomness, purpose: str, *, varied: bool = False) -> Any:
        """A value the schema holds for; Problem when none could be made."""
        for value in self._candidates(schema, randomness, purpose, _OPTIONS[1:] if varied else _OPTIONS):
            if self.is_valid(schema, value):
                return value
        raise Problem("unsatisfiable", "No answer could be made that its schema admits", status=501)

    def is_valid(self, schema: Schema, value: Any) -> bool:
        """Whether an answer may show the value."""
        return self._document.validators.is_valid(schema, "shown", value)

    def _candidates(
        self, schema: Schema, randomness: Randomness, purpose: str, manners: tuple[GenerationOptions, ...]
    ) -> Iterator[Any]:
        for round_ in range(4):
            for nth, options in enumerate(manners):
                rng = randomness.stream(f"value:{purpose}", f"{round_}/{nth}")
                yield self.generator.value(schema, rng, options)

    def complete(self, schema: Schema, known: Any, randomness: Randomness, purpose: str) -> Any:
        """What is known, in the schema's shape: completed with made values where it asks for more."""
        shown = self.strip(schema, known)
        if self.is_valid(schema, shown):
            return shown
        for value in self._candidates(
            schema,
            randomness,
            purpose,
            (GenerationOptions(optional=False), GenerationOptions(), GenerationOptions(examples=False)),
        ):
            for whole in (overlay(value, shown), overlay(value, shown, deep=False)):
                if self.is_valid(schema, whole):
                    return whole
        return self._complete_partly(schema, shown, randomness, purpose)

    def _complete_partly(self, schema: Schema, shown: Any, randomness: Randomness, purpose: str) -> Any:
        """A made value, with as much of what is known as the schema lets stand."""
        made = self.make(schema, randomness, purpose)
        for name, value in shown.items() if isinstance(shown, dict) and isinstance(made, dict) else ():
            further = {**made, name: value}
            if self.is_valid(schema, further):
                made = further
        return made

    def strip(self, schema: Schema, known: Any) -> Any:
        """What is known, without what answers may not show or do not have."""
        schemas = self._document.schemas
        if not isinstance(known, Mapping):
            return known
        properties = schemas.properties(schema)
        closed = schemas.flatten(schema).get("additionalProperties") is False and bool(properties)
        shown = {}
        for name, value in known.items():
            inner = properties.get(name)
            if inner is None:
                if not closed:
                    shown[name] = value
            elif not schemas.is_write_only(inner):
                shown[name] = self.strip(inner, value) if "object" in level_types(schemas.flatten(inner)) else value
        return shown


def overlay(base: Any, over: Any, *, deep: bool = True) -> Any:
    """A value with everything another one says."""
    if not (isinstance(base, dict) and isinstance(over, Mapping)):
        return over
    return {
        **base,
        **{name: overlay(base[name], value) if deep and name in base else value for name, value in over.items()},
    }
