"""Charts: shows calls per second by status class, latency percentiles, and the level of the token bucket."""

from __future__ import annotations

from typing import Any

from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, sandbox_page

PERIODS = {"60": "1 minute", "300": "5 minutes", "900": "15 minutes", "3600": "1 hour"}
"""The periods that a user can choose, in seconds, with their labels."""
_DEFAULT_PERIOD = "300"


def show(request: PageRequest) -> Page:
    """Returns the page; the browser reloads its charts every 3 seconds."""
    return sandbox_page(request, "charts", "charts.html", **_traffic(request))


def figures(request: PageRequest) -> Page:
    """Returns only the charts, for the reload."""
    return Page("figures.html", _traffic(request))


def _traffic(request: PageRequest) -> dict[str, Any]:
    seconds = forms.resolve_choice(request.query, "seconds", [_DEFAULT_PERIOD, *PERIODS])
    traffic = request.call_sandbox("GET", "/traffic", seconds=seconds)
    totals: dict[str, int] = {}
    for part in traffic["parts"]:
        for name, number in part["calls"].items():
            totals[name] = totals.get(name, 0) + number
    part_seconds = int(seconds) / len(traffic["parts"])
    return {
        "traffic": traffic,
        "totals": totals,
        "part_seconds": part_seconds,
        "periods": PERIODS,
        "seconds": seconds,
        "id": request.args["sandbox"],
    }
