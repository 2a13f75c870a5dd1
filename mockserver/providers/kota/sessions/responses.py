"""Response models of sessions."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.responses import ResponseModel


class CreateHostedSessionTokenResponse(ResponseModel):
    """A link to hosted pages, and when it expires."""

    link: str
    expiry: DateTimeText


class CreateSessionTokenResponse(ResponseModel):
    """A token for embedded pages, and when it expires."""

    token: str
    expiry: DateTimeText
