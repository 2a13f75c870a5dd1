"""Sandboxes: where they are, what opens them; made, forked, reset, deleted."""

from __future__ import annotations

from typing import Any

from mockserver.console.addresses import HOME
from mockserver.console.page import Page, PageRequest, Redirect


def show(request: PageRequest) -> Page:
    """Every provider with its sandboxes."""
    sandboxes = request.api("GET", "/sandboxes")
    providers = request.api("GET", "/providers")
    for provider in providers:
        provider["sandboxes"] = [
            {**each, "curl": _curl(each)} for each in sandboxes if each["provider"] == provider["name"]
        ]
    return Page("sandboxes.html", {"providers": providers, "version": request.api("GET", "/version")})


def _curl(sandbox: Any) -> str:
    """A line to paste into a shell: the first thing a newcomer may ask."""
    working = [key["secret"] for key in sandbox["keys"] if key["state"] in ("active", "expiring")]
    key = working[0] if working else "no-key-works-now"
    return f"curl -s '{sandbox['example']}' -H 'Authorization: Bearer {key}'"


def create(request: PageRequest) -> Redirect:
    """Make a sandbox."""
    body = {name: request.form[name] for name in ("provider", "name", "seed", "size") if request.form.get(name)}
    request.api("POST", "/sandboxes", body)
    return Redirect(HOME, "created")


def fork(request: PageRequest) -> Redirect:
    """Make a sandbox that goes on from where this one stands."""
    request.call_sandbox("POST", "/fork", {"name": request.form.get("name") or None})
    return Redirect(HOME, "forked")


def reset(request: PageRequest) -> Redirect:
    """Take a sandbox back to its seed."""
    request.call_sandbox("POST", "/reset")
    return Redirect(HOME, "reset")


def delete(request: PageRequest) -> Redirect:
    """Forget a sandbox."""
    request.call_sandbox("DELETE", "")
    return Redirect(HOME, "deleted")
