"""Infers resources and roles from paths and bodies; for example, ``/things`` and ``/things/{id}`` are one resource."""

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
    """Infers the resources of a document and the role of each operation.

    Raises BadDocument when ``x-testmode-role`` has no resource.
    """
    return _Inference(document).run()


class _Inference:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.shapes = ShapeFinder(document.schemas)
        self.by_path: dict[str, dict[str, DocumentOperation]] = {}
        for operation in document.operations:
            self.by_path.setdefault(_unnamed_path(operation.path), {})[operation.method] = operation
        self.resources: dict[str, InferredResource] = {}
        self.by_collection_path: dict[str, InferredResource] = {}
        """The resources by the paths of their collections, with ``{}`` for every parameter."""

    def run(self) -> InferenceResult:
        for path in sorted(self.by_path, key=lambda path: (path.count("/"), path)):
            self._infer_path(path)
        roles = {role.operation.name: role for role in self._roles()}
        for resource in self.resources.values():
            own_roles = [role for role in roles.values() if role.resource is resource]
            fill_resource(self.document, resource, own_roles)
        return InferenceResult(self.resources, roles)

    def _infer_path(self, path: str) -> None:
        """Adds a resource if the path has the operations of a collection, an item or a single record."""
        if path.endswith("{}"):
            collection_path = path.rpartition("/")[0]
            if collection_path not in self.by_collection_path and self._is_item(path):
                self._add(collection_path, next(iter(self.by_path[path].values())), with_id=True)
            return
        operations = self.by_path[path]
        item_operations = self.by_path.get(f"{path}/{{}}")
        has_list = "GET" in operations and self.shapes.find_list(success_media(operations["GET"])) is not None
        if item_operations is not None and self._is_item(f"{path}/{{}}"):
            self._add(path, next(iter(item_operations.values())), with_id=True)
        elif (has_list and "POST" in operations and item_operations is None) or (
            not has_list and self._is_singleton(operations)
        ):
            self._add(path, operations["GET"], with_id=False)

    def _is_singleton(self, operations: Mapping[str, DocumentOperation]) -> bool:
        """Returns whether a path has a single record that can be read and changed."""
        return "GET" in operations and bool({"PUT", "PATCH"} & operations.keys()) and self._is_record(operations["GET"])

    def _is_item(self, path: str) -> bool:
        """Returns whether a path that ends with a parameter has operations on one record."""
        operations = self.by_path[path]
        if any(each.extensions.get("role") == "none" for each in operations.values()):
            return False
        get = operations.get("GET")
        return (get is not None and self._is_record(get)) or (
            get is None and bool({"PUT", "PATCH", "DELETE"} & operations.keys())
        )

    def _is_record(self, get: DocumentOperation) -> bool:
        media = success_media(get)
        return self.shapes.find_list(media) is None and self.shapes.find_record(media) is not None

    def _add(self, path: str, operation: DocumentOperation, *, with_id: bool) -> None:
        """Adds the resource of a collection; ``operation`` belongs to the collection or, ``with_id``, to its items."""
        segments = path.count("/")
        documented = "/".join(operation.path.split("/")[: segments + 1])
        route_names = {documented_name: route for route, documented_name in operation.documented_names.items()}
        parts = operation.path.split("/")[1:]
        parent_parameters = [
            part[1:-1] for part in parts[:segments] if part.startswith("{") and part[1:-1] in route_names
        ]
        is_listed = not with_id and self.shapes.find_list(success_media(operation)) is not None
        resource = InferredResource(
            name=self._name(path, operation),
            path=documented,
            parents=tuple(
                Parent(each, route_names[each], self._parent(path, nth)) for nth, each in enumerate(parent_parameters)
            ),
            id_parameter=parts[segments][1:-1] if with_id else "id" if is_listed else "",
        )
        if resource.name in self.resources:
            self.by_collection_path[path] = self.resources[resource.name]
            return
        self.resources[resource.name] = self.by_collection_path[path] = resource

    def _name(self, path: str, operation: DocumentOperation) -> str:
        declared = operation.extensions.get("resource")
        if declared:
            return str(declared)
        words = [each for each in path.split("/") if each and each != "{}"]
        name = "_".join(words).replace("-", "_").replace(".", "_").lower() or "root"
        return name if name not in self.resources else f"{name}_{len(self.resources)}"

    def _parent(self, path: str, nth: int) -> str | None:
        """Returns the name of the resource whose id is the nth parameter of a path; None if it is unknown."""
        pieces = path.split("{}")
        above = "{}".join(pieces[: nth + 1]).rstrip("/")
        known = self.by_collection_path.get(above)
        return known.name if known is not None and not known.is_singleton else None

    def _roles(self) -> Iterator[OperationRole]:
        for operation in self.document.operations:
            role = self._declared_role(operation) or self._inferred_role(operation)
            if role is not None:
                yield role

    def _declared_role(self, operation: DocumentOperation) -> OperationRole | None:
        """Returns the role that the document declares with ``x-testmode-role``."""
        verb, name = operation.extensions.get("role"), operation.extensions.get("resource")
        if verb is None or verb == "none":
            return None
        resource = self.resources.get(str(name)) if name else self._nearest_resource(operation)
        if resource is None:
            known = ", ".join(self.resources) or "none"
            file = self.document.linked.files.name(self.document.linked.files.main)
            raise BadDocument(file, operation.path, f"x-testmode-role {verb} needs a resource; known: {known}")
        return self._with_shapes(operation, resource, str(verb))

    def _nearest_resource(self, operation: DocumentOperation) -> InferredResource | None:
        """Returns the resource with the longest collection path that is a beginning of the operation's path."""
        path = _unnamed_path(operation.path)
        while path:
            if path in self.by_collection_path:
                return self.by_collection_path[path]
            path = path.rpartition("/")[0]
        return None

    def _inferred_role(self, operation: DocumentOperation) -> OperationRole | None:
        path, method = _unnamed_path(operation.path), operation.method
        if operation.extensions.get("role") == "none" or _accepts_only_json_patch(operation):
            return None
        if path in self.by_collection_path:
            verb = self._collection_verb(self.by_collection_path[path], operation)
            return self._with_shapes(operation, self.by_collection_path[path], verb) if verb else None
        above, _, last = path.rpartition("/")
        if above in self.by_collection_path and last == "{}":
            resource = self.by_collection_path[above]
            verb = _ITEM_VERBS.get(method)
            return self._with_shapes(operation, resource, verb) if verb else None
        return self._nested_role(operation, above)

    def _collection_verb(self, resource: InferredResource, operation: DocumentOperation) -> str | None:
        method = operation.method
        if resource.is_singleton:
            return _ITEM_VERBS.get(method) if method != "POST" else "merge"
        if method in ("GET", "HEAD"):
            return "list" if self.shapes.find_list(success_media(operation)) is not None else None
        if method == "POST":
            return "create" if self._is_about_one(operation) else None
        # For PUT and PATCH on a collection, the id of the record is in the body.
        return {"PUT": "replace", "PATCH": "merge"}.get(method) if self._is_about_one(operation) else None

    def _is_about_one(self, operation: DocumentOperation) -> bool:
        """Returns whether neither the request nor the response has a list of records."""
        media = success_media(operation)
        request_media = find_json(operation.body.media) if operation.body else None
        return self.shapes.find_list(media) is None and self.shapes.find_list(request_media) is None

    def _nested_role(self, operation: DocumentOperation, above: str) -> OperationRole | None:
        """Returns the role of a path below a collection or an item: another list of records, or an action on one."""
        media = success_media(operation)
        list_shape = self.shapes.find_list(media)
        if operation.method == "GET" and above in self.by_collection_path and list_shape is not None:
            resource = self.by_collection_path[above]
            record_shape = self._record_shape(resource)
            return (
                OperationRole(operation, resource, "list", None, list_shape)
                if record_shape and self._is_same_record(record_shape, list_shape)
                else None
            )
        item, _, last = above.rpartition("/")
        if operation.method in ("POST", "PUT", "PATCH") and last == "{}" and item in self.by_collection_path:
            resource = self.by_collection_path[item]
            response_shape = self.shapes.find_record(media, envelope_names(resource))
            record_shape = self._record_shape(resource)
            if record_shape and response_shape and self._is_same_record(record_shape, response_shape):
                return self._with_shapes(operation, resource, "act")
        return None

    def _is_same_record(self, one: Shape, other: Shape) -> bool:
        return self.document.schemas.is_same_record(one.schema, other.schema)

    def _record_shape(self, resource: InferredResource) -> Shape | None:
        """Returns the shape of a record in the response of retrieve, or of list if there is no retrieve."""
        path = _unnamed_path(resource.path)
        item = self.by_path.get(f"{path}/{{}}", {}).get("GET")
        if item is not None:
            return self.shapes.find_record(success_media(item), envelope_names(resource))
        listed = self.by_path.get(path, {}).get("GET")
        return self.shapes.find_list(success_media(listed)) if listed is not None else None

    def _with_shapes(self, operation: DocumentOperation, resource: InferredResource, verb: str) -> OperationRole:
        names, media = envelope_names(resource), success_media(operation)
        request_shape = self.shapes.find_record(_request_media(operation), names)
        response_shape = self.shapes.find_list(media) if verb == "list" else self.shapes.find_record(media, names)
        return OperationRole(operation, resource, verb, request_shape, response_shape)


def _request_media(operation: DocumentOperation) -> MediaType | None:
    media = operation.body.media if operation.body else ()
    return find_json(media) or (media[0] if media else None)


def _unnamed_path(path: str) -> str:
    """Returns the path with ``{}`` for every segment that is a parameter."""
    return "/".join(_unnamed_segment(each) for each in path.rstrip("/").split("/"))


def _unnamed_segment(text: str) -> str:
    return "{}" if text.startswith("{") and text.endswith("}") and text.count("{") == 1 else text


def _accepts_only_json_patch(operation: DocumentOperation) -> bool:
    kinds: Iterable[str] = [each.name for each in operation.body.media] if operation.body else []
    return bool(kinds) and all(each == _JSON_PATCH for each in kinds)
