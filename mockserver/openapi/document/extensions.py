"""What a document may say beyond OpenAPI, as ``x-testmode-...``: where each stands, and what it may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from mockserver.engine import Limits, Refusal, nearest, parse_duration
from mockserver.engine import error_path as path_of

EXTENSION_PREFIX = "x-testmode-"
Extensions = Mapping[str, Any]
"""By name, without the prefix; where a path and an operation both say one, the operation counts."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One name, where it may stand, what it may hold, and what it is for."""

    name: str
    levels: tuple[str, ...]
    expected: str
    check: Callable[[Any], bool]
    sentence: str


ROLES = ("list", "create", "retrieve", "replace", "merge", "delete", "act", "none")
PAGING = ("page", "offset", "cursor", "none")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and len(value) <= 60


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_idempotency(value: Any) -> bool:
    known = {"header": _is_text, "lifetime": _is_duration, "methods": _are_names}
    return value is False or (isinstance(value, dict) and all(n in known and known[n](v) for n, v in value.items()))


def _is_duration(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_duration(value) > 0
    except ValueError:
        return False


def _are_limits(value: Any) -> bool:
    try:
        Limits.model_validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise Refusal(f"{path_of(detail)}: {detail['msg']}") from None
    return True


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000


EXTENSIONS = (
    Extension("name", ("document",), "a word", _is_name, "The provider's name: its path and its first sandbox."),
    Extension(
        "limits", ("document",), "rate, burst, quota, period, retry_after", _are_limits, "How often clients may call."
    ),
    Extension(
        "idempotency",
        ("document", "operation"),
        "header, lifetime, methods; false",
        _is_idempotency,
        "The header that makes a repeated request safe, where no header parameter tells of it; false: none here.",
    ),
    Extension("resource", ("path", "operation"), "a word", _is_name, "The resource it belongs to."),
    Extension(
        "role",
        ("operation",),
        "list, create, retrieve, replace, merge, delete, act, none",
        lambda value: value in ROLES,
        "What the operation does to its resource; none: its answers are generated.",
    ),
    Extension("id", ("path", "operation", "schema"), "a property", _is_text, "The property that holds the id."),
    Extension("id-prefix", ("schema",), "text", _is_text, "What ids begin with."),
    Extension("unique", ("schema",), "a list of properties", _are_names, "What no two records may share."),
    Extension("refers-to", ("schema",), "a resource", _is_name, "The resource whose ids the property holds."),
    Extension("paging", ("path", "operation"), ", ".join(PAGING), lambda v: v in PAGING, "How the list is paged."),
    Extension("seed", ("document", "path"), "0 to 1000", _is_count, "Records a small sandbox begins with."),
)
_BY_NAME = {each.name: each for each in EXTENSIONS}


def read_extensions(value: Mapping[str, Any], place: str) -> Extensions:
    """The extensions that stand at a place; Refusal names the one that may not, or not so."""
    found: dict[str, Any] = {}
    for key, held in value.items():
        if key.startswith(EXTENSION_PREFIX):
            found[key.removeprefix(EXTENSION_PREFIX)] = _check_value(key, held, place)
    return found


def _check_value(key: str, held: Any, place: str) -> Any:
    name = key.removeprefix(EXTENSION_PREFIX)
    here = [each.name for each in EXTENSIONS if place in each.levels]
    if name not in here:
        known = [EXTENSION_PREFIX + each for each in here]
        raise Refusal(f"there is no {key} at {place} level{nearest(key, known)}")
    extension = _BY_NAME[name]
    if not extension.check(held):
        raise Refusal(f"{key} holds {extension.expected}, not {held!r}")
    return held
