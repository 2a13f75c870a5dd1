"""Several engines in this process that share one Redis, like the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mockserver.engine import Provider
from mockserver.storage.redis.store import RedisStore
from tests.support.harness import Harness, make_harness


@contextmanager
def make_cluster(url: str, *providers: Provider, number: int = 2, **options: Any) -> Iterator[list[Harness]]:
    """Makes `number` harnesses with the same sandboxes, and closes their stores at the end of the block."""
    stores = [RedisStore(url) for _ in range(number)]
    try:
        yield [make_harness(*providers, store=store, **options) for store in stores]
    finally:
        for store in stores:
            store.close()
