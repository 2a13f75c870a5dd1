"""Distinguishes IP addresses from host names."""

from __future__ import annotations

from ipaddress import ip_address


def is_ip_address(host: str) -> bool:
    """Returns whether a host is an IPv4 or IPv6 address (without brackets) rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
