"""From paths and bodies to resources: ``/things`` and ``/things/{id}`` are one, with what can be done to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mockserver.openapi.document.document import Document, DocumentOperation, MediaType, find_json
from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.inference.fields import fill_resource
from mockserver.openapi.inference.resources import (
    InferenceResult,
    InferredResource,
    OperationRole,
    Parent,
    envelope_names,
)
from mockserver.openapi.inference.shapes import Shape, ShapeFinder, success_media

_ITEM_VERBS = {
    "GET": "retrieve",
    "HEAD": "retrieve",
    "PUT": "replace",
    "PATCH": "merge",
    "DELETE": "delete",
    "POST": "merge",
}
_JSON_PATCH = "application/json-patch+json"


def infer(document: Document) -> InferenceResult:
    """The resources of a document, and what each operation does to them."""
    return _Inference(document).run()


class _Inference:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.shapes = ShapeFinder(document.schemas)
        self.by_path: dict[str, dict[str, DocumentOperation]] = {}
        for endpoint in document.operations:
            self.by_path.setdefault(_unnamed_path(endpoint.path), {})[endpoint.method] = endpoint
        self.resources: dict[str, InferredResource] = {}
        self.by_collection_path: dict[str, InferredResource] = {}
        """By the path of the collection, parameters without names."""

    def run(self) -> InferenceResult:
        for path in sorted(self.by_path, key=lambda path: (path.count("/"), path)):
            self._infer_path(path)
        roles = {role.operation.name: role for role in self._roles()}
        for resource in self.resources.values():
            mine = [role for role in roles.values() if role.resource is resource]
            fill_resource(self.document, resource, mine)
        return InferenceResult(self.resources, roles)

    def _infer_path(self, path: str) -> None:
        """Take a path for a collection, if it or what lies below it says so."""
        if path.endswith("{}"):
            above = path.rpartition("/")[0]
            if above not in self.by_collection_path and self._is_item(path):
                self._add(above, next(iter(self.by_path[path].values())), with_id=True)
            return
        here = self.by_path[path]
        below = self.by_path.get(f"{path}/{{}}")
        listed = "GET" in here and self.shapes.find_list(success_media(here["GET"])) is not None
        if below is not None and self._is_item(f"{path}/{{}}"):
            self._add(path, next(iter(below.values())), with_id=True)
        elif (listed and "POST" in here and below is None) or (not listed and self._is_single(here)):
            self._add(path, here["GET"], with_id=False)

    def _is_single(self, here: Mapping[str, DocumentOperation]) -> bool:
        """Whether one record stands at a path, to be read and changed."""
        return "GET" in here and bool({"PUT", "PATCH"} & here.keys()) and self._is_record(here["GET"])

    def _is_item(self, path: str) -> bool:
        """Whether single records are read or changed at a path that ends with a parameter."""
        here = self.by_path[path]
        if any(each.extensions.get("role") == "none" for each in here.values()):
            return False
        get = here.get("GET")
        return (get is not None and self._is_record(get)) or (
            get is None and bool({"PUT", "PATCH", "DELETE"} & here.keys())
        )

    def _is_record(self, get: DocumentOperation) -> bool:
        media = success_media(get)
        return self.shapes.find_list(media) is None and self.shapes.find_record(media) is not None

    def _add(self, path: str, endpoint: DocumentOperation, *, with_id: bool) -> None:
        segments = path.count("/")
        documented = "/".join(endpoint.path.split("/")[: segments + 1])
        route_names = {documented_name: route for route, documented_name in endpoint.documented_names.items()}
        parts = endpoint.path.split("/")[1:]
        parents = [part[1:-1] for part in parts[:segments] if part.startswith("{") and part[1:-1] in route_names]
        is_listed = not with_id and self.shapes.find_list(success_media(endpoint)) is not None
        resource = InferredResource(
            name=self._name(path, endpoint),
            path=documented,
            parents=tuple(Parent(each, route_names[each], self._parent(path, nth)) for nth, each in enumerate(parents)),
            id_parameter=parts[segments][1:-1] if with_id else "id" if is_listed else "",
        )
        if resource.name in self.resources:
            self.by_collection_path[path] = self.resources[resource.name]
            return
        self.resources[resource.name] = self.by_collection_path[path] = resource

    def _name(self, path: str, endpoint: DocumentOperation) -> str:
        said = endpoint.extensions.get("resource")
        if said:
            return str(said)
        words = [each for each in path.split("/") if each and each != "{}"]
        name = "_".join(words).replace("-", "_").replace(".", "_").lower() or "root"
        return name if name not in self.resources else f"{name}_{len(self.resources)}"

    def _parent(self, path: str, nth: int) -> str | None:
        """The resource that the nth parameter of a path names one of."""
        pieces = path.split("{}")
        above = "{}".join(pieces[: nth + 1]).rstrip("/")
        known = self.by_collection_path.get(above)
        return known.name if known is not None and not known.is_singleton else None

    def _roles(self) -> Iterator[OperationRole]:
        for endpoint in self.document.operations:
            role = self._declared_role(endpoint) or self._inferred_role(endpoint)
            if role is not None:
                yield role

    def _declared_role(self, endpoint: DocumentOperation) -> OperationRole | None:
        """What the document says of an operation itself."""
        verb, name = endpoint.extensions.get("role"), endpoint.extensions.get("resource")
        if verb is None or verb == "none":
            return None
        resource = self.resources.get(str(name)) if name else self._nearest(endpoint)
        if resource is None:
            known = ", ".join(self.resources) or "none"
            file = self.document.linked.files.name(self.document.linked.files.main)
            raise BadDocument(file, endpoint.path, f"x-testmode-role {verb} needs a resource; there are: {known}")
        return self._with_shapes(endpoint, resource, str(verb))

    def _nearest(self, endpoint: DocumentOperation) -> InferredResource | None:
        path = _unnamed_path(endpoint.path)
        while path:
            if path in self.by_collection_path:
                return self.by_collection_path[path]
            path = path.rpartition("/")[0]
        return None

    def _inferred_role(self, endpoint: DocumentOperation) -> OperationRole | None:
        path, method = _unnamed_path(endpoint.path), endpoint.method
        if endpoint.extensions.get("role") == "none" or _only_json_patch(endpoint):
            return None
        if path in self.by_collection_path:
            verb = self._collection_verb(self.by_collection_path[path], endpoint)
            return self._with_shapes(endpoint, self.by_collection_path[path], verb) if verb else None
        above, _, last = path.rpartition("/")
        if above in self.by_collection_path and last == "{}":
            resource = self.by_collection_path[above]
            verb = _ITEM_VERBS.get(method)
            return self._with_shapes(endpoint, resource, verb) if verb else None
        return self._nested_role(endpoint, above)

    def _collection_verb(self, resource: InferredResource, endpoint: DocumentOperation) -> str | None:
        method = endpoint.method
        if resource.is_singleton:
            return _ITEM_VERBS.get(method) if method != "POST" else "merge"
        if method in ("GET", "HEAD"):
            return "list" if self.shapes.find_list(success_media(endpoint)) is not None else None
        if method == "POST":
            return "create" if self._is_about_one(endpoint) else None
        # A record that is named in the body and not in the path.
        return {"PUT": "replace", "PATCH": "merge"}.get(method) if self._is_about_one(endpoint) else None

    def _is_about_one(self, endpoint: DocumentOperation) -> bool:
        """Whether an operation speaks of a single record, or of none at all."""
        media = success_media(endpoint)
        asked = find_json(endpoint.body.media) if endpoint.body else None
        return self.shapes.find_list(media) is None and self.shapes.find_list(asked) is None

    def _nested_role(self, endpoint: DocumentOperation, above: str) -> OperationRole | None:
        """What stands beside a resource: another list of its records, or something that is done to one."""
        media = success_media(endpoint)
        many = self.shapes.find_list(media)
        if endpoint.method == "GET" and above in self.by_collection_path and many is not None:
            resource = self.by_collection_path[above]
            whole = self._record_shape(resource)
            return (
                OperationRole(endpoint, resource, "list", None, many)
                if whole and self._is_same_record(whole, many)
                else None
            )
        item, _, last = above.rpartition("/")
        if endpoint.method in ("POST", "PUT", "PATCH") and last == "{}" and item in self.by_collection_path:
            resource, told = (
                self.by_collection_path[item],
                self.shapes.find_record(media, envelope_names(self.by_collection_path[item])),
            )
            whole = self._record_shape(resource)
            if whole and told and self._is_same_record(whole, told):
                return self._with_shapes(endpoint, resource, "act")
        return None

    def _is_same_record(self, one: Shape, other: Shape) -> bool:
        return self.document.schemas.is_same_record(one.schema, other.schema)

    def _record_shape(self, resource: InferredResource) -> Shape | None:
        """What a record looks like where it is read, or where it is listed."""
        path = _unnamed_path(resource.path)
        item = self.by_path.get(f"{path}/{{}}", {}).get("GET")
        if item is not None:
            return self.shapes.find_record(success_media(item), envelope_names(resource))
        listed = self.by_path.get(path, {}).get("GET")
        return self.shapes.find_list(success_media(listed)) if listed is not None else None

    def _with_shapes(self, endpoint: DocumentOperation, resource: InferredResource, verb: str) -> OperationRole:
        words, media = envelope_names(resource), success_media(endpoint)
        asked = self.shapes.find_record(_request_media(endpoint), words)
        told = self.shapes.find_list(media) if verb == "list" else self.shapes.find_record(media, words)
        return OperationRole(endpoint, resource, verb, asked, told)


def _request_media(endpoint: DocumentOperation) -> MediaType | None:
    media = endpoint.body.media if endpoint.body else ()
    return find_json(media) or (media[0] if media else None)


def _unnamed_path(path: str) -> str:
    """A path whose parameters have no names; one that is only part of a step is no parameter."""
    return "/".join(_unnamed_segment(each) for each in path.rstrip("/").split("/"))


def _unnamed_segment(text: str) -> str:
    return "{}" if text.startswith("{") and text.endswith("}") and text.count("{") == 1 else text


def _only_json_patch(endpoint: DocumentOperation) -> bool:
    kinds: Iterable[str] = [each.name for each in endpoint.body.media] if endpoint.body else []
    return bool(kinds) and all(each == _JSON_PATCH for each in kinds)
