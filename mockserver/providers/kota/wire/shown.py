"""What answers show, by name: making the models is a twentieth of a start, and only the documents ask for them."""

from __future__ import annotations

from mockserver.engine import Later

MODELS = "mockserver.providers.kota.answer_models"


def shown(name: str) -> Later:
    """The model of that name."""
    return Later(MODELS, name)


def paged(item: Later) -> Later:
    """The model of a page of such items."""
    return Later(item.module, item.name, "paged")
