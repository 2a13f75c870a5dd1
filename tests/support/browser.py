"""A real headless Chromium that uses the console of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import which
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""The tests may run as root, and Chromium may not connect to the internet by itself."""


def find_chromium() -> str:
    """Returns the path of the browser; the name of the program differs between distributions."""
    path = which("chromium") or which("chromium-browser") or which("google-chrome")
    assert path, "no Chromium is installed: apt-get install chromium"
    return path


@contextmanager
def launch_browser() -> Iterator[Browser]:
    """Starts a browser, and closes it at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class ConsoleUser:
    """A user of the console; records the errors of the browser and the hosts it connects to."""

    page: Page
    url: str
    browser_errors: list[str] = field(default_factory=list)
    requested_hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("console", self._on_console_message)
        self.page.on("pageerror", lambda error: self.browser_errors.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.browser_errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.requested_hosts.add(request.url.partition("://")[2].partition("/")[0])

    def sign_in(self, token: str) -> None:
        self.page.goto(f"{self.url}/__admin/")
        self.page.get_by_label("Admin token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Sandboxes", exact=True).wait_for()

    def open(self, sandbox: str, place: str) -> None:
        self.page.goto(f"{self.url}/__admin/console/sandboxes/{sandbox}/{place}")

    def overflow_pixels(self) -> int:
        """Returns by how many pixels the page is wider than the window."""
        overflow: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return overflow


@contextmanager
def open_console(browser: Browser, url: str, **options: Any) -> Iterator[ConsoleUser]:
    """Opens a page in a new browser profile, and closes it at the end of the block."""
    context = browser.new_context(**options)
    try:
        yield ConsoleUser(context.new_page(), url)
    finally:
        context.close()
