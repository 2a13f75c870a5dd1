"""API keys and what becomes of them: every state is computed from the clock, none is ever stored."""

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
    """One API key of one sandbox; instants are microseconds on the sandbox's clock."""

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

    def state(self, now: int) -> KeyState:
        """What the key is at an instant: refused while propagating, still good while expiring or lingering."""
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
        """Whether a client at this address may use the key; no ranges means from anywhere."""
        return not self.cidrs or _in_ranges(address, self.cidrs)

    def revoke(self, at: int, dead_at: int) -> Key:
        """The key as revoked; it goes on working until ``dead_at``."""
        return replace(self, revoked_at=at, dead_at=dead_at)

    def to_record(self) -> dict[str, Any]:
        """The key as the store keeps it."""
        return {**asdict(self), "scopes": list(self.scopes), "cidrs": list(self.cidrs)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Key:
        """The key a store's record holds."""
        return replace(_KEY.validate_python(record), cidrs=tuple(map(normalize_cidr, record["cidrs"])))


_KEY = TypeAdapter(Key)


def normalize_cidr(text: str) -> str:
    """A range of addresses as people write it; ValueError says what is wrong with it."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{text!r} is not a range of addresses such as 10.0.0.0/8 or fd00::/8") from None


def _in_ranges(address: str, cidrs: tuple[str, ...]) -> bool:
    try:
        here = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(here, IPv6Address) and here.ipv4_mapped:
        here = here.ipv4_mapped
    return any(here.version == net.version and here in net for net in map(_network, cidrs))


def _network(cidr: str) -> IPv4Network | IPv6Network:
    """The range; one of IPv4 addresses written as IPv6 is the range of IPv4 addresses it is."""
    net = ip_network(cidr)
    mapped = net.network_address.ipv4_mapped if isinstance(net, IPv6Network) and net.prefixlen >= 96 else None
    return net if mapped is None else IPv4Network((mapped, net.prefixlen - 96))


class Credential(NamedTuple):
    """What a client showed: nothing, a secret, or something that cannot be one."""

    secret: str | None = None
    shown: bool = False


NO_CREDENTIAL = Credential()


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """What a provider's keys look like and which are there at the start."""

    mint: Callable[[Randomness, str, int, str], str]
    """(randomness, the sandbox's id, or its slug where paths name the tenant, nth, mode) -> the secret."""
    modes: tuple[str, ...] = ("test",)
    scopes: tuple[str, ...] = ()
    """Every scope the provider knows; a key made without naming any has them all."""
    initial_modes: tuple[str, ...] = ("test",)
    """The modes of the keys a new sandbox begins with."""
