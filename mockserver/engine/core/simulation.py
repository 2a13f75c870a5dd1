"""What happens off stage: a simulation, and what it has at hand."""

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
    """What a simulation has at hand: the sandbox, the instant, and the records of the running transaction."""

    sandbox: SandboxView
    now: int
    space: Space
    keys: list[Key] = field(default_factory=list)
    """Keys made or changed; they count once the transaction has been kept."""

    def mint(self, **wanted: Any) -> Key:
        """Make a key, as Keyring.mint does."""
        self.keys.append(self.sandbox.keyring.write_key(self.space, self.now, **wanted))
        return self.keys[-1]

    def revoke(self, id: str) -> Key:
        """Revoke a key by id or secret."""
        self.keys.append(self.sandbox.keyring.write_revocation(self.space, self.now, id))
        return self.keys[-1]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Something that happens off stage and has no API operation, such as a device recording a withdrawal."""

    name: str
    sentence: str
    parameters: type[BaseModel]
    run: Callable[[SimulationContext, Any], Mapping[str, Any]]
    """(moment, parameters) -> what happened, as plain data."""
    is_public: bool = True
    """Whether operators may ask for it; others only fall due, when an operation has scheduled them."""


WriteContext = Call | SimulationContext
"""Where records are changed: a client's call, or a moment off stage. Both have sandbox, now and space."""
