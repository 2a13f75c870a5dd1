"""What an operation does to which records, as inferred from paths and bodies, or as the document says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.openapi.document.document import DocumentOperation
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
class InferredResource:
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
    def is_singleton(self) -> bool:
        """Whether there is only one record for each parent."""
        return not self.id_parameter


@dataclass(frozen=True, slots=True)
class OperationRole:
    """What one operation does."""

    operation: DocumentOperation
    resource: InferredResource
    verb: str
    """list, create, retrieve, replace, merge, delete or act."""
    request_shape: Shape | None = None
    """Where the record is in the request."""
    response_shape: Shape | None = None
    """Where it is, or where they are, in the answer."""


@dataclass(frozen=True)
class InferenceResult:
    """Everything that was inferred of a document."""

    resources: Mapping[str, InferredResource]
    roles: Mapping[str, OperationRole]
    """By operation name; what is not in it has generated answers."""

    def describe_gaps(self, endpoints: tuple[DocumentOperation, ...]) -> list[str]:
        """What was not inferred, a line each."""
        lines = [f"{each.title}: answers are generated, no state" for each in endpoints if each.name not in self.roles]
        acts = [role.operation for role in self.roles.values() if role.verb == "act"]
        return [*lines, *(f"{each.title}: answers the record, changed by what is sent" for each in acts)]


def envelope_names(resource: InferredResource) -> tuple[str, ...]:
    """What the resource may be called in an envelope."""
    plural = resource.name.rpartition("_")[2] if resource.name.count("_") > 2 else resource.name
    return (singularize(plural), plural, singularize(resource.name.rpartition("_")[2]))


def singularize(word: str) -> str:
    """One of many, as far as English has a rule."""
    for ending, other in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending):
            return word.removesuffix(ending) + other
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
