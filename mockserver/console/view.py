"""Handles a request for a page: calls the handler, and renders its result or the refusal."""

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
    """Imports the handler with a name like ``sandboxes.show`` from ``pages``."""
    module, _, function = name.partition(".")
    handler: PageHandler = getattr(import_module(f"mockserver.console.pages.{module}"), function)
    return handler


def handle_page(
    make_client: Callable[[str], Client], handler: str, error_page: str, args: Mapping[str, str]
) -> Response:
    """Returns the result of a handler; if the admin API refuses, shows the refusal on ``error_page``.

    If there is no ``error_page``, or it is refused too, shows the refusal on the general error page.
    """
    page_request = PageRequest(make_client(request.host_url.rstrip("/")), args, request.args.to_dict(), _read_form())
    try:
        return _respond(load_handler(handler)(page_request))
    except AdminApiError as refused:
        status, problem = refused.status, refused.detail
    try:
        if error_page:
            return _respond(load_handler(error_page)(page_request), status, problem)
    except AdminApiError as refused:
        status, problem = refused.status, refused.detail
    return _respond(Page("refused.html", {"status": status}), status, problem)


def _read_form() -> dict[str, str]:
    # Other forms are not parsed: Werkzeug would write their files to disk, even for a client that is not signed in.
    return request.form.to_dict() if request.mimetype == "application/x-www-form-urlencoded" else {}


def _respond(result: Page | Redirect, status: int = 200, problem: str = "") -> Response:
    return render_response(result, status, request.args, problem)


def sign_in() -> Response:
    return _respond(Page("sign_in.html", {"next": _safe_target(request.args.get("next", ""))}))


def submit_sign_in(auth: AdminAuth) -> Response:
    """Starts a session and redirects to ``next`` if the token is correct, else shows the form again with 401."""
    form = _read_form()
    target = _safe_target(form.get("next", ""))
    if not auth.is_token(form.get("token", "").strip()):
        page = Page("sign_in.html", {"next": target})
        return _respond(page, 401, "That is not the admin token. The server printed the admin token at startup.")
    response = _respond(Redirect(target))
    auth.sign_in(request, response)
    return response


def _safe_target(path: str) -> str:
    """Returns the path if it is under HOME, else HOME, so that a sign-in never redirects to another site."""
    return path if path.startswith(HOME) and path.isprintable() else HOME


def sign_out(auth: AdminAuth) -> Response:
    response = _respond(Redirect(f"{ADMIN_PREFIX}{SIGN_IN_PATH}"))
    auth.sign_out(request, response)
    return response


def serve_static(file: str) -> Response:
    """Returns a file of STATIC_TYPES; raises NotFound for every other name."""
    if file not in STATIC_TYPES:
        raise NotFound
    folder = _VENDOR_FOLDERS.get(file, _HERE / "static")
    return Response((folder / file).read_bytes(), headers=SECURITY_HEADERS, content_type=STATIC_TYPES[file])
