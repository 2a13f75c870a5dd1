"""Kotauth's pages about its own API: what can be called, and an OpenAPI document of it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mockserver.engine import Call, Operation, Reply, as_json, openapi_document
from mockserver.providers.kotauth.assumptions import says
from mockserver.providers.kotauth.paths import BASE

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
td, th {{ padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }} code {{ white-space: nowrap }}</style>
</head>
<body>
<h1>{title}</h1>
<p>Send <code>Authorization: Bearer kauth_...</code>. The same as <a href="{document}">an OpenAPI document</a>.</p>
<table>
<tr><th>method</th><th>path</th><th>what it does</th><th>scope</th></tr>
{rows}
</table>
</body>
</html>
"""


def _offered(call: Call) -> list[Operation]:
    """The operations this sandbox has, but for the pages about them."""
    given = call.sandbox.assumptions
    all_of_them = call.sandbox.provider.operations
    return [op for op in all_of_them if op.scope is not None and (op.offered is None or op.offered(given))]


def _page(call: Call) -> Reply:
    rows = "\n".join(
        f"<tr><td><code>{op.method}</code></td><td><code>{escape(op.path)}</code></td>"
        f"<td>{escape(op.summary)}</td><td><code>{op.scope}</code></td></tr>"
        for op in _offered(call)
    )
    title = f"{call.sandbox.provider.title} REST API {call.sandbox.provider.version}"
    text = _PAGE.format(title=escape(title), document=f"{call.mount}/api/docs/openapi.yaml", rows=rows)
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], text.encode())


def _document(call: Call) -> Reply:
    server = f"{call.mount}{BASE.replace('{slug}', call.sandbox.slug)}"
    document = openapi_document(call.sandbox.provider, _offered(call), server, base=BASE)
    # JSON is YAML: every YAML reader takes it.
    return Reply(200, [("Content-Type", "application/yaml")], as_json(document))


def operations() -> Iterator[Operation]:
    """The pages; they need no key."""
    refusals = (413,)
    yield Operation("show_docs", "GET", "/api/docs", _page, "Show the operations as a page", refusals=refusals,
        media=("text/html",))  # fmt: skip
    yield Operation(
        "show_openapi",
        "GET",
        "/api/docs/openapi.yaml",
        _document,
        "Show the OpenAPI document",
        refusals=refusals,
        media=("application/yaml",),
    )
    yield Operation(
        "show_workspace_docs", "GET", f"{BASE}/docs", _page, "Show the operations as a page", refusals=(404, 413),
        offered=lambda given: says(given, "swagger_path") == "documented",
    )  # fmt: skip
