"""Ask a running server whether it is ready, cheaply enough for a container to do so every few seconds."""

import os
import socket
import sys


def check(url: str, timeout: float = 2.0) -> bool:
    """Whether `GET /ready` at this http URL answers 200 within so many seconds."""
    authority = url.removeprefix("http://").partition("/")[0]
    host, _, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not host:
        host, port = authority, ""
    request = f"GET /ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host.strip("[]"), int(port or "80")), timeout) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline(64).split(b" ")[1:2] == [b"200"]
    except (OSError, ValueError):
        return False


def main(arguments: list[str]) -> None:
    """Exit with 0 when the server named by the argument, or by TESTMODE_URL, is ready, else with 1."""
    here = f"http://127.0.0.1:{os.environ.get('TESTMODE_PORT', '8080')}"
    url = arguments[0] if arguments else os.environ.get("TESTMODE_URL", here)
    sys.exit(0 if check(url) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
