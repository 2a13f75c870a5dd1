"""States of a sandbox kept under a name, beside its records, for a way back."""

from __future__ import annotations

from mockserver.engine.core.problem import Refusal, Unknown
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.sandbox import Sandbox

KEPT = "_snapshots"
BOUND = 20
"""So many snapshots does a sandbox keep."""


def take_snapshot(engine: Engine, id: str, name: str) -> None:
    """Keep the present state of a sandbox under a name; the same name again replaces it."""
    sandbox = engine.sandbox(id)
    with sandbox.transaction() as space:
        if space.count(KEPT) >= BOUND and space.get(KEPT, name) is None:
            raise Refusal(f"a sandbox keeps at most {BOUND} snapshots")
    now = sandbox.now()
    state = engine.export(id)
    with sandbox.transaction() as space:
        space.put(KEPT, {"id": name, "taken_at": now, "state": state})


def return_to_snapshot(engine: Engine, id: str, name: str) -> Sandbox:
    """Put a sandbox back into the state kept under a name; Unknown names the nearest."""
    with engine.sandbox(id).transaction() as space:
        kept = space.get(KEPT, name)
        names = [record["id"] for _, record in space.scan(KEPT)]
    if kept is None:
        raise Unknown("snapshot", name, names)
    return engine.restore(id, kept["state"])
