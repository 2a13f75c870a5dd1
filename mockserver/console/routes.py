"""The console's one table of pages, and how it is put beside the admin API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response

from mockserver.admin.api import PREFIX
from mockserver.admin.gate import SIGN_IN, Gate
from mockserver.console.addresses import HOME, ROOT

if TYPE_CHECKING:
    from mockserver.admin.client import Client

_S = f"{ROOT}/sandboxes/<sandbox>"
_E = f"{_S}/webhooks/<endpoint>"
PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("GET", HOME, "sandboxes.show", ""),
    ("POST", f"{ROOT}/sandboxes", "sandboxes.create", "sandboxes.show"),
    ("POST", f"{_S}/fork", "sandboxes.fork", "sandboxes.show"),
    ("POST", f"{_S}/reset", "sandboxes.reset", "sandboxes.show"),
    ("POST", f"{_S}/delete", "sandboxes.delete", "sandboxes.show"),
    ("GET", f"{_S}/requests", "requests.show", ""),
    ("GET", f"{_S}/requests/rows", "requests.rows", ""),
    ("POST", f"{_S}/requests/clear", "requests.clear", "requests.show"),
    ("GET", f"{_S}/requests/<request>", "requests.show", ""),
    ("POST", f"{_S}/requests/<request>/replay", "requests.replay", "requests.show"),
    ("GET", f"{_S}/failures", "failures.show", ""),
    ("GET", f"{_S}/failures/fields", "failures.fields", ""),
    ("POST", f"{_S}/failures/rules", "failures.add", "failures.show"),
    ("POST", f"{_S}/failures/preview", "failures.preview", ""),
    ("POST", f"{_S}/failures/rules/<rule>/turn", "failures.turn", "failures.show"),
    ("POST", f"{_S}/failures/rules/<rule>/remove", "failures.remove", "failures.show"),
    ("POST", f"{_S}/failures/scenarios/<scenario>/on", "failures.switch_on", "failures.show"),
    ("POST", f"{_S}/failures/scenarios/<scenario>/off", "failures.switch_off", "failures.show"),
    ("GET", f"{_S}/clock", "clock.show", ""),
    ("POST", f"{_S}/clock", "clock.move", "clock.show"),
    ("GET", f"{_S}/data", "data.show", ""),
    ("GET", f"{_S}/data/<collection>", "data.show", ""),
    ("POST", f"{_S}/simulations/<simulation>", "data.simulate", "data.show"),
    ("GET", f"{_S}/webhooks", "webhooks.show", ""),
    ("POST", f"{_S}/webhooks", "webhooks.create", "webhooks.show"),
    ("POST", f"{_E}/test", "webhooks.test", "webhooks.show"),
    ("POST", f"{_E}/turn", "webhooks.turn", "webhooks.show"),
    ("POST", f"{_E}/rotate", "webhooks.rotate", "webhooks.show"),
    ("POST", f"{_E}/delete", "webhooks.delete", "webhooks.show"),
    ("POST", f"{_E}/forge", "webhooks.forge", "webhooks.show"),
    ("POST", f"{_S}/deliveries/<delivery>/retry", "webhooks.retry", "webhooks.show"),
    ("GET", f"{_S}/charts", "charts.show", ""),
    ("GET", f"{_S}/charts/figures", "charts.figures", ""),
    ("GET", f"{PREFIX}/docs", "docs.show", ""),
    ("GET", f"{PREFIX}/docs/<provider>", "docs.show", ""),
)
"""Method, address, what it does, and the page that says why it was refused; both as module.function of ``pages``.

They are names, so that a server which nobody looks at does not load the console.
"""
Asking = Callable[[str], "Client"]
"""(origin) -> the admin API as it answers under that origin."""


def register(app: Flask, asking: Asking, gate: Gate) -> None:
    """Add the console; what a browser needs before it has signed in is open to all."""
    rules: list[tuple[str, str, str, Callable[..., Response]]] = [
        *((each[0], each[1], f"page_{nth}", partial(_page, asking, each)) for nth, each in enumerate(PAGES)),
        ("GET", f"{PREFIX}{SIGN_IN}", "sign_in", _sign_in),
        ("POST", f"{PREFIX}{SIGN_IN}", "signed_in", partial(_signed_in, gate)),
        ("POST", f"{ROOT}/sign-out", "sign_out", partial(_sign_out, gate)),
        ("GET", f"{ROOT}/static/<file>", "static", _static),
    ]
    for method, path, name, view in rules:
        app.add_url_rule(path, f"console.{name}", view, methods=[method], provide_automatic_options=False)
    gate.open_to_all |= {"console.sign_in", "console.signed_in", "console.static"}


def _page(asking: Asking, page: tuple[str, str, str, str], **args: str) -> Response:
    from mockserver.console import view

    return view.page(asking, page[2], page[3], args)


def _sign_in() -> Response:
    from mockserver.console import view

    return view.sign_in()


def _signed_in(gate: Gate) -> Response:
    from mockserver.console import view

    return view.signed_in(gate)


def _sign_out(gate: Gate) -> Response:
    from mockserver.console import view

    return view.sign_out(gate)


def _static(file: str) -> Response:
    from mockserver.console import view

    return view.static(file)
