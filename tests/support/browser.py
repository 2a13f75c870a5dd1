"""A real Chromium, headless, that has signed in to the console of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import which
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""As root, and with nothing that makes Chromium ask the internet by itself."""


def chromium() -> str:
    """Where Debian's package has put it, or another distribution."""
    found = which("chromium") or which("chromium-browser") or which("google-chrome")
    assert found, "no Chromium is installed: apt-get install chromium"
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser until the block is left."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Somebody at the console, who notes what the browser complains of and whom it asks."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._complained)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asking)

    def _complained(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asking(self, request: Request) -> None:
        self.asked.add(request.url.partition("://")[2].partition("/")[0])

    def sign_in(self, token: str) -> None:
        self.page.goto(f"{self.url}/__admin/")
        self.page.get_by_label("Admin token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Sandboxes", exact=True).wait_for()

    def open(self, sandbox: str, place: str) -> None:
        self.page.goto(f"{self.url}/__admin/console/sandboxes/{sandbox}/{place}")

    def runs_over(self) -> int:
        """By how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visitor]:
    """Somebody with a browser profile of their own, until the block is left."""
    context = browser.new_context(**options)
    try:
        yield Visitor(context.new_page(), url)
    finally:
        context.close()
