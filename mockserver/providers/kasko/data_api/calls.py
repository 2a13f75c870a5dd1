"""The operations of the Data API: they show datasets, and list their items and the distinct values of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.data_api.search import matches, read_conditions, read_orders, sort_rows
from mockserver.providers.kasko.products.catalog import has_catalogue
from mockserver.providers.kasko.wire.auth import is_public
from mockserver.providers.kasko.wire.dialect import bad_request, not_found, parse_json_parameter
from mockserver.providers.kasko.wire.models import ItemQuery, LanguageQuery, ValueQuery

DATASETS, ITEMS = "datasets", "dataset_items"
DEFAULT_LIMIT = 20
"""Records per page if the query has no limit."""


def _get_accessible_dataset(call: Call, id: str, noun: str = "Dataset") -> Record:
    """Returns the dataset. Raises Problem if it does not exist, or is locked and the key is not a secret one."""
    dataset = call.space.get(DATASETS, id)
    if dataset is None or not has_catalogue(call):
        raise not_found(noun)
    if dataset["locked"] and (call.key is None or is_public(call)):
        if assumptions_of(call).locked_dataset == "401":
            raise Problem("no_credentials", "The dataset is locked")
        raise not_found(noun)
    return dataset


def _show(call: Call) -> Reply:
    dataset = _get_accessible_dataset(call, call.args["id"])
    return call.sandbox.provider.dialect.render_record(
        call, {name: dataset[name] for name in ("id", "name", "languages")}
    )


def _show_item(call: Call) -> Reply:
    item = call.space.get(ITEMS, call.args["id"])
    if item is None:
        raise not_found("Dataset item")
    dataset = _get_accessible_dataset(call, item["dataset_id"], "Dataset item")
    values = item["values"][_get_language(call, dataset)]
    rendered = {"id": item["id"], "data": {name: values[name] for name in dataset["fields"]}}
    return call.sandbox.provider.dialect.render_record(call, rendered)


def _get_language(call: Call, dataset: Record) -> str:
    assert isinstance(call.query_parameters, LanguageQuery)
    if call.query_parameters.language not in dataset["languages"]:
        raise bad_request(f"language must be one of {', '.join(dataset['languages'])}.", field="language")
    return call.query_parameters.language


def _parse_fields(call: Call, dataset: Record) -> list[str]:
    """Returns the names in the parameter `fields`, without repetitions. Raises Problem."""
    assert isinstance(call.query_parameters, ItemQuery)
    names = parse_json_parameter("fields", call.query_parameters.fields)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_request("fields must be a JSON array of names.", field="fields")
    unknown = [name for name in names if name not in dataset["fields"]]
    if unknown and assumptions_of(call).unknown_dataset_field == "refused":
        raise bad_request(f"fields: there is no field {unknown[0][:50]}.", field="fields")
    return [name for name in dict.fromkeys(names) if name in dataset["fields"]]


def _select_rows(call: Call, dataset: Record) -> list[tuple[str, dict[str, Any]]]:
    """Returns the id and the values of each item that the query selects, in its order. Raises Problem."""
    parameters, language = call.query_parameters, _get_language(call, dataset)
    assert isinstance(parameters, ItemQuery)
    if parameters.limit is None and assumptions_of(call).limit_required:
        raise bad_request("limit: field required.", field="limit")
    conditions = read_conditions(parameters.query, dataset["fields"])
    orders = read_orders(parameters.sort, dataset["fields"])
    case_sensitive = assumptions_of(call).like_case == "exact"
    rows = [(item["id"], item["values"][language]) for item in call.space.find(ITEMS, "dataset_id", dataset["id"])]
    matching = [row for row in rows if matches(conditions, row[1], case_sensitive=case_sensitive)]
    return sort_rows(matching, orders, lambda row: row[1])


def _list_items(call: Call) -> Reply:
    dataset = _get_accessible_dataset(call, call.args["id"])
    fields, rows = _parse_fields(call, dataset), _select_rows(call, dataset)
    parameters = call.query_parameters
    assert isinstance(parameters, ItemQuery)
    positions = {id: position for position, (id, _) in enumerate(rows)}
    rendered = [{"id": id, "value": {name: values[name] for name in fields}} for id, values in rows]
    after = _find_position(positions, parameters.starting_after, "starting_after")
    before = _find_position(positions, parameters.ending_before, "ending_before")
    return _render_page(call, rendered, after, before, lambda position: rows[position][0])


def _find_position(positions: dict[str, int], id: str | None, name: str) -> int | None:
    """Returns the position of the item that a cursor names, or None without a cursor. Raises Problem."""
    if id is None:
        return None
    if id not in positions:
        raise bad_request(f"The cursor {id[:50]} is no item of this list.", field=name)
    return positions[id]


def _list_values(call: Call) -> Reply:
    dataset = _get_accessible_dataset(call, call.args["id"])
    fields, rows = _parse_fields(call, dataset), _select_rows(call, dataset)
    parameters = call.query_parameters
    assert isinstance(parameters, ItemQuery)
    distinct = {repr(chosen): chosen for _, values in rows for chosen in [{name: values[name] for name in fields}]}
    after = _parse_ordinal(parameters.starting_after, "starting_after")
    before = _parse_ordinal(parameters.ending_before, "ending_before")
    return _render_page(call, list(distinct.values()), after, before, lambda position: str(position + 1))


def _parse_ordinal(text: str | None, name: str) -> int | None:
    """Returns the position that a cursor names (one less than its number), or None without a cursor. Raises Problem."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise bad_request("A cursor of distinct values is a whole number.", field=name)
    return int(text) - 1


def _render_page(
    call: Call, rendered: Sequence[Any], after: int | None, before: int | None, cursor: Callable[[int], str]
) -> Reply:
    """Returns the page after position ``after`` or before position ``before``; Link has the previous and next page.

    ``cursor`` converts a position to the cursor that names it.
    """
    parameters = call.query_parameters
    assert isinstance(parameters, ItemQuery)
    limit = parameters.limit or DEFAULT_LIMIT
    if after is not None and before is not None:
        raise bad_request("starting_after and ending_before exclude each other.", field="ending_before")
    start, end = _page_bounds(len(rendered), limit, after, before)
    reply = call.sandbox.provider.dialect.render_list(call, rendered[start:end], None)
    links = []
    if 0 < start < len(rendered):
        links.append(_format_link(call, "ending_before", cursor(start), "prev"))
    if start < end < len(rendered):
        links.append(_format_link(call, "starting_after", cursor(end - 1), "next"))
    if links:
        reply.headers.append(("Link", ", ".join(links)))
    return reply


def _page_bounds(count: int, limit: int, after: int | None, before: int | None) -> tuple[int, int]:
    """Returns the position of the first record of the page, and of the first one behind the page."""
    if before is not None:
        end = min(count, max(before, 0))
        return max(0, end - limit), end
    start = 0 if after is None else max(after, 0) + 1
    return start, min(count, start + limit)


def _format_link(call: Call, name: str, cursor: str, rel: str) -> str:
    # The link contains neither the key nor the cursor of this request.
    others = [pair for pair in call.query if pair[0] not in ("starting_after", "ending_before", "key")]
    query = urlencode([*others, (name, cursor)], errors="replace")
    return f'<{call.origin}{call.path}?{query}>; rel="{rel}"'


_LIST_REFUSALS = (400, 401, 404, 405)
OPERATIONS = (
    Operation("get_dataset", "GET", "/datasets/{id}", _show, "Show a dataset", refusals=(401, 404, 405)),
    Operation(
        "list_dataset_items",
        "GET",
        "/datasets/{id}/dataset_items",
        _list_items,
        "List a dataset's items",
        query=ItemQuery,
        refusals=_LIST_REFUSALS,
    ),
    Operation(
        "list_distinct_values",
        "GET",
        "/datasets/{id}/items_distinct_values",
        _list_values,
        "List the distinct values of a dataset's fields",
        query=ValueQuery,
        refusals=_LIST_REFUSALS,
    ),
    Operation(
        "get_dataset_item",
        "GET",
        "/dataset_items/{id}",
        _show_item,
        "Show a dataset's item",
        query=LanguageQuery,
        refusals=_LIST_REFUSALS,
    ),
)
