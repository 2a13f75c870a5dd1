"""The console's one table of pages, and how it is put beside the admin API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from mockserver.admin.client import Client, Refused
from mockserver.admin.gate import SIGN_IN, Gate
from mockserver.console.page import HOME, ROOT, Page, Sent, Shown, Visit
from mockserver.console.pages import charts, clock, data, failures, requests, sandboxes, webhooks

_S = f"{ROOT}/sandboxes/<sandbox>"
_E = f"{_S}/webhooks/<endpoint>"
PAGES = (
    Page("GET", HOME, sandboxes.show),
    Page("POST", f"{ROOT}/sandboxes", sandboxes.create, sandboxes.show),
    Page("POST", f"{_S}/fork", sandboxes.fork, sandboxes.show),
    Page("POST", f"{_S}/reset", sandboxes.reset, sandboxes.show),
    Page("POST", f"{_S}/delete", sandboxes.delete, sandboxes.show),
    Page("GET", f"{_S}/requests", requests.show),
    Page("GET", f"{_S}/requests/rows", requests.rows),
    Page("POST", f"{_S}/requests/clear", requests.clear, requests.show),
    Page("GET", f"{_S}/requests/<request>", requests.show),
    Page("POST", f"{_S}/requests/<request>/replay", requests.replay, requests.show),
    Page("GET", f"{_S}/failures", failures.show),
    Page("GET", f"{_S}/failures/fields", failures.fields),
    Page("POST", f"{_S}/failures/rules", failures.add, failures.show),
    Page("POST", f"{_S}/failures/preview", failures.preview),
    Page("POST", f"{_S}/failures/rules/<rule>/turn", failures.turn, failures.show),
    Page("POST", f"{_S}/failures/rules/<rule>/remove", failures.remove, failures.show),
    Page("POST", f"{_S}/failures/scenarios/<scenario>/on", failures.switch_on, failures.show),
    Page("POST", f"{_S}/failures/scenarios/<scenario>/off", failures.switch_off, failures.show),
    Page("GET", f"{_S}/clock", clock.show),
    Page("POST", f"{_S}/clock", clock.move, clock.show),
    Page("GET", f"{_S}/data", data.show),
    Page("GET", f"{_S}/data/<collection>", data.show),
    Page("POST", f"{_S}/simulations/<simulation>", data.simulate, data.show),
    Page("GET", f"{_S}/webhooks", webhooks.show),
    Page("POST", f"{_S}/webhooks", webhooks.create, webhooks.show),
    Page("POST", f"{_E}/test", webhooks.test, webhooks.show),
    Page("POST", f"{_E}/turn", webhooks.turn, webhooks.show),
    Page("POST", f"{_E}/rotate", webhooks.rotate, webhooks.show),
    Page("POST", f"{_E}/delete", webhooks.delete, webhooks.show),
    Page("POST", f"{_E}/forge", webhooks.forge, webhooks.show),
    Page("POST", f"{_S}/deliveries/<delivery>/retry", webhooks.retry, webhooks.show),
    Page("GET", f"{_S}/charts", charts.show),
    Page("GET", f"{_S}/charts/figures", charts.figures),
)
STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_HERE = Path(__file__).resolve().parent
_PLACES = {"htmx.min.js": _HERE.parent / "vendor" / "htmx"}
_SIGN_IN = HOME.rstrip("/") + SIGN_IN


Asking = Callable[[str], Client]
"""(origin) -> the admin API as it answers under that origin."""


def register(app: Flask, asking: Asking, gate: Gate) -> None:
    """Add the console; what a browser needs before it has signed in is open to all."""
    rules: list[tuple[str, str, str, Callable[..., Response]]] = [
        *((page.method, page.path, f"page_{nth}", partial(_view, asking, page)) for nth, page in enumerate(PAGES)),
        ("GET", _SIGN_IN, "sign_in", _sign_in),
        ("POST", _SIGN_IN, "signed_in", partial(_signed_in, gate)),
        ("POST", f"{ROOT}/sign-out", "sign_out", partial(_sign_out, gate)),
        ("GET", f"{ROOT}/static/<file>", "static", _static),
    ]
    for method, path, name, view in rules:
        app.add_url_rule(path, f"console.{name}", view, methods=[method], provide_automatic_options=False)
    gate.open_to_all |= {"console.sign_in", "console.signed_in", "console.static"}


def _view(asking: Asking, page: Page, **args: str) -> Response:
    visit = Visit(asking(request.host_url.rstrip("/")), args, request.args.to_dict(), request.form.to_dict())
    try:
        return _answer(page.act(visit))
    except Refused as refused:
        status, problem = refused.status, refused.detail
    try:
        if page.back is not None:
            return _answer(page.back(replace(visit, problem=problem)), status, problem)
    except Refused as refused:
        status, problem = refused.status, refused.detail
    return _answer(Shown("refused.html", {"status": status}), status, problem)


def _answer(result: Shown | Sent, status: int = 200, problem: str = "") -> Response:
    # Templates are nothing that anyone but a browser waits for.
    from mockserver.console.render import answer

    return answer(result, status, request.args, problem)


def _sign_in() -> Response:
    return _answer(Shown("sign_in.html", {"next": _inside(request.args.get("next", ""))}))


def _signed_in(gate: Gate) -> Response:
    there = _inside(request.form.get("next", ""))
    if not gate.knows(request.form.get("token", "").strip()):
        shown = Shown("sign_in.html", {"next": there})
        return _answer(shown, 401, "That is not the token. It was printed when the server started.")
    response = _answer(Sent(there))
    gate.sign_in(request, response)
    return response


def _inside(address: str) -> str:
    """The address, when it is one of ours."""
    return address if address.startswith(HOME) and address.isprintable() else HOME


def _sign_out(gate: Gate) -> Response:
    response = _answer(Sent(_SIGN_IN))
    gate.sign_out(request, response)
    return response


def _static(file: str) -> Response:
    from mockserver.console.render import HEADERS

    if file not in STATIC:
        raise NotFound
    folder = _PLACES.get(file, _HERE / "static")
    return Response((folder / file).read_bytes(), headers=HEADERS, content_type=STATIC[file])
