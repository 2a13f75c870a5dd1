"""Renewals of group policies: ahead, open while their window is, then renewed or cancelled.

A renewal is a record of its own, which nobody sees, since it changes state beside its policy.
"""

from __future__ import annotations

from collections.abc import Callable

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.values.records import begins, kept, later, outcome

MOVED: list[Callable[[At, Record], None]] = []
"""Told of a renewal that has moved; group policies add themselves, since they are built on renewals."""


def _told(at: At, record: Record) -> None:
    if record["status"] != "upcoming":
        for told in MOVED:
            told(at, record)


def _decide(moment: Moment, record: Record) -> str | None:
    wanted = outcome("renewal", kept(moment, "employer", record["employer_id"]))
    chosen = LIFECYCLE.leads_to(record, wanted) if wanted else None
    return chosen or LIFECYCLE.leads_to(record, assume(moment).renewals)


LIFECYCLE: Lifecycle = Lifecycle(
    "renewal",
    "renewals",
    steps=(
        Step("open", ("upcoming",), "open"),
        Step("renew", ("upcoming", "open"), "renewed"),
        Step("decline", ("upcoming", "open"), "cancelled"),
    ),
    timed=(
        Timed("upcoming", lambda _at, record: begins(record["window_start_date"]), lambda _moment, _record: "open"),
        Timed("open", lambda _at, record: begins(later(record["window_end_date"], 1)), _decide),
    ),
    entered=_told,
)


def id_of(group_policy_id: str) -> str:
    """The id of the renewal of a group policy."""
    return f"rn_{group_policy_id}"


def begin(at: At, group_policy: Record) -> Record:
    """Have the renewal of a new group policy come."""
    window = {
        name: group_policy["health_insurance"]["renewal"][name] for name in ("window_start_date", "window_end_date")
    }
    ids = {"group_policy_id": group_policy["id"], "employer_id": group_policy["employer_id"]}
    record = {"object": "renewal", "id": id_of(group_policy["id"]), **ids, **window, "cost_sharing": None}
    return LIFECYCLE.begin(at, record, "upcoming")


def renew(at: At, group_policy_id: str, cost_sharing: Record) -> bool:
    """Renew a group policy with a cost sharing of its own; False where its renewal has been decided."""
    record = at.space.get("renewals", id_of(group_policy_id))
    if record is None or not LIFECYCLE.allows(record, "renew"):
        return False
    LIFECYCLE.take(at, record, "renew", cost_sharing=cost_sharing)
    return True


def end(at: At, group_policy_id: str) -> None:
    """Cancel the renewal of a group policy that ends, unless it has been decided."""
    record = at.space.get("renewals", id_of(group_policy_id))
    if record is not None and LIFECYCLE.allows(record, "decline"):
        LIFECYCLE.take(at, record, "decline")
