"""What answers show of sessions."""

from __future__ import annotations

from mockserver.providers.kota.values.answers import Shown
from mockserver.providers.kota.values.fields import At


class CreateHostedSessionTokenResponse(Shown):
    """Create hosted session token response."""

    link: str
    expiry: At


class CreateSessionTokenResponse(Shown):
    """Create session token response."""

    token: str
    expiry: At
