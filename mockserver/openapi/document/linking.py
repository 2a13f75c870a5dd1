"""One walk over a document: every reference is followed once and made absolute, what no rule allows is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.document.files import Files
from mockserver.openapi.document.keywords import broken
from mockserver.openapi.document.modern import LISTS, MAPS, SCHEMAS

_DATA = {"schema": ("example", "examples", "default", "enum", "const"), "any": ("example", "value")}
"""What holds data, in which a $ref is nothing but a name, by what it stands in."""
_NAMED = (
    "callbacks", "content", "encoding", "examples", "headers", "links", "parameters", "pathItems", "paths",
    "requestBodies", "responses", "securitySchemes",
)  # fmt: skip
"""Groups whose names are the document's own."""


@dataclass(slots=True)
class _Spot:
    value: Any
    file: Path
    pointer: str
    kind: str
    """``schema``, ``schemas`` for a group of them, ``named`` for another group, or ``any``."""


@dataclass
class Linked:
    """A document whose references all lead somewhere."""

    files: Files
    root: Any
    targets: dict[str, Any] = field(default_factory=dict)
    """What each reference leads to, by the reference as it stands in the document now."""
    notes: list[str] = field(default_factory=list)
    """What was left out, and why."""

    def resolve(self, value: Any) -> Any:
        """The value itself, or what it refers to in the end."""
        seen = 0
        while isinstance(value, dict) and isinstance(value.get("$ref"), str) and seen < 100:
            value, seen = self.targets[value["$ref"]], seen + 1
        return value


def link(files: Files) -> Linked:
    """Read a document and all it refers to; BadDocument names the reference that leads nowhere."""
    linked = Linked(files, files.content(files.main))
    waiting = [_Spot(linked.root, files.main, "", "any")]
    seen: set[int] = set()
    while waiting:
        spot = waiting.pop()
        if id(spot.value) in seen:
            continue
        if isinstance(spot.value, dict):
            seen.add(id(spot.value))
            waiting += _follow(linked, spot)
            waiting += _below(linked, spot)
        elif isinstance(spot.value, list):
            seen.add(id(spot.value))
            waiting += [
                _Spot(each, spot.file, f"{spot.pointer}/{nth}", "schema" if spot.kind == "schemas" else "any")
                for nth, each in enumerate(spot.value)
            ]
    return linked


def _follow(linked: Linked, spot: _Spot) -> Iterator[_Spot]:
    reference = spot.value.get("$ref")
    if not isinstance(reference, str) or spot.kind in ("schemas", "named"):
        return
    files = linked.files
    target, inner = place = files.place(reference, spot.file, f"{spot.pointer}/$ref")
    absolute = f"{files.name(target)}#{inner}"
    spot.value["$ref"] = absolute
    if absolute not in linked.targets:
        linked.targets[absolute] = files.at(place, spot.file, f"{spot.pointer}/$ref")
        if linked.targets[absolute] is spot.value:
            raise BadDocument(files.name(spot.file), spot.pointer, "$ref leads to itself")
        yield _Spot(linked.targets[absolute], target, inner, spot.kind)


def _below(linked: Linked, spot: _Spot) -> Iterator[_Spot]:
    if spot.kind == "schema":
        for name, rule in broken(spot.value):
            linked.notes.append(f"{linked.files.name(spot.file)}#{spot.pointer}/{name}: {rule}; it is ignored")
            del spot.value[name]
    for name, value in spot.value.items():
        kind = _kind(spot.kind, name)
        if kind is not None and isinstance(value, dict | list):
            step = name.replace("~", "~0").replace("/", "~1")
            yield _Spot(value, spot.file, f"{spot.pointer}/{step}", kind)


def _kind(above: str, name: str) -> str | None:
    """What stands below a name; None where it is data."""
    if above in ("schemas", "named"):
        return "schema" if above == "schemas" else "any"
    if name in _DATA[above] or name.startswith("x-"):
        return None
    if above == "schema":
        return "schema" if name in SCHEMAS else "schemas" if name in (*LISTS, *MAPS) else "any"
    return "named" if name in _NAMED else {"schema": "schema", "schemas": "schemas"}.get(name, "any")
