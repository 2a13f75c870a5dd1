"""Resources: declared create, retrieve, update, delete and list over one collection, each optional."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from mockserver.engine.core.call import Call
from mockserver.engine.core.operation import Operation
from mockserver.engine.core.problem import FieldError, Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.core.simulation import SimulationContext
from mockserver.engine.records import cursors, versions
from mockserver.engine.records.versions import VersionRules
from mockserver.storage.base import Collection, Position, Record, Space

Reference = tuple[str, str, str]
"""(path of a field, collection to which it refers, id of the record in it)."""
VERBS = ("list", "create", "retrieve", "update", "delete")

_DEFAULT_VERSION_RULES = VersionRules()
MAX_DELETED = 10_000
"""Soft-deleted records per collection; beyond it the oldest are removed permanently."""


def deleted_collection(collection: str) -> str:
    """Returns the name of the collection for the soft-deleted records of ``collection``."""
    return f"{collection}.deleted"


@dataclass(frozen=True, slots=True)
class ResourceRules:
    """Behaviour that a vendor leaves undocumented; a provider fills these rules from its assumptions."""

    versions: VersionRules = _DEFAULT_VERSION_RULES
    checks_fields_first: bool = False
    """Whether an update refuses invalid fields before it looks up the record."""
    deleted_readable: bool = False
    """Whether soft-deleted records can still be retrieved by id."""
    deleted_reserve_names: bool = False
    """Whether unique fields must also differ from those of soft-deleted records."""
    accepts_any_cursor: bool = False
    """Whether a cursor is accepted with other filters than those it was made with."""
    absolute_location: bool = False
    """Whether the Location header is an absolute URL instead of a path."""


def _merge(call: Call, current: Record | None, body: BaseModel) -> dict[str, Any]:  # noqa: ARG001
    return body.model_dump(mode="json", exclude_unset=True)


def _no_references(record: Record) -> Iterable[Reference]:  # noqa: ARG001
    return ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record and the operations on it."""

    name: str
    """The singular; operation names are made from it and ``plural``: ``create_employee``, ``list_employees``."""
    plural: str
    path: str
    collection: str
    id_prefix: str
    rules: Callable[[Call], ResourceRules]
    model: type[BaseModel]
    create: type[BaseModel] | None = None
    update: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    delete_query: type[BaseModel] | None = None
    verbs: tuple[str, ...] = VERBS
    unique_fields: Callable[[Call | SimulationContext], tuple[str, ...]] = lambda _at: ()
    """(call or simulation) -> the fields whose values must be unique."""
    indexes: tuple[str, ...] = ()
    """The fields by which records are found, filtered or ordered."""
    prefix_filters: tuple[str, ...] = ()
    """Filters that match a prefix of a field and order the list by it."""
    exact_filters: tuple[str, ...] = ()
    """Filters that match the whole value of a field."""
    filters: Callable[[Call], frozenset[str]] | None = None
    """(call) -> the filters that apply; other filters are ignored. None means that all apply."""
    changed_fields: Callable[[Call, Record | None, BaseModel], dict[str, Any]] = _merge
    """(call, current record or None, body) -> the fields that change."""
    check_body: Callable[[Call, BaseModel], None] = lambda _call, _body: None
    """Refuses fields that the model accepts but the sandbox does not; see ``checks_fields_first``."""
    references: Callable[[Record], Iterable[Reference]] = _no_references
    on_write: Callable[[Space, str, Record | None], None] = lambda _space, _id, _record: None
    """Called with (space, id, record) after a write, to change dependent records; record is None after a delete."""
    describe_use: Callable[[Call, str], str | None] = lambda _call, _id: None
    """(call, id) -> a sentence that names what refers to the record, or None. Such a record cannot be deleted."""
    refusals: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By verb: the statuses of its refusals, for the OpenAPI document."""

    def collections(self) -> tuple[Collection, ...]:
        """Returns the collections that the resource needs, with their indexes."""
        return Collection(self.collection, self.indexes), Collection(deleted_collection(self.collection), self.indexes)

    def operations(self) -> Iterator[Operation]:
        """Yields an operation for each of ``verbs``."""
        record_path = f"{self.path}/{{id}}"
        title = self.name.replace("_", " ")
        one = f"an {title}" if title[0] in "aeiou" else f"a {title}"
        table = (
            ("list", f"list_{self.plural}", "GET", self.path, self._list, f"List {self.plural.replace('_', ' ')}", 200),
            ("create", f"create_{self.name}", "POST", self.path, self._create, f"Create {one}", 201),
            ("retrieve", f"get_{self.name}", "GET", record_path, self._retrieve, f"Get {one}", 200),
            ("update", f"update_{self.name}", "PUT", record_path, self._update, f"Update {one}", 200),
            ("delete", f"delete_{self.name}", "DELETE", record_path, self._delete, f"Delete {one}", 200),
        )
        bodies = {"create": self.create, "update": self.update}
        queries = {"list": self.query, "delete": self.delete_query}
        for verb, name, method, path, perform, summary, status in table:
            if verb in self.verbs:
                yield Operation(
                    name=name,
                    method=method,
                    path=path,
                    perform=perform,
                    summary=summary,
                    body=bodies.get(verb),
                    query=queries.get(verb),
                    response=self.model,
                    status=status,
                    refusals=self.refusals.get(verb, ()),
                )

    def _list(self, call: Call) -> Reply:
        parameters = call.query_parameters.model_dump(exclude_none=True) if call.query_parameters else {}
        limit, cursor = parameters.pop("limit"), parameters.pop("cursor", None)
        if self.filters is not None:
            parameters = {name: value for name, value in parameters.items() if name in self.filters(call)}
        listing = {"list": self.name, **parameters}
        start = None
        owner, randomness = call.sandbox.id, call.sandbox.randomness
        if cursor is not None:
            start = cursors.decode_cursor(
                cursor, randomness, owner, listing, ignore_filters=self.rules(call).accepts_any_cursor
            )
        try:
            page = list(islice(self._scan(call.space, parameters, start), limit + 1))
        except ValueError:
            raise Problem("invalid_cursor", "The cursor belongs to a list in another order") from None
        next_cursor = (
            cursors.encode_cursor(randomness, owner, listing, page[limit - 1][0]) if len(page) > limit else None
        )
        records = [record for _, record in page[:limit]]
        return call.sandbox.provider.dialect.render_list(call, records, next_cursor)

    def _scan(
        self, space: Space, filters: Mapping[str, Any], after: Position | None
    ) -> Iterator[tuple[Position, Record]]:
        ordering = next((name for name in (*self.prefix_filters, *self.exact_filters) if name in filters), None)
        if not filters:
            return space.scan(self.collection, descending=True, after=after)
        if ordering is None:
            pairs = space.scan(self.collection, descending=True, after=after)
        elif ordering in self.prefix_filters:
            pairs = space.scan(self.collection, field=ordering, prefix=filters[ordering], after=after)
        else:
            pairs = space.scan(self.collection, field=ordering, equals=filters[ordering], descending=True, after=after)
        # Every filter is checked again, because indexes ignore case and exact filters do not.
        return (pair for pair in pairs if self._matches_filters(pair[1], filters))

    def _matches_filters(self, record: Record, filters: Mapping[str, Any]) -> bool:
        for name, wanted in filters.items():
            value = record.get(name)
            if name in self.prefix_filters:
                if not str(value or "").casefold().startswith(wanted.casefold()):
                    return False
            elif value != wanted:
                return False
        return True

    def _create(self, call: Call) -> Reply:
        fields = self.changed_fields(call, None, call.body)
        self._check_references(call.space, fields)
        self._check_unique(call, fields, None)
        id = f"{self.id_prefix}{call.sandbox.randomness.text(f'id:{self.collection}', call.nth(self.collection), 16)}"
        record = {"id": id, **fields, "_version": 1, "_created": call.now, "_updated": call.now}
        self._put(call.space, record)
        reply = call.sandbox.provider.dialect.render_record(call, record, 201)
        root = call.origin if self.rules(call).absolute_location else ""
        reply.headers.append(("Location", f"{root}{call.mount}{self.path}/{id}"))
        return reply

    def _retrieve(self, call: Call) -> Reply:
        return call.sandbox.provider.dialect.render_record(
            call, self._get_record(call, self.rules(call).deleted_readable)
        )

    def _update(self, call: Call) -> Reply:
        rules = self.rules(call)
        if rules.checks_fields_first:
            self.check_body(call, call.body)
        current = self._get_record(call)
        versions.check_precondition(call, current["_version"], _version_in_body(call), rules.versions)
        fields = self.changed_fields(call, current, call.body)
        self._check_references(call.space, fields)
        self._check_unique(call, fields, current["id"])
        version = current["_version"] + 1
        record = {**current, **fields, "_version": version, "_updated": call.now}
        self._put(call.space, record)
        return call.sandbox.provider.dialect.render_record(call, record)

    def _delete(self, call: Call) -> Reply:
        current = self._get_record(call)
        requested = getattr(call.query_parameters, "version", None)
        versions.check_precondition(call, current["_version"], requested, self.rules(call).versions)
        use = self.describe_use(call, current["id"])
        if use is not None:
            raise Problem("in_use", use)
        record = {**current, "_version": current["_version"] + 1, "_updated": call.now}
        call.space.drop(self.collection, current["id"])
        self.on_write(call.space, current["id"], None)
        call.space.append(deleted_collection(self.collection), record, max_records=MAX_DELETED)
        return call.sandbox.provider.dialect.render_record(call, record)

    def _put(self, space: Space, record: Record) -> None:
        space.put(self.collection, record)
        self.on_write(space, record["id"], record)

    def _get_record(self, call: Call, include_deleted: bool = False) -> Record:
        id = call.args["id"]
        record = call.space.get(self.collection, id)
        if record is None and include_deleted:
            record = call.space.get(deleted_collection(self.collection), id)
        if record is None:
            raise Problem("not_found", f"There is no {self.name.replace('_', ' ')} {id[:100]}")
        return record

    def _check_references(self, space: Space, fields: Record) -> None:
        for path, collection, id in self.references(fields):
            if space.get(collection, id) is None:
                raise Problem("unknown_reference", path, fields=[FieldError(path, "is unknown")])

    def _check_unique(self, call: Call, fields: Record, own_id: str | None) -> None:
        collections = [self.collection]
        if self.rules(call).deleted_reserve_names:
            collections.append(deleted_collection(self.collection))
        for name in self.unique_fields(call):
            value = fields.get(name)
            if value is not None and any(_is_taken(call.space, each, name, value, own_id) for each in collections):
                raise Problem("duplicate", f"{name} is taken", fields=[FieldError(name, "is taken")])


def _is_taken(space: Space, collection: str, name: str, value: Any, own_id: str | None) -> bool:
    return any(record[name] == value and record["id"] != own_id for record in space.find(collection, name, value))


def _version_in_body(call: Call) -> int | None:
    # The version counts even if other fields are invalid, because a stale version is refused before an invalid field.
    try:
        return getattr(call.body, "version", None)
    except Problem:
        return _raw_version(call.data)


def _raw_version(data: bytes) -> int | None:
    value = from_json(data).get("_version")
    return value if isinstance(value, int) and not isinstance(value, bool) else None
