"""Charts: how many calls, how answered, how fast, and what the rate limit's bucket held."""

from __future__ import annotations

from typing import Any

from mockserver.console import forms
from mockserver.console.page import Shown, Visit, of_sandbox

WINDOWS = {"60": "1 minute", "300": "5 minutes", "900": "15 minutes", "3600": "1 hour"}
_FIRST = "300"


def show(visit: Visit) -> Shown:
    """The charts, which draw themselves anew every few seconds."""
    return of_sandbox(visit, "charts", "charts.html", **_traffic(visit))


def figures(visit: Visit) -> Shown:
    """The charts alone."""
    return Shown("figures.html", _traffic(visit))


def _traffic(visit: Visit) -> dict[str, Any]:
    seconds = forms.chosen(visit.query, "seconds", [_FIRST, *WINDOWS])
    traffic = visit.ask("GET", "/traffic", seconds=seconds)
    totals: dict[str, int] = {}
    for part in traffic["parts"]:
        for name, number in part["calls"].items():
            totals[name] = totals.get(name, 0) + number
    chosen = {"windows": WINDOWS, "seconds": seconds, "id": visit.args["sandbox"]}
    return {"traffic": traffic, "totals": totals, "step": int(seconds) / len(traffic["parts"]), **chosen}
