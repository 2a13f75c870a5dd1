"""Infers which properties of a resource are the id, writable, unique, or ids of other resources."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.openapi.document.document import Document
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.inference.resources import InferredResource, OperationRole, singularize

_ID_NAMES = ("id", "_id", "uuid", "guid", "key", "slug", "code", "name")
_VERBS_BY_COMPLETENESS = ("retrieve", "create", "replace", "merge", "list", "act", "delete")
"""Roles, ordered by how complete the record in their response usually is."""


def fill_resource(document: Document, resource: InferredResource, roles: Sequence[OperationRole]) -> None:
    """Sets the fields of a resource that follow from the schemas of its operations."""
    resource.roles = {role.operation.name: role.verb for role in roles}
    schemas = document.schemas
    responding = [role for role in roles if role.response_shape]
    responding.sort(key=lambda role: _VERBS_BY_COMPLETENESS.index(role.verb))
    request_shapes = [role.request_shape for role in roles if role.verb in ("create", "replace", "merge")]
    request_schemas = [shape.schema for shape in request_shapes if shape]
    if responding and responding[0].response_shape:
        resource.schema = responding[0].response_shape.schema
    elif request_schemas:
        resource.schema = request_schemas[0]
    resource.writable = frozenset(
        name
        for schema in request_schemas
        for name, inner in schemas.properties(schema).items()
        if not schemas.is_read_only(inner)
    )
    _fill_id(document, resource, roles)
    level = schemas.flatten(resource.schema)
    resource.unique = tuple(level.get("x-testmode-unique", ()))
    resource.id_prefix = level.get("x-testmode-id-prefix")
    resource.references = {
        name: str(flat["x-testmode-refers-to"])
        for name, inner in schemas.properties(resource.schema).items()
        if "x-testmode-refers-to" in (flat := schemas.flatten(inner))
    }
    seeds = [role.operation.extensions["seed"] for role in roles if "seed" in role.operation.extensions]
    resource.seed_count = seeds[0] if seeds else document.extensions.get("seed")


def _fill_id(document: Document, resource: InferredResource, roles: Sequence[OperationRole]) -> None:
    properties = document.schemas.properties(resource.schema)
    declared = [role.operation.extensions["id"] for role in roles if "id" in role.operation.extensions]
    declared += [document.schemas.flatten(resource.schema).get("x-testmode-id")]
    resource.id_field = next((each for each in declared if each), None) or _id_field(resource, list(properties))
    in_record = [properties[resource.id_field]] if resource.id_field in properties else []
    in_path = [
        parameter.schema
        for role in roles
        for parameter in role.operation.parameters
        if parameter.location == "path" and parameter.name == resource.id_parameter
    ]
    # An id must be valid in the record and in the path.
    schemas = [*in_record, *in_path[:1]]
    types = [set(document.schemas.types_of(each)) for each in schemas]
    if len(schemas) == 2 and all(types) and not types[0] & types[1]:
        schemas = schemas[1:]  # A number in the path can be a string in the record; it is converted for the record.
    resource.id_schema = schemas[0] if len(schemas) == 1 else {"allOf": schemas} if schemas else True


def _id_field(resource: InferredResource, properties: list[str]) -> str | None:
    """Returns the property with the id.

    It has the name of the path parameter, with or without the resource's name, or a usual name such as ``id``.
    """
    if resource.is_singleton:
        return None
    by_name = {normalize_name(each): each for each in properties}
    parameter = normalize_name(resource.id_parameter)
    own_name = normalize_name(singularize(resource.name.rpartition("_")[2]))
    after_own_name = parameter.partition(own_name)[2] if own_name else ""
    for candidate in (parameter, after_own_name):
        if candidate and candidate in by_name:
            return by_name[candidate]
    for each in _ID_NAMES:
        if normalize_name(each) in by_name and (
            each in ("id", "_id") or parameter.endswith(normalize_name(each)) or parameter == own_name
        ):
            return by_name[normalize_name(each)]
    prefixed = (f"{own_name}id", f"{own_name}uuid", f"{own_name}key")
    prefixed_id = next((by_name[each] for each in prefixed if each in by_name), None)
    return prefixed_id or next((by_name[each] for each in ("uuid", "guid") if each in by_name), None)
