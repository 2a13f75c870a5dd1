"""What a new sandbox holds: its seeded records, its first keys, its settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from mockserver.engine.core.clock import iso
from mockserver.engine.core.keys import Key
from mockserver.engine.core.provider import Progress, Provider
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.sandbox.settings import Settings
from mockserver.storage.base import State

WRITTEN_SEED = "1"
"""The seed of the data sets that are kept as files."""
MOST = 8
"""So many sets of seeded records are remembered."""
_Name = tuple[Provider, str, str, str]
"""Provider, seed, size and day; no day where the records are as they were generated."""


class Templates:
    """Seeded records by (provider, seed, size): read from a written data set, or generated; either only once.

    Records are values, so several engines may have the same ones.
    """

    def __init__(self, datasets: Mapping[tuple[str, str], State]) -> None:
        self._datasets = datasets
        self._remembered: OrderedDict[_Name, State] = OrderedDict()

    def fresh(self, provider: Provider, id: str, settings: Settings, now: int, progress: Progress) -> State:
        """The whole state a sandbox of that id begins with at an instant."""
        randomness, modes = Randomness(settings.seed), provider.keys.initial
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
            "_keys": [key.record() for key in keys],
            "_counters": [*records.get("_counters", ()), {"id": "keys", "value": len(modes)}],
        }

    def _records(self, provider: Provider, settings: Settings, now: int, progress: Progress) -> State:
        name = provider, settings.seed, settings.size
        generated = self._remember((*name, ""), lambda: self._made(provider, settings, progress))
        settle = provider.settle
        if settle is None:
            return generated
        return self._remember((*name, iso(now)[:10]), lambda: settle(generated, now))

    def _remember(self, name: _Name, make: Callable[[], State]) -> State:
        if name not in self._remembered:
            self._remembered[name] = make()
            while len(self._remembered) > MOST:
                self._remembered.popitem(last=False)
        return self._remembered[name]

    def _made(self, provider: Provider, settings: Settings, progress: Progress) -> State:
        if settings.seed == WRITTEN_SEED and (provider.name, settings.size) in self._datasets:
            return self._datasets[provider.name, settings.size]
        return provider.generate(Randomness(settings.seed), settings.size, progress)
