"""Data: shows the records of a collection, and runs simulations."""

from __future__ import annotations

import re
from typing import Any

from mockserver.admin.client import AdminApiError
from mockserver.console import forms
from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 50
"""Maximum number of shown records; the most recent is first."""


def show(request: PageRequest) -> Page:
    """Returns the collections, the records of the chosen collection, and the simulations."""
    collections = request.call_sandbox("GET", "/collections")
    opened = request.args.get("collection") or (collections[0]["name"] if collections else "")
    page: Any = _read_records(request, opened) if opened else {"records": [], "total": 0}
    simulations = request.call_sandbox("GET", "/simulations")
    submitted = request.args.get("simulation")
    return sandbox_page(
        request,
        "data",
        "data.html",
        collections=collections,
        opened=opened,
        records=[{"id": str(each.get("id", "")), "line": _summarize(each), "whole": each} for each in page["records"]],
        total=page["total"],
        simulations=[
            {**each, "open": each["name"] == submitted, "fields": _fields(each, request)} for each in simulations
        ],
    )


def _read_records(request: PageRequest, collection: str) -> Any:
    # Not `call_sandbox`: the path of the page may lack the collection.
    path, args = "/sandboxes/{sandbox}/collections/{collection}", {**request.args, "collection": collection}
    return request.api("GET", path, query={"limit": PAGE_SIZE}, **args)


def _fields(simulation: Any, request: PageRequest) -> list[forms.Field]:
    is_submitted = request.args.get("simulation") == simulation["name"]
    return forms.build_fields(f"{simulation['name']}.", simulation, request.form if is_submitted else None)


def _summarize(record: Any) -> str:
    """Returns the short texts of a record, without ids, so that a reader recognises the record in a list."""
    texts = [value for name, value in record.items() if name not in ("id", "object") and isinstance(value, str)]
    return "  ".join(value for value in texts if len(value) < 60 and not _ID.fullmatch(value))[:160]


_ID = re.compile(r"[a-z]+_[A-Za-z0-9_-]{8,}")
"""Matches ids like ``emp_4kT9zQ1x``."""


def simulate(request: PageRequest) -> Redirect:
    """Runs a simulation with the submitted parameters, now or after the duration in the field ``in``."""
    name = request.args["simulation"]
    simulations = {each["name"]: each for each in request.call_sandbox("GET", "/simulations")}
    try:
        # An unknown simulation has no fields; the admin API refuses it and suggests the nearest name.
        body = forms.parse_form(f"{name}.", simulations.get(name, {"parameters": {}}), request.form)
    except forms.InvalidInput as error:
        raise AdminApiError(422, str(error)) from None
    delay = request.form.get("in", "").strip()
    request.call_sandbox("POST", "/simulations/{simulation}", {**body, **({"in": delay} if delay else {})})
    return Redirect(sandbox_url(request.args["sandbox"], "data"), "simulated")
