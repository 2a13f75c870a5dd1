"""Names and addresses: which of the two a host is."""

from __future__ import annotations

from ipaddress import ip_address


def is_ip_address(host: str) -> bool:
    """Whether a host is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
