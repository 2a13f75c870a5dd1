"""States of a sandbox kept under a name, beside its records, for a way back."""

from __future__ import annotations

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.sandbox import Sandbox

COLLECTION = "_snapshots"
MAX_SNAPSHOTS = 20
"""So many snapshots does a sandbox keep."""


def take_snapshot(engine: Engine, id: str, name: str) -> None:
    """Keep the present state of a sandbox under a name; the same name again replaces it."""
    sandbox = engine.get_sandbox(id)
    with sandbox.transaction() as space:
        if space.count(COLLECTION) >= MAX_SNAPSHOTS and space.get(COLLECTION, name) is None:
            raise Refusal(f"a sandbox keeps at most {MAX_SNAPSHOTS} snapshots")
    now = sandbox.now()
    state = engine.export(id)
    with sandbox.transaction() as space:
        space.put(COLLECTION, {"id": name, "taken_at": now, "state": state})


def restore_from_snapshot(engine: Engine, id: str, name: str) -> Sandbox:
    """Put a sandbox back into the state kept under a name; Unknown names the nearest."""
    with engine.get_sandbox(id).transaction() as space:
        kept = space.get(COLLECTION, name)
        names = [record["id"] for _, record in space.scan(COLLECTION)]
    if kept is None:
        raise UnknownName("snapshot", name, names)
    return engine.restore(id, kept["state"])
