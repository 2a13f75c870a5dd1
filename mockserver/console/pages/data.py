"""Data: the records of each collection, and what can be made to happen off stage."""

from __future__ import annotations

import re
from typing import Any

from mockserver.admin.client import Refused
from mockserver.console import forms
from mockserver.console.page import Sent, Shown, Visit, at, of_sandbox

SHOWN = 50
"""So many records of a collection are shown, the newest first."""


def show(visit: Visit) -> Shown:
    """The collections, the records of the one that is opened, and the simulations."""
    collections = visit.ask("GET", "/collections")
    opened = visit.args.get("collection") or (collections[0]["name"] if collections else "")
    path, here = "/sandboxes/{sandbox}/collections/{collection}", {**visit.args, "collection": opened}
    found: Any = visit.api("GET", path, query={"limit": SHOWN}, **here) if opened else {"records": [], "total": 0}
    simulations = visit.ask("GET", "/simulations")
    tried = visit.args.get("simulation")
    return of_sandbox(
        visit,
        "data",
        "data.html",
        collections=collections,
        opened=opened,
        records=[{"id": str(each.get("id", "")), "line": _line(each), "whole": each} for each in found["records"]],
        total=found["total"],
        simulations=[{**each, "open": each["name"] == tried, "fields": _fields(each, visit)} for each in simulations],
    )


def _fields(simulation: Any, visit: Visit) -> list[forms.Field]:
    mine = visit.args.get("simulation") == simulation["name"]
    return forms.fields(f"{simulation['name']}.", simulation, visit.form if mine else None)


def _line(record: Any) -> str:
    """What tells a record from the others at a glance: its short texts, without the ids of others."""
    texts = [value for name, value in record.items() if name not in ("id", "object") and isinstance(value, str)]
    return "  ".join(value for value in texts if len(value) < 60 and not _ID.fullmatch(value))[:160]


_ID = re.compile(r"[a-z]+_[A-Za-z0-9_-]{8,}")


def simulate(visit: Visit) -> Sent:
    """Have something happen off stage, now or later."""
    name = visit.args["simulation"]
    simulations = {each["name"]: each for each in visit.ask("GET", "/simulations")}
    if name not in simulations:
        raise Refused(404, f"there is no simulation {name!r}")
    try:
        body = forms.read(f"{name}.", simulations[name], visit.form)
    except forms.Unreadable as error:
        raise Refused(422, str(error)) from None
    delay = visit.form.get("in", "").strip()
    visit.ask("POST", "/simulations/{simulation}", {**body, **({"in": delay} if delay else {})})
    return Sent(at(visit.args["sandbox"], "data"), "simulated")
