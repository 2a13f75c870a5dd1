"""Failures: scenarios to switch, rules at work, and a form for a new one with what it would have hit."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

DEFAULT_KIND = "status"
"""The kind a new rule begins with."""


def show(request: PageRequest) -> Page:
    """Scenarios, rules and the form."""
    return sandbox_page(
        request,
        "failures",
        "failures.html",
        scenarios=request.call_sandbox("GET", "/scenarios"),
        rules=request.call_sandbox("GET", "/faults"),
        **_form(request),
    )


def fields(request: PageRequest) -> Page:
    """The fields of the kind that is chosen."""
    return Page("fault.html", _form(request))


def _form(request: PageRequest) -> dict[str, Any]:
    """The form of a rule, with what was written into it, or what a call that was named suggests."""
    listed = request.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in listed["kinds"]}
    written = {**_suggest_match(request), **request.query, **request.form}
    kind = kinds[forms.resolve_parameters(written, "kind", [DEFAULT_KIND, *kinds])]
    webhooks = kind["on"] == "webhooks"
    match = {name: each for name, each in listed["match"].items() if name in _MATCH_FIELDS[webhooks]}
    return {
        "kinds": list(kinds.values()),
        "kind": kind,
        "written": written,
        "parameters": forms.build_fields("fault.", kind, written),
        "match": forms.build_fields("match.", {"parameters": match}, written),
        "trigger": forms.build_fields("trigger.", {"parameters": listed["trigger"]}, written),
        "address": sandbox_url(request.args["sandbox"], "failures"),
    }


_MATCH_FIELDS = {
    False: ("method", "path", "operation", "key", "headers", "body"),
    True: ("event", "endpoint", "body"),
}
"""What a rule may match on, by whether it is about webhooks."""


def _suggest_match(request: PageRequest) -> dict[str, str]:
    """What makes a rule meet a call like the one named."""
    named = request.query.get("from")
    if not named:
        return {}
    path = "/sandboxes/{sandbox}/requests/{request}"
    call = request.api("GET", path, sandbox=request.args["sandbox"], request=named)
    place = {"match.operation": call["operation"]} if call["operation"] else {"match.path": call["path"]}
    return {"match.method": call["method"], **place}


def _read_rule(request: PageRequest) -> dict[str, Any]:
    """The rule that is written into the form."""
    listed = request.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in listed["kinds"]}
    kind = kinds[forms.resolve_parameters(request.form, "kind", [DEFAULT_KIND, *kinds])]
    try:
        return {
            **({"id": request.form["id"].strip()} if request.form.get("id", "").strip() else {}),
            "match": forms.parse_form("match.", {"parameters": listed["match"]}, request.form),
            "trigger": forms.parse_form("trigger.", {"parameters": listed["trigger"]}, request.form),
            "fault": {"kind": kind["kind"], **forms.parse_form("fault.", kind, request.form)},
        }
    except forms.InvalidInput as error:
        raise AdminApiError(422, str(error)) from None


def add(request: PageRequest) -> Redirect:
    """Set the rule that is written into the form."""
    request.call_sandbox("POST", "/faults", _read_rule(request))
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "rule")


def preview(request: PageRequest) -> Page:
    """Which of the last calls the rule would have hit."""
    try:
        return Page(
            "preview.html", {"preview": request.call_sandbox("POST", "/faults/preview", _read_rule(request)), "why": ""}
        )
    except AdminApiError as refused:
        return Page("preview.html", {"preview": None, "why": refused.detail})


def toggle(request: PageRequest) -> Redirect:
    """Enable a rule, or disable it; its counting begins anew."""
    shown = request.call_sandbox("GET", "/faults/{rule}")
    rule = {name: shown[name] for name in ("id", "priority", "match", "trigger", "fault")}
    request.call_sandbox("PUT", "/faults/{rule}", {**rule, "enabled": not shown["enabled"]})
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "changed")


def remove(request: PageRequest) -> Redirect:
    """Remove a rule."""
    request.call_sandbox("DELETE", "/faults/{rule}")
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "removed")


def switch_on(request: PageRequest) -> Redirect:
    """Switch a scenario on with the parameters that are written beside it."""
    known = request.call_sandbox("GET", "/scenarios/{scenario}")["parameters"]
    chosen = {}
    for name, parameter in known.items():
        written = request.form.get(name, "").strip()
        if written:
            chosen[name] = written if parameter["type"] == "duration" else _number(name, written)
    request.call_sandbox("PUT", "/scenarios/{scenario}", chosen)
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "on")


def _number(name: str, written: str) -> float:
    try:
        return int(written) if written.isascii() and written.isdigit() else float(written)
    except ValueError:
        raise AdminApiError(422, f"{name}: {written!r} is not a number") from None


def switch_off(request: PageRequest) -> Redirect:
    """Switch a scenario off."""
    request.call_sandbox("DELETE", "/scenarios/{scenario}")
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "off")
