"""The journal that several processes share, and the conversion of its entries to and from JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from json import loads
from typing import Any

from mockserver.engine.core.call import Call, SandboxView, TraceStep
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.faults.match import Match
from mockserver.engine.pipeline.journal import Entry, Journal
from mockserver.storage.base import SharedJournalLog


class SharedJournal(Journal):
    """The newest calls of a sandbox from all processes."""

    def __init__(self, shared_log: SharedJournalLog, entries: int, bytes: int) -> None:
        super().__init__(entries, bytes)
        self._shared_log = shared_log

    def add(self, entry: Entry) -> None:
        data, status = as_json(pack_entry(entry)), str(entry.reply.status)
        self._shared_log.write(data, len(data), status, self._max_entries, self._max_bytes)
        with self._added:
            self._added.notify_all()

    @property
    def total(self) -> int:
        """The number of calls that all processes have recorded since the sandbox was created."""
        return sum(self.status_counts.values())

    def wait_for_entries(self, number: int, seconds: float) -> tuple[int, list[Entry]]:
        """Waits as ``Journal`` does, but only an entry of this process ends the wait before ``seconds``."""
        with self._added:
            self._added.wait_for(lambda: self.total > number, seconds)
        before = self.total
        entries, now = self.entries(), self.total
        while now != before:  # Another process wrote between the two reads.
            before = now
            entries, now = self.entries(), self.total
        return now, entries[len(entries) - min(now - number, len(entries)) :]

    def entries(self, match: Match | None = None) -> list[Entry]:
        entries = [unpack_entry(self.sandbox, loads(each)) for each in self._shared_log.read()]
        return entries if match is None else [entry for entry in entries if match.matches(entry.call)]

    def clear(self) -> None:
        self._shared_log.clear()

    def close(self) -> None:
        """Does nothing: the log is deleted with the sandbox."""

    @property
    def dropped(self) -> int:
        return self._shared_log.counts()[0]

    @property
    def status_counts(self) -> Mapping[int, int]:
        return {int(status): number for status, number in self._shared_log.counts()[1].items()}


def pack_entry(entry: Entry) -> dict[str, Any]:
    """Returns an entry as JSON data."""
    reply = entry.reply
    response = {
        "status": reply.status,
        "headers": [list(pair) for pair in reply.headers],
        "body": b64encode(reply.body).decode(),
        "problem": [reply.problem.code, reply.problem.detail, reply.problem.status] if reply.problem else None,
        "wire": _pack_wire(reply.wire) if reply.wire else None,
    }
    return {
        "asked": _pack_call(entry.call),
        "answered": response,
        "milliseconds": entry.milliseconds,
        "bug": entry.bug,
        "at": entry.at,
    }


def _pack_call(call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "operation": call.operation.name if call.operation else None,
        "args": dict(call.args),
        "query": [list(pair) for pair in call.query],
        "headers": dict(call.headers),
        "data": b64encode(call.data).decode(),
        "address": call.address,
        "mount": call.mount,
        "origin": call.origin,
        "secret": call.credential.secret,
        "key": call.key.secret if call.key else None,
        "now": call.now,
        "serial": call.serial,
        "tokens": call.tokens,
        "too_large": call.too_large,
        "tenant_known": call.tenant_known,
        "allowed": call.allowed,
        "trace": [[step.stage, step.status, step.note] for step in call.trace],
        "fired": call.fired,
    }


def _pack_wire(wire: Wire) -> dict[str, Any]:
    pace = [wire.pace.bytes, wire.pace.seconds] if wire.pace else None
    # ``hold`` is text, because JSON has no infinity.
    return {"hold": str(wire.hold), "pace": pace, "head": wire.head, "cut_after": wire.cut_after, "reset": wire.reset}


def unpack_entry(sandbox: SandboxView, data: Mapping[str, Any]) -> Entry:
    """Returns the entry from the data that ``pack_entry`` returned."""
    call, reply = _unpack_call(sandbox, **data["asked"]), _unpack_reply(**data["answered"])
    return Entry(call, reply, data["milliseconds"], data["bug"], data["at"])


def _unpack_call(
    sandbox: SandboxView,
    *,
    operation: str | None,
    data: str,
    secret: str | None,
    key: str | None,
    trace: list[Any],
    query: list[list[str]],
    allowed: list[str] | None,
    **plain: Any,
) -> Call:
    return Call(
        sandbox,
        operation=next((each for each in sandbox.provider.operations if each.name == operation), None),
        data=b64decode(data),
        credential=Credential(secret, shown=secret is not None),
        key=sandbox.keys.get(key) if key else None,
        trace=[TraceStep(*step) for step in trace],
        allowed=None if allowed is None else tuple(allowed),
        query=[(name, value) for name, value in query],
        **plain,
    )


def _unpack_reply(
    status: int, headers: list[list[str]], body: str, problem: list[Any] | None, wire: dict[str, Any] | None
) -> Reply:
    code, detail, problem_status = problem or ("", "", 0)
    refusal = Problem(code, detail, status=problem_status) if problem else None
    pairs = [(name, value) for name, value in headers]
    return Reply(status, pairs, b64decode(body), refusal, _unpack_wire(**wire) if wire else None)


def _unpack_wire(*, hold: str, pace: list[Any] | None, **plain: Any) -> Wire:
    return Wire(hold=float(hold), pace=Pace(*pace) if pace else None, **plain)
