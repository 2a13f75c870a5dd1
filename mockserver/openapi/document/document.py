"""Defines the dataclasses for an OpenAPI document: operations, parameters, bodies and responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.openapi.document.extensions import Extensions
from mockserver.openapi.document.linking import LinkedDocument
from mockserver.openapi.document.schemas import Schema, Schemas
from mockserver.openapi.document.validators import Validators


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    location: str
    """``path``, ``query``, ``header`` or ``cookie``."""
    required: bool
    schema: Schema
    style: str
    explode: bool
    is_json: bool
    """Whether the value is JSON: declared with ``content`` instead of ``schema``."""
    example: Any = None


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type of a body, with its examples."""

    name: str
    schema: Schema
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestBodySpec:
    required: bool
    media: tuple[MediaType, ...]


@dataclass(frozen=True, slots=True)
class Response:
    status: str
    """``200``, ``4XX`` or ``default``."""
    media: tuple[MediaType, ...]
    headers: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    """Names of the headers that are required."""


@dataclass(frozen=True, slots=True)
class DocumentOperation:
    name: str
    """Unique in the document, in snake case."""
    method: str
    """In upper case."""
    path: str
    """As documented."""
    route: str
    """As served: with the prefix of the document's server, and parameter names that every router accepts."""
    documented_names: Mapping[str, str]
    """The documented names of the path parameters, by their names in ``route``."""
    summary: str
    parameters: tuple[Parameter, ...]
    body: RequestBodySpec | None
    responses: tuple[Response, ...]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    """A call must meet one of these requirements: all schemes of the requirement, each with its required scopes."""
    extensions: Extensions

    @property
    def title(self) -> str:
        """Method and path, for notes and messages."""
        return f"{self.method} {self.path}"

    def find_response(self, status: int) -> Response | None:
        """Returns the response for a status; for 404 it is declared as ``404``, else ``4XX``, else ``default``."""
        by_status = {each.status.upper(): each for each in self.responses}
        return by_status.get(str(status)) or by_status.get(f"{status // 100}XX") or by_status.get("DEFAULT")

    def declares(self, status: int) -> bool:
        """Returns whether the status is declared, for example 404 as ``404`` or ``4XX``; ``default`` does not count."""
        return any(each.status.upper() in (str(status), f"{status // 100}XX") for each in self.responses)


@dataclass(frozen=True)
class Document:
    """An OpenAPI document whose references are resolved and whose parts are checked."""

    name: str
    """The name of the provider."""
    title: str
    version: str
    prefix: str
    """The path of the first server, without a slash at the end."""
    operations: tuple[DocumentOperation, ...]
    schemes: Mapping[str, Mapping[str, Any]]
    """The security schemes by name."""
    extensions: Extensions
    linked: LinkedDocument
    schemas: Schemas
    validators: Validators


def find_json(media: tuple[MediaType, ...]) -> MediaType | None:
    """Returns the first JSON media type, if any; ``*/*`` counts as JSON."""
    for each in media:
        kind = each.name.partition(";")[0].strip().lower()
        if kind.endswith(("/json", "+json")) or kind == "*/*":
            return each
    return None
