"""What answers show, by name: making the models is a twentieth of a start, and only the documents ask for them."""

from __future__ import annotations

from mockserver.engine import LazyModel

PACKAGE = "mockserver.providers.kota"


def response_model(subject: str, name: str) -> LazyModel:
    """The model of that name in a subject's answers.py."""
    return LazyModel(f"{PACKAGE}.{subject}.responses", name)


def paged_response_model(item: LazyModel) -> LazyModel:
    """The model of a page of such items, which stands beside theirs."""
    return LazyModel(item.module, f"{item.name}PagedList")
