"""Writes a section for the report of a failing test: calls to its sandboxes, and fault rules that never fired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mockserver.testing import models
from mockserver.testing.api import TestmodeError
from mockserver.testing.inspection import format_call
from mockserver.testing.sandbox import Sandbox

CALL_LIMIT = 50
"""Maximum number of calls per sandbox in the report; the most recent are shown."""


def report(sandboxes: Iterable[Sandbox]) -> str:
    """Returns the text of the section."""
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
        yield f"  no calls; a call with an unknown key is in the journal of {sandbox.provider!r}"
    for rule in rules:
        if not rule["fired"]:
            yield f"  the rule {rule['id']} ({rule['fault']['kind']}) never fired: {_explain(rule)}"


def _explain(rule: models.Fault) -> str:
    miss = rule.get("nearest_miss")
    if rule["matched"]:
        return f"it matched {rule['matched']}, but its trigger selected none"
    if miss is None:
        return "there was no call or delivery to match"
    nearest = f"the webhook {miss['event']}" if "event" in miss else f"{miss['method']} {miss['path']}"
    return f"nearest was {nearest}: {', '.join(miss['why'])}"
