"""API keys. The state of a key is computed from the clock and never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from mockserver.engine.core.randomness import Randomness

KeyState = Literal["propagating", "active", "expiring", "lingering", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Key:
    """One API key of one sandbox. Instants are microseconds on the sandbox's clock."""

    id: str
    secret: str
    created_at: int
    active_at: int
    mode: str = "test"
    scopes: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()
    expires_at: int | None = None
    revoked_at: int | None = None
    dead_at: int | None = None
    """When a revoked key stops being accepted."""

    def state(self, now: int) -> KeyState:
        """Returns the state at an instant. Active, expiring and lingering keys are accepted, the others refused.

        An expiring key has an expiry in the future; a lingering key is revoked but not yet dead.
        """
        if self.dead_at is not None and now >= self.dead_at:
            return "revoked"
        if self.expires_at is not None and now >= self.expires_at:
            return "expired"
        if now < self.active_at:
            return "propagating"
        if self.revoked_at is not None and now >= self.revoked_at:
            return "lingering"
        return "active" if self.expires_at is None else "expiring"

    def allows_address(self, address: str) -> bool:
        """Whether a client at this IP address can use the key; a key without ranges allows every address."""
        return not self.cidrs or _in_ranges(address, self.cidrs)

    def revoke(self, at: int, dead_at: int) -> Key:
        """Returns the key, revoked at an instant and accepted until ``dead_at``."""
        return replace(self, revoked_at=at, dead_at=dead_at)

    def to_record(self) -> dict[str, Any]:
        return {**asdict(self), "scopes": list(self.scopes), "cidrs": list(self.cidrs)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Key:
        return replace(_KEY.validate_python(record), cidrs=tuple(map(normalize_cidr, record["cidrs"])))


_KEY = TypeAdapter(Key)


def normalize_cidr(text: str) -> str:
    """Returns an address range in canonical form, without host bits. Raises ValueError."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{text!r} is not an address range such as 10.0.0.0/8 or fd00::/8") from None


def _in_ranges(address: str, cidrs: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == net.version and parsed in net for net in map(_network, cidrs))


def _network(cidr: str) -> IPv4Network | IPv6Network:
    """Parses a range; an IPv4-mapped IPv6 range becomes the IPv4 range."""
    net = ip_network(cidr)
    # Only a range of 96 or more prefix bits begins at an IPv4-mapped address.
    mapped = net.network_address.ipv4_mapped if isinstance(net, IPv6Network) else None
    return net if mapped is None else IPv4Network((mapped, net.prefixlen - 96))


class Credential(NamedTuple):
    """The credential of a request."""

    secret: str | None = None
    """None if there is no credential, or if it is malformed."""
    shown: bool = False
    """Whether the request carries a credential, even a malformed one."""


NO_CREDENTIAL = Credential()


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How a provider creates keys, and which keys a new sandbox has."""

    mint: Callable[[Randomness, str, int, str], str]
    """(randomness, name, nth, mode) -> the secret; the name comes from ``Provider.key_name``."""
    modes: tuple[str, ...] = ("test",)
    scopes: tuple[str, ...] = ()
    """All scopes of the provider; a key that is created without scopes has all of them."""
    initial_modes: tuple[str, ...] = ("test",)
    """The modes of the keys of a new sandbox, one key for each."""
