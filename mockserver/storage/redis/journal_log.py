"""A bounded list of entries that all processes write into: the journal of one sandbox."""

from __future__ import annotations

from mockserver.storage.redis.client import RedisClient
from mockserver.storage.redis.scripts import APPEND_ENTRY, CLEAR_ENTRIES


class RedisJournalLog:
    """The newest entries, bounded in number and in what they cost; what falls out is counted."""

    def __init__(self, redis: RedisClient, sandbox: str) -> None:
        self._redis = redis
        self._keys = [redis.key(f"{{{sandbox}}}", part) for part in ("journal", "figures")]

    def write(self, entry: bytes, cost: int, counter: str, max_entries: int, max_bytes: int) -> None:
        """Put an entry at the end, count what it is counted as, and forget the oldest beyond the bounds."""
        self._redis.run_script(APPEND_ENTRY, self._keys, entry, cost, max_entries, max_bytes, f"={counter}")

    def read(self) -> list[bytes]:
        """Every entry, oldest first."""
        found = self._redis.execute(lambda client: client.lrange(self._keys[0], 0, -1))
        return [entry.partition(b" ")[2] for entry in found]

    def counts(self) -> tuple[int, dict[str, int]]:
        """How many entries fell out, and how many were counted as what since the sandbox was made."""
        found = self._redis.execute(lambda client: client.hgetall(self._keys[1]))
        counted = {name[1:].decode(): int(number) for name, number in found.items() if name.startswith(b"=")}
        return int(found.get(b"dropped", 0)), counted

    def clear(self) -> None:
        """Forget every entry; what was counted stays."""
        self._redis.run_script(CLEAR_ENTRIES, self._keys)
