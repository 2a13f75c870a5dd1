"""Handles the operations on a resource: list, create, retrieve, replace, merge, delete, act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.engine import Call, FieldError, Problem, Record, Reply
from mockserver.openapi.inference.resources import InferredResource, OperationRole, envelope_names
from mockserver.openapi.inference.shapes import success_response
from mockserver.openapi.serving import list_queries, records
from mockserver.openapi.serving.assumptions import assumptions_of
from mockserver.openapi.serving.record_factory import RecordFactory
from mockserver.openapi.serving.reply_writer import ReplyWriter, created_status, not_found
from mockserver.openapi.serving.request import ParsedRequest
from mockserver.openapi.serving.spec_model import SpecModel

Handler = Callable[[Call], Reply]


class ResourceHandlers:
    """The handlers of all operations of one document that have a role."""

    def __init__(self, model: SpecModel, writer: ReplyWriter) -> None:
        self._model, self._writer, self._factory = model, writer, RecordFactory(model)
        self._handlers: dict[str, Callable[[Call, OperationRole], Reply]] = {
            "list": self._list,
            "create": self._create,
            "retrieve": self._retrieve,
            "replace": self._replace,
            "merge": self._merge,
            "delete": self._delete,
            "act": self._merge,
        }

    def handler_of(self, role: OperationRole) -> Handler:
        """Returns the function that performs the operation of a role."""
        handler = self._handlers[role.verb]
        return lambda call: handler(call, role)

    def _list(self, call: Call, role: OperationRole) -> Reply:
        at = self._parent_path(call, role)
        resource, request = role.resource, _parsed_request(call)
        properties = self._model.document.schemas.properties(resource.schema)
        paging = self._model.paging[role.operation.name]
        filters = list_queries.read_filters(request, properties, paging)
        children = [each for _, each in call.space.scan(resource.name, field="at", equals=at)]
        matching = [each for each in children if each["at"] == at and list_queries.matches_filters(each, filters)]
        if assumptions_of(call).order == "newest first":
            matching.reverse()
        page = paging.select_page(
            list_queries.sort_records(matching, request, properties), request, assumptions_of(call).page_size
        )
        return self._writer.write_list(call, role, page)

    def _create(self, call: Call, role: OperationRole) -> Reply:
        at = self._parent_path(call, role)
        return self._writer.write_record(
            call, role, self._add_record(call, role, at, _sent_record(call, role), None), created_status(role)
        )

    def _add_record(self, call: Call, role: OperationRole, at: str, sent: Mapping[str, Any], id: Any) -> Record:
        resource, nth = role.resource, call.nth(role.resource.name)
        if id is None:
            id = self._new_id(call, role, at, sent, nth)
        attributes = self._factory.create(
            resource, sent, id, self._path_by_name(call, role), call.now, call.sandbox.randomness
        )
        self._check_constraints(call, resource, at, attributes, None)
        record = records.build_record(resource, at, id, attributes, nth=nth, created=call.now, updated=call.now)
        call.space.put(resource.name, record)
        return record

    def _new_id(self, call: Call, role: OperationRole, at: str, sent: Mapping[str, Any], nth: int) -> Any:
        """Returns the client's id if it is writable and ``client_ids`` is ``kept``, otherwise a generated id."""
        resource = role.resource
        given = sent.get(resource.id_field) if resource.id_field in resource.writable else None
        if given is not None and assumptions_of(call).client_ids == "kept":
            if call.space.get(resource.name, records.record_key(at, given)) is not None:
                field = str(resource.id_field)
                raise Problem("duplicate", f"{field} is taken", fields=[FieldError(field, "is taken")])
            return given
        for further in range(1_000):
            id = self._model.ids.make(resource, call.sandbox.randomness, nth + further)
            if call.space.get(resource.name, records.record_key(at, id)) is None:
                return id
        raise Problem("duplicate", "No unused id could be generated that the id's schema allows")

    def _check_constraints(
        self, call: Call, resource: InferredResource, at: str, attributes: Mapping[str, Any], own_key: str | None
    ) -> None:
        name = records.find_duplicate(call.space, resource, at, attributes, own_key)
        if name is not None:
            raise Problem("duplicate", f"{name} is taken", fields=[FieldError(name, "is taken")])
        for field, other in resource.references.items():
            value = attributes.get(field)
            for id in value if isinstance(value, list) else [value]:
                if id is not None and call.space.get(other, records.record_key("", id)) is None:
                    raise Problem(
                        "unknown_reference", f"{field}: {id} is unknown", fields=[FieldError(field, "is unknown")]
                    )

    def _retrieve(self, call: Call, role: OperationRole) -> Reply:
        return self._writer.write_record(
            call, role, self._require_record(call, role), success_response(role.operation)[0]
        )

    def _replace(self, call: Call, role: OperationRole) -> Reply:
        at, sent = self._parent_path(call, role), _sent_record(call, role)
        current = self._current_record(call, role, at)
        if current is None:
            id = self._requested_id(call, role)
            if not role.operation.declares(201):
                raise not_found(role, id)
            return self._writer.write_record(call, role, self._add_record(call, role, at, sent, id), 201)
        return self._save(call, role, current, self._factory.replace(role.resource, current["shown"], sent, call.now))

    def _merge(self, call: Call, role: OperationRole) -> Reply:
        at, sent = self._parent_path(call, role), self._changes(call, role)
        current = self._current_record(call, role, at)
        if current is None:
            raise not_found(role, self._requested_id(call, role))
        return self._save(call, role, current, self._factory.merge(role.resource, current["shown"], sent, call.now))

    def _changes(self, call: Call, role: OperationRole) -> Mapping[str, Any]:
        """Returns the changes to a record: the request body, or the properties in the query if there is no body."""
        sent = _sent_record(call, role)
        if role.operation.body is None:
            properties = self._model.document.schemas.properties(role.resource.schema)
            in_query = {name: value for name, value in _parsed_request(call).query.items() if name in properties}
            return {**in_query, **sent}
        if role.verb == "act":
            return {name: value for name, value in sent.items() if name in role.resource.writable}
        return sent

    def _save(self, call: Call, role: OperationRole, current: Record, attributes: dict[str, Any]) -> Reply:
        resource = role.resource
        self._check_constraints(call, resource, current["at"], attributes, current["id"])
        times = {"created": current["_created"], "updated": call.now}
        changed = records.build_record(resource, current["at"], current["own"], attributes, nth=current["nth"], **times)
        call.space.put(resource.name, changed)
        return self._writer.write_record(call, role, changed, success_response(role.operation)[0])

    def _delete(self, call: Call, role: OperationRole) -> Reply:
        record = self._require_record(call, role)
        call.space.drop(role.resource.name, record["id"])
        if assumptions_of(call).children == "deleted":
            for collection, id in records.find_descendants(
                call.space, self._model.inferred.resources, role.resource, record["id"]
            ):
                call.space.drop(collection, id)
        return self._writer.write_record(call, role, record, success_response(role.operation)[0])

    def _require_record(self, call: Call, role: OperationRole) -> Record:
        at = self._parent_path(call, role)
        record = self._current_record(call, role, at)
        if record is None:
            raise not_found(role, self._requested_id(call, role))
        return record

    def _current_record(self, call: Call, role: OperationRole, at: str) -> Record | None:
        """Returns the record that a call refers to; generates the record of a singleton if it is not stored."""
        resource = role.resource
        id = self._requested_id(call, role)
        record = call.space.get(resource.name, records.record_key(at, id)) if id is not None else None
        if record is not None or not resource.is_singleton:
            return record
        attributes = self._model.values.make(resource.schema, call.sandbox.randomness, f"single:{resource.name}:{at}")
        return records.build_record(resource, at, id, attributes, nth=0, created=call.now, updated=call.now)

    def _requested_id(self, call: Call, role: OperationRole) -> Any:
        resource = role.resource
        if resource.is_singleton:
            return "single"
        # Operations can use different names for the id parameter, so it is found by its position in the path.
        depth = resource.path.count("/") + 1
        parts = role.operation.path.split("/")
        if len(parts) > depth and parts[depth].startswith("{"):
            return _parsed_request(call).path.get(parts[depth][1:-1])
        sent = _sent_record(call, role, raw=True)
        return sent.get(resource.id_field) if resource.id_field else None

    def _path_by_name(self, call: Call, role: OperationRole) -> dict[str, Any]:
        """Returns the values of the path parameters before the id, by their documented names."""
        values = self._path_values(call, role)
        return {parent.parameter: value for parent, value in zip(role.resource.parents, values, strict=False)}

    def _path_values(self, call: Call, role: OperationRole) -> list[Any]:
        parts = role.operation.path.split("/")[: role.resource.path.count("/") + 1]
        names = [part[1:-1] for part in parts if part.startswith("{") and part.endswith("}")]
        return [_parsed_request(call).path[name] for name in names if name in _parsed_request(call).path]

    def _parent_path(self, call: Call, role: OperationRole) -> str:
        """Returns the ``at`` of a call's records; raises Problem ``not_found`` if a parent does not exist."""
        values = self._path_values(call, role)
        for nth, parent in enumerate(role.resource.parents[: len(values)]):
            if parent.resource is None or assumptions_of(call).parents == "ignored":
                continue
            if call.space.get(parent.resource, records.encode_parents(values[: nth + 1])) is None:
                parent_name = envelope_names(self._model.inferred.resources[parent.resource])[-1].replace("_", " ")
                raise Problem("not_found", f"There is no {parent_name} {str(values[nth])[:100]}")
        return records.encode_parents(values)


def _parsed_request(call: Call) -> ParsedRequest:
    request = call.prepared
    assert isinstance(request, ParsedRequest)
    return request


def _sent_record(call: Call, role: OperationRole, *, raw: bool = False) -> dict[str, Any]:
    """Returns the record in the request body; ``raw`` includes readOnly properties."""
    body = _parsed_request(call).raw_body if raw else _parsed_request(call).body
    record = role.request_shape.unwrap(body) if role.request_shape else body
    return dict(record) if isinstance(record, Mapping) else {}
