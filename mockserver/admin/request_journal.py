"""The handlers of the admin routes for the journal, the traffic and the events of a sandbox."""

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
"""Seconds that a stream waits for calls before it checks whether the server is stopping."""
POLLS_PER_HEARTBEAT = 15
"""Number of consecutive polls without a call after which a stream sends a comment as heartbeat."""


def list_requests(request: AdminRequest) -> Any:
    """List the most recent calls in chronological order, and count the calls dropped from the journal."""
    entries = request.sandbox.journal.entries()
    if request.query.after is not None:
        ids = [entry.id for entry in entries]
        if request.query.after not in ids:
            raise UnknownName("request", request.query.after, ids[-20:])
        entries = entries[ids.index(request.query.after) + 1 :]
    newest = entries[-request.query.limit :]
    return {"requests": [entry.summarize() for entry in newest], "dropped": request.sandbox.journal.dropped}


def get_request(request: AdminRequest) -> Any:
    """Show one call with its trace, and for each fault rule whether it fired or why it did not."""
    entries = {entry.id: entry for entry in request.sandbox.journal.entries()}
    if request.args["request"] not in entries:
        raise UnknownName("request", request.args["request"], list(islice(reversed(entries), 20)))
    return views.render_request(request.sandbox, entries[request.args["request"]])


def replay_request(request: AdminRequest) -> Any:
    """Send a recorded call through the pipeline again, without latency, and return the new entry."""
    entry = next((each for each in request.sandbox.journal.entries() if each.id == request.args["request"]), None)
    if entry is None:
        return get_request(request)
    call = entry.call.copy_for_replay()
    request.engine.handle(call)
    return get_request(replace(request, args={**request.args, "request": f"req_{call.serial}"}))


def stream_requests(request: AdminRequest) -> Any:
    """Stream each new call as a server-sent event of type `call`, until the server stops."""
    return _stream(request.engine, request.sandbox)


def _stream(engine: Engine, sandbox: Sandbox) -> Iterator[str]:
    number, silent_polls = sandbox.journal.total, 0
    yield "retry: 1000\n\n"
    while not edge.stopping.is_set() and engine.sandboxes.get(sandbox.id) is sandbox:
        number, entries = sandbox.journal.wait_for_entries(number, POLL_SECONDS)
        silent_polls = 0 if entries else silent_polls + 1
        yield from (f"event: call\nid: {each.id}\ndata: {as_json(each.summarize()).decode()}\n\n" for each in entries)
        if silent_polls == POLLS_PER_HEARTBEAT:
            # Only a failed write reveals that the client has closed the connection.
            silent_polls = 0
            yield ": still here\n\n"


def get_traffic(request: AdminRequest) -> Any:
    """Summarise the calls of the last minutes in 60 intervals of the wall clock."""
    sandbox, now = request.sandbox, wall_time()
    is_running = sandbox.clock.frozen_at is None
    parts = traffic(sandbox.journal.entries(), sandbox.limits, now, request.query.seconds, is_clock_running=is_running)
    return {
        "now": format_instant(now),
        "seconds": request.query.seconds,
        "limits": views.render_limits(sandbox),
        "parts": parts,
    }


def clear_requests(request: AdminRequest) -> Any:
    """Delete all calls from the journal."""
    request.sandbox.journal.clear()


def verify(request: AdminRequest) -> Any:
    """Check whether the expected calls are in the journal; if not, return the near misses."""
    expected: models.Verification = request.body
    if expected.in_order is not None:
        return _verify_order(request.sandbox, expected.in_order, expected.status)
    matching = request.sandbox.journal.entries(expected.match)
    number = sum(expected.status in (None, entry.reply.status) for entry in matching)
    bounds = (expected.count, expected.at_least, expected.at_most)
    least = 1 if bounds == (None, None, None) else expected.at_least
    verified = (
        (expected.count is None or number == expected.count)
        and (least is None or number >= least)
        and (expected.at_most is None or number <= expected.at_most)
    )
    result: dict[str, Any] = {"verified": verified, "count": number}
    if not verified:
        result["near_misses"] = list(request.sandbox.journal.near_misses(expected.match))
    return result


def _verify_order(sandbox: Sandbox, matches: list[Match], status: int | None) -> Any:
    remaining = list(matches)
    for entry in sandbox.journal.entries():
        if remaining and status in (None, entry.reply.status) and remaining[0].matches(entry.call):
            remaining.pop(0)
    result: dict[str, Any] = {"verified": not remaining, "count": len(matches) - len(remaining)}
    if remaining:
        result["near_misses"] = list(sandbox.journal.near_misses(remaining[0]))
    return result


def list_events(request: AdminRequest) -> Any:
    """List the events of the sandbox in chronological order."""
    with request.sandbox.transaction() as space:
        return [views.render_event(record) for _, record in space.scan("_events")]
