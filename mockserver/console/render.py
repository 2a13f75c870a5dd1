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
    "sandbox_created": "Sandbox created.",
    "sandbox_forked": "Sandbox forked. The fork has its own keys.",
    "sandbox_reset": "Sandbox reset to its seed data.",
    "sandbox_deleted": "Sandbox deleted.",
    "journal_cleared": "All calls deleted.",
    "rule_created": "Fault rule created.",
    "rule_changed": "Fault rule changed.",
    "rule_removed": "Fault rule removed.",
    "scenario_on": "Scenario switched on.",
    "scenario_off": "Scenario switched off.",
    "clock_changed": "Clock changed. Timers and deliveries that became due: {n}.",
    "simulated": "Simulation run or scheduled.",
    "endpoint_registered": "Endpoint registered.",
    "endpoint_changed": "Endpoint changed.",
    "endpoint_deleted": "Endpoint deleted.",
    "test_sent": "Test event sent.",
    "test_sent_with_fault": "Test event sent with the fault.",
    "fault_waits": "The fault will happen to the next delivery to this endpoint.",
    "retried": "Delivery retried.",
}
"""The notice that a page shows after an action; ``Redirect.notice`` is a key."""


@cache
def environment() -> Environment:
    """Returns the Jinja environment, which escapes all values; it is created when the first page is rendered."""
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
    """Renders a page, with the notice named in ``query`` or the refusal in ``problem``, or returns the redirect."""
    if isinstance(result, Redirect):
        return Response(status=303, headers={**SECURITY_HEADERS, "Location": result.url})
    notice = NOTICES.get(query.get("done", ""), "").format(n=_parse_count(query.get("n", "")))
    context: dict[str, Any] = {"sandbox": None, "tab": "", "notice": notice, "problem": problem, **result.context}
    page = environment().get_template(result.template).render(context)
    return Response(page, status, headers=SECURITY_HEADERS, content_type="text/html; charset=utf-8")


def _parse_count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
