"""Refuses unknown host names, so that a web page cannot reach the server by DNS rebinding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from json import dumps
from socket import gethostname
from typing import Any

from mockserver.addresses import is_ip_address


class AllowedHosts:
    """The host names that a request can have: localhost, IP addresses, the machine's own name, and ``allowed``.

    ``allow_single_label`` also accepts every name without a dot, such as those of services in a compose file.
    """

    def __init__(self, allowed: Iterable[str] = (), *, allow_single_label: bool = False) -> None:
        self._allowed = {"localhost", gethostname().lower(), *(name.lower() for name in allowed)}
        self._allow_single_label = allow_single_label

    def allows(self, host: str) -> bool:
        """Returns whether a Host field names this server; it may be empty, because HTTP/1.0 clients can omit it."""
        name = _hostname(host)
        return (
            not name
            or name in self._allowed
            or name.endswith(".localhost")
            or is_ip_address(name)
            or (self._allow_single_label and "." not in name)
        )


def respond_misdirected(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Responds 421 to a request for a host that is not accepted."""
    body = _problem_body(str(environ.get("HTTP_HOST", "")))
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    start_response("421 Misdirected Request", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def is_loopback(host: str) -> bool:
    """Returns whether a server on that host can only be reached from this machine."""
    return host == "localhost" or (is_ip_address(host) and ip_address(host).is_loopback)


def _problem_body(host: str) -> bytes:
    rule = "it accepts localhost, IP addresses and the name of its machine; TESTMODE_ALLOWED_HOSTS adds others"
    detail = f"this server does not accept the host {_hostname(host)[:200]!r}: {rule}"
    return dumps({"type": "about:blank", "title": "Misdirected Request", "status": 421, "detail": detail}).encode()


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.partition(":")[0].lower().removesuffix(".")
