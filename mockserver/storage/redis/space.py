"""One sandbox's records inside a transaction, where claims are seen by all processes."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.storage.base import Collection
from mockserver.storage.tinydb.database import OpenSandbox
from mockserver.storage.tinydb.space import TinySpace

CLAIMS = Collection("_claims", volatile=True)


class SharedSpace(TinySpace):
    """The Space whose claims are records: they name their owner, and die with it."""

    __slots__ = ("_is_alive", "_sandbox", "_worker")

    def __init__(self, opened: OpenSandbox, worker: str, is_alive: Callable[[str], bool]) -> None:
        super().__init__(opened.tables, opened.claims)
        self._sandbox, self._worker, self._is_alive = opened, worker, is_alive

    def claim(self, name: str) -> bool:
        """Mark a name as in this process's hands; False when it is in those of one that lives."""
        if self.is_claimed(name):
            return False
        self.put(CLAIMS.name, {"id": name, "owner": self._worker})
        self._set_claim(name, True)
        return True

    @property
    def changed_claims(self) -> set[str]:
        """The names that were claimed or released here."""
        return {name for name, _ in self._claim_undo}

    def is_claimed(self, name: str) -> bool:
        """Whether a name is in the hands of a process that lives, and knows of it."""
        record = self.get(CLAIMS.name, name)
        if record is None:
            return False
        return name in self._claims if record["owner"] == self._worker else self._is_alive(record["owner"])

    def release(self, name: str) -> None:
        """Let go of a claim; one that nobody holds is no error."""
        super().release(name)
        self.drop(CLAIMS.name, name)
