"""Records as the sandbox keeps them: what answers show, and beside it where the record belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from mockserver.engine import Collection, Record, Space
from mockserver.openapi.inference.resources import InferredResource


def collection_of(resource: InferredResource) -> Collection:
    """Where a resource's records are kept, and what they are found by."""
    return Collection(resource.name, ("at", *(_unique_field(name) for name in resource.unique)))


def _unique_field(name: str) -> str:
    return f"unique.{name}"


def encode_parents(values: list[Any]) -> str:
    """What the values of a path come to, as text that no other values come to."""
    return "/".join(quote(str(value), safe="") for value in values)


def record_key(at: str, id: Any) -> str:
    """What a record is kept under."""
    own = quote(str(id), safe="")
    return f"{at}/{own}" if at else own


def build_record(
    resource: InferredResource, at: str, id: Any, shown: Mapping[str, Any], *, nth: int, **times: int
) -> Record:
    """A record as it is kept; ``nth`` counts the resource's records in the order they were made."""
    found = {_unique_field(name): shown.get(name) for name in resource.unique}
    kept = {f"_{name}": instant for name, instant in times.items()}
    return {"id": record_key(at, id), "own": id, "at": at, "nth": nth, "shown": dict(shown), **found, **kept}


def find_duplicate(
    space: Space, resource: InferredResource, at: str, shown: Mapping[str, Any], own_key: str | None
) -> str | None:
    """The first property that must be unique and is another record's already; None where all is well."""
    for name in resource.unique:
        value = shown.get(name)
        for other in space.find(resource.name, _unique_field(name), value):
            if other["shown"].get(name) == value and other["at"] == at and other["id"] != own_key:
                return name
    return None


def find_descendants(
    space: Space, resources: Mapping[str, InferredResource], resource: InferredResource, key: str
) -> Iterator[tuple[str, str]]:
    """(collection, id) of everything that lies below a record."""
    for other in resources.values():
        if any(parent.resource == resource.name for parent in other.parents):
            for _, found in list(space.scan(other.name, field="at", prefix=key)):
                if found["at"] == key or found["at"].startswith(f"{key}/"):
                    yield other.name, found["id"]
