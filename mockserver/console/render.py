"""Renders a page or a redirect as a response with security headers."""

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
    "created": "Sandbox created.",
    "forked": "Sandbox forked. The fork has its own keys.",
    "reset": "Sandbox reset to its seed data.",
    "deleted": "Sandbox deleted.",
    "cleared": "All calls deleted.",
    "rule": "Fault rule created.",
    "changed": "Fault rule changed.",
    "removed": "Removed.",
    "on": "Scenario switched on.",
    "off": "Scenario switched off.",
    "moved": "Clock changed. Timers and deliveries that became due: {n}.",
    "simulated": "Simulation run or scheduled.",
    "endpoint": "Endpoint registered.",
    "endpoint_changed": "Endpoint changed.",
    "sent": "Test event sent.",
    "forged": "Test event sent with the fault.",
    "armed": "The fault will happen to the next delivery to this endpoint.",
    "retried": "Delivery attempted again.",
}
"""The notices shown after an action, by ``Redirect.notice``."""


@cache
def environment() -> Environment:
    """The Jinja environment, created at the first page; it escapes all values."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(home=HOME, root=ROOT, tabs=TABS, sandbox_url=sandbox_url, draw=drawing)
    environment.filters.update(filters.FILTERS)
    return environment


def render_response(result: Page | Redirect, status: int, query: Mapping[str, str], problem: str) -> Response:
    """``query`` is the query of the request, which names the notice; ``problem`` is the detail of a refusal."""
    if isinstance(result, Redirect):
        return Response(status=303, headers={**SECURITY_HEADERS, "Location": result.url})
    notice = NOTICES.get(query.get("done", ""), "").format(n=_parse_count(query.get("n", "")))
    context: dict[str, Any] = {"sandbox": None, "tab": "", "notice": notice, "problem": problem, **result.context}
    page = environment().get_template(result.template).render(context)
    return Response(page, status, headers=SECURITY_HEADERS, content_type="text/html; charset=utf-8")


def _parse_count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
