"""What is peculiar to a resource's properties: which holds the id, which are written, which must be unique."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.openapi.document.document import Document
from mockserver.openapi.generation.fake_values import normalize_name
from mockserver.openapi.inference.resources import InferredResource, OperationRole, singularize

_ID_NAMES = ("id", "_id", "uuid", "guid", "key", "slug", "code", "name")
_VERBS_BY_COMPLETENESS = ("retrieve", "create", "replace", "merge", "list", "act", "delete")
"""Where a record is shown, the place that shows most first."""


def fill_resource(document: Document, resource: InferredResource, roles: Sequence[OperationRole]) -> None:
    """Fill in what the bodies of a resource's operations tell of it."""
    resource.roles = {role.operation.name: role.verb for role in roles}
    schemas = document.schemas
    shown = sorted(
        (role for role in roles if role.response_shape), key=lambda role: _VERBS_BY_COMPLETENESS.index(role.verb)
    )
    asked = [
        role.request_shape.schema
        for role in roles
        if role.request_shape and role.verb in ("create", "replace", "merge")
    ]
    if shown and shown[0].response_shape:
        resource.schema = shown[0].response_shape.schema
    elif asked:
        resource.schema = asked[0]
    resource.writable = frozenset(
        name
        for schema in asked
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
    resource.seed = seeds[0] if seeds else document.extensions.get("seed")


def _fill_id(document: Document, resource: InferredResource, roles: Sequence[OperationRole]) -> None:
    properties = document.schemas.properties(resource.schema)
    said = [role.operation.extensions["id"] for role in roles if "id" in role.operation.extensions]
    said += [document.schemas.flatten(resource.schema).get("x-testmode-id")]
    resource.id_field = next((each for each in said if each), None) or _id_field(resource, list(properties))
    held = [properties[resource.id_field]] if resource.id_field in properties else []
    named = [
        parameter.schema
        for role in roles
        for parameter in role.operation.parameters
        if parameter.location == "path" and parameter.name == resource.id_parameter
    ]
    # An id has to fit where it stands in a record, and where it stands in a path.
    both = [*held, *named[:1]]
    kinds = [set(document.schemas.types_of(each)) for each in both]
    if len(both) == 2 and all(kinds) and not kinds[0] & kinds[1]:
        both = both[1:]  # A number in the path may be text in the record; it is written as each wants it.
    resource.id_schema = both[0] if len(both) == 1 else {"allOf": both} if both else True


def _id_field(resource: InferredResource, properties: list[str]) -> str | None:
    """The property that the path's parameter names: by its name, by its name without the resource's, or ``id``."""
    if resource.is_singleton:
        return None
    named = {normalize_name(each): each for each in properties}
    parameter = normalize_name(resource.id_parameter)
    own = normalize_name(singularize(resource.name.rpartition("_")[2]))
    for wanted in (parameter, parameter.removeprefix(own), *(parameter[len(own) :] for _ in "." if own in parameter)):
        if wanted and wanted in named:
            return named[wanted]
    for each in _ID_NAMES:
        if normalize_name(each) in named and (
            each in ("id", "_id") or parameter.endswith(normalize_name(each)) or parameter == own
        ):
            return named[normalize_name(each)]
    own_id = next((named[each] for each in (f"{own}id", f"{own}uuid", f"{own}key") if each in named), None)
    return own_id or next((named[each] for each in ("uuid", "guid") if each in named), None)
