"""Runs Testmode in a container, for tests that use testcontainers; needs the extra ``[testcontainers]``."""

from __future__ import annotations

from typing import Any, Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mockserver.testing.client import Testmode
from mockserver.token import new_token

PORT = 8080
EXTRA_HOSTS = {"host.docker.internal": "host-gateway"}
"""Makes the host reachable under this name, so that the container can send webhooks to it."""


class TestmodeContainer(DockerContainer):
    """A server in a container; ``start()`` and the ``with`` statement wait until it is ready."""

    __test__ = False  # pytest would collect the class because of its name.

    def __init__(self, image: str = "testmode", **kwargs: Any) -> None:
        super().__init__(image, **{"extra_hosts": EXTRA_HOSTS, **kwargs})
        self.with_exposed_ports(PORT)
        self.waiting_for(HttpWaitStrategy(PORT, "/ready").for_status_code(200))
        self.with_admin_token(new_token())

    def with_provider(self, name: str) -> Self:
        """Serves this provider; can be called several times. Without a call, all providers are served."""
        return self._append_env("TESTMODE_PROVIDERS", name)

    def with_scenario(self, name: str) -> Self:
        """Switches a scenario on at startup; can be called several times."""
        return self._append_env("TESTMODE_SCENARIO", name)

    def with_seed(self, seed: str | int) -> Self:
        """Sets the seed of the first sandboxes."""
        return self.with_env("TESTMODE_SEED", str(seed))

    def with_admin_token(self, token: str) -> Self:
        """Sets the admin token; the default is a random one."""
        return self.with_env("TESTMODE_ADMIN_TOKEN", token)

    def _append_env(self, variable: str, value: str) -> Self:
        return self.with_env(variable, f"{self.env.get(variable, '')} {value}".strip())

    def client(self) -> Testmode:
        """Returns a client of the container's admin API."""
        address = f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"
        return Testmode(address, self.env["TESTMODE_ADMIN_TOKEN"])

    def get_base_url(self, provider: str) -> str:
        """Returns the base URL of the provider's first sandbox, for a client of the provider."""
        return self.client().sandbox(provider).base_url

    def get_api_key(self, provider: str) -> str:
        """Returns the secret of a key of the provider's first sandbox."""
        return self.client().sandbox(provider).key
