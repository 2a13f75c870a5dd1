"""Checks the preconditions of changes: If-Match and If-Unmodified-Since."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from mockserver.engine import SECOND, Call, Problem, Randomness, Record
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.auth import HEX
from mockserver.providers.kasko.wire.dialect import bad_request


def make_entity_tag(randomness: Randomness, record: Record) -> str:
    """Returns the entity tag of the current version of a policy, with quotes."""
    state = f"{record['id']}:{record['policy_status']}"
    return f'"{randomness.text(f"etag:{state}", record["version"], 32, HEX)}"'


def check_preconditions(call: Call, record: Record, *, required: bool) -> None:
    """Raises Problem if a precondition does not hold, or if one is required and the request has none."""
    assumptions = assumptions_of(call)
    match, unmodified_since = call.headers.get("if-match"), call.headers.get("if-unmodified-since")
    if match is None and unmodified_since is None:
        if required:
            status = int(assumptions.missing_precondition)
            raise Problem("version_missing", "If-Match or If-Unmodified-Since is required", status=status)
        return
    all_hold = match is None or _is_current(call, record, match)
    # With If-Match, the date counts only by assumption; it is then read even if the tag is stale, to refuse a bad date.
    if unmodified_since is not None and (match is None or assumptions.both_preconditions == "both"):
        all_hold = _is_unchanged(call, record, unmodified_since) and all_hold
    if not all_hold:
        raise Problem("version_stale", "The policy has changed since", status=int(assumptions.stale_status))


def _is_current(call: Call, record: Record, match: str) -> bool:
    tags = [tag.strip() for tag in match.split(",")]
    if assumptions_of(call).weak_tags == "accepted":
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or make_entity_tag(call.sandbox.randomness, record) in tags


def _is_unchanged(call: Call, record: Record, unmodified_since: str) -> bool:
    limit = _parse_http_date(unmodified_since)
    if limit is None and assumptions_of(call).unreadable_date == "refused":
        raise bad_request("If-Unmodified-Since is not a date.")
    return limit is None or bool(record["updated_at"] // SECOND <= limit)


def _parse_http_date(date: str) -> int | None:
    """Returns the seconds since 1970, or None for an unreadable date."""
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
