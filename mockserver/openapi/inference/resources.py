"""Defines the result of inference: resources, and the role of each operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.openapi.document.document import DocumentOperation
from mockserver.openapi.document.schemas import Schema
from mockserver.openapi.inference.shapes import Shape


@dataclass(frozen=True, slots=True)
class Parent:
    """A parameter in the path of a collection, and the resource whose id it is, if known."""

    parameter: str
    """Its documented name."""
    route_name: str
    """Its name in the served route."""
    resource: str | None


@dataclass
class InferredResource:
    name: str
    path: str
    """The collection's documented path."""
    parents: tuple[Parent, ...]
    id_parameter: str
    """The path parameter with the id; empty for a singleton, of which each parent has exactly one record."""
    schema: Schema = True
    """The schema of a complete record."""
    id_field: str | None = None
    """The property with the id."""
    id_schema: Schema = True
    id_prefix: str | None = None
    unique: tuple[str, ...] = ()
    """The properties whose values are unique under one parent."""
    references: Mapping[str, str] = field(default_factory=dict)
    """The resources whose ids are the values of properties, by property."""
    writable: frozenset[str] = frozenset()
    """The properties that clients can write."""
    seed_count: int | None = None
    """Number of seed records for each parent in a small sandbox; None for the default."""
    roles: dict[str, str] = field(default_factory=dict)
    """The role of each operation on this resource, by operation name."""

    @property
    def is_singleton(self) -> bool:
        return not self.id_parameter


@dataclass(frozen=True, slots=True)
class OperationRole:
    """What one operation does to its resource."""

    operation: DocumentOperation
    resource: InferredResource
    verb: str
    """``list``, ``create``, ``retrieve``, ``replace``, ``merge``, ``delete`` or ``act``."""
    request_shape: Shape | None = None
    """The place of the record in the request body."""
    response_shape: Shape | None = None
    """The place of the record or the records in the response body."""


@dataclass(frozen=True)
class InferenceResult:
    resources: Mapping[str, InferredResource]
    roles: Mapping[str, OperationRole]
    """By operation name; the responses of all other operations are generated."""

    def describe_gaps(self, operations: tuple[DocumentOperation, ...]) -> list[str]:
        """Returns a sentence for each operation that has no role or the role act."""
        generated = [
            f"{each.title}: responses are generated, without state"
            for each in operations
            if each.name not in self.roles
        ]
        actions = [role.operation for role in self.roles.values() if role.verb == "act"]
        return [*generated, *(f"{each.title}: returns the record, changed by the request body" for each in actions)]


def envelope_names(resource: InferredResource) -> tuple[str, ...]:
    """Returns the names that the resource can have in an envelope, singular and plural."""
    # A name of more than three words comes from a nested path, and only its last word describes the resource.
    plural = resource.name.rpartition("_")[2] if resource.name.count("_") > 2 else resource.name
    return (singularize(plural), plural, singularize(resource.name.rpartition("_")[2]))


def singularize(word: str) -> str:
    """Returns the singular of a regular English plural."""
    for ending, replacement in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending):
            return word.removesuffix(ending) + replacement
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
