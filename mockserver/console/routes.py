"""The table of the console's pages, and their registration in Flask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response

from mockserver.admin.api import ADMIN_PREFIX
from mockserver.admin.auth import SIGN_IN_PATH, AdminAuth
from mockserver.console.addresses import HOME, ROOT

if TYPE_CHECKING:
    from mockserver.admin.client import Client

_SANDBOX = f"{ROOT}/sandboxes/<sandbox>"
_ENDPOINT = f"{_SANDBOX}/webhooks/<endpoint>"
PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("GET", HOME, "sandboxes.show", ""),
    ("POST", f"{ROOT}/sandboxes", "sandboxes.create", "sandboxes.show"),
    ("POST", f"{_SANDBOX}/fork", "sandboxes.fork", "sandboxes.show"),
    ("POST", f"{_SANDBOX}/reset", "sandboxes.reset", "sandboxes.show"),
    ("POST", f"{_SANDBOX}/delete", "sandboxes.delete", "sandboxes.show"),
    ("GET", f"{_SANDBOX}/requests", "requests.show", ""),
    ("GET", f"{_SANDBOX}/requests/rows", "requests.rows", ""),
    ("POST", f"{_SANDBOX}/requests/clear", "requests.clear", "requests.show"),
    ("GET", f"{_SANDBOX}/requests/<request>", "requests.show", ""),
    ("POST", f"{_SANDBOX}/requests/<request>/replay", "requests.replay", "requests.show"),
    ("GET", f"{_SANDBOX}/failures", "failures.show", ""),
    ("GET", f"{_SANDBOX}/failures/fields", "failures.fields", ""),
    ("POST", f"{_SANDBOX}/failures/rules", "failures.add", "failures.show"),
    ("POST", f"{_SANDBOX}/failures/preview", "failures.preview", ""),
    ("POST", f"{_SANDBOX}/failures/rules/<rule>/turn", "failures.toggle", "failures.show"),
    ("POST", f"{_SANDBOX}/failures/rules/<rule>/remove", "failures.remove", "failures.show"),
    ("POST", f"{_SANDBOX}/failures/scenarios/<scenario>/on", "failures.switch_on", "failures.show"),
    ("POST", f"{_SANDBOX}/failures/scenarios/<scenario>/off", "failures.switch_off", "failures.show"),
    ("GET", f"{_SANDBOX}/clock", "clock.show", ""),
    ("POST", f"{_SANDBOX}/clock", "clock.move", "clock.show"),
    ("GET", f"{_SANDBOX}/data", "data.show", ""),
    ("GET", f"{_SANDBOX}/data/<collection>", "data.show", ""),
    ("POST", f"{_SANDBOX}/simulations/<simulation>", "data.simulate", "data.show"),
    ("GET", f"{_SANDBOX}/webhooks", "webhooks.show", ""),
    ("POST", f"{_SANDBOX}/webhooks", "webhooks.create", "webhooks.show"),
    ("POST", f"{_ENDPOINT}/test", "webhooks.test", "webhooks.show"),
    ("POST", f"{_ENDPOINT}/turn", "webhooks.toggle", "webhooks.show"),
    ("POST", f"{_ENDPOINT}/rotate", "webhooks.rotate", "webhooks.show"),
    ("POST", f"{_ENDPOINT}/delete", "webhooks.delete", "webhooks.show"),
    ("POST", f"{_ENDPOINT}/forge", "webhooks.forge", "webhooks.show"),
    ("POST", f"{_SANDBOX}/deliveries/<delivery>/retry", "webhooks.retry", "webhooks.show"),
    ("GET", f"{_SANDBOX}/charts", "charts.show", ""),
    ("GET", f"{_SANDBOX}/charts/figures", "charts.figures", ""),
    ("GET", f"{ADMIN_PREFIX}/docs", "docs.show", ""),
    ("GET", f"{ADMIN_PREFIX}/docs/<provider>", "docs.show", ""),
)
"""Method, path, handler, and the page that shows a refusal; the last two are ``module.function`` in ``pages``.

They are names, so that the console is loaded at the first request for it.
"""
ClientFactory = Callable[[str], "Client"]
"""Makes a client of the admin API for an origin (scheme and host of the request)."""


def register(app: Flask, make_client: ClientFactory, auth: AdminAuth) -> None:
    """Adds the pages. Sign-in and static files need no authentication."""
    rules: list[tuple[str, str, str, Callable[..., Response]]] = [
        *((each[0], each[1], f"page_{nth}", partial(_page, make_client, each)) for nth, each in enumerate(PAGES)),
        ("GET", f"{ADMIN_PREFIX}{SIGN_IN_PATH}", "sign_in", _sign_in),
        ("POST", f"{ADMIN_PREFIX}{SIGN_IN_PATH}", "signed_in", partial(_handle_sign_in, auth)),
        ("POST", f"{ROOT}/sign-out", "sign_out", partial(_sign_out, auth)),
        ("GET", f"{ROOT}/static/<file>", "static", _static),
    ]
    for method, path, name, view in rules:
        app.add_url_rule(path, f"console.{name}", view, methods=[method], provide_automatic_options=False)
    auth.public_endpoints |= {"console.sign_in", "console.signed_in", "console.static"}


def _page(make_client: ClientFactory, page: tuple[str, str, str, str], **args: str) -> Response:
    from mockserver.console import view

    return view.handle_page(make_client, page[2], page[3], args)


def _sign_in() -> Response:
    from mockserver.console import view

    return view.sign_in()


def _handle_sign_in(auth: AdminAuth) -> Response:
    from mockserver.console import view

    return view.handle_sign_in(auth)


def _sign_out(auth: AdminAuth) -> Response:
    from mockserver.console import view

    return view.sign_out(auth)


def _static(file: str) -> Response:
    from mockserver.console import view

    return view.serve_static(file)
