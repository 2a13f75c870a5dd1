"""Charts: calls per second by status, percentiles of their duration, and the level of the token bucket."""

from __future__ import annotations

from typing import Any

from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, sandbox_page

WINDOWS = {"60": "1 minute", "300": "5 minutes", "900": "15 minutes", "3600": "1 hour"}
_DEFAULT_WINDOW = "300"


def show(request: PageRequest) -> Page:
    """The page; its charts are reloaded every 3 seconds."""
    return sandbox_page(request, "charts", "charts.html", **_traffic(request))


def figures(request: PageRequest) -> Page:
    """The charts without the page around them."""
    return Page("figures.html", _traffic(request))


def _traffic(request: PageRequest) -> dict[str, Any]:
    seconds = forms.resolve_choice(request.query, "seconds", [_DEFAULT_WINDOW, *WINDOWS])
    traffic = request.call_sandbox("GET", "/traffic", seconds=seconds)
    totals: dict[str, int] = {}
    for part in traffic["parts"]:
        for name, number in part["calls"].items():
            totals[name] = totals.get(name, 0) + number
    window = {"windows": WINDOWS, "seconds": seconds, "id": request.args["sandbox"]}
    return {"traffic": traffic, "totals": totals, "step": int(seconds) / len(traffic["parts"]), **window}
