"""The Space of a sandbox on Redis, with claims that all processes see."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.storage.base import Collection
from mockserver.storage.tinydb.database import OpenSandbox
from mockserver.storage.tinydb.space import TinySpace

CLAIMS = Collection("_claims", volatile=True)


class SharedSpace(TinySpace):
    """A Space whose claims are records that name their owner; the claim of a dead process is ignored."""

    __slots__ = ("_is_alive", "_sandbox", "_worker")

    def __init__(self, opened: OpenSandbox, worker: str, is_alive: Callable[[str], bool]) -> None:
        super().__init__(opened.tables, opened.claims)
        self._sandbox, self._worker, self._is_alive = opened, worker, is_alive

    def claim(self, name: str) -> bool:
        if self.is_claimed(name):
            return False
        self.put(CLAIMS.name, {"id": name, "owner": self._worker})
        self._set_claim(name, True)
        return True

    @property
    def changed_claims(self) -> set[str]:
        """The names that this transaction has claimed or released."""
        return {name for name, _ in self._claim_undo}

    def is_claimed(self, name: str) -> bool:
        record = self.get(CLAIMS.name, name)
        if record is None:
            return False
        # If this process could not delete the record of its own claim, the name is no longer in _claims.
        return name in self._claims if record["owner"] == self._worker else self._is_alive(record["owner"])

    def release(self, name: str) -> None:
        super().release(name)
        self.drop(CLAIMS.name, name)
