"""Who is to be told: the endpoints of one sandbox, made by an operator as in the vendor's console."""

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
"""So many endpoints may a sandbox have."""


class Endpoints:
    """The webhook endpoints of a sandbox."""

    def __init__(self, sandbox: WebhookOwner) -> None:
        self._sandbox = sandbox

    def add(self, url: str, events: Sequence[str] = ("*",), **wanted: Any) -> Record:
        """Register an endpoint; takes ``secret``, ``version`` and ``description``, each made when left out.

        Refusal says why a URL may not be called, and names the nearest type of event.
        """
        sandbox, style = self._sandbox, self._require_style()
        sandbox.sender.check(url)
        _check_events(style, events)
        version = wanted.get("version") or style.versions[-1]
        if version not in style.versions:
            raise Refusal(f"version: there is no {version!r}{nearest(version, style.versions)}")
        chosen = {"url": url, "events": list(events), "version": version}
        now = sandbox.now()
        with sandbox.transaction() as space:
            if space.count(COLLECTION) >= MAX_ENDPOINTS:
                raise Refusal(f"a sandbox has at most {MAX_ENDPOINTS} webhook endpoints; delete some")
            id = style.endpoint_id(sandbox.randomness, space.increment("endpoints"))
            secret = wanted.get("secret") or style.generate_secret(sandbox.randomness, f"webhook-secret:{id}:1")
            began = {"previous": None, "rotations": 0, "enabled": True, "created_at": now}
            record = {"id": id, **chosen, "secret": secret, "description": wanted.get("description") or "", **began}
            space.put(COLLECTION, record)
        return record

    def update(self, id: str, **changes: Any) -> Record:
        """Change url, events, description or whether it is enabled."""
        if "url" in changes:
            self._sandbox.sender.check(changes["url"])
        if "events" in changes:
            _check_events(self._require_style(), changes["events"])
        with self._sandbox.transaction() as space:
            record = {**_get_endpoint(space, id), **changes}
            space.put(COLLECTION, record)
        return record

    def rotate(self, id: str, overlap: int = 0, secret: str | None = None) -> Record:
        """Give an endpoint a new secret; the one before signs too for the overlap, in microseconds."""
        now, style, dice = self._sandbox.now(), self._require_style(), self._sandbox.randomness
        with self._sandbox.transaction() as space:
            before = _get_endpoint(space, id)
            nth = before["rotations"] + 1
            record = {
                **before,
                "secret": secret or style.generate_secret(dice, f"webhook-secret:{id}:{nth + 1}"),
                "previous": {"secret": before["secret"], "until": now + overlap},
                "rotations": nth,
            }
            space.put(COLLECTION, record)
        return record

    def delete(self, id: str) -> None:
        """Tell an endpoint nothing any more."""
        with self._sandbox.transaction() as space:
            _get_endpoint(space, id)
            space.drop(COLLECTION, id)

    def all(self) -> list[Record]:
        """Every endpoint, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(COLLECTION)]

    def get(self, id: str) -> Record:
        """The endpoint of that id; Unknown names the nearest."""
        with self._sandbox.transaction() as space:
            return _get_endpoint(space, id)

    def _require_style(self) -> WebhookStyle:
        style = self._sandbox.provider.webhooks
        if style is None:
            raise Refusal(f"{self._sandbox.provider.title} sends no webhooks")
        return style


def signing_secrets(endpoint: Record, now: int) -> tuple[str, ...]:
    """The secrets a delivery is signed with at an instant."""
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
