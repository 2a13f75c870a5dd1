"""What has been asked and what has happened: what each of the journal's admin routes does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from mockserver.admin import models, views
from mockserver.admin.ask import Ask
from mockserver.engine import Engine, Match, Sandbox, Unknown, as_json, iso, traffic, wall
from mockserver.http import edge

LOOKS_UP = 1.0
"""Every so many seconds a stream looks whether the server stops."""
HEARTBEAT = 15
"""So many silent looks, and the stream says that it is still there."""


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
    return views.request(ask.sandbox, entries[ask.args["request"]])


def replay_request(ask: Ask) -> Any:
    """Take a call through the pipeline once more, as it was sent; answers the new entry. Nobody waits for latency."""
    kept = next((each for each in ask.sandbox.journal.entries() if each.id == ask.args["request"]), None)
    if kept is None:
        return get_request(ask)
    again = kept.call.again()
    ask.engine.answer(again)
    return get_request(replace(ask, args={**ask.args, "request": f"req_{again.serial}"}))


def stream_requests(ask: Ask) -> Any:
    """Every call from now on, as server-sent events of type ``call``, until the server stops."""
    return _stream(ask.engine, ask.sandbox)


def _stream(engine: Engine, sandbox: Sandbox) -> Iterator[str]:
    number, silent = sandbox.journal.number, 0
    yield "retry: 1000\n\n"
    while not edge.stopping.is_set() and engine.sandboxes.get(sandbox.id) is sandbox:
        number, entries = sandbox.journal.wait(number, LOOKS_UP)
        silent = 0 if entries else silent + 1
        yield from (f"event: call\nid: {each.id}\ndata: {as_json(each.brief()).decode()}\n\n" for each in entries)
        if silent == HEARTBEAT:
            # Only by writing does a server learn that nobody listens any more.
            silent = 0
            yield ": still here\n\n"


def get_traffic(ask: Ask) -> Any:
    """What the calls of the last minutes add up to, on the machine's clock."""
    sandbox, now = ask.sandbox, wall()
    refills = sandbox.clock.frozen_at is None
    parts = traffic(sandbox.journal.entries(), sandbox.limits, now, ask.query.seconds, refills=refills)
    return {"now": iso(now), "seconds": ask.query.seconds, "limits": views.limits(sandbox), "parts": parts}


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
