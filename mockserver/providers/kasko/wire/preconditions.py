"""If-Match and If-Unmodified-Since: whether a client changes the policy it has seen."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from mockserver.engine import SECOND, Call, Problem, Randomness, Record
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.auth import HEX
from mockserver.providers.kasko.wire.dialect import bad_request


def entity_tag(randomness: Randomness, record: Record) -> str:
    """The entity tag of a policy as it is now."""
    state = f"{record['id']}:{record['policy_status']}"
    return f'"{randomness.text(f"etag:{state}", record["version"], 32, HEX)}"'


def check_preconditions(call: Call, record: Record, *, required: bool) -> None:
    """Refuse a change of a policy that has changed since the client saw it, or one that does not say when it did."""
    given = assumptions_of(call)
    match, since = call.headers.get("if-match"), call.headers.get("if-unmodified-since")
    if match is None and since is None:
        if required:
            status = int(given.missing_precondition)
            raise Problem("version_missing", "If-Match or If-Unmodified-Since is required", status=status)
        return
    fits = match is None or _is_current(call, record, match)
    if since is not None and (match is None or given.both_preconditions == "both"):
        fits = _is_unchanged(call, record, since) and fits
    if not fits:
        raise Problem("version_stale", "The policy has changed since", status=int(given.stale_status))


def _is_current(call: Call, record: Record, match: str) -> bool:
    tags = [each.strip() for each in match.split(",")]
    if assumptions_of(call).weak_tags == "accepted":
        tags = [each.removeprefix("W/") for each in tags]
    return "*" in tags or entity_tag(call.sandbox.randomness, record) in tags


def _is_unchanged(call: Call, record: Record, since: str) -> bool:
    limit = _seconds(since)
    if limit is None and assumptions_of(call).unreadable_date == "refused":
        raise bad_request("If-Unmodified-Since is not a date.")
    return limit is None or bool(record["updated_at"] // SECOND <= limit)


def _seconds(date: str) -> int | None:
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
