"""Testmode in a container, for tests that start what they need with testcontainers; the extra ``[testcontainers]``."""

from __future__ import annotations

from typing import Any, Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mockserver.testing.client import Testmode
from mockserver.token import new_token

PORT = 8080
EXTRA_HOSTS = {"host.docker.internal": "host-gateway"}
"""By this name the container finds a receiver of webhooks that listens on the machine."""


class TestmodeContainer(DockerContainer):
    """A server in a container; it is ready when ``start()`` or the ``with`` statement returns."""

    __test__ = False  # pytest would take it for a test by its name.

    def __init__(self, image: str = "testmode", **kwargs: Any) -> None:
        super().__init__(image, **{"extra_hosts": EXTRA_HOSTS, **kwargs})
        self.with_exposed_ports(PORT)
        self.waiting_for(HttpWaitStrategy(PORT, "/ready").for_status_code(200))
        self.with_admin_token(new_token())

    def with_provider(self, name: str) -> Self:
        """Serve this provider; may be called again. Without it all are served."""
        return self._append_env("TESTMODE_PROVIDERS", name)

    def with_scenario(self, name: str) -> Self:
        """Have a scenario on from the start; may be called again."""
        return self._append_env("TESTMODE_SCENARIO", name)

    def with_seed(self, seed: str | int) -> Self:
        """Make the first sandboxes from this seed."""
        return self.with_env("TESTMODE_SEED", str(seed))

    def with_admin_token(self, token: str) -> Self:
        """Open the admin API with this token; without it one is made."""
        return self.with_env("TESTMODE_ADMIN_TOKEN", token)

    def _append_env(self, variable: str, word: str) -> Self:
        return self.with_env(variable, f"{self.env.get(variable, '')} {word}".strip())

    def client(self) -> Testmode:
        """A client of its admin API."""
        address = f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"
        return Testmode(address, self.env["TESTMODE_ADMIN_TOKEN"])

    def get_base_url(self, provider: str) -> str:
        """Where a client of the provider points."""
        return self.client().sandbox(provider).base_url

    def get_api_key(self, provider: str) -> str:
        """A key that works in the provider's first sandbox."""
        return self.client().sandbox(provider).key
