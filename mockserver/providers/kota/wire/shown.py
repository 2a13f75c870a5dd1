"""What answers show, by name: making the models is a twentieth of a start, and only the documents ask for them."""

from __future__ import annotations

from mockserver.engine import Later

ROOM = "mockserver.providers.kota"


def shown(subject: str, name: str) -> Later:
    """The model of that name in a subject's answers.py."""
    return Later(f"{ROOM}.{subject}.answers", name)


def paged(item: Later) -> Later:
    """The model of a page of such items, which stands beside theirs."""
    return Later(item.module, f"{item.name}PagedList")
