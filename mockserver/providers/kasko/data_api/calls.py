"""The Data API: datasets that quotes refer to, their items page by page, and the distinct values of their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kasko.assumptions import assume
from mockserver.providers.kasko.data_api.search import matches, ordered, read_conditions, read_orders
from mockserver.providers.kasko.products.catalog import has_catalogue
from mockserver.providers.kasko.wire.auth import is_public
from mockserver.providers.kasko.wire.dialect import bad, json_in, missing
from mockserver.providers.kasko.wire.models import ItemPage, Language, ValuePage

DATASETS, ITEMS = "datasets", "dataset_items"
DEFAULT = 20


def _opened(call: Call, id: str, what: str = "Dataset") -> Record:
    dataset = call.space.get(DATASETS, id)
    if dataset is None or not has_catalogue(call):
        raise missing(what)
    if dataset["locked"] and (call.key is None or is_public(call)):
        if assume(call).locked_dataset == "401":
            raise Problem("no_credentials", "The dataset is locked")
        raise missing(what)
    return dataset


def _show(call: Call) -> Reply:
    dataset = _opened(call, call.args["id"])
    return call.sandbox.provider.dialect.one(call, {name: dataset[name] for name in ("id", "name", "languages")})


def _show_item(call: Call) -> Reply:
    item = call.space.get(ITEMS, call.args["id"])
    if item is None:
        raise missing("Dataset item")
    dataset = _opened(call, item["dataset_id"], "Dataset item")
    values = item["values"][_language(call, dataset)]
    shown = {"id": item["id"], "data": {name: values[name] for name in dataset["fields"]}}
    return call.sandbox.provider.dialect.one(call, shown)


def _language(call: Call, dataset: Record) -> str:
    assert isinstance(call.parameters, Language)
    if call.parameters.language not in dataset["languages"]:
        raise bad(f"language must be one of {', '.join(dataset['languages'])}.", field="language")
    return call.parameters.language


def _fields(call: Call, dataset: Record) -> list[str]:
    assert isinstance(call.parameters, ItemPage)
    asked = json_in("fields", call.parameters.fields)
    if not isinstance(asked, list) or not all(isinstance(name, str) for name in asked):
        raise bad("fields must be a JSON array of names.", field="fields")
    wrong = [name for name in asked if name not in dataset["fields"]]
    if wrong and assume(call).unknown_dataset_field == "refused":
        raise bad(f"fields: there is no field {wrong[0][:50]}.", field="fields")
    return [name for name in dict.fromkeys(asked) if name in dataset["fields"]]


def _matching(call: Call, dataset: Record) -> list[tuple[str, dict[str, Any]]]:
    page, language = call.parameters, _language(call, dataset)
    assert isinstance(page, ItemPage)
    if page.limit is None and assume(call).limit_required:
        raise bad("limit: field required.", field="limit")
    conditions = read_conditions(page.query, dataset["fields"])
    orders = read_orders(page.sort, dataset["fields"])
    exact = assume(call).like_case == "exact"
    rows = [(item["id"], item["values"][language]) for item in call.space.find(ITEMS, "dataset_id", dataset["id"])]
    kept = [row for row in rows if matches(conditions, row[1], exact=exact)]
    return ordered(kept, orders, lambda row: row[1])


def _list_items(call: Call) -> Reply:
    dataset = _opened(call, call.args["id"])
    fields, rows = _fields(call, dataset), _matching(call, dataset)
    page = call.parameters
    assert isinstance(page, ItemPage)
    places = {id: place for place, (id, _) in enumerate(rows)}
    shown = [{"id": id, "value": {name: values[name] for name in fields}} for id, values in rows]
    after = None if page.starting_after is None else _place(places, page.starting_after, "starting_after")
    before = None if page.ending_before is None else _place(places, page.ending_before, "ending_before")
    return _page(call, shown, after, before, lambda place: rows[place][0])


def _place(places: dict[str, int], id: str, name: str) -> int:
    if id not in places:
        raise bad(f"The cursor {id[:50]} is no item of this list.", field=name)
    return places[id]


def _list_values(call: Call) -> Reply:
    dataset = _opened(call, call.args["id"])
    fields, rows = _fields(call, dataset), _matching(call, dataset)
    page = call.parameters
    assert isinstance(page, ItemPage)
    distinct = {repr(chosen): chosen for _, values in rows for chosen in [{name: values[name] for name in fields}]}
    after = None if page.starting_after is None else _ordinal(page.starting_after, "starting_after") - 1
    before = None if page.ending_before is None else _ordinal(page.ending_before, "ending_before") - 1
    return _page(call, list(distinct.values()), after, before, lambda place: str(place + 1))


def _ordinal(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise bad("A cursor of distinct values is a whole number.", field=name)
    return int(text)


def _page(
    call: Call, shown: Sequence[Any], after: int | None, before: int | None, cursor: Callable[[int], str]
) -> Reply:
    """The rows behind `after`, or just before `before`, with the ways to the neighbouring pages in Link."""
    page = call.parameters
    assert isinstance(page, ItemPage)
    limit = page.limit or DEFAULT
    if after is not None and before is not None:
        raise bad("starting_after and ending_before exclude each other.", field="ending_before")
    end = min(len(shown), max(before, 0)) if before is not None else len(shown)
    start = max(0, end - limit) if before is not None else max(0, -1 if after is None else after) + (after is not None)
    end = min(end, start + limit)
    reply = call.sandbox.provider.dialect.many(call, shown[start:end], None)
    links = []
    if 0 < start <= len(shown) and shown:
        links.append(_link(call, "ending_before", cursor(start) if start < len(shown) else None, "prev"))
    if start < end < len(shown):
        links.append(_link(call, "starting_after", cursor(end - 1), "next"))
    if any(links):
        reply.headers.append(("Link", ", ".join(filter(None, links))))
    return reply


def _link(call: Call, name: str, cursor: str | None, rel: str) -> str:
    if cursor is None:
        return ""
    # Neither a key nor the place the client came from belongs into the link.
    others = [pair for pair in call.query if pair[0] not in ("starting_after", "ending_before", "key")]
    query = urlencode([*others, (name, cursor)], errors="replace")
    return f'<{call.origin}{call.path}?{query}>; rel="{rel}"'


_LIST = (400, 401, 404, 405)
OPERATIONS = (
    Operation("get_dataset", "GET", "/datasets/{id}", _show, "Show a dataset", refusals=(401, 404, 405)),
    Operation(
        "list_dataset_items",
        "GET",
        "/datasets/{id}/dataset_items",
        _list_items,
        "List a dataset's items",
        query=ItemPage,
        refusals=_LIST,
    ),
    Operation(
        "list_distinct_values",
        "GET",
        "/datasets/{id}/items_distinct_values",
        _list_values,
        "List the distinct values of a dataset's fields",
        query=ValuePage,
        refusals=_LIST,
    ),
    Operation(
        "get_dataset_item",
        "GET",
        "/dataset_items/{id}",
        _show_item,
        "Show a dataset's item",
        query=Language,
        refusals=_LIST,
    ),
)
