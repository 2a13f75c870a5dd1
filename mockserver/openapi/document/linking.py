"""Walks through a document once: makes its references absolute, finds their targets, removes invalid keywords."""

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
"""For each kind of object, the keywords whose value is example data. A ``$ref`` in such a value is not a reference."""
_NAMED_GROUPS = (
    "callbacks", "content", "encoding", "examples", "headers", "links", "parameters", "pathItems", "paths",
    "requestBodies", "responses", "securitySchemes",
)  # fmt: skip
"""Members whose value maps names that the document chooses to objects."""


@dataclass(slots=True)
class _Node:
    value: Any
    file: Path
    pointer: str
    kind: str
    """``schema``; ``schemas`` for a list or map of schemas; ``named`` for a map of other objects; else ``any``."""


@dataclass
class LinkedDocument:
    """A document whose references are all absolute and resolved."""

    files: DocumentFiles
    root: Any
    targets: dict[str, Any] = field(default_factory=dict)
    """The target of each reference, by its absolute form ``file#pointer``."""
    notes: list[str] = field(default_factory=list)
    """A sentence for each part of the document that was removed, with the reason."""

    def resolve(self, value: Any) -> Any:
        """Follows the references of a value, at most 100, and returns the target."""
        steps = 0
        while isinstance(value, dict) and isinstance(value.get("$ref"), str) and steps < 100:
            value, steps = self.targets[value["$ref"]], steps + 1
        return value


def link(files: DocumentFiles) -> LinkedDocument:
    """Reads a document and all files it refers to; raises BadDocument for a reference without target."""
    linked = LinkedDocument(files, files.load(files.main))
    waiting = [_Node(linked.root, files.main, "", "any")]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node.value) in seen:
            continue
        if isinstance(node.value, dict):
            seen.add(id(node.value))
            waiting += _follow_reference(linked, node)
            waiting += _children(linked, node)
        elif isinstance(node.value, list):
            seen.add(id(node.value))
            waiting += [
                _Node(each, node.file, f"{node.pointer}/{nth}", "schema" if node.kind == "schemas" else "any")
                for nth, each in enumerate(node.value)
            ]
    return linked


def _follow_reference(linked: LinkedDocument, node: _Node) -> Iterator[_Node]:
    reference = node.value.get("$ref")
    # In a map, $ref is a name that the document has chosen.
    if not isinstance(reference, str) or node.kind in ("schemas", "named"):
        return
    files = linked.files
    location = files.resolve(reference, node.file, f"{node.pointer}/$ref")
    target, inner = location
    absolute = f"{files.name(target)}#{inner}"
    node.value["$ref"] = absolute
    if absolute not in linked.targets:
        linked.targets[absolute] = files.value_at(location, node.file, f"{node.pointer}/$ref")
        if linked.targets[absolute] is node.value:
            raise BadDocument(files.name(node.file), node.pointer, "$ref points to itself")
        yield _Node(linked.targets[absolute], target, inner, node.kind)


def _children(linked: LinkedDocument, node: _Node) -> Iterator[_Node]:
    if node.kind == "schema":
        for name, rule in find_invalid(node.value):
            linked.notes.append(f"{linked.files.name(node.file)}#{node.pointer}/{name}: {rule}; it is ignored")
            del node.value[name]
    for name, value in node.value.items():
        kind = _child_kind(node.kind, name)
        if kind is not None and isinstance(value, dict | list):
            step = name.replace("~", "~0").replace("/", "~1")
            yield _Node(value, node.file, f"{node.pointer}/{step}", kind)


def _child_kind(parent_kind: str, name: str) -> str | None:
    """Returns the kind of the node at a member; None if the member is data, which has no references."""
    if parent_kind in ("schemas", "named"):
        return "schema" if parent_kind == "schemas" else "any"
    if name in _DATA_KEYWORDS[parent_kind] or name.startswith("x-"):
        return None
    if parent_kind == "schema":
        return (
            "schema"
            if name in SCHEMA_KEYWORDS
            else "schemas"
            if name in (*SCHEMA_LIST_KEYWORDS, *SCHEMA_MAP_KEYWORDS)
            else "any"
        )
    # ``schema`` holds one schema, ``components.schemas`` a map of schemas.
    return "named" if name in _NAMED_GROUPS else {"schema": "schema", "schemas": "schemas"}.get(name, "any")
