"""Copies a sandbox into a new one."""

from __future__ import annotations

from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.sandbox import Sandbox

_NOT_COPIED = ("_keys", "_deliveries")
"""Collections that are not copied, because a key selects only one sandbox and a delivery is sent only once."""


def fork(engine: Engine, id: str, name: str | None = None, slug: str | None = None) -> Sandbox:
    """Creates a sandbox with the data, clock, faults, scenarios and settings of sandbox ``id``, and with new keys.

    Raises UnknownName, Refusal and Conflict as ``Engine.create`` does; on an error the new sandbox is deleted.
    """
    settings = engine.get_sandbox(id).settings.model_copy(update={"slug": slug})
    copy = engine.create(engine.get_sandbox(id).provider.name, name, settings)
    try:
        state = engine.export(id)["collections"]
        new_state = engine.export(copy.id)["collections"]
        state |= {collection: new_state.get(collection, []) for collection in _NOT_COPIED}
        others = [record for record in state["_sandbox"] if record["id"] != "settings"]
        state["_sandbox"] = [*others, {"id": "settings", **settings.model_dump(mode="json")}]
        return engine.restore(copy.id, {"provider": copy.provider.name, "collections": state})
    except BaseException:
        engine.delete(copy.id)
        raise
