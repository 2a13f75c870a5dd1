"""What has been asked and what has happened: what each of the journal's admin routes does."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver.admin import models, views
from mockserver.admin.ask import Ask
from mockserver.engine import Match, Sandbox, Unknown


def list_requests(ask: Ask) -> Any:
    """The newest calls, oldest first, and how many have fallen out of the journal."""
    entries = ask.sandbox.journal.entries()
    if ask.query.after is not None:
        ids = [entry.id for entry in entries]
        if ask.query.after not in ids:
            raise Unknown("request", ask.query.after, ids[-20:])
        entries = entries[ids.index(ask.query.after) + 1 :]
    newest = entries[-ask.query.limit :]
    return {"requests": [entry.brief() for entry in newest], "dropped": ask.sandbox.journal.dropped}


def get_request(ask: Ask) -> Any:
    """One call with its trace: what every stage said, and the rule that fired."""
    entries = {entry.id: entry for entry in ask.sandbox.journal.entries()}
    if ask.args["request"] not in entries:
        raise Unknown("request", ask.args["request"], list(islice(reversed(entries), 20)))
    return entries[ask.args["request"]].show()


def clear_requests(ask: Ask) -> Any:
    """Forget every call."""
    ask.sandbox.journal.clear()


def verify(ask: Ask) -> Any:
    """Say whether the journal holds what is expected, and what came nearest when it does not."""
    wanted: models.Verification = ask.body
    if wanted.in_order is not None:
        return _verify_order(ask.sandbox, wanted.in_order, wanted.status)
    found = ask.sandbox.journal.entries(wanted.match)
    number = sum(wanted.status in (None, entry.reply.status) for entry in found)
    bounds = (wanted.count, wanted.at_least, wanted.at_most)
    least = 1 if bounds == (None, None, None) else wanted.at_least
    verified = (
        (wanted.count is None or number == wanted.count)
        and (least is None or number >= least)
        and (wanted.at_most is None or number <= wanted.at_most)
    )
    answer: dict[str, Any] = {"verified": verified, "count": number}
    if not verified:
        answer["near_misses"] = list(ask.sandbox.journal.near_misses(wanted.match))
    return answer


def _verify_order(sandbox: Sandbox, matches: list[Match], status: int | None) -> Any:
    waiting = list(matches)
    for entry in sandbox.journal.entries():
        if waiting and status in (None, entry.reply.status) and waiting[0].holds(entry.call):
            waiting.pop(0)
    answer: dict[str, Any] = {"verified": not waiting, "count": len(matches) - len(waiting)}
    if waiting:
        answer["near_misses"] = list(sandbox.journal.near_misses(waiting[0]))
    return answer


def list_events(ask: Ask) -> Any:
    """What has happened in the sandbox, oldest first."""
    with ask.sandbox.transaction() as space:
        return [views.event(record) for _, record in space.scan("_events")]
