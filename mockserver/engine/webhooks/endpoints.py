"""Who is to be told: the endpoints of one sandbox, made by an operator as in the vendor's console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.engine.core.problem import Refusal, Unknown
from mockserver.engine.core.webhook_style import WebhookStyle
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.nearest import nearest
from mockserver.storage.base import Record, Space

KEPT = "_endpoints"
MOST = 100
"""So many endpoints may a sandbox have."""


class Endpoints:
    """The webhook endpoints of a sandbox."""

    def __init__(self, sandbox: WebhookOwner) -> None:
        self._sandbox = sandbox

    def add(self, url: str, events: Sequence[str] = ("*",), **wanted: Any) -> Record:
        """Register an endpoint; takes ``secret``, ``version`` and ``description``, each made when left out.

        Refusal says why a URL may not be called, and names the nearest type of event.
        """
        sandbox, style = self._sandbox, self._style()
        sandbox.post.check(url)
        _check_events(style, events)
        version = wanted.get("version") or style.versions[-1]
        if version not in style.versions:
            raise Refusal(f"version: there is no {version!r}{nearest(version, style.versions)}")
        chosen = {"url": url, "events": list(events), "version": version}
        now = sandbox.now()
        with sandbox.transaction() as space:
            if space.count(KEPT) >= MOST:
                raise Refusal(f"a sandbox has at most {MOST} webhook endpoints; delete some")
            id = style.endpoint_id(sandbox.randomness, space.bump("endpoints"))
            secret = wanted.get("secret") or style.secret(sandbox.randomness, f"webhook-secret:{id}:1")
            began = {"previous": None, "rotations": 0, "enabled": True, "created_at": now}
            record = {"id": id, **chosen, "secret": secret, "description": wanted.get("description") or "", **began}
            space.put(KEPT, record)
        return record

    def change(self, id: str, **changes: Any) -> Record:
        """Change url, events, description or whether it is enabled."""
        if "url" in changes:
            self._sandbox.post.check(changes["url"])
        if "events" in changes:
            _check_events(self._style(), changes["events"])
        with self._sandbox.transaction() as space:
            record = {**_found(space, id), **changes}
            space.put(KEPT, record)
        return record

    def rotate(self, id: str, overlap: int = 0, secret: str | None = None) -> Record:
        """Give an endpoint a new secret; the one before signs too for the overlap, in microseconds."""
        now, style, dice = self._sandbox.now(), self._style(), self._sandbox.randomness
        with self._sandbox.transaction() as space:
            before = _found(space, id)
            nth = before["rotations"] + 1
            record = {
                **before,
                "secret": secret or style.secret(dice, f"webhook-secret:{id}:{nth + 1}"),
                "previous": {"secret": before["secret"], "until": now + overlap},
                "rotations": nth,
            }
            space.put(KEPT, record)
        return record

    def drop(self, id: str) -> None:
        """Tell an endpoint nothing any more."""
        with self._sandbox.transaction() as space:
            _found(space, id)
            space.drop(KEPT, id)

    def all(self) -> list[Record]:
        """Every endpoint, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(KEPT)]

    def get(self, id: str) -> Record:
        """The endpoint of that id; Unknown names the nearest."""
        with self._sandbox.transaction() as space:
            return _found(space, id)

    def _style(self) -> WebhookStyle:
        style = self._sandbox.provider.webhooks
        if style is None:
            raise Refusal(f"{self._sandbox.provider.title} sends no webhooks")
        return style


def secrets(endpoint: Record, now: int) -> tuple[str, ...]:
    """The secrets a delivery is signed with at an instant."""
    previous = endpoint["previous"]
    return (endpoint["secret"], previous["secret"]) if previous and now < previous["until"] else (endpoint["secret"],)


def _found(space: Space, id: str) -> Record:
    record = space.get(KEPT, id)
    if record is None:
        raise Unknown("webhook endpoint", id, [each["id"] for _, each in space.scan(KEPT)])
    return record


def _check_events(style: WebhookStyle, events: Sequence[str]) -> None:
    for type in events:
        if type != "*" and type not in style.types:
            raise Refusal(f"events: there is no type {type!r}{nearest(type, style.types)}")
