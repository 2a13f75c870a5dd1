"""What the operations on a resource do: list, create, retrieve, replace, merge, delete, act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.engine import Call, FieldError, Problem, Record, Reply
from mockserver.openapi.inference.resources import Resource, Role, words_of
from mockserver.openapi.inference.shapes import success
from mockserver.openapi.serving import lists, records
from mockserver.openapi.serving.assumptions import assume
from mockserver.openapi.serving.making import Maker
from mockserver.openapi.serving.request import Asked
from mockserver.openapi.serving.world import World
from mockserver.openapi.serving.writing import Writer, created_status, no_such

Perform = Callable[[Call], Reply]


class Verbs:
    """Performs the inferred operations of one document."""

    def __init__(self, world: World, writer: Writer) -> None:
        self._world, self._writer, self._maker = world, writer, Maker(world)
        self._table: dict[str, Callable[[Call, Role], Reply]] = {
            "list": self._list,
            "create": self._create,
            "retrieve": self._retrieve,
            "replace": self._replace,
            "merge": self._merge,
            "delete": self._delete,
            "act": self._merge,
        }

    def perform(self, role: Role) -> Perform:
        """The function that does what a role says."""
        verb = self._table[role.verb]
        return lambda call: verb(call, role)

    def _list(self, call: Call, role: Role) -> Reply:
        at = self._above(call, role)
        resource, asked = role.resource, _asked(call)
        properties = self._world.document.schemas.properties(resource.schema)
        paging = self._world.paging[role.endpoint.name]
        wanted = lists.filters(asked, properties, paging)
        found = [each for _, each in call.space.scan(resource.name, field="at", equals=at)]
        found = [each for each in found if each["at"] == at and lists.passes(each, wanted)]
        if assume(call).order == "newest first":
            found.reverse()
        page = paging.cut(lists.ordered(found, asked, properties), asked, assume(call).page_size)
        return self._writer.many(call, role, page)

    def _create(self, call: Call, role: Role) -> Reply:
        at = self._above(call, role)
        return self._writer.one(call, role, self._new(call, role, at, _said(call, role), None), created_status(role))

    def _new(self, call: Call, role: Role, at: str, sent: Mapping[str, Any], id: Any) -> Record:
        resource, nth = role.resource, call.nth(role.resource.name)
        if id is None:
            id = self._id(call, role, at, sent, nth)
        shown = self._maker.made(resource, sent, id, self._path(call, role), call.now, call.sandbox.randomness)
        self._check(call, resource, at, shown, None)
        made = records.record(resource, at, id, shown, nth=nth, created=call.now, updated=call.now)
        call.space.put(resource.name, made)
        return made

    def _id(self, call: Call, role: Role, at: str, sent: Mapping[str, Any], nth: int) -> Any:
        """The id of a new record: the client's where it may say one, else a new one."""
        resource = role.resource
        given = sent.get(resource.id_field) if resource.id_field in resource.writable else None
        if given is not None and assume(call).client_ids == "kept":
            if call.space.get(resource.name, records.key(at, given)) is not None:
                field = str(resource.id_field)
                raise Problem("duplicate", f"{field} is taken", fields=[FieldError(field, "is taken")])
            return given
        for further in range(1_000):
            id = self._world.ids.make(resource, call.sandbox.randomness, nth + further)
            if call.space.get(resource.name, records.key(at, id)) is None:
                return id
        raise Problem("duplicate", "There is no free id left that its schema admits")

    def _check(self, call: Call, resource: Resource, at: str, shown: Mapping[str, Any], own: str | None) -> None:
        name = records.taken(call.space, resource, at, shown, own)
        if name is not None:
            raise Problem("duplicate", f"{name} is taken", fields=[FieldError(name, "is taken")])
        for field, other in resource.references.items():
            value = shown.get(field)
            for id in value if isinstance(value, list) else [value]:
                if id is not None and call.space.get(other, records.key("", id)) is None:
                    raise Problem(
                        "unknown_reference", f"{field}: {id} is unknown", fields=[FieldError(field, "is unknown")]
                    )

    def _retrieve(self, call: Call, role: Role) -> Reply:
        return self._writer.one(call, role, self._found(call, role), success(role.endpoint)[0])

    def _replace(self, call: Call, role: Role) -> Reply:
        at, sent = self._above(call, role), _said(call, role)
        current = self._current(call, role, at)
        if current is None:
            id = self._asked_id(call, role)
            if not role.endpoint.declares(201):
                raise no_such(role, id)
            return self._writer.one(call, role, self._new(call, role, at, sent, id), 201)
        return self._changed(call, role, current, self._maker.replaced(role.resource, current["shown"], sent, call.now))

    def _merge(self, call: Call, role: Role) -> Reply:
        at, sent = self._above(call, role), self._fields(call, role)
        current = self._current(call, role, at)
        if current is None:
            raise no_such(role, self._asked_id(call, role))
        return self._changed(call, role, current, self._maker.merged(role.resource, current["shown"], sent, call.now))

    def _fields(self, call: Call, role: Role) -> Mapping[str, Any]:
        """What a change says: its body, or where it has none the properties that its query names."""
        sent = _said(call, role)
        if role.endpoint.body is None:
            properties = self._world.document.schemas.properties(role.resource.schema)
            named = {name: value for name, value in _asked(call).query.items() if name in properties}
            return {**named, **sent}
        if role.verb == "act":
            return {name: value for name, value in sent.items() if name in role.resource.writable}
        return sent

    def _changed(self, call: Call, role: Role, current: Record, shown: dict[str, Any]) -> Reply:
        resource = role.resource
        self._check(call, resource, current["at"], shown, current["id"])
        times = {"created": current["_created"], "updated": call.now}
        changed = records.record(resource, current["at"], current["own"], shown, nth=current["nth"], **times)
        call.space.put(resource.name, changed)
        return self._writer.one(call, role, changed, success(role.endpoint)[0])

    def _delete(self, call: Call, role: Role) -> Reply:
        found = self._found(call, role)
        call.space.drop(role.resource.name, found["id"])
        if assume(call).children == "deleted":
            for collection, id in records.below(call.space, self._world.inferred.resources, role.resource, found["id"]):
                call.space.drop(collection, id)
        return self._writer.one(call, role, found, success(role.endpoint)[0])

    def _found(self, call: Call, role: Role) -> Record:
        at = self._above(call, role)
        found = self._current(call, role, at)
        if found is None:
            raise no_such(role, self._asked_id(call, role))
        return found

    def _current(self, call: Call, role: Role, at: str) -> Record | None:
        """The record a call names; of one that there is only one of, the one there always is."""
        resource = role.resource
        id = self._asked_id(call, role)
        found = call.space.get(resource.name, records.key(at, id)) if id is not None else None
        if found is not None or not resource.is_single:
            return found
        shown = self._world.answers.made(resource.schema, call.sandbox.randomness, f"single:{resource.name}:{at}")
        return records.record(resource, at, id, shown, nth=0, created=call.now, updated=call.now)

    def _asked_id(self, call: Call, role: Role) -> Any:
        resource = role.resource
        if resource.is_single:
            return "single"
        # Another operation may call the parameter otherwise: what counts is where it stands.
        depth = resource.path.count("/") + 1
        parts = role.endpoint.path.split("/")
        if len(parts) > depth and parts[depth].startswith("{"):
            return _asked(call).path.get(parts[depth][1:-1])
        said = _said(call, role, raw=True)
        return said.get(resource.id_field) if resource.id_field else None

    def _path(self, call: Call, role: Role) -> dict[str, Any]:
        """What the path says above the resource, by the names the resource knows."""
        values = self._values(call, role)
        return {parent.parameter: value for parent, value in zip(role.resource.parents, values, strict=False)}

    def _values(self, call: Call, role: Role) -> list[Any]:
        parts = role.endpoint.path.split("/")[: role.resource.path.count("/") + 1]
        names = [part[1:-1] for part in parts if part.startswith("{") and part.endswith("}")]
        return [_asked(call).path[name] for name in names if name in _asked(call).path]

    def _above(self, call: Call, role: Role) -> str:
        """Where a call's records belong; every record its path names above them has to be there."""
        values = self._values(call, role)
        for nth, parent in enumerate(role.resource.parents[: len(values)]):
            if parent.resource is None or assume(call).parents == "ignored":
                continue
            if call.space.get(parent.resource, records.place(values[: nth + 1])) is None:
                what = words_of(self._world.inferred.resources[parent.resource])[-1].replace("_", " ")
                raise Problem("not_found", f"There is no {what} {str(values[nth])[:100]}")
        return records.place(values)


def _asked(call: Call) -> Asked:
    asked = call.prepared
    assert isinstance(asked, Asked)
    return asked


def _said(call: Call, role: Role, *, raw: bool = False) -> dict[str, Any]:
    """The record as the body says it; ``raw``, with what is only read too."""
    body = _asked(call).raw if raw else _asked(call).body
    inner = role.asked.inside(body) if role.asked else body
    return dict(inner) if isinstance(inner, Mapping) else {}
