"""Removes reference cycles through allOf, oneOf and anyOf, because resolving them would not end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.openapi.document.linking import LinkedDocument

_COMBINATORS = ("allOf", "oneOf", "anyOf")


def break_ref_cycles(linked: LinkedDocument) -> None:
    """Deletes every reference that leads back to itself without a step into a property or item, and adds a note."""
    done: set[str] = set()
    for reference in linked.targets:
        if reference not in done:
            _descend(linked, reference, done)


def _descend(linked: LinkedDocument, start: str, done: set[str]) -> None:
    """Follows all references from ``start`` depth first; a reference to a target that is on the path is a cycle."""
    path, open_references = [(start, _references_in_place(linked.targets[start]))], {start}
    while path:
        reference, references = path[-1]
        holder = next(references, None)
        if holder is None:
            done.add(reference)
            open_references.discard(reference)
            path.pop()
            continue
        target = holder["$ref"]
        if target in open_references:
            linked.notes.append(
                f"{reference}: leads back to {target} without a step into a property or item; it is ignored"
            )
            del holder["$ref"]
        elif target not in done:
            open_references.add(target)
            path.append((target, _references_in_place(linked.targets[target])))


def _references_in_place(schema: Any) -> Iterator[dict[str, Any]]:
    """Yields the objects with a ``$ref`` that describe the same value as the schema."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                yield each
            waiting += [inner for name in _COMBINATORS if isinstance(each.get(name), list) for inner in each[name]]
