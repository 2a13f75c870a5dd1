"""Takes the screenshots of the console in docs/images, light and dark; ``make screenshots`` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import Any

from PIL import Image
from playwright.sync_api import Browser

from tests.support.browser import ConsoleUser, launch_browser, open_console
from tests.support.paths import ROOT
from tests.support.server_process import start_server
from tests.support.socket_server import LiveServer
from tests.support.webhook_receivers import Receiver, run_receiver

IMAGES = ROOT / "docs" / "images"
TOKEN = "token-of-the-pictures"
VIEWPORT = {"width": 1280, "height": 800}
SANDBOX = "smartepi"
PAGES = {
    "charts": "charts?seconds=60",
    "requests": "requests",
    "sandboxes": "",
    "failures": "failures",
    "rule": "failures?from=req_4#rule",
    "clock": "clock",
    "data": "data",
    "webhooks": "webhooks",
}
"""The charts are first: they show only the last minute."""


def populate(server: LiveServer, receiver: Receiver) -> None:
    """Create data for every page: calls, faults, webhooks and timers."""
    sandbox_path = f"/sandboxes/{SANDBOX}"
    server.admin("PATCH", sandbox_path, {"limits": {"rate": 5, "burst": 40}})
    server.admin("POST", "/sandboxes", {"provider": "kota", "name": "payroll-tests", "seed": "7"})
    _send_webhooks(server, receiver)
    server.admin("POST", "/sandboxes/payroll-tests/simulations/ask_for_approval", {"in": "3d"})
    server.admin("PUT", "/sandboxes/payroll-tests/scenarios/slow", {})
    key = server.admin("GET", f"{sandbox_path}/keys")[0]["secret"]
    for nth, (method, path, body) in enumerate(_sample_calls()):
        _inject_faults(server, sandbox_path, nth)
        server.request(method, f"/{SANDBOX}{path}", key=key, json=body)
        sleep(0.04 if 40 <= nth < 90 else 0.25)


def _sample_calls() -> Iterator[tuple[str, str, Any]]:
    lists = ("/v1/employees?limit=5", "/v1/sectors", "/v1/withdrawals?limit=3", "/v1/groups", "/v1/products?limit=5")
    for nth in range(210):
        yield ("POST", "/v1/sectors", {"name": f"Workshop {nth}"}) if nth % 6 == 4 else ("GET", lists[nth % 5], None)
        if nth % 17 == 9:
            yield "GET", "/v1/employees/emp_unknown", None


def _inject_faults(server: LiveServer, sandbox_path: str, nth: int) -> None:
    if nth == 100:
        slow = {"kind": "latency", "distribution": {"type": "lognormal", "median_ms": 40, "sigma": 0.6, "max_ms": 200}}
        rule = {"match": {"operation": "list_withdrawals"}, "fault": slow}
        server.admin("PUT", f"{sandbox_path}/faults/slow-withdrawals", rule)
    if nth == 150:
        rule = {"match": {"operation": "list_products"}, "trigger": {"probability": 0.6}, "fault": {"kind": "gateway"}}
        server.admin("PUT", f"{sandbox_path}/faults/flaky-products", rule)
    if nth == 180:
        server.admin("PUT", f"{sandbox_path}/scenarios/burst-then-recover", {"calls": 4})


def _send_webhooks(server: LiveServer, receiver: Receiver) -> None:
    sandbox_path = f"/sandboxes/{SANDBOX}"
    receiver.response_statuses += [200, 500, 503]
    endpoint = server.admin("POST", f"{sandbox_path}/webhooks", {"url": receiver.url()})
    for simulation in ("record_withdrawal", "record_return", "record_exchange"):
        server.admin("POST", f"{sandbox_path}/simulations/{simulation}", {})
    for kind in ("bad_signature", "duplicate_webhook"):
        rule = {"trigger": {"times": 1}, "fault": {"kind": kind}}
        server.admin("POST", f"{sandbox_path}/faults", rule)
        server.admin("POST", f"{sandbox_path}/webhooks/{endpoint['id']}/test")
    server.admin("PUT", f"{sandbox_path}/clock", {"action": "advance", "by": "1h"})


def _open_page(visitor: ConsoleUser, name: str) -> None:
    page = visitor.page
    if name == "sandboxes":
        page.goto(f"{visitor.url}/__admin/")
        return
    sandbox = "kota" if name in ("clock", "data") else SANDBOX
    visitor.open(sandbox, PAGES[name])
    if name == "requests":
        page.locator(".call-row:has(.s5)").first.click()
        page.locator(".pipeline").wait_for()
        page.get_by_text("Live", exact=True).wait_for()
    if name == "rule":
        page.get_by_label("Fault", exact=True).select_option("latency")
        page.get_by_label("distribution").select_option("lognormal")
        page.get_by_role("spinbutton", name="median ms").fill("120")
        page.get_by_role("spinbutton", name="sigma").fill("0.5")
        page.get_by_role("spinbutton", name="probability").fill("0.7")
        page.get_by_role("button", name="Preview").click()
        page.locator(".hits").wait_for()
    if name == "webhooks":
        page.locator(".delivery summary").nth(3).click()
    if name == "data":
        page.locator(".record summary").first.click()


def take_screenshots(browser: Browser, url: str, scheme: Any) -> None:
    """Take every screenshot in one colour scheme."""
    with open_console(browser, url, viewport=VIEWPORT, color_scheme=scheme) as visitor:
        visitor.sign_in(TOKEN)
        for name in PAGES:
            _open_page(visitor, name)
            file = IMAGES / f"{name}-{scheme}.png"
            visitor.page.screenshot(path=file)
            with Image.open(file) as picture:
                picture.convert("RGB").quantize(256, kmeans=1).save(file, optimize=True)


def main() -> None:
    """Start a server, create data, and take all screenshots."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    arguments = ("serve", "--memory", "--port", "0", "--admin-token", TOKEN)
    with start_server(*arguments) as (_, url), run_receiver() as receiver, launch_browser() as browser:
        populate(LiveServer(url, TOKEN), receiver)
        for scheme in ("light", "dark"):
            take_screenshots(browser, url, scheme)


if __name__ == "__main__":
    main()
