"""Checks the ids, settings and imported states that operators send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.core.provider import SIZES, Provider
from mockserver.engine.sandbox.settings import Settings
from mockserver.nearest import nearest
from mockserver.storage.base import State
from mockserver.storage.tinydb import space

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def check_id(id: str) -> None:
    """Raises Refusal unless ``id`` has 1 to 63 lower-case letters, digits and hyphens, with no hyphen first."""
    if not _ID.fullmatch(id):
        raise Refusal(f"{id!r} is not a sandbox id: use up to 63 lower-case letters, digits and hyphens")


def check_settings(provider: Provider, settings: Settings) -> None:
    """Raises UnknownName for an unknown size or assumption, Refusal for an invalid value of an assumption."""
    if settings.size not in SIZES:
        raise UnknownName("size", settings.size, SIZES)
    known = list(provider.assumptions.model_fields)
    for name in settings.assumptions:
        if name not in known:
            raise UnknownName("assumption", name, known)
    try:
        provider.build_assumptions(settings.assumptions)
    except ValidationError as error:
        detail = error.errors()[0]
        raise Refusal(f"assumptions.{detail['loc'][0]}: {detail['msg'].removeprefix('Value error, ')}") from None


def validate_state(collections: Any, known: Sequence[str]) -> State:
    """Returns the collections of an imported state; raises Refusal if one is unknown or malformed."""
    if not isinstance(collections, dict):
        raise Refusal("a state must have its records by collection under 'collections'")
    for name, records in collections.items():
        if name not in known:
            raise Refusal(f"there is no collection {name!r}{nearest(name, known)}")
        if not isinstance(records, list) or not all(
            isinstance(each, dict) and isinstance(each.get("id"), str) for each in records
        ):
            raise Refusal(f"collections.{name} is not a list of records, each with a string id")
    if sum(len(records) for name, records in collections.items() if not name.startswith("_")) > space.MAX_RECORDS:
        raise Refusal(f"the state has too many records: a sandbox has at most {space.MAX_RECORDS}")
    return dict(collections)
