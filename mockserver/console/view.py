"""How a visit becomes an answer: the page's function is called, and what it shows is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from flask import Response, request
from werkzeug.exceptions import NotFound

from mockserver.admin.api import ADMIN_PREFIX
from mockserver.admin.auth import SIGN_IN_PATH, AdminAuth
from mockserver.admin.client import AdminApiError, Client
from mockserver.console.addresses import HOME
from mockserver.console.page import Page, PageRequest, Redirect
from mockserver.console.render import SECURITY_HEADERS, render_response

STATIC_TYPES = {
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
_VENDOR_FOLDERS = {
    "htmx.min.js": _VENDOR / "htmx",
    "swagger-ui-bundle.js": _VENDOR / "swagger-ui",
    "swagger-ui.css": _VENDOR / "swagger-ui",
}


PageHandler = Callable[[PageRequest], Page | Redirect]


def load_handler(name: str) -> PageHandler:
    """The function of a page: ``sandboxes.show``."""
    module, _, function = name.partition(".")
    act: PageHandler = getattr(import_module(f"mockserver.console.pages.{module}"), function)
    return act


def handle_page(make_client: Callable[[str], Client], act: str, back: str, args: Mapping[str, str]) -> Response:
    """Do what was asked for and show what comes of it, or why it was refused."""
    visit = PageRequest(make_client(request.host_url.rstrip("/")), args, request.args.to_dict(), _read_form())
    try:
        return _respond(load_handler(act)(visit))
    except AdminApiError as refused:
        status, problem = refused.status, refused.detail
    try:
        if back:
            return _respond(load_handler(back)(visit), status, problem)
    except AdminApiError as refused:
        status, problem = refused.status, refused.detail
    return _respond(Page("refused.html", {"status": status}), status, problem)


def _read_form() -> dict[str, str]:
    # Of files that are sent along Werkzeug would fill the disk, for whoever stands at the door.
    return request.form.to_dict() if request.mimetype == "application/x-www-form-urlencoded" else {}


def _respond(result: Page | Redirect, status: int = 200, problem: str = "") -> Response:
    return render_response(result, status, request.args, problem)


def sign_in() -> Response:
    """The door."""
    return _respond(Page("sign_in.html", {"next": _safe_target(request.args.get("next", ""))}))


def handle_sign_in(gate: AdminAuth) -> Response:
    """Let in whoever shows the token."""
    form = _read_form()
    there = _safe_target(form.get("next", ""))
    if not gate.is_token(form.get("token", "").strip()):
        shown = Page("sign_in.html", {"next": there})
        return _respond(shown, 401, "That is not the token. It was printed when the server started.")
    response = _respond(Redirect(there))
    gate.sign_in(request, response)
    return response


def _safe_target(address: str) -> str:
    """The address, when it is one of ours."""
    return address if address.startswith(HOME) and address.isprintable() else HOME


def sign_out(gate: AdminAuth) -> Response:
    """Close the door behind whoever leaves."""
    response = _respond(Redirect(f"{ADMIN_PREFIX}{SIGN_IN_PATH}"))
    gate.sign_out(request, response)
    return response


def serve_static(file: str) -> Response:
    """A style sheet, a script, the icon."""
    if file not in STATIC_TYPES:
        raise NotFound
    folder = _VENDOR_FOLDERS.get(file, _HERE / "static")
    return Response((folder / file).read_bytes(), headers=SECURITY_HEADERS, content_type=STATIC_TYPES[file])
