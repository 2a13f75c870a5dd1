"""How a visit becomes an answer: the page's function is called, and what it shows is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from flask import Response, request
from werkzeug.exceptions import NotFound

from mockserver.admin.api import PREFIX
from mockserver.admin.client import Client, Refused
from mockserver.admin.gate import SIGN_IN, Gate
from mockserver.console.addresses import HOME
from mockserver.console.page import Sent, Shown, Visit
from mockserver.console.render import HEADERS, answer

STATIC = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_HERE = Path(__file__).resolve().parent
_VENDOR = _HERE.parent / "vendor"
_PLACES = {
    "htmx.min.js": _VENDOR / "htmx",
    "swagger-ui-bundle.js": _VENDOR / "swagger-ui",
    "swagger-ui.css": _VENDOR / "swagger-ui",
}


Act = Callable[[Visit], Shown | Sent]


def named(name: str) -> Act:
    """The function of a page: ``sandboxes.show``."""
    module, _, function = name.partition(".")
    act: Act = getattr(import_module(f"mockserver.console.pages.{module}"), function)
    return act


def page(asking: Callable[[str], Client], act: str, back: str, args: Mapping[str, str]) -> Response:
    """Do what was asked for and show what comes of it, or why it was refused."""
    visit = Visit(asking(request.host_url.rstrip("/")), args, request.args.to_dict(), _form())
    try:
        return _answer(named(act)(visit))
    except Refused as refused:
        status, problem = refused.status, refused.detail
    try:
        if back:
            return _answer(named(back)(visit), status, problem)
    except Refused as refused:
        status, problem = refused.status, refused.detail
    return _answer(Shown("refused.html", {"status": status}), status, problem)


def _form() -> dict[str, str]:
    # Of files that are sent along Werkzeug would fill the disk, for whoever stands at the door.
    return request.form.to_dict() if request.mimetype == "application/x-www-form-urlencoded" else {}


def _answer(result: Shown | Sent, status: int = 200, problem: str = "") -> Response:
    return answer(result, status, request.args, problem)


def sign_in() -> Response:
    """The door."""
    return _answer(Shown("sign_in.html", {"next": _inside(request.args.get("next", ""))}))


def signed_in(gate: Gate) -> Response:
    """Let in whoever shows the token."""
    form = _form()
    there = _inside(form.get("next", ""))
    if not gate.knows(form.get("token", "").strip()):
        shown = Shown("sign_in.html", {"next": there})
        return _answer(shown, 401, "That is not the token. It was printed when the server started.")
    response = _answer(Sent(there))
    gate.sign_in(request, response)
    return response


def _inside(address: str) -> str:
    """The address, when it is one of ours."""
    return address if address.startswith(HOME) and address.isprintable() else HOME


def sign_out(gate: Gate) -> Response:
    """Close the door behind whoever leaves."""
    response = _answer(Sent(f"{PREFIX}{SIGN_IN}"))
    gate.sign_out(request, response)
    return response


def static(file: str) -> Response:
    """A style sheet, a script, the icon."""
    if file not in STATIC:
        raise NotFound
    folder = _PLACES.get(file, _HERE / "static")
    return Response((folder / file).read_bytes(), headers=HEADERS, content_type=STATIC[file])
