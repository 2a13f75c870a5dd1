"""The server with a small WSGI application, in a separate process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.server_process import start_command

SCRIPT = r"""
from mockserver.http.server import Server, patch_standard_library, threadpool_fsync
patch_standard_library()
import errno, logging, os, socket, struct, time

def take_over(environ, last_words, reset):
    connection = environ["werkzeug.socket"]
    connection.sendall(last_words)
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
    yield b""
    raise ConnectionResetError(errno.ECONNRESET, "taken over")

def explode():
    yield b"begun"
    raise RuntimeError("secret")

def app(environ, start_response):
    path, length, headers, status = environ["PATH_INFO"], None, [], "200 OK"
    if path == "/reset":
        return take_over(environ, b"", True)
    if path == "/truncate":
        return take_over(environ, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", False)
    if path == "/boom":
        raise RuntimeError("secret")
    body = [b"ok"]
    if path == "/wait":
        time.sleep(float(environ["QUERY_STRING"]))
    elif path == "/echo":
        body = [environ["wsgi.input"].read()]
    elif path == "/swallow":
        try:
            environ["wsgi.input"].read()
        except OSError:
            pass
    elif path == "/target":
        body = [environ["RAW_URI"].encode("latin-1"), b" ", environ["REQUEST_URI"].encode("latin-1")]
    elif path == "/stream":
        body = iter([b"one", b"", b"two"])
    elif path == "/explode":
        body = explode()
    elif path == "/short":
        headers = [("Content-Length", "9")]
    elif path == "/large":
        body = [b"x" * 5_000_000]
    elif path == "/nothing":
        status, body = "204 No Content", []
    elif path == "/value":
        headers = [("X-A", "a\x00b")]
    elif path == "/split":
        headers = [("X-A", "a\r\nX-B: b")]
    elif path == "/name":
        headers = [("X A", "a")]
    elif path == "/wide":
        headers = [("X-A", "\u20ac")]
    elif path == "/fsync":
        with open(environ["QUERY_STRING"], "rb") as file:
            threadpool_fsync(file.fileno())
        try:
            threadpool_fsync(9999)
        except OSError as error:
            body = [error.strerror.encode()]
    start_response(status, [("Content-Type", "text/plain"), *headers])
    return body

logging.basicConfig(format="LOG %(levelname)s %(message)s")
seconds = {name.lower(): float(os.environ[name]) for name in ("DRAIN_SECONDS", "IDLE_SECONDS") if name in os.environ}
server = Server(app, os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "0")),
                on_draining=lambda: print("draining", flush=True), **seconds)
try:
    url = server.start()
except OSError as error:
    raise SystemExit(69)
print("Ready. listening on", url, flush=True)
server.serve_until_stopped()
print("stopped", flush=True)
"""
HEALTH = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
RunningProcess = tuple["subprocess.Popen[str]", str]


@contextmanager
def running(**environment: str) -> Iterator[RunningProcess]:
    with start_command([sys.executable, "-c", SCRIPT], **environment) as (process, url):
        yield process, url


@pytest.fixture(scope="module")
def server() -> Iterator[RunningProcess]:
    with running(IDLE_SECONDS="2") as pair:
        yield pair


def dial(server: RunningProcess) -> socket.socket:
    parts = urlsplit(server[1])
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)


def request(path: str, *fields: str, method: str = "GET", version: str = "1.1", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: x", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def read_to_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def exchange(server: RunningProcess, sent: bytes) -> bytes:
    with dial(server) as connection:
        connection.sendall(sent)
        return read_to_end(connection)


def get(server: RunningProcess, path: str) -> bytes:
    return exchange(server, request(path, "Connection: close"))


def read_until(connection: socket.socket, ending: bytes) -> bytes:
    data = b""
    while not data.endswith(ending):
        piece = connection.recv(65536)
        assert piece, data
        data += piece
    return data


def stop(process: "subprocess.Popen[str]") -> tuple[float, str]:
    """Stops the process with SIGTERM; returns the seconds it took and its output."""
    before = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    return time.monotonic() - before, output


# stopping


def test_sigterm_finishes_the_request_in_flight_and_accepts_no_new_one() -> None:
    with running() as server, dial(server) as connection:
        connection.sendall(request("/wait?0.6"))
        time.sleep(0.2)
        server[0].send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            dial(server)
        response = read_to_end(connection)
        output, _ = server[0].communicate(timeout=60)
    assert response.endswith(b"\r\n\r\nok")
    assert b"\r\nConnection: close\r\n" in response
    assert output == "draining\nstopped\n"
    assert server[0].returncode == 0


@pytest.mark.parametrize("count", [1, 300])
def test_after_sigterm_connections_that_the_kernel_accepted_are_served(count: int) -> None:
    with running() as server, ExitStack() as stack:
        server[0].send_signal(signal.SIGSTOP)
        waiting = [stack.enter_context(dial(server)) for _ in range(count)]
        for connection in waiting:
            connection.sendall(HEALTH)
        server[0].send_signal(signal.SIGTERM)
        server[0].send_signal(signal.SIGCONT)
        assert all(read_to_end(connection).endswith(b"ok") for connection in waiting)


def test_sigterm_closes_idle_connections_at_once() -> None:
    with running(DRAIN_SECONDS="100", IDLE_SECONDS="100") as server, dial(server) as connection:
        connection.sendall(HEALTH)
        read_until(connection, b"ok")
        took, _ = stop(server[0])
        assert connection.recv(1) == b""
    assert took < 60


def test_sigint_stops_and_sighup_does_not() -> None:
    with running() as server:
        server[0].send_signal(signal.SIGHUP)
        assert get(server, "/").endswith(b"ok")
        server[0].send_signal(signal.SIGINT)
        assert server[0].wait(60) == 0


def test_a_second_signal_stops_without_waiting_for_requests_in_flight() -> None:
    with running(DRAIN_SECONDS="100") as server, dial(server) as connection:
        connection.sendall(request("/wait?300"))
        time.sleep(0.1)
        server[0].send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server[0].poll() is None
        assert stop(server[0])[0] < 60


def test_draining_ends_after_its_time_limit() -> None:
    with running(DRAIN_SECONDS="0.4") as server, dial(server) as connection:
        connection.sendall(request("/wait?300"))
        time.sleep(0.1)
        assert 0.4 <= stop(server[0])[0] < 60


def test_a_port_in_use_raises_oserror(server: RunningProcess) -> None:
    port = str(urlsplit(server[1]).port)
    command = [sys.executable, "-c", SCRIPT]
    assert subprocess.run(command, env=os.environ | {"PORT": port}, check=False).returncode == 69


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_an_ipv6_address_is_in_brackets_in_the_url() -> None:
    with running(HOST="::1") as server:
        assert server[1].startswith("http://[::1]:")
        assert get(server, "/").endswith(b"ok")


# taking over the socket


def test_an_application_can_reset_the_connection(server: RunningProcess) -> None:
    with dial(server) as connection:
        connection.sendall(request("/reset"))
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_after_a_takeover_the_server_sends_nothing_more(server: RunningProcess) -> None:
    assert get(server, "/truncate").endswith(b"\r\n\r\nhal")


def test_takeovers_leak_no_descriptor_and_log_nothing() -> None:
    with running() as server:
        server_process = psutil.Process(server[0].pid)
        for count in range(200):
            with dial(server) as connection:
                connection.sendall(request("/reset" if count % 2 else "/truncate"))
                with pytest.raises(ConnectionResetError) if count % 2 else ExitStack():
                    read_to_end(connection)
            if count == 10:
                before = server_process.num_fds()
        get(server, "/")
        assert server_process.num_fds() <= before
        assert stop(server[0])[1] == "draining\nstopped\n"


def test_clients_that_disconnect_while_waiting_leak_no_descriptor(server: RunningProcess) -> None:
    get(server, "/")
    server_process = psutil.Process(server[0].pid)
    before = server_process.num_fds()
    for _ in range(50):
        with dial(server) as connection:
            connection.sendall(request("/wait?0.2"))
    time.sleep(0.5)
    get(server, "/")
    assert server_process.num_fds() <= before


# concurrent requests


def test_five_hundred_waiting_requests_use_no_thread_and_delay_no_other() -> None:
    with running() as server, ExitStack() as stack:
        get(server, "/")
        threads = psutil.Process(server[0].pid).num_threads()
        waiting = [stack.enter_context(dial(server)) for _ in range(500)]
        for connection in waiting:
            connection.sendall(request("/wait?1.5", "Connection: close"))
        before = time.monotonic()
        for _ in range(20):
            assert get(server, "/").endswith(b"ok")
        # Served one after the other, they would take twelve minutes.
        assert time.monotonic() - before < 60
        assert psutil.Process(server[0].pid).num_threads() == threads
        assert all(read_to_end(connection).endswith(b"ok") for connection in waiting)


def test_the_descriptor_limit_is_raised_at_start(server: RunningProcess) -> None:
    soft, hard = psutil.Process(server[0].pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft >= min(hard if hard > 0 else 65_536, 65_536)


def test_pipelined_requests_are_answered_in_order(server: RunningProcess) -> None:
    sent = b"".join(request(f"/target?{number}") for number in range(100))
    response = exchange(server, sent + request("/", "Connection: close"))
    assert re.findall(rb"/target\?(\d+) ", response) == [str(number).encode() for number in range(100)]


# bodies


def test_100_continue_is_sent_when_the_application_reads_the_body(server: RunningProcess) -> None:
    with dial(server) as connection:
        connection.sendall(request("/echo", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert read_until(connection, b"hello").startswith(b"HTTP/1.1 200 ")
        connection.sendall(HEALTH)
        assert read_until(connection, b"ok")


def test_100_continue_is_not_sent_if_the_body_is_not_read(server: RunningProcess) -> None:
    response = exchange(server, request("/", "Expect: 100-continue", "Content-Length: 5", method="POST"))
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in response


@pytest.mark.parametrize("coding", ["Content-Length: 20000", "Transfer-Encoding: chunked"])
def test_a_small_unread_body_keeps_the_connection_open(server: RunningProcess, coding: str) -> None:
    body = b"x" * 20000 if "Length" in coding else b"4e20;note=1\r\n" + b"x" * 20000 + b"\r\n0\r\nX-T: 1\r\n\r\n"
    sent = request("/", coding, method="POST", body=body)
    assert exchange(server, sent + request("/", "Connection: close")).count(b"200 OK") == 2


@pytest.mark.parametrize("coding", ["Content-Length: 99999999999", "Transfer-Encoding: chunked"])
def test_an_endless_unread_body_closes_the_connection(server: RunningProcess, coding: str) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with dial(server) as connection:
        connection.sendall(request("/", coding, method="POST"))
        assert read_until(connection, b"ok").startswith(b"HTTP/1.1 200 ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(piece * 1000)


def test_a_body_arrives_complete_in_any_coding(server: RunningProcess) -> None:
    data = bytes(range(256)) * 4000
    chunks = b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in (data[:7], data[7:500_000], data[500_000:]))
    for coding, body in ((f"Content-Length: {len(data)}", data), ("Transfer-Encoding: chunked", chunks + b"0\r\n\r\n")):
        response = exchange(server, request("/echo", coding, "Connection: close", method="POST", body=body))
        assert response.partition(b"\r\n\r\n")[2] == data


@pytest.mark.parametrize("path", ["/echo", "/swallow"])
@pytest.mark.parametrize("body", [b"0x5\r\nhello\r\n", b"5\r\nhello0\r\n", b"5\nhello\r\n", b"11111111111111111\r\n"])
def test_a_broken_chunk_gets_a_400_whatever_the_application_returns(
    server: RunningProcess, path: str, body: bytes
) -> None:
    response = exchange(server, request(path, "Transfer-Encoding: chunked", method="POST", body=body))
    assert response.startswith(b"HTTP/1.1 400 ")
    assert response.count(b"HTTP/1.1 ") == 1


def test_a_body_that_stops_gets_a_408(server: RunningProcess) -> None:
    assert exchange(server, request("/echo", "Content-Length: 5", method="POST", body=b"he")).startswith(
        b"HTTP/1.1 408 "
    )


def test_an_idle_connection_is_closed_without_a_response(server: RunningProcess) -> None:
    assert exchange(server, HEALTH).count(b"HTTP/1.1 ") == 1


# responses


@pytest.mark.parametrize("path", ["/value", "/split", "/name", "/wide"])
def test_an_invalid_response_header_gives_a_500_and_the_server_goes_on(server: RunningProcess, path: str) -> None:
    response = get(server, path)
    assert response.startswith(b"HTTP/1.1 500 ")
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in response
    assert b"X-" not in response
    assert get(server, "/").endswith(b"ok")


def test_an_error_of_the_application_is_logged_and_not_sent() -> None:
    with running() as server:
        assert b"secret" not in get(server, "/boom")
        output = stop(server[0])[1]
    assert "LOG ERROR GET /boom failed in the application." in output
    assert "RuntimeError: secret" in output


def test_a_response_that_fails_midway_has_no_last_chunk(server: RunningProcess) -> None:
    assert exchange(server, request("/explode")).endswith(b"5\r\nbegun\r\n")


def test_a_response_shorter_than_its_content_length_closes_the_connection(server: RunningProcess) -> None:
    assert exchange(server, request("/short") + HEALTH).endswith(b"\r\n\r\nok")


def test_a_response_of_unknown_length_is_chunked_or_ends_with_the_connection(server: RunningProcess) -> None:
    assert get(server, "/stream").endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert exchange(server, request("/stream", "Connection: keep-alive", version="1.0")).endswith(b"\r\n\r\nonetwo")


def test_responses_to_head_and_204_have_no_body(server: RunningProcess) -> None:
    for path in ("/", "/stream", "/large"):
        response = exchange(server, request(path, "Connection: close", method="HEAD"))
        assert response.startswith(b"HTTP/1.1 200 ")
        assert response.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in get(server, "/nothing")


def test_a_large_response_arrives_complete(server: RunningProcess) -> None:
    assert len(get(server, "/large").partition(b"\r\n\r\n")[2]) == 5_000_000


def test_a_client_that_does_not_read_its_response_is_disconnected(server: RunningProcess) -> None:
    get(server, "/")
    server_process = psutil.Process(server[0].pid)
    before = server_process.num_fds()
    with dial(server) as connection:
        connection.sendall(request("/large"))
        assert connection.recv(1)
        time.sleep(0.5)
        assert server_process.num_fds() == before + 1
        deadline = time.monotonic() + 60
        while server_process.num_fds() > before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server_process.num_fds() == before


def test_http_1_0_keeps_the_connection_on_request(server: RunningProcess) -> None:
    response = exchange(server, request("/", "Connection: keep-alive", version="1.0") + request("/", version="1.0"))
    assert response.count(b"200 OK") == 2


def test_the_target_reaches_the_application_exactly_as_sent(server: RunningProcess) -> None:
    for target in ("/target?", "/target?a=%2f&b=c%20d", "/t%61rget", "http://other/target?x"):
        assert get(server, target).endswith(f"\r\n\r\n{target} {target}".encode())


def test_fsync_in_a_thread_raises_the_error_of_fsync(server: RunningProcess) -> None:
    assert get(server, f"/fsync?{__file__}").endswith(b"Bad file descriptor")


def test_patching_the_standard_library_reads_no_installed_package() -> None:
    script = """
from importlib import metadata
metadata.entry_points = None  # Looking for plug-ins fails.
from mockserver.http.server import patch_standard_library
patch_standard_library()
"""
    subprocess.run([sys.executable, "-c", script], check=True)
