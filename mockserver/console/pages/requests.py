"""Requests: the newest calls, and the trace of one of them."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 100
"""Number of calls listed."""


def show(request: PageRequest) -> Page:
    """The newest calls, and the open one with its trace."""
    page = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE)
    opened = request.call_sandbox("GET", "/requests/{request}") if "request" in request.args else None
    return sandbox_page(
        request,
        "requests",
        "requests.html",
        calls=page["requests"][::-1],
        dropped=page["dropped"],
        opened=opened,
        stages=_pipeline(request, opened) if opened else [],
    )


def _pipeline(request: PageRequest, call: Any) -> list[dict[str, Any]]:
    """The stages of the provider in order, each with its step in the trace and whether it made the response."""
    sandbox = request.call_sandbox("GET", "")
    stages = request.api("GET", "/providers/{provider}", provider=sandbox["provider"])["stages"]
    steps = {step["stage"]: step for step in call["trace"]}
    innermost = call["trace"][-1]["stage"] if call["trace"] else None
    return [{"name": name, "step": steps.get(name), "answered": name == innermost} for name in stages]


def rows(request: PageRequest) -> Page:
    """The calls after the one in the query parameter ``after``, or the newest if it is not in the journal."""
    after = request.query.get("after", "")
    try:
        page = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE, **({"after": after} if after else {}))
    except AdminApiError:
        # The journal has dropped the call, or was cleared.
        page = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE)
    return Page("rows.html", {"calls": page["requests"][::-1], "id": request.args["sandbox"], "opened": None})


def replay(request: PageRequest) -> Redirect:
    """Send a call through the pipeline again, and open the new call."""
    call = request.call_sandbox("POST", "/requests/{request}/replay")
    return Redirect(sandbox_url(request.args["sandbox"], "requests", call["id"]))


def clear(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "/requests")
    return Redirect(sandbox_url(request.args["sandbox"], "requests"), "cleared")
