"""Finds the record or the list in a body, which is the whole body or in an envelope."""

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
    """The place of the record or the records in a body."""

    schema: Schema
    """The schema of one record."""
    wrapper: str | None = None
    """The property with the record or list; None if it is the whole body."""

    def unwrap(self, body: Any) -> Any:
        """Returns the record or list in a body; None if it is missing."""
        if self.wrapper is None:
            return body
        return body.get(self.wrapper) if isinstance(body, Mapping) else None

    def wrap(self, value: Any) -> Any:
        """Returns the body around a record or list, without other members of the envelope."""
        return value if self.wrapper is None else {self.wrapper: value}


def success_response(operation: DocumentOperation) -> tuple[int, Response | None]:
    """Returns the status of a successful response and its declaration: the lowest 2xx, else default, 3xx or 1xx.

    Without any declaration the status is 204 for DELETE, otherwise 200.
    """
    statuses = sorted(each.status.upper() for each in operation.responses)
    for wanted in ("2", "D", "3", "1"):
        for status in statuses:
            if status.startswith(wanted):
                return _status_code(status), next(each for each in operation.responses if each.status.upper() == status)
    return (204 if operation.method == "DELETE" else 200), None


def _status_code(status: str) -> int:
    return int(status.replace("XX", "00")) if status[0].isdigit() else 200


def success_media(operation: DocumentOperation) -> MediaType | None:
    """Returns the JSON media type of the successful response, if any."""
    _, response = success_response(operation)
    return find_json(response.media) if response else None


class ShapeFinder:
    """Finds the records and lists in the bodies of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def find_list(self, media: MediaType | None) -> Shape | None:
        """Returns the place of the list of records in a body; None if the body has no list of records."""
        if media is None:
            return None
        level = self._schemas.flatten(media.schema)
        if level_types(level)[:1] == ("array",):
            return Shape(level["items"]) if self._contains_records(level) else None
        lists = {
            name: flat
            for name, inner in self._schemas.properties(media.schema).items()
            if level_types(flat := self._schemas.flatten(inner))[:1] == ("array",) and self._contains_records(flat)
        }
        wrapper = next((name for name in _LIST_NAMES if name in lists), None)
        if wrapper is None and len(lists) == 1 and self._is_envelope(media.schema):
            (wrapper,) = lists
        return Shape(lists[wrapper]["items"], wrapper) if wrapper is not None else None

    def _contains_records(self, level: Mapping[str, Any]) -> bool:
        return isinstance(level.get("items"), dict) and bool(self._schemas.properties(level["items"]))

    def _is_envelope(self, schema: Schema) -> bool:
        """Returns whether no property indicates that the schema itself describes a record."""
        return not {"id", "uuid", "name", "_id"} & self._schemas.properties(schema).keys()

    def find_record(self, media: MediaType | None, names: tuple[str, ...] = ()) -> Shape | None:
        """Returns the place of the record in a body; ``names`` are the names of the resource in an envelope."""
        if media is None:
            return None
        properties = self._schemas.properties(media.schema)
        if not properties:
            return None
        wrappers = [
            name
            for name in (*names, *_RECORD_NAMES)
            if name in properties and self._schemas.properties(properties[name])
        ]
        # An object with more properties is a record that contains another one.
        if wrappers and self._is_envelope(media.schema) and len(properties) <= 6:
            return Shape(properties[wrappers[0]], wrappers[0])
        return Shape(media.schema)
