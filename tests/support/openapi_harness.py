"""Worlds whose provider is made of an OpenAPI document, and documents written where they are needed."""

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
    """A world of one document, and a client that shows its key as the document wants it."""

    def __init__(self, file: Path, **options: Any) -> None:
        self.provider = load_provider(file)
        self.harness: Harness = make_harness(self.provider, **options)
        self.sandbox = f"/sandboxes/{self.provider.name}"

    def request(self, method: str, path: str, **options: Any) -> ApiResponse:
        """Call it with its key in X-Token; ``path`` begins behind the server's own path."""
        headers = {"X-Token": self.harness.key(), **options.pop("headers", {})}
        return self.harness.request(method, self.provider.prefix + path, key=None, headers=headers, **options)

    def set_assumptions(self, **assumptions: Any) -> None:
        """Assume something else."""
        assert self.harness.admin("PATCH", self.sandbox, {"assumptions": assumptions}).status_code == 200

    def stored_records(self, collection: str) -> list[dict[str, Any]]:
        """What the records of a resource show."""
        state = self.harness.engine.export(self.provider.name)["collections"]
        return [record["shown"] for record in state[collection]]


def library(**options: Any) -> OpenApiHarness:
    """The document written for these tests."""
    return OpenApiHarness(OPENAPI_DOCUMENTS / "library.yaml", **options)


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A small document around some paths."""
    return {"openapi": "3.0.3", "info": {"title": "Small", "version": "1"}, "paths": paths, **more}


def write_document(folder: Path, said: Any, name: str = "api.json") -> Path:
    """A document as a file."""
    file = folder / name
    file.write_text(said if isinstance(said, str) else dumps(said))
    return file


def json_responses(schema: Any, *, status: str = "200", media: str = JSON) -> dict[str, Any]:
    """Responses that show a schema."""
    return {status: {"description": "It", "content": {media: {"schema": schema}}}}


def json_request_body(schema: Any, media: str = JSON) -> dict[str, Any]:
    """A required body of a schema."""
    return {"required": True, "content": {media: {"schema": schema}}}
