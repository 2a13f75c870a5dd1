"""The journal of one sandbox as a bounded list in Redis, to which all processes append."""

from __future__ import annotations

from mockserver.storage.redis.client import RedisClient
from mockserver.storage.redis.scripts import APPEND_ENTRY, CLEAR_ENTRIES


class RedisJournalLog:
    """The SharedJournalLog in Redis; each write deletes the oldest entries beyond the bounds and counts them."""

    def __init__(self, redis: RedisClient, sandbox: str) -> None:
        self._redis = redis
        self._keys = [redis.key(f"{{{sandbox}}}", part) for part in ("journal", "figures")]

    def write(self, entry: bytes, cost: int, counter: str, max_entries: int, max_bytes: int) -> None:
        # The equals sign separates the caller's counters from those of the script, such as "dropped".
        self._redis.run_script(APPEND_ENTRY, self._keys, entry, cost, max_entries, max_bytes, f"={counter}")

    def read(self) -> list[bytes]:
        entries = self._redis.execute(lambda client: client.lrange(self._keys[0], 0, -1))
        return [entry.partition(b" ")[2] for entry in entries]  # The script stores the cost before each entry.

    def counts(self) -> tuple[int, dict[str, int]]:
        figures = self._redis.execute(lambda client: client.hgetall(self._keys[1]))
        counters = {name[1:].decode(): int(number) for name, number in figures.items() if name.startswith(b"=")}
        return int(figures.get(b"dropped", 0)), counters

    def clear(self) -> None:
        self._redis.run_script(CLEAR_ENTRIES, self._keys)
