"""A simulation, and the context in which it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from mockserver.engine.core.call import Call, SandboxView
from mockserver.engine.core.keys import Key
from mockserver.storage.base import Space


@dataclass(slots=True)
class SimulationContext:
    """The sandbox, the instant and the transaction in which a simulation runs."""

    sandbox: SandboxView
    now: int
    space: Space
    keys: list[Key] = field(default_factory=list)
    """The keys that the simulation created or revoked; they take effect after the commit."""

    def mint(self, **fields: Any) -> Key:
        """Creates a key; ``fields`` are the keyword arguments of ``KeyWriter.write_key``."""
        self.keys.append(self.sandbox.keyring.write_key(self.space, self.now, **fields))
        return self.keys[-1]

    def revoke(self, id: str) -> Key:
        """Revokes a key given by id or secret. Raises UnknownName."""
        self.keys.append(self.sandbox.keyring.write_revocation(self.space, self.now, id))
        return self.keys[-1]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Something that happens outside the API, such as a device that records a withdrawal."""

    name: str
    sentence: str
    parameters: type[BaseModel]
    run: Callable[[SimulationContext, Any], Mapping[str, Any]]
    """(context, parameters) -> the result, as JSON data."""
    is_public: bool = True
    """Whether operators can run it; the others run only by timer."""


WriteContext = Call | SimulationContext
"""The context in which records are changed: a call or a simulation. Both have ``sandbox``, ``now`` and ``space``."""
