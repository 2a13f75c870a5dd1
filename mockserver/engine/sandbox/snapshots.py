"""Snapshots: named states of a sandbox that are stored with its records and can be restored."""

from __future__ import annotations

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.sandbox import Sandbox

COLLECTION = "_snapshots"
MAX_SNAPSHOTS = 20
"""Snapshots per sandbox; beyond it a snapshot is refused unless it replaces one."""


def take_snapshot(engine: Engine, id: str, name: str) -> None:
    """Stores the state under a name, replacing a snapshot of that name; raises Refusal beyond ``MAX_SNAPSHOTS``."""
    sandbox = engine.get_sandbox(id)
    with sandbox.transaction() as space:
        if space.count(COLLECTION) >= MAX_SNAPSHOTS and space.get(COLLECTION, name) is None:
            raise Refusal(f"a sandbox has at most {MAX_SNAPSHOTS} snapshots; use the name of one to replace it")
    now = sandbox.now()
    state = engine.export(id)
    with sandbox.transaction() as space:
        space.put(COLLECTION, {"id": name, "taken_at": now, "state": state})


def restore_from_snapshot(engine: Engine, id: str, name: str) -> Sandbox:
    """Restores the state stored under a name; raises UnknownName with the nearest name."""
    with engine.get_sandbox(id).transaction() as space:
        snapshot = space.get(COLLECTION, name)
        names = [record["id"] for _, record in space.scan(COLLECTION)]
    if snapshot is None:
        raise UnknownName("snapshot", name, names)
    return engine.restore(id, snapshot["state"])
