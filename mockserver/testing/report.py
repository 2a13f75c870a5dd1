"""What a failing test is told of its sandboxes: the calls that were made, and the fault rules that hit none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mockserver.testing import models
from mockserver.testing.api import TestmodeError
from mockserver.testing.inspection import format_call
from mockserver.testing.sandbox import Sandbox

CALL_LIMIT = 50
"""So many of the newest calls are shown."""


def report(sandboxes: Iterable[Sandbox]) -> str:
    """The text below the traceback."""
    return "\n".join(each for sandbox in sandboxes for each in _lines(sandbox))


def _lines(sandbox: Sandbox) -> Iterator[str]:
    yield f"{sandbox.id} at {sandbox.base_url}"
    try:
        calls, rules = sandbox.requests.list(CALL_LIMIT), sandbox.faults.list()
    except TestmodeError as error:
        yield f"  {error}"
        return
    for call in calls:
        yield f"  {format_call(call)}"
    if not calls:
        yield f"  no call came here; one whose key nobody knows is in the journal of {sandbox.provider!r}"
    for rule in rules:
        if not rule["fired"]:
            yield f"  the rule {rule['id']} ({rule['fault']['kind']}) never fired: {_explain(rule)}"


def _explain(rule: models.Fault) -> str:
    missed = rule.get("nearest_miss")
    if rule["matched"]:
        return f"it matched {rule['matched']} and its trigger spared them"
    if missed is None:
        return "nothing came near it"
    near = f"the webhook {missed['event']}" if "event" in missed else f"{missed['method']} {missed['path']}"
    return f"nearest was {near}: {', '.join(missed['why'])}"
