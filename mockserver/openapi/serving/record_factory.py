"""What a record becomes when it is made or changed: what was sent, what only the server knows, and nothing else."""

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
    """Makes the records of one document."""

    def __init__(self, model: SpecModel) -> None:
        self._model = model

    def create(
        self,
        resource: InferredResource,
        sent: Mapping[str, Any],
        id: Any,
        above: Mapping[str, Any],
        now: int,
        randomness: Randomness,
    ) -> Attributes:
        """A new record: what was sent, over what the server gives every record of its own."""
        own = self._server_values(resource, sent, randomness, f"{resource.name}:{id}")
        shown = {**own, **sent}
        self._set_ids(resource, shown, id, above)
        return self.set_timestamps(resource, shown, now, (*_CREATED_NAMES, *_UPDATED_NAMES))

    def _server_values(
        self, resource: InferredResource, sent: Mapping[str, Any], randomness: Randomness, purpose: str
    ) -> Attributes:
        """The properties that clients cannot write; those they left out only where a record must have them."""
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

    def _set_ids(self, resource: InferredResource, shown: Attributes, id: Any, above: Mapping[str, Any]) -> None:
        """Have the record say its own id, and those in its path, where it has properties for them."""
        properties = self._model.document.schemas.properties(resource.schema)
        if resource.id_field is not None:
            kinds = self._model.document.schemas.types_of(properties.get(resource.id_field, True))
            shown[resource.id_field] = str(id) if kinds and kinds[0] == "string" else id
        named = {normalize_name(each): each for each in properties}
        for name, value in above.items():
            own = named.get(normalize_name(name))
            if own is not None and own != resource.id_field and not isinstance(shown.get(own), dict | list):
                shown[own] = value

    def set_timestamps(
        self, resource: InferredResource, shown: Attributes, now: int, names: tuple[str, ...] = _UPDATED_NAMES
    ) -> Attributes:
        """The record with the instant of its making or last change, where it has properties for that."""
        schemas = self._model.document.schemas
        for name, inner in schemas.properties(resource.schema).items():
            if normalize_name(name) not in names or name in resource.writable or name not in shown:
                continue
            kinds = schemas.types_of(inner)
            if "integer" in kinds:
                shown[name] = now // 1_000_000
            elif schemas.flatten(inner).get("format") == "date-time":
                shown[name] = format_instant(now)
        return shown

    def replace(
        self, resource: InferredResource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int
    ) -> Attributes:
        """A record with everything clients may write exchanged for what was sent."""
        required = set(self._model.document.schemas.flatten(resource.schema).get("required", ()))
        stays = (required - sent.keys()) | {resource.id_field}
        kept = {name: value for name, value in current.items() if name not in resource.writable or name in stays}
        return self.set_timestamps(resource, {**kept, **self._without_id(resource, sent, current)}, now)

    def merge(
        self, resource: InferredResource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int
    ) -> Attributes:
        """A record with what was sent merged into it, as RFC 7396 has it: null takes a property away."""
        return self.set_timestamps(resource, merge_patch(current, self._without_id(resource, sent, current)), now)

    def _without_id(
        self, resource: InferredResource, sent: Mapping[str, Any], current: Mapping[str, Any]
    ) -> Attributes:
        # A record keeps its id, whatever a body says of it.
        return {name: value for name, value in sent.items() if name != resource.id_field or name not in current}


def merge_patch(current: Any, patch: Any) -> Any:
    """A value with a JSON merge patch applied."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge_patch(made.get(name), value)
    return made
