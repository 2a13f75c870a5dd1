"""Names of response models that are imported only for OpenAPI documents.

Building all models takes a twentieth of the start time.
"""

from __future__ import annotations

from mockserver.engine import LazyModel

PACKAGE = "mockserver.providers.kota"


def response_model(subject: str, name: str) -> LazyModel:
    """Returns the name of a model in the subject's ``responses.py``."""
    return LazyModel(f"{PACKAGE}.{subject}.responses", name)


def paged_response_model(item: LazyModel) -> LazyModel:
    """Returns the name of the model of a page, which is in the same module as its items' model."""
    return LazyModel(item.module, f"{item.name}PagedList")
