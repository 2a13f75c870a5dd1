"""The webhook endpoints of one sandbox, which an operator manages as in the vendor's console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.core.webhook_style import WebhookStyle
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.nearest import nearest
from mockserver.storage.base import Record, Space

COLLECTION = "_endpoints"
MAX_ENDPOINTS = 100
"""Endpoints per sandbox; one more is refused."""


class Endpoints:
    def __init__(self, sandbox: WebhookOwner) -> None:
        self._sandbox = sandbox

    def add(self, url: str, events: Sequence[str] = ("*",), **options: Any) -> Record:
        """Registers an endpoint; ``options`` are ``secret``, ``version`` and ``description``, all with defaults.

        Raises Refusal for a URL that the egress refuses, for an unknown event type or version, and beyond
        ``MAX_ENDPOINTS``.
        """
        sandbox, style = self._sandbox, self._require_style()
        sandbox.sender.check(url)
        _check_events(style, events)
        version = options.get("version") or style.versions[-1]
        if version not in style.versions:
            raise Refusal(f"version: there is no {version!r}{nearest(version, style.versions)}")
        chosen = {"url": url, "events": list(events), "version": version}
        now = sandbox.now()
        with sandbox.transaction() as space:
            if space.count(COLLECTION) >= MAX_ENDPOINTS:
                raise Refusal(f"a sandbox has at most {MAX_ENDPOINTS} webhook endpoints; delete some")
            id = style.endpoint_id(sandbox.randomness, space.increment("endpoints"))
            secret = options.get("secret") or style.generate_secret(sandbox.randomness, f"webhook-secret:{id}:1")
            initial = {"previous": None, "rotations": 0, "enabled": True, "created_at": now}
            record = {"id": id, **chosen, "secret": secret, "description": options.get("description") or "", **initial}
            space.put(COLLECTION, record)
        return record

    def update(self, id: str, **changes: Any) -> Record:
        """Changes ``url``, ``events``, ``description`` or ``enabled``; raises UnknownName or Refusal."""
        if "url" in changes:
            self._sandbox.sender.check(changes["url"])
        if "events" in changes:
            _check_events(self._require_style(), changes["events"])
        with self._sandbox.transaction() as space:
            record = {**_get_endpoint(space, id), **changes}
            space.put(COLLECTION, record)
        return record

    def rotate(self, id: str, overlap: int = 0, secret: str | None = None) -> Record:
        """Gives an endpoint a new secret; the old secret also signs for ``overlap`` more microseconds."""
        now, style, randomness = self._sandbox.now(), self._require_style(), self._sandbox.randomness
        with self._sandbox.transaction() as space:
            before = _get_endpoint(space, id)
            nth = before["rotations"] + 1
            record = {
                **before,
                "secret": secret or style.generate_secret(randomness, f"webhook-secret:{id}:{nth + 1}"),
                "previous": {"secret": before["secret"], "until": now + overlap},
                "rotations": nth,
            }
            space.put(COLLECTION, record)
        return record

    def delete(self, id: str) -> None:
        with self._sandbox.transaction() as space:
            _get_endpoint(space, id)
            space.drop(COLLECTION, id)

    def all(self) -> list[Record]:
        """Returns all endpoints, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(COLLECTION)]

    def get(self, id: str) -> Record:
        """Returns an endpoint; raises UnknownName with the nearest id."""
        with self._sandbox.transaction() as space:
            return _get_endpoint(space, id)

    def _require_style(self) -> WebhookStyle:
        style = self._sandbox.provider.webhooks
        if style is None:
            raise Refusal(f"{self._sandbox.provider.title} sends no webhooks")
        return style


def signing_secrets(endpoint: Record, now: int) -> tuple[str, ...]:
    """Returns the secret of an endpoint, and during the overlap of a rotation also the previous secret."""
    previous = endpoint["previous"]
    return (endpoint["secret"], previous["secret"]) if previous and now < previous["until"] else (endpoint["secret"],)


def _get_endpoint(space: Space, id: str) -> Record:
    record = space.get(COLLECTION, id)
    if record is None:
        raise UnknownName("webhook endpoint", id, [each["id"] for _, each in space.scan(COLLECTION)])
    return record


def _check_events(style: WebhookStyle, events: Sequence[str]) -> None:
    for type in events:
        if type != "*" and type not in style.types:
            raise Refusal(f"events: there is no type {type!r}{nearest(type, style.types)}")
