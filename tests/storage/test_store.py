"""The contract of stores, tested with each store registered here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tinydb import Query

from mockserver.storage.base import Collection, Record, Space, Store, StoreError, TooManyRecords
from mockserver.storage.redis.store import RedisStore
from mockserver.storage.tinydb import space as spaces
from mockserver.storage.tinydb.json_encoding import EncodedListCache
from mockserver.storage.tinydb.store import TinyStore
from tests.support.redis_server import shared_redis

PEOPLE = Collection("people", ("email", "status"))
EVENTS = Collection("events")
TICKETS = Collection("tickets", volatile=True)
COLLECTIONS = (PEOPLE, EVENTS, TICKETS)

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda directory: TinyStore(None),
    "disk": TinyStore,
    "disk with a checkpoint at every write": lambda directory: TinyStore(directory, checkpoint_bytes=0),
    "redis": lambda directory: RedisStore(shared_redis().url),
    "redis with a checkpoint at every write": lambda directory: RedisStore(shared_redis().url, checkpoint_bytes=0),
}
DISK_STORES = [name for name in STORES if name.startswith("disk")]
PERSISTENT_STORES = [name for name in STORES if name != "memory"]


def open_store(store: Store) -> Store:
    store.open("box")
    store.declare("box", COLLECTIONS)
    return store


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    shared_redis().flushed_url()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened_store = open_store(STORES[request.param](tmp_path))
    yield opened_store
    opened_store.close()


@pytest.fixture(params=PERSISTENT_STORES)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    stores: list[Store] = []

    def again() -> Store:
        if stores:
            stores.pop().close()
        stores.append(open_store(STORES[request.param](tmp_path)))
        return stores[0]

    yield again
    stores.pop().close()


def person(i: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"p{i}", "email": f"P{i}@Example.test", "status": "new", **fields}


def put(store: Store, *records: Record, collection: str = "people") -> None:
    with store.transaction("box") as space:
        for record in records:
            space.put(collection, record)


def ids(records: Iterator[Record]) -> list[str]:
    return [record["id"] for record in records]


def scan_ids(space: Space, **options: Any) -> list[str]:
    return [record["id"] for _, record in space.scan("people", **options)]


def test_a_record_is_found_by_its_id(store: Store) -> None:
    put(store, person(1))
    with store.transaction("box") as space:
        assert space.get("people", "p1") == person(1)
        assert space.get("people", "p2") is None
        assert space.count("people") == 1


def test_a_replaced_record_keeps_its_place_in_the_order(store: Store) -> None:
    put(store, person(1), person(2), person(3))
    put(store, person(1, status="old"))
    with store.transaction("box") as space:
        assert scan_ids(space) == ["p1", "p2", "p3"]
        assert space.get("people", "p1") == person(1, status="old")


def test_dropping_removes_a_record_and_ignores_an_unknown_one(store: Store) -> None:
    put(store, person(1))
    with store.transaction("box") as space:
        space.drop("people", "p1")
        space.drop("people", "p1")
        assert space.get("people", "p1") is None
        assert ids(space.find("people", "email", "p1@example.test")) == []


def test_records_are_found_by_an_indexed_field_without_regard_to_case_oldest_first(store: Store) -> None:
    put(store, person(1, status="Left"), person(2, status="new"), person(3, status="LEFT"))
    with store.transaction("box") as space:
        assert ids(space.find("people", "status", "left")) == ["p1", "p3"]
        assert ids(space.find("people", "status", None)) == []


def test_an_index_is_updated_with_its_records(store: Store) -> None:
    put(store, person(1, status="new"))
    put(store, person(1, status="left"))
    with store.transaction("box") as space:
        assert ids(space.find("people", "status", "new")) == []
        assert ids(space.find("people", "status", "left")) == ["p1"]


def test_values_of_mixed_types_are_indexed_side_by_side(store: Store) -> None:
    values = [True, 1, 1.5, "1", None, ["a"], {"b": 1}, 10**30]
    put(store, *(person(i, status=value) for i, value in enumerate(values)))
    with store.transaction("box") as space:
        assert len(scan_ids(space, field="status")) == len(values) - 1
        assert [ids(space.find("people", "status", value)) for value in values] == [
            [f"p{i}"] if value is not None else [] for i, value in enumerate(values)
        ]


def test_a_field_without_an_index_is_refused(store: Store) -> None:
    with store.transaction("box") as space:
        for options in ({"field": "salary"}, {"equals": "x"}, {"prefix": "x"}):
            with pytest.raises(KeyError, match="no index"):
                list(space.scan("people", **options))  # type: ignore[arg-type]


def test_an_undeclared_collection_is_refused_by_name(store: Store) -> None:
    with store.transaction("box") as space, pytest.raises(KeyError, match="'peple' is not declared"):
        space.put("peple", person(1))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "p0 p1 p2 p3 p4 p5"),
        ({"descending": True}, "p5 p4 p3 p2 p1 p0"),
        ({"field": "status"}, "p1 p5 p3 p0 p2 p4"),
        ({"field": "status", "descending": True}, "p4 p2 p0 p3 p5 p1"),
        ({"field": "status", "equals": "NEW"}, "p0 p2"),
        ({"field": "status", "equals": "new", "descending": True}, "p2 p0"),
        ({"field": "status", "prefix": "Act"}, "p1 p5"),
        ({"field": "status", "prefix": "act", "descending": True}, "p5 p1"),
        ({"field": "status", "prefix": ""}, "p1 p5 p3 p0 p2 p4"),
    ],
)
def test_a_scan_continues_after_any_position(store: Store, options: dict[str, Any], expected: str) -> None:
    statuses = ["new", "Active", "New", "left", "néw", "actor"]
    put(store, *(person(i, status=status) for i, status in enumerate(statuses)))
    with store.transaction("box") as space:
        rows = list(space.scan("people", **options))
        assert [record["id"] for _, record in rows] == expected.split()
        for i, (position, _) in enumerate(rows):
            decoded = tuple(json.loads(json.dumps(position)))
            assert list(space.scan("people", **options, after=decoded)) == rows[i + 1 :]


def test_a_scan_in_pages_returns_each_lasting_record_once_while_others_change(store: Store) -> None:
    put(store, *(person(i) for i in range(50)))
    seen: list[str] = []
    after = None
    for round_number in range(50):
        with store.transaction("box") as space:
            for position, record in space.scan("people", after=after):
                seen.append(record["id"])
                after = position
                if len(seen) % 5 == 0:
                    break
            space.drop("people", f"p{2 * round_number}")
            space.put("people", person(100 + round_number))
    lasting = [f"p{i}" for i in range(1, 50, 2)]
    assert [name for name in seen if name in lasting] == lasting
    assert len(seen) == len(set(seen))


def test_records_may_be_changed_and_dropped_during_a_scan(store: Store) -> None:
    put(store, *(person(i) for i in range(200)))
    with store.transaction("box") as space:
        for record in space.find("people", "status", "new"):
            space.put("people", {**record, "status": "seen"})
        for record in space.find("people", "status", "seen"):
            space.drop("people", record["id"])
        assert space.count("people") == 0


def test_nth_finds_a_record_by_its_place_in_the_order_of_creation(store: Store) -> None:
    put(store, *(person(i) for i in range(5)))
    with store.transaction("box") as space:
        assert [space.nth("people", place)["id"] for place in range(5)] == ["p0", "p1", "p2", "p3", "p4"]
        with pytest.raises(IndexError):
            space.nth("people", 5)
        space.drop("people", "p1")
        space.put("people", person(3))
        assert [space.nth("people", place)["id"] for place in range(4)] == ["p0", "p2", "p3", "p4"]
        with pytest.raises(IndexError):
            space.nth("people", 4)


def test_a_position_of_another_kind_of_scan_is_refused(store: Store) -> None:
    with store.transaction("box") as space:
        for field, after in ((None, ("x", 1)), (None, ("x",)), ("status", (1,)), ("status", (None, 1))):
            with pytest.raises(ValueError, match="is not a position"):
                list(space.scan("people", field=field, after=after))


def test_a_failed_savepoint_is_rolled_back_and_earlier_writes_stay(store: Store) -> None:
    put(store, person(0), person(1))
    with store.transaction("box") as space:
        assert space.claim("before")
        space.put("people", person(2))
        with pytest.raises(ZeroDivisionError), space.savepoint():
            assert space.claim("new")
            space.release("before")
            space.put("people", person(2, status="changed"))
            space.put("people", person(3))
            space.drop("people", "p0")
            space.increment("a")
            raise ZeroDivisionError
        with space.savepoint():
            space.drop("people", "p1")
        assert (space.is_claimed("before"), space.is_claimed("new")) == (True, False)
        space.put("people", person(4))
    with store.transaction("box") as space:
        assert ids(record for _, record in space.scan("people")) == ["p0", "p2", "p4"]
        assert ids(space.find("people", "status", "new")) == ["p0", "p2", "p4"]
        assert space.increment("a", 0) == 0
        space.release("before")


def test_a_counter_begins_at_zero_and_is_stored(store: Store) -> None:
    with store.transaction("box") as space:
        assert [space.increment("a"), space.increment("a", 5), space.increment("b", 0)] == [1, 6, 0]
    with store.transaction("box") as space:
        assert space.increment("a") == 7


def change_everything_and_fail(store: Store) -> None:
    with store.transaction("box") as space:
        space.drop("people", "p2")
        space.put("people", person(1, status="left"))
        space.put("people", person(2, status="back"))
        space.put("people", person(4))
        space.append("events", {"id": "e1"}, 1)
        space.append("events", {"id": "e2"}, 1)
        space.drop("tickets", "t1")
        space.increment("a")
        assert space.claim("key")
        raise ZeroDivisionError


def test_a_rolled_back_transaction_has_no_effect(store: Store) -> None:
    put(store, person(1), person(2), person(3))
    put(store, {"id": "t1"}, collection="tickets")
    before = store.export("box")
    with pytest.raises(ZeroDivisionError):
        change_everything_and_fail(store)
    assert store.export("box") == before
    put(store, person(4))
    with store.transaction("box") as space:
        assert [position for position, _ in space.scan("people")] == [(1,), (2,), (3,), (4,)]
        assert ids(space.find("people", "status", "new")) == ["p1", "p2", "p3", "p4"]
        assert space.get("tickets", "t1") == {"id": "t1"}
        assert space.increment("a") == 1


def test_a_claim_of_a_failed_transaction_is_rolled_back(store: Store) -> None:
    put(store, person(2))
    put(store, {"id": "t1"}, collection="tickets")
    with pytest.raises(ZeroDivisionError):
        change_everything_and_fail(store)
    with store.transaction("box") as space:
        assert not space.is_claimed("key")


def test_a_release_of_a_failed_transaction_is_rolled_back(store: Store) -> None:
    with store.transaction("box") as space:
        space.claim("key")
    with pytest.raises(ZeroDivisionError), store.transaction("box") as space:
        space.release("key")
        assert space.claim("other")
        raise ZeroDivisionError
    with store.transaction("box") as space:
        assert space.is_claimed("key")
        assert space.claim("other")


def test_a_claim_is_held_until_released(store: Store) -> None:
    with store.transaction("box") as space:
        assert space.claim("key")
    with store.transaction("box") as space:
        assert space.is_claimed("key")
        assert not space.claim("key")
        space.release("key")
        space.release("key")
        assert space.claim("key")


def test_append_drops_the_oldest_records_beyond_the_limit(store: Store) -> None:
    with store.transaction("box") as space:
        for i in range(7):
            space.append("events", {"id": f"e{i}"}, 3)
        assert [record["id"] for _, record in space.scan("events")] == ["e4", "e5", "e6"]


def test_a_space_cannot_be_used_after_its_transaction(store: Store) -> None:
    with store.transaction("box") as space:
        pass
    with pytest.raises(KeyError, match="the transaction is over"):
        space.put("people", person(1))


def test_transactions_of_one_thread_do_not_nest(store: Store) -> None:
    with store.transaction("box"), pytest.raises(RuntimeError, match="do not nest"):
        store.transaction("box").__enter__()


def test_a_loaded_export_is_exported_again_byte_for_byte(store: Store) -> None:
    put(store, *(person(i, note="ünï\ud800") for i in range(5)))
    put(store, {"id": "t"}, collection="tickets")
    with store.transaction("box") as space:
        space.drop("people", "p4")
        space.increment("a", 9)
    exported = json.dumps(store.export("box"), sort_keys=True)
    assert "tickets" not in exported
    store.open("other")
    store.declare("other", COLLECTIONS)
    for name in ("box", "other"):
        store.load(name, json.loads(exported))
        assert json.dumps(store.export(name), sort_keys=True) == exported
    with store.transaction("box") as space:
        assert ids(space.find("people", "email", "p2@example.test")) == ["p2"]
        assert space.count("tickets") == 0
        assert space.increment("a") == 10


def test_the_same_state_can_be_loaded_repeatedly_between_others(reopen: Callable[[], Store]) -> None:
    seed = {"people": [person(i) for i in range(5)], "events": []}
    for turn in range(3):
        store = reopen()
        for state in (seed, {"people": [person(turn)]}, seed):
            store.load("box", dict(state))
        assert reopen().export("box")["people"] == seed["people"]


def test_the_cache_of_encoded_states_is_bounded_and_correct() -> None:
    encoded = EncodedListCache(200)
    for i in range(50):
        state = {"people": [person(i)], "note": [{"id": "\ud800"}]}
        assert json.loads(encoded.encode_state(state)) == state
        assert encoded.encode_state(state) == encoded.encode_state(dict(state))
        assert sum(len(data) for _, data in encoded._cache.values()) == encoded._bytes <= 200


def test_a_load_removes_claims_and_numbers_records_from_one(store: Store) -> None:
    put(store, person(1), person(2))
    with store.transaction("box") as space:
        space.claim("key")
    store.load("box", {"people": [person(7)]})
    with store.transaction("box") as space:
        assert list(space.scan("people")) == [((1,), person(7))]
        assert space.claim("key")


def test_a_state_with_a_repeated_id_is_refused_and_changes_nothing(store: Store) -> None:
    put(store, person(1))
    with pytest.raises(ValueError, match="'people' of the state has two records with the same id"):
        store.load("box", {"people": [person(2), person(2)]})
    assert store.export("box")["people"] == [person(1)]


def test_sandboxes_are_isolated_from_each_other(store: Store) -> None:
    store.open("a-2")
    store.declare("a-2", COLLECTIONS)
    put(store, person(1))
    with store.transaction("a-2") as space:
        assert space.count("people") == 0
        space.put("people", person(2))
    assert store.names() == ["a-2", "box"]


def test_a_deleted_sandbox_is_gone_and_can_be_created_again(store: Store) -> None:
    put(store, person(1))
    store.delete("box")
    assert store.names() == []
    with pytest.raises(StoreError, match="'box' is not open"):
        store.transaction("box")
    with open_store(store).transaction("box") as space:
        assert space.count("people") == 0


@pytest.mark.parametrize("name", ["", "A", "-a", "../x", "a/b", "a.json", "a\n", "x" * 64, "ä"])
def test_a_sandbox_id_that_is_not_a_safe_file_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="does not match"):
        store.open(name)
    with pytest.raises(StoreError, match="does not match"):
        store.delete(name)


@pytest.mark.parametrize("name", ["_store", "_counters"])
def test_internal_names_are_refused_for_collections(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        store.declare("box", (Collection(name),))


def test_an_index_declared_later_contains_the_existing_records(store: Store) -> None:
    put(store, person(1, city="Cork"))
    store.declare("box", (Collection("people", ("city",)),))
    with store.transaction("box") as space:
        assert ids(space.find("people", "city", "CORK")) == ["p1"]
        with pytest.raises(KeyError):
            list(space.find("people", "email", "x"))


def test_threads_that_create_the_same_unique_value_create_one_record(store: Store) -> None:
    def create(i: int) -> None:
        with store.transaction("box", durable=False) as space:
            if next(space.find("people", "email", "one@example.test"), None) is None:
                space.put("people", person(i, email="one@example.test"))
            space.increment("tries")

    threads = [threading.Thread(target=create, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction("box") as space:
        assert space.count("people") == 1
        assert space.increment("tries", 0) == 40


def test_a_restart_keeps_everything_except_volatile_records_and_claims(reopen: Callable[[], Store]) -> None:
    store = reopen()
    put(store, person(1, note="\ud800 ü\n"), person(2))
    put(store, {"id": "t"}, collection="tickets")
    with store.transaction("box", durable=False) as space:
        space.drop("people", "p2")
        space.increment("a", 3)
        space.claim("key")
    before = store.export("box")
    store = reopen()
    assert store.export("box") == before
    assert store.names() == ["box"]
    with store.transaction("box") as space:
        assert space.claim("key")


@pytest.mark.parametrize("kind", DISK_STORES)
def test_on_disk_volatile_records_are_gone_after_a_restart(kind: str, tmp_path: Path) -> None:
    for expected_count in (0, 0):
        store = open_store(STORES[kind](tmp_path))
        with store.transaction("box") as space:
            assert space.count("tickets") == expected_count
            space.put("tickets", {"id": "t"})
        store.close()


def test_a_position_is_never_reused_even_after_a_restart(reopen: Callable[[], Store]) -> None:
    put(reopen(), person(1), person(2))
    with reopen().transaction("box") as space:
        space.drop("people", "p2")
    reopen()
    store = reopen()
    put(store, person(3))
    with store.transaction("box") as space:
        assert [position for position, _ in space.scan("people")] == [(1,), (3,)]


def test_a_deleted_sandbox_stays_gone_after_a_restart(reopen: Callable[[], Store]) -> None:
    put(reopen(), person(1))
    reopen().delete("box")
    with reopen().transaction("box") as space:
        assert space.count("people") == 0


def test_the_methods_of_tinydb_work_and_are_stored(reopen: Callable[[], Store]) -> None:
    store = reopen()
    assert isinstance(store, TinyStore | RedisStore)
    table, where = store.database("box").table("people"), Query()
    assert table.insert_multiple([person(i) for i in range(5)]) == [1, 2, 3, 4, 5]
    assert table.update({"status": "left"}, where.id == "p2") == [3]
    assert table.remove(doc_ids=[1, 99]) == [1]
    assert table.upsert(person(3, status="up"), where.id == "p3") == [4]
    with pytest.raises(ValueError, match="another record with the id 'p4'"):
        table.insert(person(4))
    assert table.search(where.status == "left")[0].doc_id == 3
    store = reopen()
    assert isinstance(store, TinyStore | RedisStore)
    table = store.database("box").table("people")
    assert [document.doc_id for document in table.all()] == [2, 3, 4, 5]
    assert len(table) == table.count(where.id.exists()) == 4
    assert table.get(doc_id=4) == person(3, status="up")
    with store.transaction("box") as space:
        assert ids(space.find("people", "status", "up")) == ["p3"]


def test_records_written_through_tinydb_count_towards_the_maximum(
    reopen: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "MAX_RECORDS", 3)
    store = reopen()
    assert isinstance(store, TinyStore | RedisStore)
    put(store, person(1))
    store.database("box").table("people").insert_multiple([person(2), person(3)])
    with pytest.raises(TooManyRecords):
        put(store, person(4))


def test_dropping_tables_and_writing_a_whole_database_are_stored(reopen: Callable[[], Store]) -> None:
    store = reopen()
    assert isinstance(store, TinyStore | RedisStore)
    put(store, person(1), person(2))
    database = store.database("box")
    database.insert({"no": "id"})
    database.drop_table("people")
    assert database.tables() == {"_default"}
    database.drop_tables()
    database.storage.write({"people": {"7": person(7)}})
    store = reopen()
    put(store, person(8))
    with store.transaction("box") as space:
        assert [position for position, _ in space.scan("people")] == [(7,), (8,)]
        assert ids(space.find("people", "email", "p7@example.test")) == ["p7"]


def test_a_record_that_is_not_json_is_refused_and_rolled_back(reopen: Callable[[], Store]) -> None:
    store = reopen()
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            put(store, person(1, value=value))
    assert store.export("box")["people"] == []
    put(store, person(2))
    assert reopen().export("box")["people"] == [person(2)]


def test_the_maximum_number_of_records_counts_only_existing_records(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full() -> bool:
        with pytest.raises(TooManyRecords), store.transaction("box") as space:
            space.put("people", person(9))
        return True

    monkeypatch.setattr(spaces, "MAX_RECORDS", 4)
    put(store, person(1), person(2), person(3))
    with pytest.raises(ZeroDivisionError), store.transaction("box") as space:
        space.put("people", person(4))
        raise ZeroDivisionError
    put(store, {"id": "e1"}, collection="events")
    assert is_full()
    put(store, person(1, status="old"))
    with store.transaction("box") as space:
        space.drop("people", "p2")
    put(store, person(5))
    assert is_full()
    store.load("box", {"people": [person(1)]})
    put(store, person(2))
    store.load("box", {"people": [person(i) for i in range(1, 5)]})
    assert is_full()


names = st.sampled_from([f"p{i}" for i in range(6)])
values = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["a", "A", "ab", "ß", "ss", "\ud800"]))


class StoreAgainstModel(RuleBasedStateMachine):
    """Any sequence of changes gives the same records as a dict that is copied at the start of each transaction."""

    @initialize(kind=st.sampled_from(PERSISTENT_STORES))
    def begin(self, kind: str) -> None:
        self.directory = TemporaryDirectory()
        shared_redis().flushed_url()
        self.kind = kind
        self.store = self.open_store()
        self.model: dict[str, dict[str, Any]] = {}
        self.count = 0

    def open_store(self) -> Store:
        return open_store(STORES[self.kind](Path(self.directory.name)))

    @rule(writes=st.lists(st.tuples(names, st.one_of(st.just("drop"), values)), max_size=5), fails=st.booleans())
    def write(self, writes: list[tuple[str, Any]], fails: bool) -> None:
        model, count = dict(self.model), self.count
        try:
            with self.store.transaction("box", durable=False) as space:
                for name, value in writes:
                    if value == "drop":
                        space.drop("people", name)
                        model.pop(name, None)
                    else:
                        space.put("people", {"id": name, "status": value})
                        model[name] = {"id": name, "status": value}
                    count += 1
                    assert space.increment("writes") == count
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            return
        self.model, self.count = model, count

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open_store()

    @rule()
    def reload(self) -> None:
        self.store.load("box", json.loads(json.dumps(self.store.export("box"))))

    @precondition(lambda self: self.model)
    @rule(value=values, descending=st.booleans())
    def find(self, value: Any, descending: bool) -> None:
        def same(other: Any) -> bool:
            if isinstance(value, str) and isinstance(other, str):
                return value.casefold() == other.casefold()
            return type(value) is type(other) and value == other and value is not None

        expected = [name for name, record in self.model.items() if same(record["status"])]
        with self.store.transaction("box") as space:
            assert ids(space.find("people", "status", value)) == expected
            if value is not None:
                found = scan_ids(space, field="status", equals=value, descending=descending)
                assert found == (expected[::-1] if descending else expected)

    @invariant()
    def holds_the_model(self) -> None:
        assert self.store.export("box")["people"] == list(self.model.values())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.directory.cleanup()


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_rollback_frees_new_ids_and_restores_dropped_records() -> None:
    store = open_store(TinyStore(None))
    put(store, person(1))
    with pytest.raises(RuntimeError), store.transaction("box") as space:
        space.put("people", person(2))
        space.drop("people", "p1")
        raise RuntimeError
    with store.transaction("box") as space:
        assert (space.get("people", "p2"), space.get("people", "p1")) == (None, person(1))
        space.put("people", person(3))
        space.put("people", person(2, status="again"))
        assert scan_ids(space) == ["p1", "p3", "p2"]
        assert [space.nth("people", place)["id"] for place in range(3)] == ["p1", "p3", "p2"]
        assert ids(space.find("people", "status", "again")) == ["p2"]


def test_a_failed_savepoint_frees_its_own_ids_within_the_transaction() -> None:
    store = open_store(TinyStore(None))
    with store.transaction("box") as space:
        space.put("people", person(1))
        with pytest.raises(RuntimeError), space.savepoint():
            space.put("people", person(2))
            space.drop("people", "p1")
            raise RuntimeError
        space.put("people", person(2))
        assert scan_ids(space) == ["p1", "p2"]
    with store.transaction("box") as space:
        assert scan_ids(space) == ["p1", "p2"]
        assert space.nth("people", 1)["id"] == "p2"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_append_keeps_exactly_the_limit_and_drops_only_records_of_its_collection(limit: int) -> None:
    store = open_store(TinyStore(None))
    put(store, person(1), person(2))
    with store.transaction("box") as space:
        for nth in range(4):
            space.append("events", {"id": f"e{nth}"}, limit)
            assert space.count("events") == min(nth + 1, limit)
        assert [record["id"] for _, record in space.scan("events")] == [f"e{nth}" for nth in range(4 - limit, 4)]
        assert scan_ids(space) == ["p1", "p2"]


def test_dropping_a_record_keeps_the_others_in_every_index() -> None:
    store = open_store(TinyStore(None))
    put(store, *(person(nth, status="same") for nth in range(4)))
    with store.transaction("box") as space:
        for dropped, left in (("p0", ["p1", "p2", "p3"]), ("p3", ["p1", "p2"]), ("p1", ["p2"])):
            space.drop("people", dropped)
            assert ids(space.find("people", "status", "same")) == left
            assert scan_ids(space) == scan_ids(space, field="email") == left
