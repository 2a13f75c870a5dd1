"""Data: the records of each collection, and the forms of the simulations."""

from __future__ import annotations

import re
from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 50
"""Number of records shown, the newest first."""


def show(request: PageRequest) -> Page:
    """The collections, the records of the open one, and the simulations."""
    collections = request.call_sandbox("GET", "/collections")
    opened = request.args.get("collection") or (collections[0]["name"] if collections else "")
    path, args = "/sandboxes/{sandbox}/collections/{collection}", {**request.args, "collection": opened}
    page: Any = request.api("GET", path, query={"limit": PAGE_SIZE}, **args) if opened else {"records": [], "total": 0}
    simulations = request.call_sandbox("GET", "/simulations")
    opened_form = request.args.get("simulation")
    return sandbox_page(
        request,
        "data",
        "data.html",
        collections=collections,
        opened=opened,
        records=[{"id": str(each.get("id", "")), "line": _summarize(each), "whole": each} for each in page["records"]],
        total=page["total"],
        simulations=[
            {**each, "open": each["name"] == opened_form, "fields": _fields(each, request)} for each in simulations
        ],
    )


def _fields(simulation: Any, request: PageRequest) -> list[forms.Field]:
    is_submitted = request.args.get("simulation") == simulation["name"]
    return forms.build_fields(f"{simulation['name']}.", simulation, request.form if is_submitted else None)


def _summarize(record: Any) -> str:
    """The short texts of a record, without ids: enough to recognise it in a list."""
    texts = [value for name, value in record.items() if name not in ("id", "object") and isinstance(value, str)]
    return "  ".join(value for value in texts if len(value) < 60 and not _ID.fullmatch(value))[:160]


_ID = re.compile(r"[a-z]+_[A-Za-z0-9_-]{8,}")


def simulate(request: PageRequest) -> Redirect:
    """Run the simulation of the form, now or after the duration in the field ``in``."""
    name = request.args["simulation"]
    simulations = {each["name"]: each for each in request.call_sandbox("GET", "/simulations")}
    if name not in simulations:
        raise AdminApiError(404, f"there is no simulation {name!r}")
    try:
        body = forms.parse_form(f"{name}.", simulations[name], request.form)
    except forms.InvalidInput as error:
        raise AdminApiError(422, str(error)) from None
    delay = request.form.get("in", "").strip()
    request.call_sandbox("POST", "/simulations/{simulation}", {**body, **({"in": delay} if delay else {})})
    return Redirect(sandbox_url(request.args["sandbox"], "data"), "simulated")
