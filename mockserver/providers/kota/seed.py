"""The platform a new sandbox begins with."""

from __future__ import annotations

from mockserver.engine import Progress, Randomness, State
from mockserver.providers.kota import catalog_records


def generate(randomness: Randomness, size: str, progress: Progress) -> State:  # noqa: ARG001
    """The records of a new sandbox of that size."""
    return {**catalog_records.records(randomness)}
