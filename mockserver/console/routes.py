"""The table of the console's routes, and their registration in Flask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask, Response

from mockserver.admin.api import ADMIN_PREFIX
from mockserver.admin.auth import SIGN_IN_PATH, AdminAuth
from mockserver.console.addresses import HOME, ROOT

if TYPE_CHECKING:
    from mockserver.admin.client import Client

_SANDBOX = f"{ROOT}/sandboxes/<sandbox>"
_ENDPOINT = f"{_SANDBOX}/webhooks/<endpoint>"


class ConsoleRoute(NamedTuple):
    """One route of the console.

    A handler is named as ``module.function`` in ``pages``, so that it is imported at the first request.
    """

    method: str
    path: str
    handler: str
    error_page: str = ""
    """The handler of the page that shows a refusal of the admin API; without one, the general error page shows it."""


CONSOLE_ROUTES = (
    ConsoleRoute("GET", HOME, "sandboxes.show"),
    ConsoleRoute("POST", f"{ROOT}/sandboxes", "sandboxes.create", "sandboxes.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/fork", "sandboxes.fork", "sandboxes.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/reset", "sandboxes.reset", "sandboxes.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/delete", "sandboxes.delete", "sandboxes.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/requests", "requests.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/requests/rows", "requests.rows"),
    ConsoleRoute("POST", f"{_SANDBOX}/requests/clear", "requests.clear_journal", "requests.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/requests/<request>", "requests.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/requests/<request>/replay", "requests.replay", "requests.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/failures", "failures.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/failures/fields", "failures.fields"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/rules", "failures.add", "failures.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/preview", "failures.preview"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/rules/<rule>/toggle", "failures.toggle", "failures.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/rules/<rule>/remove", "failures.remove", "failures.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/scenarios/<scenario>/on", "failures.switch_on", "failures.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/failures/scenarios/<scenario>/off", "failures.switch_off", "failures.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/clock", "clock.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/clock", "clock.move", "clock.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/data", "data.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/data/<collection>", "data.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/simulations/<simulation>", "data.simulate", "data.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/webhooks", "webhooks.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/webhooks", "webhooks.create", "webhooks.show"),
    ConsoleRoute("POST", f"{_ENDPOINT}/test", "webhooks.test", "webhooks.show"),
    ConsoleRoute("POST", f"{_ENDPOINT}/toggle", "webhooks.toggle", "webhooks.show"),
    ConsoleRoute("POST", f"{_ENDPOINT}/rotate", "webhooks.rotate", "webhooks.show"),
    ConsoleRoute("POST", f"{_ENDPOINT}/delete", "webhooks.delete", "webhooks.show"),
    ConsoleRoute("POST", f"{_ENDPOINT}/test-fault", "webhooks.test_fault", "webhooks.show"),
    ConsoleRoute("POST", f"{_SANDBOX}/deliveries/<delivery>/retry", "webhooks.retry", "webhooks.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/charts", "charts.show"),
    ConsoleRoute("GET", f"{_SANDBOX}/charts/figures", "charts.figures"),
    ConsoleRoute("GET", f"{ADMIN_PREFIX}/docs", "docs.show"),
    ConsoleRoute("GET", f"{ADMIN_PREFIX}/docs/<provider>", "docs.show"),
)
ClientFactory = Callable[[str], "Client"]
"""Creates a client of the admin API; the argument is the scheme and host of the request."""


def register(app: Flask, make_client: ClientFactory, auth: AdminAuth) -> None:
    """Adds the routes to the application; sign-in and static files need no authentication."""
    rules: list[tuple[str, str, str, Callable[..., Response]]] = [
        *(
            (each.method, each.path, f"page_{nth}", partial(_page, make_client, each))
            for nth, each in enumerate(CONSOLE_ROUTES)
        ),
        ("GET", f"{ADMIN_PREFIX}{SIGN_IN_PATH}", "sign_in", _sign_in),
        ("POST", f"{ADMIN_PREFIX}{SIGN_IN_PATH}", "submit_sign_in", partial(_submit_sign_in, auth)),
        ("POST", f"{ROOT}/sign-out", "sign_out", partial(_sign_out, auth)),
        ("GET", f"{ROOT}/static/<file>", "static", _static),
    ]
    for method, path, name, view in rules:
        app.add_url_rule(path, f"console.{name}", view, methods=[method], provide_automatic_options=False)
    auth.public_endpoints |= {"console.sign_in", "console.submit_sign_in", "console.static"}


def _page(make_client: ClientFactory, route: ConsoleRoute, **args: str) -> Response:
    from mockserver.console import view

    return view.handle_page(make_client, route.handler, route.error_page, args)


def _sign_in() -> Response:
    from mockserver.console import view

    return view.sign_in()


def _submit_sign_in(auth: AdminAuth) -> Response:
    from mockserver.console import view

    return view.submit_sign_in(auth)


def _sign_out(auth: AdminAuth) -> Response:
    from mockserver.console import view

    return view.sign_out(auth)


def _static(file: str) -> Response:
    from mockserver.console import view

    return view.serve_static(file)
