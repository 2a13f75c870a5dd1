"""Checks with one socket whether a server is ready; imports neither click nor the server, so it starts fast."""

import socket
import sys

from mockserver.testing import server_address


def is_ready(url: str, timeout: float = 2.0) -> bool:
    """Returns whether ``GET /ready`` at this http or https URL returns 200 within ``timeout`` seconds."""
    secure = url.startswith("https://")
    authority = url.removeprefix("https://").removeprefix("http://").partition("/")[0]
    host, _, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not host:
        host, port = authority, ""
    request = f"GET /ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode()
    try:
        target = host.strip("[]"), int(port or ("443" if secure else "80"))
        with _connect(target, timeout, secure=secure) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline(64).split(b" ")[1:2] == [b"200"]
    except (OSError, ValueError):
        return False


def _connect(target: tuple[str, int], timeout: float, *, secure: bool) -> socket.socket:
    connection = socket.create_connection(target, timeout)
    if not secure:
        return connection
    with connection:
        return server_address.ssl_context().wrap_socket(connection, server_hostname=target[0])


def main(arguments: list[str]) -> None:
    """Exits with 0 if the server is ready, otherwise with 1; the argument is its URL, by default TESTMODE_URL."""
    sys.exit(0 if is_ready(arguments[0] if arguments else server_address.server_url()) else 1)
