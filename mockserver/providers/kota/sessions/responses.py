"""What answers show of sessions."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.responses import ResponseModel


class CreateHostedSessionTokenResponse(ResponseModel):
    """Create hosted session token response."""

    link: str
    expiry: DateTimeText


class CreateSessionTokenResponse(ResponseModel):
    """Create session token response."""

    token: str
    expiry: DateTimeText
