"""Requests: calls as they come, and each one opened into its trace."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 100
"""So many calls are listed."""


def show(request: PageRequest) -> Page:
    """The newest calls, and beside them the one that is opened."""
    listed = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE)
    opened = request.call_sandbox("GET", "/requests/{request}") if "request" in request.args else None
    return sandbox_page(
        request,
        "requests",
        "requests.html",
        calls=listed["requests"][::-1],
        dropped=listed["dropped"],
        opened=opened,
        stages=_pipeline(request, opened) if opened else [],
    )


def _pipeline(request: PageRequest, call: Any) -> list[dict[str, Any]]:
    """Every stage of the provider in its order: what it said, and whether it is the one that answered."""
    sandbox = request.call_sandbox("GET", "")
    stages = request.api("GET", "/providers/{provider}", provider=sandbox["provider"])["stages"]
    said = {step["stage"]: step for step in call["trace"]}
    innermost = call["trace"][-1]["stage"] if call["trace"] else None
    return [{"name": name, "step": said.get(name), "answered": name == innermost} for name in stages]


def rows(request: PageRequest) -> Page:
    """The calls behind the one named, or the newest where it is no longer known."""
    after = request.query.get("after", "")
    try:
        listed = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE, **({"after": after} if after else {}))
    except AdminApiError:
        # It has fallen out of the journal, or the sandbox was reset.
        listed = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE)
    return Page("rows.html", {"calls": listed["requests"][::-1], "id": request.args["sandbox"], "opened": None})


def replay(request: PageRequest) -> Redirect:
    """Send a call through the pipeline once more, and open what came of it."""
    again = request.call_sandbox("POST", "/requests/{request}/replay")
    return Redirect(sandbox_url(request.args["sandbox"], "requests", again["id"]))


def clear(request: PageRequest) -> Redirect:
    """Forget every call."""
    request.call_sandbox("DELETE", "/requests")
    return Redirect(sandbox_url(request.args["sandbox"], "requests"), "cleared")
