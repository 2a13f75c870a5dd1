"""Requests: calls as they come, and each one opened into its trace."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import Refused
from mockserver.console.page import Sent, Shown, Visit, at, of_sandbox

SHOWN = 100
"""So many calls are listed."""


def show(visit: Visit) -> Shown:
    """The newest calls, and beside them the one that is opened."""
    listed = visit.ask("GET", "/requests", limit=SHOWN)
    opened = visit.ask("GET", "/requests/{request}") if "request" in visit.args else None
    return of_sandbox(
        visit,
        "requests",
        "requests.html",
        calls=listed["requests"][::-1],
        dropped=listed["dropped"],
        opened=opened,
        stages=_pipeline(visit, opened) if opened else [],
    )


def _pipeline(visit: Visit, call: Any) -> list[dict[str, Any]]:
    """Every stage of the provider in its order: what it said, and whether it is the one that answered."""
    sandbox = visit.ask("GET", "")
    stages = visit.api("GET", "/providers/{provider}", provider=sandbox["provider"])["stages"]
    said = {step["stage"]: step for step in call["trace"]}
    innermost = call["trace"][-1]["stage"] if call["trace"] else None
    return [{"name": name, "step": said.get(name), "answered": name == innermost} for name in stages]


def rows(visit: Visit) -> Shown:
    """The calls behind the one named, or the newest where it is no longer known."""
    after = visit.query.get("after", "")
    try:
        listed = visit.ask("GET", "/requests", limit=SHOWN, **({"after": after} if after else {}))
    except Refused:
        # It has fallen out of the journal, or the sandbox was reset.
        listed = visit.ask("GET", "/requests", limit=SHOWN)
    return Shown("rows.html", {"calls": listed["requests"][::-1], "id": visit.args["sandbox"], "opened": None})


def replay(visit: Visit) -> Sent:
    """Send a call through the pipeline once more, and open what came of it."""
    again = visit.ask("POST", "/requests/{request}/replay")
    return Sent(at(visit.args["sandbox"], "requests", again["id"]))


def clear(visit: Visit) -> Sent:
    """Forget every call."""
    visit.ask("DELETE", "/requests")
    return Sent(at(visit.args["sandbox"], "requests"), "cleared")
