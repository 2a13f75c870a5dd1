"""The part of a sandbox that its webhooks use."""

from __future__ import annotations

from typing import Protocol

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.provider import Provider
from mockserver.engine.webhooks.sender import WebhookSender


class WebhookOwner(SandboxView, Protocol):
    """The sandbox to which endpoints and deliveries belong."""

    @property
    def provider(self) -> Provider: ...
    @property
    def sender(self) -> WebhookSender: ...
