"""What is peculiar to a resource's properties: which holds the id, which are written, which must be unique."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.openapi.document.document import Document
from mockserver.openapi.generation.words import plain
from mockserver.openapi.inference.resources import Resource, Role, singular

_IDS = ("id", "_id", "uuid", "guid", "key", "slug", "code", "name")
_WHOLE = ("retrieve", "create", "replace", "merge", "list", "act", "delete")
"""Where a record is shown, the place that shows most first."""


def describe(document: Document, resource: Resource, roles: Sequence[Role]) -> None:
    """Fill in what the bodies of a resource's operations tell of it."""
    resource.roles = {role.endpoint.name: role.verb for role in roles}
    schemas = document.schemas
    shown = sorted((role for role in roles if role.told), key=lambda role: _WHOLE.index(role.verb))
    asked = [role.asked.schema for role in roles if role.asked and role.verb in ("create", "replace", "merge")]
    if shown and shown[0].told:
        resource.schema = shown[0].told.schema
    elif asked:
        resource.schema = asked[0]
    resource.writable = frozenset(
        name
        for schema in asked
        for name, inner in schemas.properties(schema).items()
        if not schemas.is_only_read(inner)
    )
    _identify(document, resource, roles)
    level = schemas.flat(resource.schema)
    resource.unique = tuple(level.get("x-testmode-unique", ()))
    resource.id_prefix = level.get("x-testmode-id-prefix")
    resource.references = {
        name: str(flat["x-testmode-refers-to"])
        for name, inner in schemas.properties(resource.schema).items()
        if "x-testmode-refers-to" in (flat := schemas.flat(inner))
    }
    seeds = [role.endpoint.extensions["seed"] for role in roles if "seed" in role.endpoint.extensions]
    resource.seed = seeds[0] if seeds else document.extensions.get("seed")


def _identify(document: Document, resource: Resource, roles: Sequence[Role]) -> None:
    properties = document.schemas.properties(resource.schema)
    said = [role.endpoint.extensions["id"] for role in roles if "id" in role.endpoint.extensions]
    said += [document.schemas.flat(resource.schema).get("x-testmode-id")]
    resource.id_field = next((each for each in said if each), None) or _id_field(resource, list(properties))
    held = [properties[resource.id_field]] if resource.id_field in properties else []
    named = [
        parameter.schema
        for role in roles
        for parameter in role.endpoint.parameters
        if parameter.place == "path" and parameter.name == resource.id_parameter
    ]
    # An id has to fit where it stands in a record, and where it stands in a path.
    both = [*held, *named[:1]]
    kinds = [set(document.schemas.kinds(each)) for each in both]
    if len(both) == 2 and all(kinds) and not kinds[0] & kinds[1]:
        both = both[1:]  # A number in the path may be text in the record; it is written as each wants it.
    resource.id_schema = both[0] if len(both) == 1 else {"allOf": both} if both else True


def _id_field(resource: Resource, properties: list[str]) -> str | None:
    """The property that the path's parameter names: by its name, by its name without the resource's, or ``id``."""
    if resource.is_single:
        return None
    named = {plain(each): each for each in properties}
    parameter = plain(resource.id_parameter)
    own = plain(singular(resource.name.rpartition("_")[2]))
    for wanted in (parameter, parameter.removeprefix(own), *(parameter[len(own) :] for _ in "." if own in parameter)):
        if wanted and wanted in named:
            return named[wanted]
    for each in _IDS:
        if plain(each) in named and (each in ("id", "_id") or parameter.endswith(plain(each)) or parameter == own):
            return named[plain(each)]
    own_id = next((named[each] for each in (f"{own}id", f"{own}uuid", f"{own}key") if each in named), None)
    return own_id or next((named[each] for each in ("uuid", "guid") if each in named), None)
