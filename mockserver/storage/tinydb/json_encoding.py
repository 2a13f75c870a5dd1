"""Encodes JSON, with a cache for lists that are loaded repeatedly, such as the seed data that a reset loads."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from mockserver.storage.base import State

MAX_CACHE_BYTES = 32 * 1024 * 1024
"""Maximum number of encoded bytes in one cache; beyond it the least recently used lists are evicted."""
Records = list[dict[str, Any]]
_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_escaped = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))


def to_json(value: Any) -> bytes:
    """Encodes a value as compact JSON in UTF-8, keys in their order; raises ValueError or TypeError if it cannot."""
    try:
        return _plain.encode(value).encode()
    except UnicodeEncodeError:  # The value has an unpaired surrogate, which a client can send as \\ud800.
        return _escaped.encode(value).encode()


class EncodedListCache:
    """Caches encoded lists by identity, because stored lists are never changed; evicts the least recently used."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._cache: OrderedDict[int, tuple[Records, bytes]] = OrderedDict()
        self._lock = Lock()

    def encode_state(self, state: State) -> bytes:
        members = (b"%b:%b" % (to_json(name), self._encode_list(records)) for name, records in state.items())
        return b"{%b}" % b",".join(members)

    def _encode_list(self, records: Records) -> bytes:
        with self._lock:
            if id(records) in self._cache:
                self._cache.move_to_end(id(records))
            else:
                self._remember(records, to_json(records))
            data = self._cache[id(records)][1]
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._cache.popitem(last=False)[1][1])
            return data

    def _remember(self, records: Records, data: bytes) -> None:
        # The list is kept in the cache too, so that no other list can get the same id().
        self._cache[id(records)] = records, data
        self._bytes += len(data)
