"""What has been asked and what has happened: what each of the journal's admin routes does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from mockserver.admin import models, views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import Engine, Match, Sandbox, UnknownName, as_json, format_instant, traffic, wall_time
from mockserver.http import edge

POLL_SECONDS = 1.0
"""Every so many seconds a stream looks whether the server stops."""
POLLS_PER_HEARTBEAT = 15
"""So many silent looks, and the stream says that it is still there."""


def list_requests(request: AdminRequest) -> Any:
    """The newest calls, oldest first, and how many have fallen out of the journal."""
    entries = request.sandbox.journal.entries()
    if request.query.after is not None:
        ids = [entry.id for entry in entries]
        if request.query.after not in ids:
            raise UnknownName("request", request.query.after, ids[-20:])
        entries = entries[ids.index(request.query.after) + 1 :]
    newest = entries[-request.query.limit :]
    return {"requests": [entry.summarize() for entry in newest], "dropped": request.sandbox.journal.dropped}


def get_request(request: AdminRequest) -> Any:
    """One call with its trace: what every stage said, and the rule that fired."""
    entries = {entry.id: entry for entry in request.sandbox.journal.entries()}
    if request.args["request"] not in entries:
        raise UnknownName("request", request.args["request"], list(islice(reversed(entries), 20)))
    return views.request(request.sandbox, entries[request.args["request"]])


def replay_request(request: AdminRequest) -> Any:
    """Take a call through the pipeline once more, as it was sent; answers the new entry. Nobody waits for latency."""
    kept = next((each for each in request.sandbox.journal.entries() if each.id == request.args["request"]), None)
    if kept is None:
        return get_request(request)
    again = kept.call.copy_for_replay()
    request.engine.handle(again)
    return get_request(replace(request, args={**request.args, "request": f"req_{again.serial}"}))


def stream_requests(request: AdminRequest) -> Any:
    """Every call from now on, as server-sent events of type ``call``, until the server stops."""
    return _stream(request.engine, request.sandbox)


def _stream(engine: Engine, sandbox: Sandbox) -> Iterator[str]:
    number, silent = sandbox.journal.total, 0
    yield "retry: 1000\n\n"
    while not edge.stopping.is_set() and engine.sandboxes.get(sandbox.id) is sandbox:
        number, entries = sandbox.journal.wait_for_entries(number, POLL_SECONDS)
        silent = 0 if entries else silent + 1
        yield from (f"event: call\nid: {each.id}\ndata: {as_json(each.summarize()).decode()}\n\n" for each in entries)
        if silent == POLLS_PER_HEARTBEAT:
            # Only by writing does a server learn that nobody listens any more.
            silent = 0
            yield ": still here\n\n"


def get_traffic(request: AdminRequest) -> Any:
    """What the calls of the last minutes add up to, on the machine's clock."""
    sandbox, now = request.sandbox, wall_time()
    refills = sandbox.clock.frozen_at is None
    parts = traffic(sandbox.journal.entries(), sandbox.limits, now, request.query.seconds, is_clock_running=refills)
    return {
        "now": format_instant(now),
        "seconds": request.query.seconds,
        "limits": views.limits(sandbox),
        "parts": parts,
    }


def clear_requests(request: AdminRequest) -> Any:
    """Forget every call."""
    request.sandbox.journal.clear()


def verify(request: AdminRequest) -> Any:
    """Say whether the journal holds what is expected, and what came nearest when it does not."""
    wanted: models.Verification = request.body
    if wanted.in_order is not None:
        return _verify_order(request.sandbox, wanted.in_order, wanted.status)
    found = request.sandbox.journal.entries(wanted.match)
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
        answer["near_misses"] = list(request.sandbox.journal.near_misses(wanted.match))
    return answer


def _verify_order(sandbox: Sandbox, matches: list[Match], status: int | None) -> Any:
    waiting = list(matches)
    for entry in sandbox.journal.entries():
        if waiting and status in (None, entry.reply.status) and waiting[0].matches(entry.call):
            waiting.pop(0)
    answer: dict[str, Any] = {"verified": not waiting, "count": len(matches) - len(waiting)}
    if waiting:
        answer["near_misses"] = list(sandbox.journal.near_misses(waiting[0]))
    return answer


def list_events(request: AdminRequest) -> Any:
    """What has happened in the sandbox, oldest first."""
    with request.sandbox.transaction() as space:
        return [views.event(record) for _, record in space.scan("_events")]
