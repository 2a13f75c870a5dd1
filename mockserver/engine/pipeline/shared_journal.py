"""The journal that several processes write: its entries as JSON, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from json import loads
from typing import Any

from mockserver.engine.core.call import Call, SandboxView, Step
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.faults.match import Match
from mockserver.engine.pipeline.journal import Entry, Journal
from mockserver.storage.base import Tape


class SharedJournal(Journal):
    """The newest calls of a sandbox, whichever process answered them."""

    def __init__(self, tape: Tape, entries: int, bytes: int) -> None:
        super().__init__(entries, bytes)
        self._tape = tape

    def add(self, entry: Entry) -> None:
        """Write an entry down, and forget the oldest beyond the bounds."""
        written, status = as_json(packed(entry)), str(entry.reply.status)
        self._tape.write(written, len(written), status, self._most, self._largest)
        with self._added:
            self._added.notify_all()

    @property
    def number(self) -> int:
        """How many calls have ever been written down here, by whichever process."""
        return sum(self.answered.values())

    def wait(self, number: int, seconds: float) -> tuple[int, list[Entry]]:
        """As with one process; what another has answered is told when the time is up at the latest."""
        with self._added:
            self._added.wait_for(lambda: self.number > number, seconds)
        before = self.number
        entries, now = self.entries(), self.number
        while now != before:  # Another process has written between the two questions.
            before = now
            entries, now = self.entries(), self.number
        return now, entries[len(entries) - min(now - number, len(entries)) :]

    def entries(self, match: Match | None = None) -> list[Entry]:
        """The calls kept, oldest first; with a match, only those meant."""
        entries = [unpacked(self.sandbox, loads(each)) for each in self._tape.read()]
        return entries if match is None else [entry for entry in entries if match.holds(entry.call)]

    def clear(self) -> None:
        """Forget every call."""
        self._tape.wipe()

    def close(self) -> None:
        """Nothing: who deletes the sandbox deletes its tape too."""

    @property
    def dropped(self) -> int:
        """How many calls fell out of the journal since it was cleared."""
        return self._tape.figures()[0]

    @property
    def answered(self) -> Mapping[int, int]:
        """How many calls got which status, since the sandbox was made."""
        return {int(status): number for status, number in self._tape.figures()[1].items()}


def packed(entry: Entry) -> dict[str, Any]:
    """An entry as plain JSON-able data."""
    reply = entry.reply
    answered = {
        "status": reply.status,
        "headers": [list(pair) for pair in reply.headers],
        "body": b64encode(reply.body).decode(),
        "problem": [reply.problem.code, reply.problem.detail, reply.problem.status] if reply.problem else None,
        "wire": _packed_wire(reply.wire) if reply.wire else None,
    }
    return {
        "asked": _packed_call(entry.call),
        "answered": answered,
        "milliseconds": entry.milliseconds,
        "bug": entry.bug,
        "at": entry.at,
    }


def _packed_call(call: Call) -> dict[str, Any]:
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


def _packed_wire(wire: Wire) -> dict[str, Any]:
    pace = [wire.pace.bytes, wire.pace.seconds] if wire.pace else None
    # JSON has no word for a hold that never ends.
    return {"hold": str(wire.hold), "pace": pace, "head": wire.head, "cut_after": wire.cut_after, "reset": wire.reset}


def unpacked(sandbox: SandboxView, kept: Mapping[str, Any]) -> Entry:
    """The entry that was packed, of a sandbox."""
    call, reply = _call(sandbox, **kept["asked"]), _reply(**kept["answered"])
    return Entry(call, reply, kept["milliseconds"], kept["bug"], kept["at"])


def _call(
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
        trace=[Step(*step) for step in trace],
        allowed=None if allowed is None else tuple(allowed),
        query=[(name, value) for name, value in query],
        **plain,
    )


def _reply(
    status: int, headers: list[list[str]], body: str, problem: list[Any] | None, wire: dict[str, Any] | None
) -> Reply:
    code, detail, said = problem or ("", "", 0)
    refused = Problem(code, detail, status=said) if problem else None
    pairs = [(name, value) for name, value in headers]
    return Reply(status, pairs, b64decode(body), refused, _wire(**wire) if wire else None)


def _wire(*, hold: str, pace: list[Any] | None, **plain: Any) -> Wire:
    return Wire(hold=float(hold), pace=Pace(*pace) if pace else None, **plain)
