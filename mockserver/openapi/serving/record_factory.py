"""Builds the attributes of created and changed records from the request and from values that only the server sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Randomness, format_instant
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.generation.generator import GenerationOptions
from mockserver.openapi.inference.resources import InferredResource
from mockserver.openapi.serving.spec_model import SpecModel

_CREATED_NAMES = (
    "createdat",
    "created",
    "createdon",
    "creationdate",
    "creationtime",
    "datecreated",
    "createddate",
    "createtime",
)
_UPDATED_NAMES = (
    "updatedat", "updated", "updatedon", "modifiedat", "modified", "lastmodified", "dateupdated", "updateddate",
    "updatetime", "modifiedon",
)  # fmt: skip
Attributes = dict[str, Any]


class RecordFactory:
    """Creates and changes the attributes of records of one document."""

    def __init__(self, model: SpecModel) -> None:
        self._model = model

    def create(
        self,
        resource: InferredResource,
        sent: Mapping[str, Any],
        id: Any,
        path_values: Mapping[str, Any],
        now: int,
        randomness: Randomness,
    ) -> Attributes:
        """Returns the attributes of a new record: generated server values, ``sent``, ids and timestamps.

        The later of these override the earlier. ``path_values`` has the values of the path parameters before the id, by
        name; ``now`` is an instant.
        """
        generated = self._server_values(resource, sent, randomness, f"{resource.name}:{id}")
        attributes = {**generated, **sent}
        self._set_ids(resource, attributes, id, path_values)
        return self.set_timestamps(resource, attributes, now, (*_CREATED_NAMES, *_UPDATED_NAMES))

    def _server_values(
        self, resource: InferredResource, sent: Mapping[str, Any], randomness: Randomness, purpose: str
    ) -> Attributes:
        """Generates values for properties that clients cannot write, and for required ones that the request omits."""
        generator = self._model.values.generator
        level = generator.choose_alternatives(resource.schema, randomness.stream("own", purpose))
        required = set(level.get("required", ()))
        return {
            name: generator.value(inner, randomness.stream(f"own:{name}", purpose), GenerationOptions(), name, 1)
            for name, inner in level.get("properties", {}).items()
            if name not in sent
            and (name not in resource.writable or name in required)
            and not self._model.document.schemas.is_write_only(inner)
        }

    def _set_ids(
        self, resource: InferredResource, attributes: Attributes, id: Any, path_values: Mapping[str, Any]
    ) -> None:
        """Sets the property with the record's id, and the properties named like path parameters."""
        properties = self._model.document.schemas.properties(resource.schema)
        if resource.id_field is not None:
            kinds = self._model.document.schemas.types_of(properties.get(resource.id_field, True))
            attributes[resource.id_field] = str(id) if kinds and kinds[0] == "string" else id
        by_name = {normalize_name(each): each for each in properties}
        for name, value in path_values.items():
            property = by_name.get(normalize_name(name))
            if (
                property is not None
                and property != resource.id_field
                and not isinstance(attributes.get(property), dict | list)
            ):
                attributes[property] = value

    def set_timestamps(
        self, resource: InferredResource, attributes: Attributes, now: int, names: tuple[str, ...] = _UPDATED_NAMES
    ) -> Attributes:
        """Sets the timestamps among ``names`` that clients cannot write to ``now``; returns ``attributes``."""
        schemas = self._model.document.schemas
        for name, inner in schemas.properties(resource.schema).items():
            if normalize_name(name) not in names or name in resource.writable or name not in attributes:
                continue
            kinds = schemas.types_of(inner)
            if "integer" in kinds:
                attributes[name] = now // 1_000_000
            elif schemas.flatten(inner).get("format") == "date-time":
                attributes[name] = format_instant(now)
        return attributes

    def replace(
        self, resource: InferredResource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int
    ) -> Attributes:
        """Returns the record with its writable properties replaced by ``sent``; omitted required properties stay."""
        required = set(self._model.document.schemas.flatten(resource.schema).get("required", ()))
        preserved = (required - sent.keys()) | {resource.id_field}
        remaining = {
            name: value for name, value in current.items() if name not in resource.writable or name in preserved
        }
        return self.set_timestamps(resource, {**remaining, **self._without_id(resource, sent, current)}, now)

    def merge(
        self, resource: InferredResource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int
    ) -> Attributes:
        """Returns the record with ``sent`` merged into it, as in RFC 7396: null removes a property."""
        return self.set_timestamps(resource, merge_patch(current, self._without_id(resource, sent, current)), now)

    def _without_id(
        self, resource: InferredResource, sent: Mapping[str, Any], current: Mapping[str, Any]
    ) -> Attributes:
        # A request cannot change the id of a record.
        return {name: value for name, value in sent.items() if name != resource.id_field or name not in current}


def merge_patch(current: Any, patch: Any) -> Any:
    """Applies a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
