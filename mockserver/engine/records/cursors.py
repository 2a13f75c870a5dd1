"""Opaque cursors: base64 of JSON with a digest, so that damaged cursors and those of other sandboxes are refused."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from json import loads
from typing import Any

from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.randomness import Randomness
from mockserver.storage.base import Position


def encode_cursor(randomness: Randomness, owner: str, listing: Mapping[str, Any], position: Position) -> str:
    """Returns the cursor of the page after ``position``; ``listing`` is the list with its filters."""
    inner = {"PK": owner, "w": listing, "p": position}
    digest = randomness.digest("cursor", as_json(inner).decode()).hex()[:16]
    return urlsafe_b64encode(as_json({**inner, "c": digest})).decode().rstrip("=")


def decode_cursor(
    text: str, randomness: Randomness, owner: str, listing: Mapping[str, Any], *, ignore_filters: bool = False
) -> Position:
    """Returns the position of a cursor.

    Raises Problem ``invalid_cursor`` when the cursor is damaged, or when it belongs to another sandbox, another list or
    (unless ``ignore_filters``) other filters.
    """
    try:
        document = loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        digest, encoded, position = document.pop("c"), document["w"], document["p"]
        expected = randomness.digest("cursor", as_json(document).decode()).hex()[:16]
    except (Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Problem("invalid_cursor", "The cursor is not one of ours") from None
    if digest != expected or document["PK"] != owner or _encode(document, digest) != text.encode():
        raise Problem("invalid_cursor", "The cursor is damaged or belongs to someone else")
    if encoded["list"] != listing["list"] or (encoded != listing and not ignore_filters):
        raise Problem("invalid_cursor", "The cursor belongs to a list with other filters")
    decoded: Position = _to_tuples(position)
    return decoded


def _encode(document: dict[str, Any], digest: str) -> bytes:
    return urlsafe_b64encode(as_json({**document, "c": digest})).rstrip(b"=")


def _to_tuples(value: Any) -> Any:
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
