"""Requests: shows the most recent calls, and one call with its trace."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 100
"""Maximum number of listed calls; the console.js constant with this name has the same value."""


def show(request: PageRequest) -> Page:
    """Returns the most recent calls and, if the path names a call, this call with its trace."""
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
    """Returns the stages of the provider in order, each with its note in the trace and whether it made the response.

    The last step in the trace belongs to the innermost stage that the call reached, and this stage made the response.
    """
    sandbox = request.call_sandbox("GET", "")
    stages = request.api("GET", "/providers/{provider}", provider=sandbox["provider"])["stages"]
    steps = {step["stage"]: step for step in call["trace"]}
    innermost = call["trace"][-1]["stage"] if call["trace"] else None
    return [{"name": name, "step": steps.get(name), "answered": name == innermost} for name in stages]


def rows(request: PageRequest) -> Page:
    """Returns the calls after the call ``after`` (query parameter); if the journal lacks it, the most recent calls."""
    after = request.query.get("after", "")
    try:
        page = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE, **({"after": after} if after else {}))
    except AdminApiError:
        # The journal has dropped the call ``after``, or was cleared.
        page = request.call_sandbox("GET", "/requests", limit=PAGE_SIZE)
    return Page("rows.html", {"calls": page["requests"][::-1], "id": request.args["sandbox"], "opened": None})


def replay(request: PageRequest) -> Redirect:
    """Send a call through the pipeline again, and open the new call."""
    call = request.call_sandbox("POST", "/requests/{request}/replay")
    return Redirect(sandbox_url(request.args["sandbox"], "requests", call["id"]))


def clear_journal(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "/requests")
    return Redirect(sandbox_url(request.args["sandbox"], "requests"), "journal_cleared")
