"""A second sandbox that goes on from where another one stands."""

from __future__ import annotations

from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.sandbox import Sandbox

_NOT_COPIED = ("_keys", "_deliveries")
"""What the copy does not take over: a key opens one sandbox only, and a delivery is made once."""


def fork(engine: Engine, id: str, name: str | None = None, slug: str | None = None) -> Sandbox:
    """Make a sandbox with the data, clock, faults, scenarios and settings of another, and with keys of its own."""
    settings = engine.get_sandbox(id).settings.model_copy(update={"slug": slug})
    made = engine.create(engine.get_sandbox(id).provider.name, name, settings)
    try:
        state = engine.export(id)["collections"]
        own = engine.export(made.id)["collections"]
        state |= {place: own.get(place, []) for place in _NOT_COPIED}
        others = [record for record in state["_sandbox"] if record["id"] != "settings"]
        state["_sandbox"] = [*others, {"id": "settings", **settings.model_dump(mode="json")}]
        return engine.restore(made.id, {"provider": made.provider.name, "collections": state})
    except BaseException:
        engine.delete(made.id)
        raise
