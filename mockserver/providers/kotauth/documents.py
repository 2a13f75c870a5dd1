"""Serves Kotauth's API documentation: Swagger UI and an OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path

from mockserver.engine import Call, Operation, OperationView, Problem, Reply, as_json, openapi_document
from mockserver.providers.kotauth.assumptions import resolve_fidelity
from mockserver.providers.kotauth.wire.paths import BASE

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="{assets}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{assets}/swagger-initializer.js"></script>
</body>
</html>
"""
_INITIALIZER = "SwaggerUIBundle({{url: {document}, dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null}});\n"
_ASSETS = Path(__file__).resolve().parents[2] / "vendor" / "swagger-ui"
_MEDIA_TYPES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def _documented_operations(call: Call) -> list[OperationView]:
    """Returns the operations available in this sandbox; those of this module have no scope and are left out."""
    all_operations, assumptions = call.sandbox.provider.operations, call.sandbox.assumptions
    return [op for op in all_operations if op.scope is not None and op.is_available(assumptions)]


def _send_page(call: Call) -> Reply:
    title = f"{call.sandbox.provider.title} REST API {call.sandbox.provider.version}"
    text = _PAGE.format(title=escape(title), assets=f"{call.mount}/static/swagger")
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], text.encode())


def _send_asset(call: Call) -> Reply:
    name = call.args["file"]
    if name == "swagger-initializer.js":
        script = _INITIALIZER.format(document=as_json(f"{call.mount}/api/docs/openapi.yaml").decode())
        return Reply(200, [("Content-Type", "text/javascript")], script.encode())
    if name not in _MEDIA_TYPES:
        raise Problem("no_such_path", f"There is nothing at {call.path[:200]}", raised_in="locate")
    return Reply(200, [("Content-Type", _MEDIA_TYPES[name])], _read_asset(name))


@cache
def _read_asset(name: str) -> bytes:
    return (_ASSETS / name).read_bytes()


def _send_document(call: Call) -> Reply:
    server = f"{call.mount}{BASE.replace('{slug}', call.sandbox.slug)}"
    document = openapi_document(call.sandbox.provider, _documented_operations(call), server, base=BASE)
    # The document is sent as YAML, because JSON is valid YAML.
    return Reply(200, [("Content-Type", "application/yaml")], as_json(document))


def _public_operation(name: str, path: str, perform: Callable[[Call], Reply], summary: str, *media: str) -> Operation:
    return Operation(name, "GET", path, perform, summary, media_types=media, refusals=(404, 413))


def operations() -> Iterator[Operation]:
    """Yields the operations for the pages and the files they load; none needs a key."""
    page, media_types = "Show the operations in Swagger UI", ("text/javascript", "text/css")
    yield _public_operation("show_docs", "/api/docs", _send_page, page, "text/html")
    workspace = _public_operation("show_workspace_docs", f"{BASE}/docs", _send_page, page, "text/html")
    yield replace(
        workspace, available_if=lambda assumptions: resolve_fidelity(assumptions, "swagger_path") == "documented"
    )
    yield _public_operation(
        "show_openapi", "/api/docs/openapi.yaml", _send_document, "Show the OpenAPI document", "application/yaml"
    )
    yield _public_operation(
        "show_asset", "/static/swagger/{file}", _send_asset, "Send a file of Swagger UI", *media_types
    )
