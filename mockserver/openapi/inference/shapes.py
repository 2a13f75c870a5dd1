"""What bodies are around the records in them: bare, in an envelope, or a list with its paging beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.openapi.document.document import DocumentOperation, MediaType, Response, find_json
from mockserver.openapi.document.schemas import Schema, Schemas, level_types

_LIST_NAMES = ("data", "items", "results", "records", "entries", "values", "list", "content", "objects", "rows")
_RECORD_NAMES = ("data", "result", "item", "record", "object", "response", "payload")


@dataclass(frozen=True, slots=True)
class Shape:
    """Where in a body the record or the records are, and what schema they have."""

    schema: Schema
    wrapper: str | None = None
    """The property that holds it; None where the body is it."""

    def unwrap(self, body: Any) -> Any:
        """What a body says of the record."""
        if self.wrapper is None:
            return body
        return body.get(self.wrapper) if isinstance(body, Mapping) else None

    def wrap(self, value: Any) -> Any:
        """The body that says a value, as far as the value decides it."""
        return value if self.wrapper is None else {self.wrapper: value}


def success_response(endpoint: DocumentOperation) -> tuple[int, Response | None]:
    """The status an operation answers with when it does what it is asked, and what is declared for it."""
    statuses = sorted(each.status.upper() for each in endpoint.responses)
    for wanted in ("2", "D", "3", "1"):
        for status in statuses:
            if status.startswith(wanted):
                return _status_code(status), next(each for each in endpoint.responses if each.status.upper() == status)
    return (204 if endpoint.method == "DELETE" else 200), None


def _status_code(status: str) -> int:
    return int(status.replace("XX", "00")) if status[0].isdigit() else 200


def success_media(endpoint: DocumentOperation) -> MediaType | None:
    """The JSON an operation answers with, if any."""
    _, response = success_response(endpoint)
    return find_json(response.media) if response else None


class ShapeFinder:
    """Finds the records in the bodies of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def find_list(self, media: MediaType | None) -> Shape | None:
        """Where the list is in an answer; None where there is none."""
        if media is None or media.schema is True:
            return None
        level = self._schemas.flatten(media.schema)
        if level_types(level)[:1] == ("array",):
            return Shape(level["items"]) if self._holds_records(level) else None
        lists = {
            name: flat
            for name, inner in self._schemas.properties(media.schema).items()
            if level_types(flat := self._schemas.flatten(inner))[:1] == ("array",) and self._holds_records(flat)
        }
        named = next((name for name in _LIST_NAMES if name in lists), None)
        if named is None and len(lists) == 1 and self._is_envelope(media.schema):
            (named,) = lists
        return Shape(lists[named]["items"], named) if named is not None else None

    def _holds_records(self, level: Mapping[str, Any]) -> bool:
        return isinstance(level.get("items"), dict) and bool(self._schemas.properties(level["items"]))

    def _is_envelope(self, schema: Schema) -> bool:
        """Whether nothing beside the list speaks of a record of its own."""
        return not {"id", "uuid", "name", "_id"} & self._schemas.properties(schema).keys()

    def find_record(self, media: MediaType | None, words: tuple[str, ...] = ()) -> Shape | None:
        """Where the record is in a body; ``words`` are what the resource is called."""
        if media is None or media.schema is True:
            return None
        properties = self._schemas.properties(media.schema)
        if not properties:
            return None
        inner = [
            name
            for name in (*words, *_RECORD_NAMES)
            if name in properties and self._schemas.properties(properties[name])
        ]
        if inner and self._is_envelope(media.schema) and len(properties) <= 6:
            return Shape(properties[inner[0]], inner[0])
        return Shape(media.schema)
