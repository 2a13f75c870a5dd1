"""What an operation answers: made, completed or cut until its declared schema holds for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine import Problem, Randomness
from mockserver.openapi.document.document import Document, Media
from mockserver.openapi.document.schemas import Schema, types
from mockserver.openapi.generation.generate import Generator, Manner

_MANNERS = (
    Manner(),
    Manner(examples=False),
    Manner(deep=1),
    Manner(optional=False),
    Manner(examples=False, optional=False),
    Manner(examples=False, deep=2),
)


class Answers:
    """Makes values that the schemas of one document hold for."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.generator = Generator(document.schemas)

    def value(self, media: Media, randomness: Randomness, purpose: str) -> Any:
        """A value for a media type: an example of the document's where one is right, else a made one."""
        for each in media.examples:
            if self.is_valid(media.schema, each):
                return each
        return self.made(media.schema, randomness, purpose)

    def made(self, schema: Schema, randomness: Randomness, purpose: str, *, varied: bool = False) -> Any:
        """A value the schema holds for; Problem when none could be made."""
        for value in self._tries(schema, randomness, purpose, _MANNERS[1:] if varied else _MANNERS):
            if self.is_valid(schema, value):
                return value
        raise Problem("unsatisfiable", "No answer could be made that its schema admits", status=501)

    def is_valid(self, schema: Schema, value: Any) -> bool:
        """Whether an answer may show the value."""
        return self._document.validators.is_valid(schema, "shown", value)

    def _tries(
        self, schema: Schema, randomness: Randomness, purpose: str, manners: tuple[Manner, ...]
    ) -> Iterator[Any]:
        for round_ in range(4):
            for nth, manner in enumerate(manners):
                dice = randomness.stream(f"value:{purpose}", f"{round_}/{nth}")
                yield self.generator.value(schema, dice, manner)

    def completed(self, schema: Schema, known: Any, randomness: Randomness, purpose: str) -> Any:
        """What is known, in the schema's shape: completed with made values where it asks for more."""
        shown = self.cut(schema, known)
        if self.is_valid(schema, shown):
            return shown
        for value in self._tries(
            schema, randomness, purpose, (Manner(optional=False), Manner(), Manner(examples=False))
        ):
            for whole in (overlaid(value, shown), overlaid(value, shown, deep=False)):
                if self.is_valid(schema, whole):
                    return whole
        return self._agreeing(schema, shown, randomness, purpose)

    def _agreeing(self, schema: Schema, shown: Any, randomness: Randomness, purpose: str) -> Any:
        """A made value, with as much of what is known as the schema lets stand."""
        made = self.made(schema, randomness, purpose)
        for name, value in shown.items() if isinstance(shown, dict) and isinstance(made, dict) else ():
            further = {**made, name: value}
            if self.is_valid(schema, further):
                made = further
        return made

    def cut(self, schema: Schema, known: Any) -> Any:
        """What is known, without what answers may not show or do not have."""
        schemas = self._document.schemas
        if not isinstance(known, Mapping):
            return known
        properties = schemas.properties(schema)
        closed = schemas.flat(schema).get("additionalProperties") is False and bool(properties)
        shown = {}
        for name, value in known.items():
            inner = properties.get(name)
            if inner is None:
                if not closed:
                    shown[name] = value
            elif not schemas.is_only_written(inner):
                shown[name] = self.cut(inner, value) if "object" in types(schemas.flat(inner)) else value
        return shown


def overlaid(base: Any, over: Any, *, deep: bool = True) -> Any:
    """A value with everything another one says."""
    if not (isinstance(base, dict) and isinstance(over, Mapping)):
        return over
    return {
        **base,
        **{name: overlaid(base[name], value) if deep and name in base else value for name, value in over.items()},
    }
