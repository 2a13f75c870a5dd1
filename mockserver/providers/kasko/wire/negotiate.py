"""Reads the version of the API from the Accept header, and refuses unknown or unsuitable versions."""

from __future__ import annotations

import re

from mockserver.engine import Call
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.dialect import bad_request


def parse_requested_version(call: Call) -> int | None:
    """Returns the version in `Accept: application/vnd.kasko.v3+json`, or None if Accept has no version."""
    for accepted in call.headers.get("accept", "").lower().split(","):
        match = re.fullmatch(r"application/vnd\.kasko\.v(\d{1,3})\+json", accepted.partition(";")[0].strip(), re.ASCII)
        if match:
            return int(match[1])
    return None


def require_v3(call: Call) -> None:
    """Raises Problem if Accept is not the v3 media type, unless the assumption ``quote_without_v3`` accepts that."""
    assumption = assumptions_of(call).quote_without_v3
    if assumption != "accepted" and parse_requested_version(call) != 3:
        raise bad_request("Accept must be application/vnd.kasko.v3+json.", int(assumption))


def require_known_version(call: Call) -> None:
    """Raises Problem for an unknown version in Accept, if the assumption ``other_accept`` is ``refused``."""
    if assumptions_of(call).other_accept == "refused" and parse_requested_version(call) not in (None, 1, 2, 3):
        raise bad_request("The version in Accept is not known.")
