"""Names response models without importing them.

Only OpenAPI documents need the models, and building all of them takes a twentieth of the start time.
"""

from __future__ import annotations

from mockserver.engine import LazyModel

PACKAGE = "mockserver.providers.kota"


def response_model(subject: str, name: str) -> LazyModel:
    """Returns a reference to a model in the subject's ``responses.py``."""
    return LazyModel(f"{PACKAGE}.{subject}.responses", name)


def paged_response_model(item: LazyModel) -> LazyModel:
    """Returns a reference to the model of a page, which is in the module of the items' model."""
    return LazyModel(item.module, f"{item.name}PagedList")
