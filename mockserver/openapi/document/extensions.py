"""Declares and reads the ``x-testmode-...`` extensions of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from mockserver.engine import Limits, Refusal, error_path, nearest, parse_duration

EXTENSION_PREFIX = "x-testmode-"
Extensions = Mapping[str, Any]
"""Values by name without the prefix; an extension of an operation overrides that of its path."""


@dataclass(frozen=True, slots=True)
class Extension:
    """The declaration of one extension."""

    name: str
    levels: tuple[str, ...]
    """The objects in which it is allowed: document, path, operation, schema."""
    expected: str
    """Its allowed values, for messages and documentation."""
    check: Callable[[Any], bool]
    """Returns whether a value is allowed; can raise Refusal with a more exact message."""
    sentence: str
    """Its meaning, for the documentation."""


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
    return value is False or (
        isinstance(value, dict) and all(name in known and known[name](option) for name, option in value.items())
    )


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
        raise Refusal(f"{error_path(detail)}: {detail['msg']}") from None
    return True


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000


EXTENSIONS = (
    Extension(
        "name",
        ("document",),
        "a word",
        _is_name,
        "The provider's name, also in its path and as the id of its first sandbox.",
    ),
    Extension(
        "limits",
        ("document",),
        "rate, burst, quota, period, retry_after",
        _are_limits,
        "The rate limit and quota of clients.",
    ),
    Extension(
        "idempotency",
        ("document", "operation"),
        "header, lifetime, methods; false",
        _is_idempotency,
        "The header with the idempotency key, if no header parameter declares it; false: none for this operation.",
    ),
    Extension("resource", ("path", "operation"), "a word", _is_name, "The resource of the operation."),
    Extension(
        "role",
        ("operation",),
        "list, create, retrieve, replace, merge, delete, act, none",
        lambda value: value in ROLES,
        "What the operation does to its resource; none: its responses are generated.",
    ),
    Extension("id", ("path", "operation", "schema"), "a property", _is_text, "The property with the id."),
    Extension("id-prefix", ("schema",), "text", _is_text, "The prefix of new ids."),
    Extension("unique", ("schema",), "a list of properties", _are_names, "Properties whose values are unique."),
    Extension("refers-to", ("schema",), "a resource", _is_name, "The resource whose id the property contains."),
    Extension("paging", ("path", "operation"), ", ".join(PAGING), lambda v: v in PAGING, "How the list is paged."),
    Extension(
        "seed",
        ("document", "path"),
        "0 to 1000",
        _is_count,
        "Number of seed records in a small sandbox; for a child resource, per parent record.",
    ),
)
_BY_NAME = {each.name: each for each in EXTENSIONS}


def read_extensions(members: Mapping[str, Any], level: str) -> Extensions:
    """Returns the extensions among the members of an object; raises Refusal for an unknown one or an invalid value."""
    extensions: dict[str, Any] = {}
    for key, value in members.items():
        if key.startswith(EXTENSION_PREFIX):
            extensions[key.removeprefix(EXTENSION_PREFIX)] = _check_value(key, value, level)
    return extensions


def _check_value(key: str, value: Any, level: str) -> Any:
    name = key.removeprefix(EXTENSION_PREFIX)
    allowed = [each.name for each in EXTENSIONS if level in each.levels]
    if name not in allowed:
        known = [EXTENSION_PREFIX + each for each in allowed]
        raise Refusal(f"there is no {key} at {level} level{nearest(key, known)}")
    extension = _BY_NAME[name]
    if not extension.check(value):
        raise Refusal(f"{key} must be {extension.expected}, not {value!r}")
    return value
