"""A bounded list of entries that all processes write into: the journal of one sandbox."""

from __future__ import annotations

from mockserver.storage.redis.link import Link
from mockserver.storage.redis.scripts import WIPE, WRITE_DOWN


class SharedTape:
    """The newest entries, bounded in number and in what they cost; what falls out is counted."""

    def __init__(self, link: Link, sandbox: str) -> None:
        self._link = link
        self._keys = [link.key(f"{{{sandbox}}}", part) for part in ("journal", "figures")]

    def write(self, entry: bytes, cost: int, counted: str, most: int, largest: int) -> None:
        """Put an entry at the end, count what it is counted as, and forget the oldest beyond the bounds."""
        self._link.run(WRITE_DOWN, self._keys, entry, cost, most, largest, f"={counted}")

    def read(self) -> list[bytes]:
        """Every entry, oldest first."""
        found = self._link.ask(lambda client: client.lrange(self._keys[0], 0, -1))
        return [entry.partition(b" ")[2] for entry in found]

    def figures(self) -> tuple[int, dict[str, int]]:
        """How many entries fell out, and how many were counted as what since the sandbox was made."""
        found = self._link.ask(lambda client: client.hgetall(self._keys[1]))
        counted = {name[1:].decode(): int(number) for name, number in found.items() if name.startswith(b"=")}
        return int(found.get(b"dropped", 0)), counted

    def wipe(self) -> None:
        """Forget every entry; what was counted stays."""
        self._link.run(WIPE, self._keys)
