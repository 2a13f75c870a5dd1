"""Cross-origin requests: which web pages may read the responses of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable

from mockserver.engine import Call, Reply
from mockserver.providers.kotauth.applications import get_redirect_uris
from mockserver.providers.kotauth.assumptions import assumptions_of
from mockserver.providers.kotauth.wire.auth import is_hidden

CORS_HEADERS = (
    ("Vary", "Origin"),
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "600"),
)
"""Sent to allowed origins. PUT and DELETE are missing, so browsers do not send them even if the key has the scope."""
_URI = re.compile(
    r"([A-Za-z][\w+.-]*)://(?:[^/?#@\s]*@)?([A-Za-z0-9.-]+|\[[\w:.]+\])(?::(\d*))?(?:[/?#]\S*)?", re.ASCII
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def cors(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Adds CORS headers for the origins of the workspace's applications; responds to preflights without a key."""
    origin = call.headers.get("origin", "null")
    if origin == "null" or "slug" not in call.args or is_hidden(call):
        return proceed(call)
    headers = _build_cors_headers(call, origin)
    if _is_preflight(call):
        call.note(
            f"{origin[:200]} is {'' if headers else 'not '}the origin of a redirect URI of an enabled application"
        )
        return Reply(204 if headers else 403, headers)
    reply = proceed(call)
    # The product refuses unknown methods before its CORS check, so those responses have no CORS headers.
    if call.operation is not None:
        reply.headers += headers
    return reply


def _is_preflight(call: Call) -> bool:
    is_preflight = call.method == "OPTIONS" and "access-control-request-method" in call.headers
    return is_preflight and assumptions_of(call).preflight == "answered"


def _build_cors_headers(call: Call, origin: str) -> list[tuple[str, str]]:
    if not call.tenant_known or origin not in _allowed_origins(call):
        return []
    credentials = [("Access-Control-Allow-Credentials", "true")] if assumptions_of(call).cors_credentials else []
    return [("Access-Control-Allow-Origin", origin), *CORS_HEADERS, *credentials]


def _allowed_origins(call: Call) -> set[str]:
    with call.sandbox.transaction() as space:
        enabled = [app for _, app in space.scan("applications") if app["enabled"]]
    return {origin for app in enabled for uri in get_redirect_uris(call, app) if (origin := parse_origin(uri))}


def parse_origin(uri: str) -> str | None:
    """Returns the origin of a redirect URI without the default port of its scheme, or None if the URI has no host."""
    match = _URI.fullmatch(uri)
    if match is None:
        return None
    scheme, host, port = match[1].lower(), match[2], match[3]
    return f"{scheme}://{host}" if port in (None, "", _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"
