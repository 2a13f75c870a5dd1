"""Sandboxes: where they are, what opens them; made, forked, reset, deleted."""

from __future__ import annotations

from typing import Any

from mockserver.console.addresses import HOME
from mockserver.console.page import Sent, Shown, Visit


def show(visit: Visit) -> Shown:
    """Every provider with its sandboxes."""
    sandboxes = visit.api("GET", "/sandboxes")
    providers = visit.api("GET", "/providers")
    for provider in providers:
        provider["sandboxes"] = [
            {**each, "curl": _curl(each)} for each in sandboxes if each["provider"] == provider["name"]
        ]
    return Shown("sandboxes.html", {"providers": providers, "version": visit.api("GET", "/version")})


def _curl(sandbox: Any) -> str:
    """A line to paste into a shell: the first thing a newcomer may ask."""
    working = [key["secret"] for key in sandbox["keys"] if key["state"] in ("active", "expiring")]
    key = working[0] if working else "no-key-works-now"
    return f"curl -s '{sandbox['example']}' -H 'Authorization: Bearer {key}'"


def create(visit: Visit) -> Sent:
    """Make a sandbox."""
    body = {name: visit.form[name] for name in ("provider", "name", "seed", "size") if visit.form.get(name)}
    visit.api("POST", "/sandboxes", body)
    return Sent(HOME, "created")


def fork(visit: Visit) -> Sent:
    """Make a sandbox that goes on from where this one stands."""
    visit.ask("POST", "/fork", {"name": visit.form.get("name") or None})
    return Sent(HOME, "forked")


def reset(visit: Visit) -> Sent:
    """Take a sandbox back to its seed."""
    visit.ask("POST", "/reset")
    return Sent(HOME, "reset")


def delete(visit: Visit) -> Sent:
    """Forget a sandbox."""
    visit.ask("DELETE", "")
    return Sent(HOME, "deleted")
