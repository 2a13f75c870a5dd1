"""The client of the admin API for tests; it needs only the standard library."""

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
    """A running server; ``timeout`` is in seconds. All methods raise TestmodeError when the server refuses."""

    __test__ = False  # pytest would collect the class because of its name.

    def __init__(self, url: str = "http://127.0.0.1:8080", token: str = "", timeout: float = 60.0) -> None:
        self._api = Api(url, token, timeout)

    @classmethod
    def from_environment(cls) -> Testmode:
        """Returns a client for the server at TESTMODE_URL, like the ``testmode`` command.

        The token is read from TESTMODE_ADMIN_TOKEN, the file TESTMODE_ADMIN_TOKEN_FILE, or the data directory.
        """
        api = from_environment()
        return cls(api.url, api.token)

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return self._api.url

    @property
    def token(self) -> str:
        """The admin token."""
        return self._api.token

    def alive(self) -> bool:
        """Returns whether the server responds to ``GET /health`` with 200."""
        return self._is_ok("/health")

    def ready(self) -> bool:
        """Returns whether ``GET /ready`` returns 200, that is, the server is not stopping and its store works."""
        return self._is_ok("/ready")

    def _is_ok(self, path: str) -> bool:
        try:
            return self._api.send("GET", path)[0] == 200
        except TestmodeError:
            return False

    def wait(self, seconds: float = 30.0) -> None:
        """Waits until the server is ready; raises TestmodeError after ``seconds``."""
        end = monotonic() + seconds
        while not self.ready():
            if monotonic() > end:
                raise TestmodeError(f"Testmode was not ready within {seconds:g} s", None, self.url)
            sleep(0.05)

    def version(self) -> dict[str, Any]:
        """Returns the version of Testmode, and the durability of its store."""
        version: dict[str, Any] = self._api.request("GET", "version")
        return version

    def settings(self) -> models.About:
        """Returns the settings that the server was started with, and all bounds."""
        about: models.About = self._api.request("GET", "settings")
        return about

    def metrics(self) -> str:
        """Returns the metrics in the text format of Prometheus."""
        return self._api.request_text("GET", "metrics")[1]

    def openapi(self, provider: str | None = None) -> dict[str, Any]:
        """Returns the OpenAPI document of a provider; without a name, of the admin API."""
        path = ["openapi.json"] if provider is None else ["providers", provider, "openapi.json"]
        document: dict[str, Any] = self._api.request("GET", *path)
        return document

    def providers(self) -> list[models.Provider]:
        providers: list[models.Provider] = self._api.request("GET", "providers")
        return providers

    def provider(self, name: str) -> models.Provider:
        """Returns a provider with its operations, assumptions and simulations."""
        provider: models.Provider = self._api.request("GET", "providers", name)
        return provider

    def fault_kinds(self) -> dict[str, Any]:
        """Returns the fault kinds with their parameters, and the fields of match and trigger in a fault rule."""
        kinds: dict[str, Any] = self._api.request("GET", "faults")
        return kinds

    def scenarios(self) -> list[models.Scenario]:
        scenarios: list[models.Scenario] = self._api.request("GET", "scenarios")
        return scenarios

    def sandboxes(self) -> list[Sandbox]:
        return [Sandbox(self._api, view) for view in self._api.request("GET", "sandboxes")]

    def sandbox(self, id: str) -> Sandbox:
        return Sandbox(self._api, self._api.request("GET", "sandboxes", id))

    def create_sandbox(self, provider: str, **settings: Any) -> Sandbox:
        """Creates a sandbox; all settings are optional.

        They are ``name``, ``seed``, ``size``, ``slug``, ``assumptions``, ``limits`` and ``latency``.
        """
        return Sandbox(self._api, self._api.request("POST", "sandboxes", body={"provider": provider, **settings}))
