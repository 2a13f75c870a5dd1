"""Builds and finds stored records. ``shown`` has the attributes for responses; ``at`` is the encoded parent path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from mockserver.engine import Collection, Record, Space
from mockserver.openapi.inference.resources import InferredResource


def collection_of(resource: InferredResource) -> Collection:
    """Returns the collection of a resource, with its indexes."""
    return Collection(resource.name, ("at", *(_unique_field(name) for name in resource.unique)))


def _unique_field(name: str) -> str:
    return f"unique.{name}"


def encode_parents(values: list[Any]) -> str:
    """Encodes the values of the path parameters before a record's id as unambiguous text, the record's ``at``."""
    return "/".join(quote(str(value), safe="") for value in values)


def record_key(at: str, id: Any) -> str:
    """Returns the key of a record in its collection."""
    encoded = quote(str(id), safe="")
    return f"{at}/{encoded}" if at else encoded


def build_record(
    resource: InferredResource, at: str, id: Any, attributes: Mapping[str, Any], *, nth: int, **times: int
) -> Record:
    """Returns the stored form of a record.

    ``nth`` is the number of the record among those of the resource, in creation order. ``own`` is the id without the
    parent path.
    """
    unique = {_unique_field(name): attributes.get(name) for name in resource.unique}
    timestamps = {f"_{name}": instant for name, instant in times.items()}
    return {
        "id": record_key(at, id),
        "own": id,
        "at": at,
        "nth": nth,
        "shown": dict(attributes),
        **unique,
        **timestamps,
    }


def find_duplicate(
    space: Space, resource: InferredResource, at: str, attributes: Mapping[str, Any], own_key: str | None
) -> str | None:
    """Returns the first unique property whose value another record under the same parents has, or None.

    ``own_key`` is the key of the record itself; None for a new record.
    """
    for name in resource.unique:
        value = attributes.get(name)
        for other in space.find(resource.name, _unique_field(name), value):
            if other["shown"].get(name) == value and other["at"] == at and other["id"] != own_key:
                return name
    return None


def find_descendants(
    space: Space, resources: Mapping[str, InferredResource], resource: InferredResource, key: str
) -> Iterator[tuple[str, str]]:
    """Yields (collection, key) of every record below the record with this key."""
    for other in resources.values():
        if any(parent.resource == resource.name for parent in other.parents):
            for _, record in list(space.scan(other.name, field="at", prefix=key)):
                if record["at"] == key or record["at"].startswith(f"{key}/"):
                    yield other.name, record["id"]
