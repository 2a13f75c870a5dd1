"""Media types: which version a client asks for."""

from __future__ import annotations

import re

from mockserver.engine import Call
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.dialect import bad_request


def requested_version(call: Call) -> int | None:
    """The version in `Accept: application/vnd.kasko.v3+json`; None when it names none."""
    for accepted in call.headers.get("accept", "").lower().split(","):
        found = re.fullmatch(r"application/vnd\.kasko\.v(\d{1,3})\+json", accepted.partition(";")[0].strip(), re.ASCII)
        if found:
            return int(found[1])
    return None


def require_v3(call: Call) -> None:
    """Refuse a quote that does not ask for v3."""
    given = assumptions_of(call).quote_without_v3
    if given != "accepted" and requested_version(call) != 3:
        raise bad_request("Accept must be application/vnd.kasko.v3+json.", int(given))


def require_known_version(call: Call) -> None:
    """Refuse, where that is assumed, a version that nobody has heard of."""
    if assumptions_of(call).other_accept == "refused" and requested_version(call) not in (None, 1, 2, 3):
        raise bad_request("The version in Accept is not known.")
