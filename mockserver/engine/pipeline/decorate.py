"""The stage that adds the headers the provider sends with every response."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def decorate(call: Call, proceed: Proceed) -> Reply:
    reply = proceed(call)
    call.sandbox.provider.dialect.decorate(call, reply)
    return reply
