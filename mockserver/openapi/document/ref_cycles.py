"""Schemas that stand in their own place: they say nothing, and would be followed for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.openapi.document.linking import LinkedDocument

_COMBINATORS = ("allOf", "oneOf", "anyOf")


def break_ref_cycles(linked: LinkedDocument) -> None:
    """Cut every reference that leads back to where it stands without a step into a value."""
    done: set[str] = set()
    for reference in linked.targets:
        if reference not in done:
            _descend(linked, reference, done)


def _descend(linked: LinkedDocument, start: str, done: set[str]) -> None:
    path, inside = [(start, _references_in_place(linked.targets[start]))], {start}
    while path:
        reference, leads = path[-1]
        holder = next(leads, None)
        if holder is None:
            done.add(reference)
            inside.discard(reference)
            path.pop()
            continue
        target = holder["$ref"]
        if target in inside:
            linked.notes.append(f"{reference}: leads back to {target} in its own place; it says nothing there")
            del holder["$ref"]
        elif target not in done:
            inside.add(target)
            path.append((target, _references_in_place(linked.targets[target])))


def _references_in_place(schema: Any) -> Iterator[dict[str, Any]]:
    """The objects with a reference that stand in the schema's own place."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                yield each
            waiting += [inner for name in _COMBINATORS if isinstance(each.get(name), list) for inner in each[name]]
