"""An OpenAPI document as values: what it offers, and where each thing stands in it."""

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
    """One parameter of an operation."""

    name: str
    location: str
    """``path``, ``query``, ``header`` or ``cookie``."""
    required: bool
    schema: Schema
    style: str
    explode: bool
    is_json: bool
    """Whether its value is written as JSON."""
    example: Any = None


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type of a body: its schema, and the examples beside it."""

    name: str
    schema: Schema
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestBodySpec:
    """What a request may carry."""

    required: bool
    media: tuple[MediaType, ...]


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation answers with under one status."""

    status: str
    """``200``, ``4XX`` or ``default``."""
    media: tuple[MediaType, ...]
    headers: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    """The headers it always has."""


@dataclass(frozen=True, slots=True)
class DocumentOperation:
    """One operation of the document."""

    name: str
    method: str
    path: str
    """As it is documented."""
    route: str
    """As it is served: behind the server's own path, with parameters that any router takes."""
    documented_names: Mapping[str, str]
    """How each parameter of the route is called in the document."""
    summary: str
    parameters: tuple[Parameter, ...]
    body: RequestBodySpec | None
    responses: tuple[Response, ...]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    """Any one of these lets a call in: the schemes that must all be shown, and the scopes each needs."""
    extensions: Extensions

    @property
    def title(self) -> str:
        """How it is called at the start and in refusals."""
        return f"{self.method} {self.path}"

    def response(self, status: int) -> Response | None:
        """What is declared for a status: by itself, by its hundred, or for all that is not declared."""
        by_status = {each.status.upper(): each for each in self.responses}
        return by_status.get(str(status)) or by_status.get(f"{status // 100}XX") or by_status.get("DEFAULT")

    def declares(self, status: int) -> bool:
        """Whether the status is declared by itself or by its hundred."""
        return any(each.status.upper() in (str(status), f"{status // 100}XX") for each in self.responses)


@dataclass(frozen=True)
class Document:
    """A whole document."""

    name: str
    title: str
    version: str
    prefix: str
    operations: tuple[DocumentOperation, ...]
    schemes: Mapping[str, Mapping[str, Any]]
    extensions: Extensions
    linked: LinkedDocument
    schemas: Schemas
    validators: Validators


def find_json(media: tuple[MediaType, ...]) -> MediaType | None:
    """The JSON among media types, if there is any."""
    for each in media:
        kind = each.name.partition(";")[0].strip().lower()
        if kind.endswith(("/json", "+json")) or kind == "*/*":
            return each
    return None
