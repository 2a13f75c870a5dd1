"""Failures: scenarios to switch, rules at work, and a form for a new one with what it would have hit."""

from __future__ import annotations

from typing import Any

from mockserver.admin.client import Refused
from mockserver.console import forms
from mockserver.console.page import Sent, Shown, Visit, at, of_sandbox

FIRST = "status"
"""The kind a new rule begins with."""


def show(visit: Visit) -> Shown:
    """Scenarios, rules and the form."""
    return of_sandbox(
        visit,
        "failures",
        "failures.html",
        scenarios=visit.ask("GET", "/scenarios"),
        rules=visit.ask("GET", "/faults"),
        **_form(visit),
    )


def fields(visit: Visit) -> Shown:
    """The fields of the kind that is chosen."""
    return Shown("fault.html", _form(visit))


def _form(visit: Visit) -> dict[str, Any]:
    """The form of a rule, with what was written into it, or what a call that was named suggests."""
    listed = visit.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in listed["kinds"]}
    written = {**_suggested(visit), **visit.query, **visit.form}
    kind = kinds[forms.chosen(written, "kind", [FIRST, *kinds])]
    webhooks = kind["on"] == "webhooks"
    match = {name: each for name, each in listed["match"].items() if name in _MATCHED[webhooks]}
    return {
        "kinds": list(kinds.values()),
        "kind": kind,
        "written": written,
        "parameters": forms.fields("fault.", kind, written),
        "match": forms.fields("match.", {"parameters": match}, written),
        "trigger": forms.fields("trigger.", {"parameters": listed["trigger"]}, written),
        "address": at(visit.args["sandbox"], "failures"),
    }


_MATCHED = {
    False: ("method", "path", "operation", "key", "headers", "body"),
    True: ("event", "endpoint", "body"),
}
"""What a rule may match on, by whether it is about webhooks."""


def _suggested(visit: Visit) -> dict[str, str]:
    """What makes a rule meet a call like the one named."""
    named = visit.query.get("from")
    if not named:
        return {}
    path = "/sandboxes/{sandbox}/requests/{request}"
    call = visit.api("GET", path, sandbox=visit.args["sandbox"], request=named)
    place = {"match.operation": call["operation"]} if call["operation"] else {"match.path": call["path"]}
    return {"match.method": call["method"], **place}


def _rule(visit: Visit) -> dict[str, Any]:
    """The rule that is written into the form."""
    listed = visit.api("GET", "/faults")
    kinds = {kind["kind"]: kind for kind in listed["kinds"]}
    kind = kinds[forms.chosen(visit.form, "kind", [FIRST, *kinds])]
    try:
        return {
            **({"id": visit.form["id"].strip()} if visit.form.get("id", "").strip() else {}),
            "match": forms.read("match.", {"parameters": listed["match"]}, visit.form),
            "trigger": forms.read("trigger.", {"parameters": listed["trigger"]}, visit.form),
            "fault": {"kind": kind["kind"], **forms.read("fault.", kind, visit.form)},
        }
    except forms.Unreadable as error:
        raise Refused(422, str(error)) from None


def add(visit: Visit) -> Sent:
    """Set the rule that is written into the form."""
    visit.ask("POST", "/faults", _rule(visit))
    return Sent(at(visit.args["sandbox"], "failures"), "rule")


def preview(visit: Visit) -> Shown:
    """Which of the last calls the rule would have hit."""
    try:
        return Shown("preview.html", {"preview": visit.ask("POST", "/faults/preview", _rule(visit)), "why": ""})
    except Refused as refused:
        return Shown("preview.html", {"preview": None, "why": refused.detail})


def turn(visit: Visit) -> Sent:
    """Enable a rule, or disable it; its counting begins anew."""
    shown = visit.ask("GET", "/faults/{rule}")
    rule = {name: shown[name] for name in ("id", "priority", "match", "trigger", "fault")}
    visit.ask("PUT", "/faults/{rule}", {**rule, "enabled": not shown["enabled"]})
    return Sent(at(visit.args["sandbox"], "failures"), "changed")


def remove(visit: Visit) -> Sent:
    """Remove a rule."""
    visit.ask("DELETE", "/faults/{rule}")
    return Sent(at(visit.args["sandbox"], "failures"), "removed")


def switch_on(visit: Visit) -> Sent:
    """Switch a scenario on with the parameters that are written beside it."""
    known = visit.ask("GET", "/scenarios/{scenario}")["parameters"]
    chosen = {}
    for name, parameter in known.items():
        written = visit.form.get(name, "").strip()
        if written:
            chosen[name] = written if parameter["type"] == "duration" else _number(name, written)
    visit.ask("PUT", "/scenarios/{scenario}", chosen)
    return Sent(at(visit.args["sandbox"], "failures"), "on")


def _number(name: str, written: str) -> float:
    try:
        return int(written) if written.isascii() and written.isdigit() else float(written)
    except ValueError:
        raise Refused(422, f"{name}: {written!r} is not a number") from None


def switch_off(visit: Visit) -> Sent:
    """Switch a scenario off."""
    visit.ask("DELETE", "/scenarios/{scenario}")
    return Sent(at(visit.args["sandbox"], "failures"), "off")
