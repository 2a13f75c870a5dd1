"""Sandboxes: shows their URLs and keys, and creates, forks, resets and deletes them."""

from __future__ import annotations

from typing import Any

from mockserver.console.addresses import HOME
from mockserver.console.page import Page, PageRequest, Redirect


def show(request: PageRequest) -> Page:
    sandboxes = request.api("GET", "/sandboxes")
    providers = request.api("GET", "/providers")
    for provider in providers:
        provider["sandboxes"] = [
            {**each, "curl": _curl(each)} for each in sandboxes if each["provider"] == provider["name"]
        ]
    return Page("sandboxes.html", {"providers": providers, "version": request.api("GET", "/version")})


def _curl(sandbox: Any) -> str:
    """Returns a shell command that sends a first request to the sandbox."""
    accepted = [key["secret"] for key in sandbox["keys"] if key["state"] in ("active", "expiring")]
    key = accepted[0] if accepted else "no-key-works-now"
    return f"curl -s '{sandbox['example']}' -H 'Authorization: Bearer {key}'"


def create(request: PageRequest) -> Redirect:
    body = {name: request.form[name] for name in ("provider", "name", "seed", "size") if request.form.get(name)}
    request.api("POST", "/sandboxes", body)
    return Redirect(HOME, "sandbox_created")


def fork(request: PageRequest) -> Redirect:
    request.call_sandbox("POST", "/fork", {"name": request.form.get("name") or None})
    return Redirect(HOME, "sandbox_forked")


def reset(request: PageRequest) -> Redirect:
    request.call_sandbox("POST", "/reset")
    return Redirect(HOME, "sandbox_reset")


def delete(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "")
    return Redirect(HOME, "sandbox_deleted")
