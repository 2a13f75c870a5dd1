"""Builds the state of new sandboxes: seed data, first keys and settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mockserver.engine.core.clock import format_instant
from mockserver.engine.core.keys import Key
from mockserver.engine.core.provider import Progress, Provider
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.sandbox.settings import Settings
from mockserver.storage.base import State

DATASET_SEED = "1"
"""The seed of the data sets that are shipped as files."""
MAX_TEMPLATES = 8
"""Sets of seed data in the cache; beyond it the oldest is removed."""


class _CacheKey(NamedTuple):
    provider: Provider
    seed: str
    size: str
    day: str = ""
    """The day to which the dates of the records are shifted; empty if they are not shifted."""


class Templates:
    """Builds the initial state of sandboxes, and caches their seed data by provider, seed and size.

    Records are never changed in place, so several engines can share them.
    """

    def __init__(self, datasets: Mapping[tuple[str, str], State]) -> None:
        self._datasets = datasets
        self._cache: OrderedDict[_CacheKey, State] = OrderedDict()

    def build_state(self, provider: Provider, id: str, settings: Settings, now: int, progress: Progress) -> State:
        """Returns the state of a new sandbox ``id``, with the dates of its seed data shifted to ``now``."""
        randomness, modes = Randomness(settings.seed), provider.keys.initial_modes
        name = provider.key_name(id, settings.slug)
        keys = [
            Key(f"key_{nth}", provider.keys.mint(randomness, name, nth, mode), 0, 0, mode, provider.keys.scopes)
            for nth, mode in enumerate(modes, 1)
        ]
        records = self._records(provider, settings, now, progress)
        return {
            **records,
            "_sandbox": [
                {"id": "identity", "provider": provider.name, "began": now},
                {"id": "settings", **settings.model_dump(mode="json")},
            ],
            "_keys": [key.to_record() for key in keys],
            "_counters": [*records.get("_counters", ()), {"id": "keys", "value": len(modes)}],
        }

    def _records(self, provider: Provider, settings: Settings, now: int, progress: Progress) -> State:
        key = _CacheKey(provider, settings.seed, settings.size)
        generated = self._cached(key, lambda: self._generate(provider, settings, progress))
        age = provider.age_seed_data
        if age is None:
            return generated
        return self._cached(key._replace(day=format_instant(now)[:10]), lambda: age(generated, now))

    def _cached(self, key: _CacheKey, create: Callable[[], State]) -> State:
        if key not in self._cache:
            self._cache[key] = create()
            while len(self._cache) > MAX_TEMPLATES:
                self._cache.popitem(last=False)
        return self._cache[key]

    def _generate(self, provider: Provider, settings: Settings, progress: Progress) -> State:
        if settings.seed == DATASET_SEED and (provider.name, settings.size) in self._datasets:
            return self._datasets[provider.name, settings.size]
        return provider.generate(Randomness(settings.seed), settings.size, progress)
