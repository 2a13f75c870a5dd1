"""Which names the server answers to, so that no web page can reach it under a name of its own (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from json import dumps
from socket import gethostname
from typing import Any

from mockserver.addresses import is_ip_address


class AllowedHosts:
    """The names a request may be addressed to: localhost, addresses, this machine's own name, and those allowed.

    ``allow_single_label`` lets every name without a dot through, as the services of a compose file have.
    """

    def __init__(self, allowed: Iterable[str] = (), *, allow_single_label: bool = False) -> None:
        self._allowed = {"localhost", gethostname().lower(), *(name.lower() for name in allowed)}
        self._allow_single_label = allow_single_label

    def allows(self, host: str) -> bool:
        """Whether a Host header names this server; an empty one does, since only old clients send none."""
        name = _hostname(host)
        return (
            not name
            or name in self._allowed
            or name.endswith(".localhost")
            or is_ip_address(name)
            or (self._allow_single_label and "." not in name)
        )


def respond_misdirected(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 421 to what is addressed to another name."""
    body = _problem_body(str(environ.get("HTTP_HOST", "")))
    kind = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    start_response("421 Misdirected Request", kind)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def is_loopback(host: str) -> bool:
    """Whether a server that listens there is reached from this machine alone."""
    return host == "localhost" or (is_ip_address(host) and ip_address(host).is_loopback)


def _problem_body(host: str) -> bytes:
    rule = "it answers to localhost, to addresses and to its own name; TESTMODE_ALLOWED_HOSTS adds others"
    detail = f"this server is not {_hostname(host)[:200]!r}: {rule}"
    return dumps({"type": "about:blank", "title": "Misdirected Request", "status": 421, "detail": detail}).encode()


def _hostname(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.partition(":")[0].lower().removesuffix(".")
