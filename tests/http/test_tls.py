"""`testmode serve --tls`: certificates, clients, connection faults and webhooks over HTTPS."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE

import pytest
import requests
import trustme

from mockserver.http.tls import CertificateAuthority, open_certificate_authority
from mockserver.settings import BadSettings, read_settings
from mockserver.testing.client import Testmode, TestmodeError
from tests.support.harness import TOKEN
from tests.support.server_process import start_server
from tests.support.webhook_receivers import run_receiver

RAW_REQUEST = b"GET /smartepi/v1/sectors HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    flags = ("--port", "0", "--data", str(data), "--admin-token", TOKEN, "--tls")
    environment = {"TESTMODE_ALLOWED_HOSTS": "sandbox.test", "TESTMODE_HEAD_SECONDS": "1"}
    with start_server("serve", "smartepi", "kota", *flags, **environment) as (_, url):
        yield url


@pytest.fixture
def testmode(url: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> Testmode:
    monkeypatch.setenv("TESTMODE_CA_FILE", str(data / "tls" / "ca.pem"))
    return Testmode(url, TOKEN, timeout=60)


def dial(url: str, data: Path, name: str = "localhost") -> ssl.SSLSocket:
    """Returns a connection of a client that trusts only the server's certificate authority."""
    context = ssl.create_default_context(cafile=str(data / "tls" / "ca.pem"))
    plain = socket.create_connection(("127.0.0.1", port_of(url)), timeout=60)
    with plain:
        return context.wrap_socket(plain, server_hostname=name)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def read_to_end(connection: ssl.SSLSocket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_the_server_prints_an_https_url(url: str) -> None:
    assert url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "::1", "smartepi.localhost", "kota.localhost", "sandbox.test"]
)
def test_the_certificate_is_valid_for_every_accepted_host_name(url: str, data: Path, name: str) -> None:
    with dial(url, data, name) as connection:
        connection.sendall(RAW_REQUEST)
        assert connection.recv(12) == b"HTTP/1.1 401"
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_certificate_is_not_valid_for_other_names(url: str, data: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
        dial(url, data, "other.test")
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        requests.get(f"{url}/ready", timeout=60)


def test_base_urls_are_https_and_a_client_works_with_them(testmode: Testmode, data: Path) -> None:
    sandbox = testmode.create_sandbox("smartepi")
    assert sandbox.base_url.startswith(f"{testmode.url}/")
    authority, key = str(data / "tls" / "ca.pem"), {"Authorization": f"Bearer {sandbox.key}"}
    sectors, body = f"{sandbox.base_url}/sectors", {"name": "Paint shop"}
    created = requests.post(sectors, json=body, headers=key, verify=authority, timeout=60).json()["data"]
    found = requests.get(sectors, params={"name": "paint"}, headers=key, verify=authority, timeout=60).json()["data"]
    assert [each["id"] for each in found] == [created["id"]]


def test_a_client_without_the_authority_gets_an_error_with_the_reason(url: str) -> None:
    with pytest.raises(TestmodeError, match=r"cannot reach Testmode: .*CERTIFICATE_VERIFY_FAILED"):
        Testmode(url, TOKEN).version()


def test_commands_find_the_authority_in_the_data_directory(url: str, data: Path) -> None:
    environment = os.environ | {"TESTMODE_DATA": str(data), "TESTMODE_URL": url, "TESTMODE_ADMIN_TOKEN": TOKEN}
    outputs = [run_testmode(words, environment) for words in (["wait"], ["healthcheck"], ["sandbox", "list"])]
    assert outputs[0] == f"{url} is ready\n"
    assert outputs[2].startswith(f"smartepi  {url}/smartepi/v1  ")


def test_commands_derive_the_url_from_tls_and_port(url: str, data: Path) -> None:
    environment = os.environ | {"TESTMODE_DATA": str(data), "TESTMODE_TLS": "true", "TESTMODE_PORT": str(port_of(url))}
    assert run_testmode(["wait"], environment) == f"{url} is ready\n"


def run_testmode(arguments: list[str], environment: dict[str, str]) -> str:
    run = [sys.executable, "-m", "mockserver", *arguments]
    return subprocess.run(run, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout


def test_a_reset_is_a_tcp_reset(testmode: Testmode, url: str, data: Path) -> None:
    with with_fault(testmode, "reset"), dial(url, data) as connection:
        connection.sendall(RAW_REQUEST)
        # Python's TLS reports a reset as the end of the stream, so the test reads from the TCP socket below.
        with socket.socket(fileno=connection.detach()) as below, pytest.raises(ConnectionResetError):
            below.settimeout(5)
            below.recv(1)


def test_an_empty_response_closes_the_connection(testmode: Testmode, url: str, data: Path) -> None:
    with with_fault(testmode, "empty"), dial(url, data) as connection:
        connection.sendall(RAW_REQUEST)
        assert read_to_end(connection) == b""


def test_a_truncated_response_ends_within_its_body(testmode: Testmode, url: str, data: Path) -> None:
    with with_fault(testmode, "truncated"), dial(url, data) as connection:
        connection.sendall(RAW_REQUEST)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    assert 0 < len(body) < int(length[1])


def test_garbage_is_encrypted_and_is_not_http(testmode: Testmode, url: str, data: Path) -> None:
    with with_fault(testmode, "garbage"), dial(url, data) as connection:
        connection.sendall(RAW_REQUEST)
        data_read = read_to_end(connection)
    assert data_read
    assert not data_read.startswith(b"HTTP/")


def test_a_hang_ends_when_the_client_leaves(testmode: Testmode, url: str, data: Path) -> None:
    with with_fault(testmode, "hang"), dial(url, data) as connection:
        connection.settimeout(0.3)
        connection.sendall(RAW_REQUEST)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert testmode.alive()


@contextmanager
def with_fault(testmode: Testmode, kind: str) -> Iterator[None]:
    """Sets a fault in the first sandbox of SmartEPI for the duration of the block."""
    faults = testmode.sandbox("smartepi").faults
    faults.add(kind)
    yield
    faults.clear()


def test_a_client_without_a_tls_handshake_is_disconnected_and_delays_no_other(url: str, data: Path) -> None:
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=60) as silent:
        began = time.monotonic()
        with dial(url, data) as connection:
            connection.sendall(RAW_REQUEST)
            assert connection.recv(12) == b"HTTP/1.1 401"
        assert silent.recv(1) == b""
        assert 0.9 < time.monotonic() - began < 60


def test_plain_http_gets_no_response_and_does_no_harm(url: str, testmode: Testmode) -> None:
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=60) as plain:
        plain.sendall(RAW_REQUEST)
        with suppress(ConnectionResetError):
            assert b"HTTP/" not in b"".join(iter(lambda: plain.recv(100), b""))
    assert testmode.alive()


def test_the_authority_is_reused_and_its_key_is_private(tmp_path: Path) -> None:
    flags = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--tls")
    with start_server(*flags) as (_, first):
        certificate = (tmp_path / "tls" / "ca.pem").read_bytes()
        dial(first, tmp_path).close()
    with start_server(*flags) as (_, again):
        assert (tmp_path / "tls" / "ca.pem").read_bytes() == certificate
        dial(again, tmp_path).close()
    assert S_IMODE((tmp_path / "tls" / "ca.key").stat().st_mode) == 0o600


def test_a_stop_does_not_wait_for_idle_connections(tmp_path: Path) -> None:
    flags = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--tls")
    with start_server(*flags) as (process, url), dial(url, tmp_path) as connection:
        connection.sendall(RAW_REQUEST)
        connection.recv(65_536)
        process.terminate()
        assert process.wait(60) == 0
        assert connection.recv(1) == b""


def test_in_memory_the_authority_is_in_a_temporary_folder(tmp_path: Path) -> None:
    authority = open_certificate_authority(
        read_settings({"TESTMODE_TLS": "true", "TESTMODE_MEMORY": "true", "TESTMODE_DATA": str(tmp_path)}, {})
    )
    assert authority is not None
    assert authority.file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(BadSettings, match="tls needs the package trustme; install Testmode with its extra tls"):
        open_certificate_authority(read_settings({"TESTMODE_TLS": "true", "TESTMODE_DATA": str(tmp_path)}, {}))


def test_an_unreadable_authority_is_an_error_and_is_not_replaced(tmp_path: Path) -> None:
    CertificateAuthority(tmp_path / "tls")
    (tmp_path / "tls" / "ca.key").write_text("spoiled")
    with pytest.raises(BadSettings, match="tls: "):
        open_certificate_authority(read_settings({"TESTMODE_TLS": "true", "TESTMODE_DATA": str(tmp_path)}, {}))
    assert (tmp_path / "tls" / "ca.key").read_text() == "spoiled"


def test_a_name_that_no_certificate_can_have_is_omitted_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert CertificateAuthority(tmp_path / "tls").create_ssl_context(["localhost", "my_service"])
    assert "tls: the certificate does not contain 'my_service'" in caplog.text


def test_webhooks_reach_a_receiver_whose_authority_is_configured(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "theirs.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    flags = ("serve", "smartepi", "--memory", "--port", "0", "--admin-token", TOKEN)
    with (
        run_receiver(tls=context) as receiver,
        start_server(*flags, TESTMODE_WEBHOOK_CA=str(tmp_path / "theirs.pem")) as (_, url),
        start_server(*flags) as (_, strict),
    ):
        for server, trusted in ((url, True), (strict, False)):
            sandbox = Testmode(server, TOKEN).sandbox("smartepi")
            endpoint = sandbox.webhooks.add(receiver.url())
            (attempt,) = sandbox.webhooks.test(endpoint["id"])["attempts"]
            assert attempt["status"] == (200 if trusted else None)
            assert trusted or "CERTIFICATE_VERIFY_FAILED" in str(attempt["error"])
    assert len(receiver.received) == 1
