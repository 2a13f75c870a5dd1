"""Validates and prices coverage selections: the options of a plan that are selected for a scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mockserver.engine import Record

Error = tuple[str, str]
"""The path of a field, and a message."""


def configurations_of_scope(plan: Record, scope: str) -> list[Record]:
    """Returns the plan's coverage configurations for a scope: group_policy, policy or member."""
    return [each for each in plan["coverage_options"] or () if each["scope"] == scope]


def render_configurations(plan: Record, scope: str) -> list[Record] | None:
    """Returns the plan's coverage configurations for a scope as responses have them: None instead of an empty list."""
    return configurations_of_scope(plan, scope) or None


def is_required(plan: Record, scope: str) -> bool:
    """Returns whether the plan requires a selection for the scope."""
    return any(each["required"] for each in configurations_of_scope(plan, scope))


def dump_selections(selections: Sequence[Any] | None) -> list[dict[str, Any]] | None:
    """Converts the selections in a request body to JSON values."""
    return None if selections is None else [each.model_dump(mode="json") for each in selections]


def selection_errors(plan: Record, scope: str, selections: Sequence[Record], path: str) -> Iterator[Error]:
    """Yields an error for each invalid selection; ``path`` is the field of the body that has the selections."""
    known = {each["id"]: each for each in configurations_of_scope(plan, scope)}
    yield from _duplicate_errors([each["configuration_id"] for each in selections], path, "configuration_id")
    for nth, selection in enumerate(selections):
        configuration = known.get(selection["configuration_id"])
        if configuration is None:
            yield f"{path}[{nth}].configuration_id", f"the plan has no such configuration for a {scope}"
        else:
            yield from _configuration_errors(configuration, selection["options"], f"{path}[{nth}].options")
    selected = {each["configuration_id"] for each in selections}
    for id in known:
        if known[id]["required"] and id not in selected:
            yield path, f"something has to be selected of {id}"


def _configuration_errors(configuration: Record, options: Sequence[Record], path: str) -> Iterator[Error]:
    least, most = _bounds(configuration)
    if not least <= len(options) <= most:
        yield path, f"select {least}" + (f" to {most}" if most != least else "")
    yield from _option_errors(configuration["options"], options, path)


def _bounds(configuration: Record) -> tuple[int, int]:
    """Returns the smallest and the largest number of options that can be selected."""
    least = configuration["min_selections"] or 0
    most = configuration["max_selections"] or len(configuration["options"])
    return max(least, int(configuration["required"])), 1 if configuration["input_type"] == "single_select" else most


def _option_errors(known: Iterable[Record], chosen: Sequence[Record], path: str) -> Iterator[Error]:
    by_id = {each["id"]: each for each in known}
    yield from _duplicate_errors([each["option_id"] for each in chosen], path, "option_id")
    for nth, option in enumerate(chosen):
        known_option = by_id.get(option["option_id"])
        if known_option is None:
            yield f"{path}[{nth}].option_id", "not an option of this configuration"
        else:
            yield from _option_errors(
                known_option["sub_options"] or (), option["sub_options"] or (), f"{path}[{nth}].sub_options"
            )


def _duplicate_errors(ids: Sequence[str], path: str, field: str) -> Iterator[Error]:
    for id, times in Counter(ids).items():
        if times > 1:
            yield f"{path}[{len(ids) - 1 - ids[::-1].index(id)}].{field}", "selected twice"


def monthly_price(plan: Record, selections: Sequence[Record] | None) -> int:
    """Returns the amount in cents that the selections add to the monthly premium."""
    chosen = {each["configuration_id"]: each["options"] for each in selections or ()}
    return sum(_price(each["options"], chosen.get(each["id"], ())) for each in plan["coverage_options"] or ())


def _price(known: Iterable[Record], chosen: Sequence[Record]) -> int:
    by_id = {each["id"]: each for each in known}
    selected = [(by_id[each["option_id"]], each["sub_options"] or ()) for each in chosen if each["option_id"] in by_id]
    return sum(
        round((option["from_price"] or 0) * 100) + _price(option["sub_options"] or (), sub_options)
        for option, sub_options in selected
    )
