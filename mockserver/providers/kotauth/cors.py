"""Cross-origin calls: which web pages a browser lets read what a workspace answers."""

from __future__ import annotations

import re
from collections.abc import Callable

from mockserver.engine import Call, Reply
from mockserver.providers.kotauth.applications import redirect_uris
from mockserver.providers.kotauth.assumptions import assumptions_of
from mockserver.providers.kotauth.wire.auth import is_hidden

CORS_HEADERS = (
    ("Vary", "Origin"),
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "600"),
)
"""What stands beside the origin; a browser refuses to send PUT and DELETE after this, whatever the key may do."""
_URI = re.compile(
    r"([A-Za-z][\w+.-]*)://(?:[^/?#@\s]*@)?([A-Za-z0-9.-]+|\[[\w:.]+\])(?::(\d*))?(?:[/?#]\S*)?", re.ASCII
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def cors(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Let pages of the workspace's applications read its answers, and answer browsers' preflights without a key."""
    origin = call.headers.get("origin", "null")
    if origin == "null" or "slug" not in call.args or is_hidden(call):
        return proceed(call)
    headers = _allow_headers(call, origin)
    if _is_preflight(call):
        call.note(f"{origin[:200]} is {'an' if headers else 'no'} origin of an enabled application's redirect URI")
        return Reply(204 if headers else 403, headers)
    reply = proceed(call)
    # A method the path has not is refused by the router, before any of this.
    if call.operation is not None:
        reply.headers += headers
    return reply


def _is_preflight(call: Call) -> bool:
    asked = call.method == "OPTIONS" and "access-control-request-method" in call.headers
    return asked and assumptions_of(call).preflight == "answered"


def _allow_headers(call: Call, origin: str) -> list[tuple[str, str]]:
    if not call.tenant_known or origin not in _allowed_origins(call):
        return []
    credentials = [("Access-Control-Allow-Credentials", "true")] if assumptions_of(call).cors_credentials else []
    return [("Access-Control-Allow-Origin", origin), *CORS_HEADERS, *credentials]


def _allowed_origins(call: Call) -> set[str]:
    with call.sandbox.transaction() as space:
        enabled = [app for _, app in space.scan("applications") if app["enabled"]]
    return {origin for app in enabled for uri in redirect_uris(call, app) if (origin := origin_of(uri))}


def origin_of(uri: str) -> str | None:
    """The origin a redirect URI stands for, without the port its scheme has anyway; None where it names no host."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2], found[3]
    return f"{scheme}://{host}" if port in (None, "", _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"
