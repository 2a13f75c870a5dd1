"""A table as TinyDB uses it: reading gives a consistent copy, and changes behave as on a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tinydb import Query

from mockserver.storage.base import Collection
from mockserver.storage.tinydb.store import TinyStore
from mockserver.storage.tinydb.table import IndexedTable


@pytest.fixture
def table() -> IndexedTable:
    store = TinyStore(None)
    store.open("box")
    store.declare("box", (Collection("people", ("status",)),))
    with store.transaction("box") as space:
        for nth in range(1, 12):
            space.put("people", {"id": f"p{nth}", "status": "new"})
        space.drop("people", "p4")
    opened = store.database("box").table("people")
    assert isinstance(opened, IndexedTable)
    return opened


PRESENT = [str(nth) for nth in range(1, 12) if nth != 4]


def test_reading_returns_every_record_by_number_in_order(table: IndexedTable) -> None:
    read = table._read_table()
    assert list(read) == [n for n, _ in read.items()] == PRESENT
    assert list(dict(read)) == PRESENT
    assert len(read) == len(table) == len(PRESENT)
    assert read["3"]["id"] == "p3"
    assert ("4" in read, "5" in read) == (False, True)


def test_a_read_in_progress_does_not_see_later_changes(table: IndexedTable) -> None:
    read = iter(table._read_table())
    first = [next(read)]
    table.remove(doc_ids=[2])
    table.insert({"id": "later"})
    assert [*first, *read] == PRESENT
    assert [each["id"] for each in table.all()] == [f"p{n}" for n in PRESENT if n != "2"] + ["later"]


def apply_to_table_and_dict(table: IndexedTable, change: Callable[[Any], Any]) -> tuple[Any, Any, Any, Any]:
    """Applies a change to a table and to a dict; returns both results, then both contents."""

    def attempt(mapping: Any) -> Any:
        try:
            return change(mapping)
        except KeyError as error:
            return f"no {error.args[0]}"

    results: list[Any] = []
    model = {int(n): dict(record) for n, record in table._read_table().items()}
    table._update_table(lambda draft: results.append(attempt(draft)))
    expected = attempt(model)
    left = {int(n): dict(record) for n, record in table._read_table().items()}
    return results[0], expected, left, model


def drop_and_put(mapping: Any) -> Any:
    del mapping[5]
    gone = 5 in mapping, len(mapping), list(mapping)
    mapping[5] = {"id": "p5", "again": True}
    return gone, 5 in mapping, mapping[5], len(mapping), sorted(mapping)


def put_new(mapping: Any) -> Any:
    before = 20 in mapping
    mapping[20] = {"id": "p20"}
    return before, 20 in mapping, len(mapping), list(mapping)


def change_one(mapping: Any) -> Any:
    mapping[3]["status"] = "old"
    return 3 in mapping, mapping[3], len(mapping)


def empty(mapping: Any) -> Any:
    mapping.clear()
    return len(mapping), list(mapping), 3 in mapping


def drop_twice(mapping: Any) -> Any:
    del mapping[5]
    del mapping[5]


def read_after_drop(mapping: Any) -> Any:
    del mapping[5]
    return mapping[5]


def drop_missing(mapping: Any) -> Any:
    del mapping[4]


@pytest.mark.parametrize(
    "change",
    [
        *(drop_and_put, put_new, change_one, empty, drop_twice, read_after_drop),
        *(drop_missing, len, list, lambda mapping: mapping[4], lambda mapping: 4 in mapping),
        *(lambda mapping: mapping.pop(5), lambda mapping: mapping.pop(4, None), lambda mapping: dict(mapping) is None),
    ],
)
def test_a_table_changes_like_a_dict(table: IndexedTable, change: Callable[[Any], Any]) -> None:
    result, expected, left, model = apply_to_table_and_dict(table, change)
    assert (result, left) == (expected, model)


def test_a_failed_change_is_rolled_back(table: IndexedTable) -> None:
    before = [dict(each) for each in table.all()]

    def change(record: Any) -> None:
        record["status"] = 1 / (record["id"] != "p3")

    with pytest.raises(ZeroDivisionError):
        table.update(change)
    assert [dict(each) for each in table.all()] == before
    table.update({"status": "old"}, Query().id == "p1")
    assert table.get(doc_id=1) == {"id": "p1", "status": "old"}
    assert table.search(Query().status == "new") == before[1:]


def test_tinydb_gives_a_new_record_the_next_number(table: IndexedTable) -> None:
    assert [table.insert({"id": "a"}), table.insert({"id": "b"})] == [12, 13]
    table.remove(doc_ids=[13])
    assert table.insert({"id": "c"}) == 14
    assert table.insert({}) == 15
    with pytest.raises(ValueError, match="'people' has another record with the id 'c'"):
        table.insert({"id": "c"})


def test_a_query_is_evaluated_again_after_every_change(table: IndexedTable) -> None:
    new = Query().status == "new"
    assert table.count(new) == len(PRESENT)
    table.update({"status": "old"}, Query().id == "p1")
    assert table.count(new) == len(PRESENT) - 1


def test_the_internal_table_name_is_refused() -> None:
    store = TinyStore(None)
    store.open("box")
    with pytest.raises(ValueError, match="a table cannot be named '_store'"):
        store.database("box").table("_store")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("options", [{}, {"field": "status"}, {"equals": "new"}, {"prefix": "n"}])
@pytest.mark.parametrize("change", ["drop", "move", "add"])
def test_a_scan_returns_each_record_once_though_the_records_change_during_it(
    descending: bool, options: dict[str, Any], change: str
) -> None:
    store = TinyStore(None)
    store.open("box")
    store.declare("box", (Collection("people", ("status",)),))
    names = [f"p{nth}" for nth in range(9)]
    if options.keys() & {"equals", "prefix"}:
        options = {"field": "status", **options}
    with store.transaction("box") as space:
        for name in names:
            space.put("people", {"id": name, "status": "new"})
        seen = []
        for _, record in space.scan("people", descending=descending, **options):
            seen.append(record["id"])
            if change == "drop":
                space.drop("people", record["id"])
            elif change == "move":  # To a place that the scan has passed.
                space.put("people", {**record, "status": "z" if descending else "a"})
            else:
                space.put("people", {"id": f"q{len(seen)}", "status": "z" if descending else "a"})
            assert len(seen) < 99
            if len(seen) == len(names):
                break
    assert seen == (names[::-1] if descending else names)
