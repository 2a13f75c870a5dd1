"""What operators hand in for a sandbox, refused where it cannot be: settings, and whole states."""

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
    """Refuse what no sandbox can be called."""
    if not _ID.fullmatch(id):
        raise Refusal(f"{id!r} is not a sandbox id: use up to 63 lower-case letters, digits and hyphens")


def check_settings(provider: Provider, settings: Settings) -> None:
    """Refuse settings that are not a provider's; an unknown one is named with the nearest."""
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


def checked_state(collections: Any, known: Sequence[str]) -> State:
    """The collections of a state; Refusal where they are none, or where one is unknown."""
    if not isinstance(collections, dict):
        raise Refusal("a state has its records under 'collections'")
    for name, records in collections.items():
        if name not in known:
            raise Refusal(f"there is no collection {name!r}{nearest(name, known)}")
        if not isinstance(records, list) or not all(
            isinstance(r, dict) and isinstance(r.get("id"), str) for r in records
        ):
            raise Refusal(f"collections.{name} is not a list of records, each with a string id")
    if sum(len(records) for name, records in collections.items() if not name.startswith("_")) > space.MAX_RECORDS:
        raise Refusal(f"a sandbox has at most {space.MAX_RECORDS} records")
    return dict(collections)
