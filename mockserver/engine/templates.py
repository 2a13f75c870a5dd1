"""What a new sandbox holds: its seeded records, its first keys, its settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from mockserver.engine.keys import Key
from mockserver.engine.provider import Progress, Provider
from mockserver.engine.randomness import Randomness
from mockserver.engine.sandbox import Settings
from mockserver.storage.base import State

WRITTEN_SEED = "1"
"""The seed of the data sets that are kept as files."""
_MOST = 8


class Templates:
    """Seeded records by (provider, seed, size): read from a written data set, or generated; either only once."""

    def __init__(self, datasets: Mapping[tuple[str, str], State]) -> None:
        self._datasets = datasets
        self._remembered: OrderedDict[tuple[str, str, str], State] = OrderedDict()

    def fresh(self, provider: Provider, id: str, settings: Settings, progress: Progress) -> State:
        """The whole state a sandbox of that id begins with."""
        randomness, modes = Randomness(settings.seed), provider.keys.initial
        name = provider.key_name(id, settings.slug)
        keys = [
            Key(f"key_{nth}", provider.keys.mint(randomness, name, nth, mode), 0, 0, mode, provider.keys.scopes)
            for nth, mode in enumerate(modes, 1)
        ]
        return {
            **self._records(provider, settings, progress),
            "_sandbox": [
                {"id": "identity", "provider": provider.name},
                {"id": "settings", **settings.model_dump(mode="json")},
            ],
            "_keys": [key.record() for key in keys],
            "_counters": [{"id": "keys", "value": len(modes)}],
        }

    def _records(self, provider: Provider, settings: Settings, progress: Progress) -> State:
        name = (provider.name, settings.seed, settings.size)
        if name not in self._remembered:
            self._remembered[name] = self._made(provider, settings, progress)
            while len(self._remembered) > _MOST:
                self._remembered.popitem(last=False)
        return self._remembered[name]

    def _made(self, provider: Provider, settings: Settings, progress: Progress) -> State:
        if settings.seed == WRITTEN_SEED and (provider.name, settings.size) in self._datasets:
            return self._datasets[provider.name, settings.size]
        return provider.generate(Randomness(settings.seed), settings.size, progress)
