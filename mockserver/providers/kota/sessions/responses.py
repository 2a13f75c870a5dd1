"""Response models of sessions."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.responses import ResponseModel


class CreateHostedSessionTokenResponse(ResponseModel):
    """A link to hosted pages, and the time at which it expires."""

    link: str
    expiry: DateTimeText


class CreateSessionTokenResponse(ResponseModel):
    """A token for embedded pages, and the time at which it expires."""

    token: str
    expiry: DateTimeText
