"""A client of the admin API over the standard library: everything an operator can do, from the code of a test."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

from mockserver.testing import models
from mockserver.testing.api import Api, TestmodeError, from_environment
from mockserver.testing.controls import Switch
from mockserver.testing.inspection import NotVerified
from mockserver.testing.sandbox import Sandbox

__all__ = ["NotVerified", "Sandbox", "Switch", "Testmode", "TestmodeError"]


class Testmode:
    """A running server."""

    __test__ = False  # pytest would take it for a test by its name.

    def __init__(self, url: str = "http://127.0.0.1:8080", token: str = "", timeout: float = 60.0) -> None:
        self._api = Api(url, token, timeout)

    @classmethod
    def from_environment(cls) -> Testmode:
        """The server that the environment names, found as the commands find it.

        At TESTMODE_URL; its token is in TESTMODE_ADMIN_TOKEN, in the file TESTMODE_ADMIN_TOKEN_FILE, or in the data
        directory.
        """
        api = from_environment()
        return cls(api.url, api.token)

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._api.url

    @property
    def token(self) -> str:
        """The token that opens its admin API."""
        return self._api.token

    def alive(self) -> bool:
        """Whether there is a server that answers."""
        return self._is_ok("/health")

    def ready(self) -> bool:
        """Whether the server answers and can do its work."""
        return self._is_ok("/ready")

    def _is_ok(self, path: str) -> bool:
        try:
            return self._api.send("GET", path)[0] == 200
        except TestmodeError:
            return False

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the server is ready; TestmodeError when that takes longer."""
        end = monotonic() + seconds
        while not self.ready():
            if monotonic() > end:
                raise TestmodeError(f"Testmode was not ready within {seconds:g} s", None, self.url)
            sleep(0.05)

    def version(self) -> dict[str, Any]:
        """Which Testmode this is, and when a write is on the disk."""
        version: dict[str, Any] = self._api.request("GET", "version")
        return version

    def settings(self) -> models.About:
        """The settings the server was started with, and how much there may be of what."""
        about: models.About = self._api.request("GET", "settings")
        return about

    def metrics(self) -> str:
        """What can be counted, for Prometheus."""
        return self._api.request_text("GET", "metrics")[1]

    def openapi(self, provider: str | None = None) -> dict[str, Any]:
        """The OpenAPI document of a provider, or of the admin API itself."""
        path = ["openapi.json"] if provider is None else ["providers", provider, "openapi.json"]
        document: dict[str, Any] = self._api.request("GET", *path)
        return document

    def providers(self) -> list[models.Provider]:
        """The providers this server serves."""
        providers: list[models.Provider] = self._api.request("GET", "providers")
        return providers

    def provider(self, name: str) -> models.Provider:
        """One provider with its operations, assumptions and simulations."""
        provider: models.Provider = self._api.request("GET", "providers", name)
        return provider

    def fault_kinds(self) -> dict[str, Any]:
        """Every kind of fault with its parameters, and what a rule's match and trigger may say."""
        kinds: dict[str, Any] = self._api.request("GET", "faults")
        return kinds

    def scenarios(self) -> list[models.Scenario]:
        """Every scenario there is."""
        scenarios: list[models.Scenario] = self._api.request("GET", "scenarios")
        return scenarios

    def sandboxes(self) -> list[Sandbox]:
        """Every sandbox."""
        return [Sandbox(self._api, view) for view in self._api.request("GET", "sandboxes")]

    def sandbox(self, id: str) -> Sandbox:
        """The sandbox of that id."""
        return Sandbox(self._api, self._api.request("GET", "sandboxes", id))

    def create_sandbox(self, provider: str, **wanted: Any) -> Sandbox:
        """Make a sandbox: ``name``, ``seed``, ``size``, ``slug``, ``assumptions``, ``limits``, ``latency``."""
        return Sandbox(self._api, self._api.request("POST", "sandboxes", body={"provider": provider, **wanted}))
