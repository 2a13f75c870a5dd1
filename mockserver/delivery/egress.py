"""The HTTP client for webhooks. It checks all addresses of a host and connects only to a checked address."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from mockserver.addresses import is_ip_address
from mockserver.engine import Refusal, SendResult

MAX_URL_LENGTH = 2_048
MAX_READ_BYTES = 65_536
"""The maximum number of bytes of a response that are read, including its head."""
RESOLVING_SECONDS = 10.0
"""Seconds that resolving a host may take when an endpoint is registered."""
_PRIVATE_NETWORKS = tuple(
    map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
_BLOCKED_NETWORKS = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "192.0.0.192/32", "100.100.100.200/32",
            "224.0.0.0/4", "ff00::/8", "255.255.255.255/32", "::/128", "64:ff9b:1::/48",
        ),
    )
)  # fmt: skip
"""Link-local, cloud metadata, unspecified, multicast and broadcast; NAT64 with an IPv4 address at an unknown place."""
_NAT64, _IPV4_IN_IPV6 = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_PRIVATE_HOSTS = ("host.docker.internal",)
Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Returns the addresses of a host in the order to try them; raises OSError if the host is unknown."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in infos))


class Egress:
    """Sends webhooks to loopback and private addresses and to ``allow``, never to link-local or metadata addresses.

    ``allow`` has host names, address ranges, or ``any``. ``ca_file`` has CA certificates to trust in addition to those
    of the machine.
    """

    def __init__(self, allow: Sequence[str] = (), resolver: Resolver = resolve, ca_file: Path | None = None) -> None:
        self._allows_any = "any" in allow
        self._hosts = {each.lower() for each in allow} | set(_PRIVATE_HOSTS)
        self._ranges = [ip_network(each, strict=False) for each in allow if _is_range(each)]
        self._resolve = resolver
        self._ca_file = ca_file
        self._own_address: tuple[Address, int] | None = None

    def exclude(self, host: str, port: int) -> None:
        """Makes ``check`` and ``send`` refuse the address on which this server listens."""
        self._own_address = ip_address(host), port

    def check(self, url: str) -> None:
        """Raises Refusal when a URL is malformed, does not resolve, or has an address that must not be called."""
        try:
            self._target(url, perf_counter() + RESOLVING_SECONDS)
        except TimeoutError:
            raise Refusal(f"url: its host could not be resolved within {RESOLVING_SECONDS:g} s") from None

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:
        """Sends a POST request within ``seconds`` in total and follows no redirects; errors are in the result."""
        began = perf_counter()
        try:
            parts, addresses = self._target(url, began + seconds)
            status, response = self._exchange(parts, addresses, _request(parts, headers, body), began + seconds)
        except Refusal as refusal:
            return SendResult(None, f"not sent: {refusal}", seconds=perf_counter() - began)
        except TimeoutError:
            return SendResult(None, f"no response within {seconds:g} s", seconds=perf_counter() - began)
        except (OSError, HTTPException, UnicodeError) as error:
            return SendResult(None, str(error) or type(error).__name__, seconds=perf_counter() - began)
        return SendResult(status, None, response, perf_counter() - began)

    def _target(self, url: str, until: float) -> tuple[SplitResult, list[str]]:
        parts, port = _parse(url)
        host = str(parts.hostname)
        addresses = [host] if is_ip_address(host) else self._lookup_addresses(host, port, until)
        if not addresses:
            raise Refusal(f"url: the host {host!r} has no address")
        for address in addresses:
            reason = self._refusal_reason(host, ip_address(address.partition("%")[0]), port)
            if reason:
                raise Refusal(f"url: {host!r} is {address}, and {reason}")
        return parts, addresses

    def _lookup_addresses(self, host: str, port: int, until: float) -> list[str]:
        """Resolves in a thread that is abandoned at the deadline, because the resolver has no timeout."""
        results: SimpleQueue[list[str]] = SimpleQueue()

        def run_resolver() -> None:
            try:
                results.put(self._resolve(host, port))
            except (OSError, UnicodeError):
                results.put([])

        Thread(target=run_resolver, name="resolver", daemon=True).start()
        try:
            return results.get(timeout=_remaining_seconds(until))
        except Empty:
            raise TimeoutError from None

    def _refusal_reason(self, host: str, address: Address, port: int) -> str | None:
        """Returns why an address must not be called, or None."""
        inner = _embedded_ipv4(address)
        if any(_within(each, net) for each in (address, inner) for net in _BLOCKED_NETWORKS):
            return "link-local, cloud metadata, unspecified, multicast and broadcast addresses are never called"
        if self._own_address is not None and port == self._own_address[1] and self._is_own(inner):
            return "that is this server itself"
        private = any(_within(inner, net) for net in _PRIVATE_NETWORKS)
        allowed = self._allows_any or host.lower() in self._hosts or any(_within(inner, net) for net in self._ranges)
        if private or allowed:
            return None
        return "only loopback and private addresses are called; TESTMODE_WEBHOOK_ALLOW allows others"

    def _is_own(self, address: Address) -> bool:
        assert self._own_address is not None
        if not self._own_address[0].is_unspecified:
            return address == self._own_address[0]
        return address.is_loopback or _is_local(address)

    def _exchange(self, parts: SplitResult, addresses: list[str], request: bytes, until: float) -> tuple[int, bytes]:
        with self._connect(parts, addresses, until) as connection:
            for start in range(0, len(request), MAX_READ_BYTES):
                connection.settimeout(_remaining_seconds(until))
                connection.sendall(request[start : start + MAX_READ_BYTES])
            response = HTTPResponse(_DeadlineReader(connection, until), method="POST")  # type: ignore[arg-type]
            response.begin()
            try:
                return response.status, response.read(MAX_READ_BYTES)
            except IncompleteRead as cut:
                # Only the status decides about success. If the body is cut off or too long, its beginning is returned.
                return response.status, bytes(cut.partial)

    def _connect(self, parts: SplitResult, addresses: list[str], until: float) -> socket.socket:
        port = parts.port or _PORTS[parts.scheme]
        for nth, address in enumerate(addresses, 1):
            try:
                connection = socket.create_connection((address, port), timeout=_remaining_seconds(until))
                break
            except OSError:
                if nth == len(addresses):
                    raise
        peer = str(connection.getpeername()[0])
        if ip_address(peer) != ip_address(address):
            connection.close()
            raise Refusal(f"url: the connection to {address} reached {peer} instead")
        if parts.scheme == "http":
            return connection
        connection.settimeout(_remaining_seconds(until))
        return self._tls().wrap_socket(connection, server_hostname=parts.hostname)

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context


_PORTS = {"http": 80, "https": 443}


def _parse(url: str) -> tuple[SplitResult, int]:
    # Control characters are checked first: urlsplit deletes some of them silently.
    if len(url) > MAX_URL_LENGTH:
        raise Refusal(f"url: it has more than {MAX_URL_LENGTH} characters")
    if _CONTROL.search(url):
        raise Refusal("url: it has a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refusal(f"url: {error}") from None
    if parts.scheme not in _PORTS:
        raise Refusal(f"url: {parts.scheme or 'nothing'!r} is neither http nor https")
    if not parts.hostname:
        raise Refusal("url: it names no host")
    if "%" in parts.netloc or not _is_name(parts.hostname):
        raise Refusal(f"url: {parts.hostname!r} is not a host name")
    if "@" in parts.netloc or "#" in url:
        raise Refusal("url: it has a user, a password or a fragment")
    if port == 0:
        raise Refusal("url: there is no port 0; use 1 to 65535")
    return parts, port or _PORTS[parts.scheme]


def _request(parts: SplitResult, headers: list[tuple[str, str]], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {_quoted(target)} HTTP/1.1", f"Host: {_host(parts)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _quoted(target: str) -> str:
    return quote(target, safe="%/?:@!$&'()*+,;=-._~[]")


def _host(parts: SplitResult) -> str:
    host = str(parts.hostname)
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    return host if parts.port in (None, _PORTS[parts.scheme]) else f"{host}:{parts.port}"


def _embedded_ipv4(address: Address) -> Address:
    """Returns the IPv4 address in an IPv6 address (mapped, NAT64, compatible, 6to4, Teredo), or the address."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _NAT64 or (address in _IPV4_IN_IPV6 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo or (None, address))[1]


def _within(address: Address, net: Any) -> bool:
    return address.version == net.version and address in net


def _is_name(host: str) -> bool:
    try:
        return ":" in host or bool(host.encode("idna"))
    except UnicodeError:
        return False


def _is_local(address: Address) -> bool:
    """Whether an address belongs to this machine; the check is that a socket can be bound to it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _is_range(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _remaining_seconds(until: float) -> float:
    remaining = until - perf_counter()
    if remaining <= 0:
        raise TimeoutError
    return remaining


class _DeadlineReader(RawIOBase):
    """Reads at most ``MAX_READ_BYTES`` from a connection until a deadline, however slowly the bytes arrive."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until, self._remaining_bytes = connection, until, MAX_READ_BYTES

    def makefile(self, _mode: str) -> BufferedReader:
        """Returns the reader; ``HTTPResponse`` calls this method of a socket."""
        return BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads the available bytes; raises TimeoutError at the deadline, returns 0 at the end and at the maximum."""
        self._connection.settimeout(_remaining_seconds(self._until))
        read = self._connection.recv_into(buffer[: self._remaining_bytes]) if self._remaining_bytes else 0
        self._remaining_bytes -= read
        return read
