"""Harnesses whose provider comes from an OpenAPI document, and helpers to write small documents."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.openapi import load_provider
from tests.support.harness import Harness, make_harness
from tests.support.paths import OPENAPI_DOCUMENTS

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

JSON = "application/json"


class OpenApiHarness:
    """A harness of one document, with a client that sends its key in X-Token."""

    def __init__(self, file: Path, **options: Any) -> None:
        self.provider = load_provider(file)
        self.harness: Harness = make_harness(self.provider, **options)
        self.sandbox = f"/sandboxes/{self.provider.name}"

    def request(self, method: str, path: str, **options: Any) -> ApiResponse:
        """Call the provider with its key in X-Token; ``path`` follows the path of the document's server."""
        headers = {"X-Token": self.harness.key(), **options.pop("headers", {})}
        return self.harness.request(method, self.provider.prefix + path, key=None, headers=headers, **options)

    def set_assumptions(self, **assumptions: Any) -> None:
        assert self.harness.admin("PATCH", self.sandbox, {"assumptions": assumptions}).status_code == 200

    def stored_records(self, collection: str) -> list[dict[str, Any]]:
        """Returns the stored records of a resource as the API shows them."""
        state = self.harness.engine.export(self.provider.name)["collections"]
        return [record["shown"] for record in state[collection]]


def library(**options: Any) -> OpenApiHarness:
    """Makes a harness of library.yaml, a document written for these tests."""
    return OpenApiHarness(OPENAPI_DOCUMENTS / "library.yaml", **options)


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns a minimal document with these paths."""
    return {"openapi": "3.0.3", "info": {"title": "Small", "version": "1"}, "paths": paths, **more}


def write_document(folder: Path, content: Any, name: str = "api.json") -> Path:
    """Writes a document, given as text or as JSON value, and returns the file."""
    file = folder / name
    file.write_text(content if isinstance(content, str) else dumps(content))
    return file


def json_responses(schema: Any, *, status: str = "200", media: str = JSON) -> dict[str, Any]:
    """Returns the Responses Object of one response with this schema."""
    return {status: {"description": "It", "content": {media: {"schema": schema}}}}


def json_request_body(schema: Any, media: str = JSON) -> dict[str, Any]:
    """Returns the Request Body Object of a required body with this schema."""
    return {"required": True, "content": {media: {"schema": schema}}}
