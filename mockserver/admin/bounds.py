"""Lists all bounds of the server, and describes its settings and bounds for the admin API."""

from __future__ import annotations

from itertools import chain
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mockserver.engine import ENGINE_BOUNDS, Bound, Engine, mask
from mockserver.settings import SECRET_SETTINGS, ServerSettings

BOUNDS = (
    *ENGINE_BOUNDS,
    Bound(
        "wait_seconds",
        "Maximum seconds that a call waits for latency or a fault.",
        "the call continues",
        "http.edge",
        "MAX_WAIT_SECONDS",
    ),
    Bound("admin_body", "Bytes of a request body of the admin API.", "refused with 413", "admin.api", "MAX_BODY_BYTES"),
    Bound("request_line", "Bytes of a request line.", "refused with 414", "http.parser", "MAX_LINE"),
    Bound("headers", "Header fields of a request.", "refused with 431", "http.parser", "MAX_FIELDS"),
    Bound(
        "header_bytes", "Bytes of all header fields together.", "refused with 431", "http.parser", "MAX_FIELD_OCTETS"
    ),
    Bound(
        "webhook_url",
        "Characters of an endpoint's URL.",
        "refused with 422",
        "delivery.egress",
        "MAX_URL_LENGTH",
    ),
    Bound(
        "webhook_answer",
        "Bytes read from an endpoint's response to a webhook.",
        "the rest is not read",
        "delivery.egress",
        "MAX_READ_BYTES",
    ),
)
"""The bounds that apply to all providers; a test exceeds each one. ``Provider.bounds`` has those of one provider."""


def describe_server(engine: Engine, settings: ServerSettings | None) -> dict[str, Any]:
    """Returns the settings with redacted secrets, and the bounds; without settings, the member ``settings`` is None."""
    bounds = [
        {"name": each.name, "value": each.value(engine), "sentence": each.sentence, "beyond": each.beyond}
        for each in (*BOUNDS, *chain.from_iterable(provider.bounds for provider in engine.providers.values()))
    ]
    return {"settings": settings and _redact(settings), "bounds": bounds}


def _redact(settings: ServerSettings) -> dict[str, Any]:
    values = settings.model_dump(mode="json")
    for name in SECRET_SETTINGS:
        values[name] = values[name] and mask(values[name])
    values["store"] = values["store"] and _mask_password(values["store"])
    return values


def _mask_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    masked = f"{name}:***@{host}" if password else parts.netloc
    return urlunsplit(parts._replace(netloc=masked))
