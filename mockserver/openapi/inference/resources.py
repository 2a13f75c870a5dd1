"""What an operation does to which records, as inferred from paths and bodies, or as the document says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.openapi.document.document import Endpoint
from mockserver.openapi.document.schemas import Schema
from mockserver.openapi.inference.shapes import Shape


@dataclass(frozen=True, slots=True)
class Parent:
    """A parameter of a path above a resource, and the resource it names one of, if any is known."""

    parameter: str
    """As it is documented."""
    route_name: str
    resource: str | None


@dataclass
class Resource:
    """One kind of records."""

    name: str
    path: str
    """The collection's documented path."""
    parents: tuple[Parent, ...]
    id_parameter: str
    """The path parameter that names one; empty where there is only one per parent."""
    schema: Schema = True
    """What a whole record looks like."""
    id_field: str | None = None
    """The property that holds the id."""
    id_schema: Schema = True
    id_prefix: str | None = None
    unique: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    """The resource that a property names one of."""
    writable: frozenset[str] = frozenset()
    """The properties that clients may write."""
    seed: int | None = None
    roles: dict[str, str] = field(default_factory=dict)
    """Operation -> what it does here."""

    @property
    def is_single(self) -> bool:
        """Whether there is only one record for each parent."""
        return not self.id_parameter


@dataclass(frozen=True, slots=True)
class Role:
    """What one operation does."""

    endpoint: Endpoint
    resource: Resource
    verb: str
    """list, create, retrieve, replace, merge, delete or act."""
    asked: Shape | None = None
    """Where the record is in the request."""
    told: Shape | None = None
    """Where it is, or where they are, in the answer."""


@dataclass(frozen=True)
class Inferred:
    """Everything that was inferred of a document."""

    resources: Mapping[str, Resource]
    roles: Mapping[str, Role]
    """By operation name; what is not in it has generated answers."""

    def said(self, endpoints: tuple[Endpoint, ...]) -> list[str]:
        """What was not inferred, a line each."""
        lines = [f"{each.title}: answers are generated, no state" for each in endpoints if each.name not in self.roles]
        acts = [role.endpoint for role in self.roles.values() if role.verb == "act"]
        return [*lines, *(f"{each.title}: answers the record, changed by what is sent" for each in acts)]


def words_of(resource: Resource) -> tuple[str, ...]:
    """What the resource may be called in an envelope."""
    plural = resource.name.rpartition("_")[2] if resource.name.count("_") > 2 else resource.name
    return (singular(plural), plural, singular(resource.name.rpartition("_")[2]))


def singular(word: str) -> str:
    """One of many, as far as English has a rule."""
    for ending, other in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending):
            return word.removesuffix(ending) + other
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
