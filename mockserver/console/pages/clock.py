"""Clock: shows the sandbox's time and the scheduled timers and deliveries, and changes the time."""

from __future__ import annotations

from typing import Any

from mockserver.console import drawing
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

STEPS = (("1m", "a minute"), ("1h", "an hour"), ("1d", "a day"), ("30d", "30 days"))
"""Duration and label of each button that advances the clock."""


def show(request: PageRequest) -> Page:
    """Returns the clock with a timeline of the next timers and deliveries."""
    clock = request.call_sandbox("GET", "/clock")
    due = [_due_row(clock["now"], each["at"], each["action"], each["id"], each["parameters"]) for each in clock["due"]]
    pending = [each for each in request.call_sandbox("GET", "/deliveries", state="pending", limit=20) if each["due"]]
    due += [
        _due_row(clock["now"], each["due"], "deliver", each["id"], {"event": each["event"]["type"]}) for each in pending
    ]
    due.sort(key=lambda each: float(each["seconds"]))
    return sandbox_page(request, "clock", "clock.html", clock=clock, due=due, steps=STEPS)


def _due_row(now: str, at: str, action: str, id: str, parameters: dict[str, Any]) -> dict[str, Any]:
    text = "  ".join(str(value) for value in parameters.values() if value is not None)
    return {"at": at, "action": action, "id": id, "parameters": text, "seconds": drawing.seconds_between(now, at)}


def move(request: PageRequest) -> Redirect:
    """Freeze, resume, advance or reset the clock."""
    body = {name: request.form[name].strip() for name in ("action", "by", "at") if request.form.get(name, "").strip()}
    clock = request.call_sandbox("PUT", "/clock", body)
    return Redirect(sandbox_url(request.args["sandbox"], "clock"), "clock_changed", len(clock["done"]))
