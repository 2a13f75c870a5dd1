"""What a record becomes when it is made or changed: what was sent, what only the server knows, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Randomness, iso
from mockserver.openapi.generation.generate import Manner
from mockserver.openapi.generation.words import plain
from mockserver.openapi.inference.resources import Resource
from mockserver.openapi.serving.world import World

_MADE = (
    "createdat",
    "created",
    "createdon",
    "creationdate",
    "creationtime",
    "datecreated",
    "createddate",
    "createtime",
)
_CHANGED = (
    "updatedat", "updated", "updatedon", "modifiedat", "modified", "lastmodified", "dateupdated", "updateddate",
    "updatetime", "modifiedon",
)  # fmt: skip
Shown = dict[str, Any]


class Maker:
    """Makes the records of one document."""

    def __init__(self, world: World) -> None:
        self._world = world

    def made(
        self,
        resource: Resource,
        sent: Mapping[str, Any],
        id: Any,
        above: Mapping[str, Any],
        now: int,
        randomness: Randomness,
    ) -> Shown:
        """A new record: what was sent, over what the server gives every record of its own."""
        own = self._own(resource, sent, randomness, f"{resource.name}:{id}")
        shown = {**own, **sent}
        self._named(resource, shown, id, above)
        return self.stamped(resource, shown, now, (*_MADE, *_CHANGED))

    def _own(self, resource: Resource, sent: Mapping[str, Any], randomness: Randomness, purpose: str) -> Shown:
        """The properties that clients cannot write; those they left out only where a record must have them."""
        generator = self._world.answers.generator
        level = generator.chosen(resource.schema, randomness.stream("own", purpose))
        required = set(level.get("required", ()))
        return {
            name: generator.value(inner, randomness.stream(f"own:{name}", purpose), Manner(), name, 1)
            for name, inner in level.get("properties", {}).items()
            if name not in sent
            and (name not in resource.writable or name in required)
            and not self._world.document.schemas.is_only_written(inner)
        }

    def _named(self, resource: Resource, shown: Shown, id: Any, above: Mapping[str, Any]) -> None:
        """Have the record say its own id, and those in its path, where it has properties for them."""
        properties = self._world.document.schemas.properties(resource.schema)
        if resource.id_field is not None:
            kinds = self._world.document.schemas.kinds(properties.get(resource.id_field, True))
            shown[resource.id_field] = str(id) if kinds and kinds[0] == "string" else id
        named = {plain(each): each for each in properties}
        for name, value in above.items():
            own = named.get(plain(name))
            if own is not None and own != resource.id_field and not isinstance(shown.get(own), dict | list):
                shown[own] = value

    def stamped(self, resource: Resource, shown: Shown, now: int, names: tuple[str, ...] = _CHANGED) -> Shown:
        """The record with the instant of its making or last change, where it has properties for that."""
        schemas = self._world.document.schemas
        for name, inner in schemas.properties(resource.schema).items():
            if plain(name) not in names or name in resource.writable or name not in shown:
                continue
            kinds = schemas.kinds(inner)
            if "integer" in kinds:
                shown[name] = now // 1_000_000
            elif schemas.flat(inner).get("format") == "date-time":
                shown[name] = iso(now)
        return shown

    def replaced(self, resource: Resource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int) -> Shown:
        """A record with everything clients may write exchanged for what was sent."""
        required = set(self._world.document.schemas.flat(resource.schema).get("required", ()))
        stays = (required - sent.keys()) | {resource.id_field}
        kept = {name: value for name, value in current.items() if name not in resource.writable or name in stays}
        return self.stamped(resource, {**kept, **self._without_id(resource, sent, current)}, now)

    def merged(self, resource: Resource, current: Mapping[str, Any], sent: Mapping[str, Any], now: int) -> Shown:
        """A record with what was sent merged into it, as RFC 7396 has it: null takes a property away."""
        return self.stamped(resource, merge_patch(current, self._without_id(resource, sent, current)), now)

    def _without_id(self, resource: Resource, sent: Mapping[str, Any], current: Mapping[str, Any]) -> Shown:
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
