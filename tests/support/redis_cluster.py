"""Several engines on one Redis: in this process, each as if it were another, and as real worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mockserver.engine import Provider
from mockserver.storage.redis.store import RedisStore
from tests.support.harness import Harness, make_harness


@contextmanager
def make_cluster(url: str, *providers: Provider, number: int = 2, **options: Any) -> Iterator[list[Harness]]:
    """So many worlds that serve the same sandboxes."""
    stores = [RedisStore(url) for _ in range(number)]
    try:
        yield [make_harness(*providers, store=store, **options) for store in stores]
    finally:
        for store in stores:
            store.close()
