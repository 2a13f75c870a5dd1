"""The stage that enforces the sandbox's limits: a token bucket, and a quota per period."""

from __future__ import annotations

from typing import Any

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.clock import SECOND
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.storage.base import Space

TOKEN_UNITS = SECOND
"""Units per token in a stored bucket level, so that the refill is an integer: calls per second times microseconds."""


def ratelimit(call: Call, proceed: Proceed) -> Reply:
    """Refuses a call when the sandbox's bucket is empty or its quota is used up."""
    limits = call.sandbox.limits
    if limits.rate is None and limits.quota is None:
        return proceed(call)
    with call.sandbox.transaction(durable=False) as space:
        wait = _spend_quota(space, limits, call.now) if limits.quota is not None else 0
        code = "quota_exceeded"
        if not wait and limits.rate is not None:
            wait, left = _take_token(space, limits, call.now)
            code, call.tokens = "rate_limited", left / TOKEN_UNITS
            if wait and limits.quota is not None:
                _spend_quota(space, limits, call.now, by=-1)
    if wait:
        raise _limit_problem(code, wait, limits)
    return proceed(call)


def _take_token(space: Space, limits: Limits, now: int) -> tuple[int, int]:
    """Takes a token. Returns 0, or the microseconds until a token is available, and the bucket's new level."""
    assert limits.rate is not None
    full = (limits.burst or limits.rate) * TOKEN_UNITS
    bucket: dict[str, Any] = dict(space.get("_buckets", "calls") or {"id": "calls", "level": full, "at": now})
    # Concurrent calls can arrive here in another order than their instants. The same time must not refill twice.
    at = max(now, bucket["at"])
    level = min(full, bucket["level"] + (at - bucket["at"]) * limits.rate)
    missing = TOKEN_UNITS - level
    if missing <= 0:
        level -= TOKEN_UNITS
    space.put("_buckets", {"id": "calls", "level": level, "at": at})
    return max(0, int(-(-missing // limits.rate))), int(level)


def _spend_quota(space: Space, limits: Limits, now: int, by: int = 1) -> int:
    """Adds ``by`` calls to the used quota; returns 0, or the microseconds until the next period if it is used up."""
    assert limits.quota is not None
    period = now // limits.period
    used = space.get("_quota", "calls") or {"period": period, "used": 0}
    count = used["used"] if used["period"] == period else 0
    if by > 0 and count >= limits.quota:
        return int((period + 1) * limits.period - now)
    space.put("_quota", {"id": "calls", "period": period, "used": count + by})
    return 0


def _limit_problem(code: str, wait: int, limits: Limits) -> Problem:
    seconds = -(-wait // SECOND)
    headers = [("Retry-After", str(seconds))] if limits.retry_after else []
    return Problem(code, f"The next call is admitted in {seconds} s", headers=headers)
