"""Defines the base classes of response models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model


class ResponseModel(BaseModel):
    """The base of all response models."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class PagedList(BaseModel):
    """The base of all models of a page of a list."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    items: list[Any]
    page: int
    page_size: int
    total_count: int
    has_next_page: bool | None = None
    has_previous_page: bool | None = None


def paged_list_model(item: type[ResponseModel]) -> type[PagedList]:
    """Creates the model of a page whose items have the model ``item``."""
    return create_model(f"{item.__name__}PagedList", __base__=PagedList, items=(list[item], ...))  # type: ignore[valid-type]
