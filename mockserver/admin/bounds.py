"""Every bound of the server, and what it shows of its settings."""

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
        "Seconds that a call is held, whatever it is told.",
        "it goes on",
        "http.edge",
        "MAX_WAIT_SECONDS",
    ),
    Bound("admin_body", "Bytes of a body of the admin API.", "refused with 413", "admin.api", "MAX_BODY_BYTES"),
    Bound("request_line", "Bytes of a request's first line.", "refused with 414", "http.parser", "MAX_LINE"),
    Bound("headers", "Header fields of a request.", "refused with 431", "http.parser", "MAX_FIELDS"),
    Bound(
        "header_bytes", "Bytes of all header fields together.", "refused with 431", "http.parser", "MAX_FIELD_OCTETS"
    ),
    Bound("webhook_url", "Characters of a receiver's URL.", "refused with 422", "delivery.egress", "MAX_URL_LENGTH"),
    Bound(
        "webhook_answer",
        "Bytes read of a receiver's answer.",
        "the rest is not read",
        "delivery.egress",
        "MAX_READ_BYTES",
    ),
)
"""By name; a test overfills each. What only one provider has is in its room."""


def describe_server(engine: Engine, settings: ServerSettings | None) -> dict[str, Any]:
    """The settings at work, None where nobody has set any, and the bounds; secrets are redacted."""
    bounds = [
        {"name": each.name, "value": each.value(engine), "sentence": each.sentence, "beyond": each.beyond}
        for each in (*BOUNDS, *chain.from_iterable(provider.bounds for provider in engine.providers.values()))
    ]
    return {"settings": settings and _redacted(settings), "bounds": bounds}


def _redacted(settings: ServerSettings) -> dict[str, Any]:
    shown = settings.model_dump(mode="json")
    for name in SECRET_SETTINGS:
        shown[name] = shown[name] and mask(shown[name])
    shown["store"] = shown["store"] and _mask_password(shown["store"])
    return shown


def _mask_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    kept = f"{name}:***@{place}" if password else parts.netloc
    return urlunsplit(parts._replace(netloc=kept))
