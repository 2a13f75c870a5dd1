"""Failures: switches scenarios on and off, and creates, previews, toggles and removes fault rules."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

DEFAULT_KIND = "status"
"""The fault kind that is selected when the form opens."""


def show(request: PageRequest) -> Page:
    return sandbox_page(
        request,
        "failures",
        "failures.html",
        scenarios=request.call_sandbox("GET", "/scenarios"),
        rules=request.call_sandbox("GET", "/faults"),
        **_form(request),
    )


def fields(request: PageRequest) -> Page:
    """Returns the form fields of the chosen fault kind."""
    return Page("fault.html", _form(request))


def _form(request: PageRequest) -> dict[str, Any]:
    """Returns the form of a rule with the submitted values; its match fits the call ``from`` (query parameter)."""
    catalogue = request.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in catalogue["kinds"]}
    written = {**_suggest_match(request), **request.query, **request.form}
    kind = kinds[forms.resolve_choice(written, "kind", [DEFAULT_KIND, *kinds])]
    match = {name: each for name, each in catalogue["match"].items() if name in _MATCH_FIELDS[kind["on"]]}
    return {
        "kinds": list(kinds.values()),
        "kind": kind,
        "written": written,
        "parameters": forms.build_fields("fault.", kind, written),
        "match": forms.build_fields("match.", {"parameters": match}, written),
        "trigger": forms.build_fields("trigger.", {"parameters": catalogue["trigger"]}, written),
        "address": sandbox_url(request.args["sandbox"], "failures"),
    }


_MATCH_FIELDS = {
    "calls": ("method", "path", "operation", "key", "headers", "body"),
    "webhooks": ("event", "endpoint", "body"),
}
"""The match fields for fault kinds that happen to calls, and for those that happen to webhooks."""


def _suggest_match(request: PageRequest) -> dict[str, str]:
    """Returns match fields for calls like the call ``from`` (query parameter): same method and operation or path."""
    call_id = request.query.get("from")
    if not call_id:
        return {}
    path = "/sandboxes/{sandbox}/requests/{request}"
    call = request.api("GET", path, sandbox=request.args["sandbox"], request=call_id)
    target = {"match.operation": call["operation"]} if call["operation"] else {"match.path": call["path"]}
    return {"match.method": call["method"], **target}


def _read_rule(request: PageRequest) -> dict[str, Any]:
    """Returns the rule in the submitted form; raises AdminApiError if a field cannot be parsed."""
    catalogue = request.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in catalogue["kinds"]}
    kind = kinds[forms.resolve_choice(request.form, "kind", [DEFAULT_KIND, *kinds])]
    try:
        return {
            **({"id": request.form["id"].strip()} if request.form.get("id", "").strip() else {}),
            "match": forms.parse_form("match.", {"parameters": catalogue["match"]}, request.form),
            "trigger": forms.parse_form("trigger.", {"parameters": catalogue["trigger"]}, request.form),
            "fault": {"kind": kind["kind"], **forms.parse_form("fault.", kind, request.form)},
        }
    except forms.InvalidInput as error:
        raise AdminApiError(422, str(error)) from None


def add(request: PageRequest) -> Redirect:
    """Creates the fault rule in the submitted form."""
    request.call_sandbox("POST", "/faults", _read_rule(request))
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "rule_created")


def preview(request: PageRequest) -> Page:
    """Shows which of the last 100 calls the rule in the submitted form would have hit."""
    try:
        return Page(
            "preview.html", {"preview": request.call_sandbox("POST", "/faults/preview", _read_rule(request)), "why": ""}
        )
    except AdminApiError as refusal:
        return Page("preview.html", {"preview": None, "why": refusal.detail})


def toggle(request: PageRequest) -> Redirect:
    """Enables or disables a rule; its counts restart at 0."""
    current = request.call_sandbox("GET", "/faults/{rule}")
    rule = {name: current[name] for name in ("id", "priority", "match", "trigger", "fault")}
    request.call_sandbox("PUT", "/faults/{rule}", {**rule, "enabled": not current["enabled"]})
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "rule_changed")


def remove(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "/faults/{rule}")
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "rule_removed")


def switch_on(request: PageRequest) -> Redirect:
    """Switches a scenario on with the submitted parameters."""
    declared = request.call_sandbox("GET", "/scenarios/{scenario}")["parameters"]
    chosen = {}
    for name, parameter in declared.items():
        text = request.form.get(name, "").strip()
        if text:
            chosen[name] = text if parameter["type"] == "duration" else _parse_number(name, text)
    request.call_sandbox("PUT", "/scenarios/{scenario}", chosen)
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "scenario_on")


def _parse_number(name: str, text: str) -> float:
    try:
        return int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        raise AdminApiError(422, f"{name}: {text!r} is not a number") from None


def switch_off(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "/scenarios/{scenario}")
    return Redirect(sandbox_url(request.args["sandbox"], "failures"), "scenario_off")
