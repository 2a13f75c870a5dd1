"""The container for testcontainers: the requests to Docker, and the methods of a running container."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config

from mockserver.testing.client import Testmode
from mockserver.testing.containers import TestmodeContainer
from tests.support.docker_daemon import FakeDockerDaemon, run_docker_daemon
from tests.support.paths import ROOT


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDockerDaemon]:
    with run_docker_daemon() as daemon:
        host, port = daemon.server_address[:2]
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host!s}:{port}")
        # Ryuk, a second container that cleans up after killed tests, is not needed.
        monkeypatch.setattr(testcontainers_config, "_ryuk_disabled", True)
        monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
        yield daemon


def test_a_container_is_ready_when_it_has_started(daemon: FakeDockerDaemon) -> None:
    container = TestmodeContainer().with_provider("kota").with_provider("smartepi").with_seed(7).with_scenario("slow")
    with container.with_admin_token("token-of-the-test") as running:
        client = running.client()
        assert client.ready()
        assert client.token == "token-of-the-test"
        assert [each["name"] for each in client.providers()] == ["kota", "smartepi"]
        sandbox = client.sandbox("kota").show()
        assert (sandbox["seed"], sandbox["scenarios"]) == ("7", ["slow"])
        assert running.get_base_url("smartepi") == f"http://127.0.0.1:{daemon.port}/smartepi/v1"
        assert request_status(running.get_base_url("smartepi"), running.get_api_key("smartepi")) == 200
    assert not Testmode(f"http://127.0.0.1:{daemon.port}", timeout=2).alive()


def request_status(base_url: str, key: str) -> int:
    address = urlsplit(base_url)
    connection = HTTPConnection(address.netloc, timeout=60)
    connection.request("GET", f"{address.path}/sectors", headers={"Authorization": f"Bearer {key}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_container_is_created_with_image_port_host_and_environment(daemon: FakeDockerDaemon) -> None:
    with TestmodeContainer().with_scenario("slow").with_scenario("outage") as running:
        assert daemon.created["Image"] == "testmode"
        assert "Cmd" not in daemon.created  # The CMD of the image is used: serve.
        assert list(daemon.created["ExposedPorts"]) == ["8080/tcp"]
        assert daemon.created["HostConfig"]["ExtraHosts"] == ["host.docker.internal:host-gateway"]
        token = running.client().token
        assert set(daemon.created["Env"]) == {"TESTMODE_SCENARIO=slow outage", f"TESTMODE_ADMIN_TOKEN={token}"}


def test_every_container_has_a_different_token(daemon: FakeDockerDaemon) -> None:
    one, other = TestmodeContainer(), TestmodeContainer()
    assert one.env["TESTMODE_ADMIN_TOKEN"] != other.env["TESTMODE_ADMIN_TOKEN"]
    for each in (one, other):
        each.stop()


def test_the_port_is_the_one_the_image_exposes() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "EXPOSE 8080\n" in dockerfile
    assert "TESTMODE_PORT=8080" in dockerfile
