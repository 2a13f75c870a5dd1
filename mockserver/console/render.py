"""How a page becomes an answer: the template filled, and headers that keep everything else out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mockserver.console import drawing, filters
from mockserver.console.addresses import HOME, ROOT
from mockserver.console.page import Page, Redirect, sandbox_url

HERE = Path(__file__).resolve().parent
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TABS = {
    "requests": "Requests",
    "failures": "Failures",
    "clock": "Clock",
    "data": "Data",
    "webhooks": "Webhooks",
    "charts": "Charts",
}
NOTICES = {
    "created": "The sandbox is there.",
    "forked": "The fork is there, with keys of its own.",
    "reset": "The sandbox is back at its seed.",
    "deleted": "The sandbox is gone.",
    "cleared": "Every call is forgotten.",
    "rule": "The fault rule is set.",
    "changed": "The fault rule is changed.",
    "removed": "It is removed.",
    "on": "The scenario is on.",
    "off": "The scenario is off.",
    "moved": "The clock has moved; {n} timers and deliveries fell due and were done.",
    "simulated": "It has happened.",
    "endpoint": "The endpoint is registered.",
    "kept": "The endpoint is changed.",
    "sent": "The test event has been sent.",
    "forged": "A test event was sent, spoiled so.",
    "armed": "The next delivery to this endpoint will be spoiled so.",
    "retried": "The delivery was tried once more.",
}
"""What is said after something was done."""


@cache
def environment() -> Environment:
    """The templates, read when the first page is asked for; everything in them is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(home=HOME, root=ROOT, tabs=TABS, sandbox_url=sandbox_url, draw=drawing)
    made.filters.update(filters.FILTERS)
    return made


def render_response(result: Page | Redirect, status: int, query: Mapping[str, str], problem: str) -> Response:
    """The answer a browser gets."""
    if isinstance(result, Redirect):
        return Response(status=303, headers={**SECURITY_HEADERS, "Location": result.url})
    said = NOTICES.get(query.get("done", ""), "").format(n=_parse_count(query.get("n", "")))
    filled: dict[str, Any] = {"sandbox": None, "tab": "", "said": said, "problem": problem, **result.context}
    page = environment().get_template(result.template).render(filled)
    return Response(page, status, headers=SECURITY_HEADERS, content_type="text/html; charset=utf-8")


def _parse_count(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0
