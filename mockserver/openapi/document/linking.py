"""One walk over a document: every reference is followed once and made absolute, what no rule allows is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.openapi.document.document_files import DocumentFiles
from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.document.keywords import find_invalid
from mockserver.openapi.document.upgrade import SCHEMA_KEYWORDS, SCHEMA_LIST_KEYWORDS, SCHEMA_MAP_KEYWORDS

_DATA_KEYWORDS = {"schema": ("example", "examples", "default", "enum", "const"), "any": ("example", "value")}
"""What holds data, in which a $ref is nothing but a name, by what it stands in."""
_NAMED_GROUPS = (
    "callbacks", "content", "encoding", "examples", "headers", "links", "parameters", "pathItems", "paths",
    "requestBodies", "responses", "securitySchemes",
)  # fmt: skip
"""Groups whose names are the document's own."""


@dataclass(slots=True)
class _Node:
    value: Any
    file: Path
    pointer: str
    kind: str
    """``schema``, ``schemas`` for a group of them, ``named`` for another group, or ``any``."""


@dataclass
class LinkedDocument:
    """A document whose references all lead somewhere."""

    files: DocumentFiles
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


def link(files: DocumentFiles) -> LinkedDocument:
    """Read a document and all it refers to; BadDocument names the reference that leads nowhere."""
    linked = LinkedDocument(files, files.load(files.main))
    waiting = [_Node(linked.root, files.main, "", "any")]
    seen: set[int] = set()
    while waiting:
        spot = waiting.pop()
        if id(spot.value) in seen:
            continue
        if isinstance(spot.value, dict):
            seen.add(id(spot.value))
            waiting += _follow_reference(linked, spot)
            waiting += _children(linked, spot)
        elif isinstance(spot.value, list):
            seen.add(id(spot.value))
            waiting += [
                _Node(each, spot.file, f"{spot.pointer}/{nth}", "schema" if spot.kind == "schemas" else "any")
                for nth, each in enumerate(spot.value)
            ]
    return linked


def _follow_reference(linked: LinkedDocument, spot: _Node) -> Iterator[_Node]:
    reference = spot.value.get("$ref")
    if not isinstance(reference, str) or spot.kind in ("schemas", "named"):
        return
    files = linked.files
    target, inner = place = files.resolve(reference, spot.file, f"{spot.pointer}/$ref")
    absolute = f"{files.name(target)}#{inner}"
    spot.value["$ref"] = absolute
    if absolute not in linked.targets:
        linked.targets[absolute] = files.value_at(place, spot.file, f"{spot.pointer}/$ref")
        if linked.targets[absolute] is spot.value:
            raise BadDocument(files.name(spot.file), spot.pointer, "$ref leads to itself")
        yield _Node(linked.targets[absolute], target, inner, spot.kind)


def _children(linked: LinkedDocument, spot: _Node) -> Iterator[_Node]:
    if spot.kind == "schema":
        for name, rule in find_invalid(spot.value):
            linked.notes.append(f"{linked.files.name(spot.file)}#{spot.pointer}/{name}: {rule}; it is ignored")
            del spot.value[name]
    for name, value in spot.value.items():
        kind = _child_kind(spot.kind, name)
        if kind is not None and isinstance(value, dict | list):
            step = name.replace("~", "~0").replace("/", "~1")
            yield _Node(value, spot.file, f"{spot.pointer}/{step}", kind)


def _child_kind(above: str, name: str) -> str | None:
    """What stands below a name; None where it is data."""
    if above in ("schemas", "named"):
        return "schema" if above == "schemas" else "any"
    if name in _DATA_KEYWORDS[above] or name.startswith("x-"):
        return None
    if above == "schema":
        return (
            "schema"
            if name in SCHEMA_KEYWORDS
            else "schemas"
            if name in (*SCHEMA_LIST_KEYWORDS, *SCHEMA_MAP_KEYWORDS)
            else "any"
        )
    return "named" if name in _NAMED_GROUPS else {"schema": "schema", "schemas": "schemas"}.get(name, "any")
