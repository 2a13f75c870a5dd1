"""From paths and bodies to resources: ``/things`` and ``/things/{id}`` are one, with what can be done to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mockserver.openapi.document.document import Document, Endpoint, Media, json_of
from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.inference.fields import describe
from mockserver.openapi.inference.resources import Inferred, Parent, Resource, Role, words_of
from mockserver.openapi.inference.shapes import Shape, Shapes, answered

_ON_ONE = {
    "GET": "retrieve",
    "HEAD": "retrieve",
    "PUT": "replace",
    "PATCH": "merge",
    "DELETE": "delete",
    "POST": "merge",
}
_JSON_PATCH = "application/json-patch+json"


def infer(document: Document) -> Inferred:
    """The resources of a document, and what each operation does to them."""
    return _Inference(document).inferred()


class _Inference:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.shapes = Shapes(document.schemas)
        self.by_path: dict[str, dict[str, Endpoint]] = {}
        for endpoint in document.endpoints:
            self.by_path.setdefault(_bare(endpoint.path), {})[endpoint.method] = endpoint
        self.resources: dict[str, Resource] = {}
        self.at: dict[str, Resource] = {}
        """By the path of the collection, parameters without names."""

    def inferred(self) -> Inferred:
        for path in sorted(self.by_path, key=lambda path: (path.count("/"), path)):
            self._consider(path)
        roles = {role.endpoint.name: role for role in self._roles()}
        for resource in self.resources.values():
            mine = [role for role in roles.values() if role.resource is resource]
            describe(self.document, resource, mine)
        return Inferred(self.resources, roles)

    def _consider(self, path: str) -> None:
        """Take a path for a collection, if it or what lies below it says so."""
        if path.endswith("{}"):
            above = path.rpartition("/")[0]
            if above not in self.at and self._is_item(path):
                self._add(above, next(iter(self.by_path[path].values())), with_id=True)
            return
        here = self.by_path[path]
        below = self.by_path.get(f"{path}/{{}}")
        listed = "GET" in here and self.shapes.many(answered(here["GET"])) is not None
        if below is not None and self._is_item(f"{path}/{{}}"):
            self._add(path, next(iter(below.values())), with_id=True)
        elif (listed and "POST" in here and below is None) or (not listed and self._is_single(here)):
            self._add(path, here["GET"], with_id=False)

    def _is_single(self, here: Mapping[str, Endpoint]) -> bool:
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

    def _is_record(self, get: Endpoint) -> bool:
        media = answered(get)
        return self.shapes.many(media) is None and self.shapes.one(media) is not None

    def _add(self, path: str, endpoint: Endpoint, *, with_id: bool) -> None:
        segments = path.count("/")
        documented = "/".join(endpoint.path.split("/")[: segments + 1])
        route_names = {documented_name: route for route, documented_name in endpoint.names.items()}
        parts = endpoint.path.split("/")[1:]
        parents = [part[1:-1] for part in parts[:segments] if part.startswith("{") and part[1:-1] in route_names]
        is_listed = not with_id and self.shapes.many(answered(endpoint)) is not None
        resource = Resource(
            name=self._name(path, endpoint),
            path=documented,
            parents=tuple(Parent(each, route_names[each], self._parent(path, nth)) for nth, each in enumerate(parents)),
            id_parameter=parts[segments][1:-1] if with_id else "id" if is_listed else "",
        )
        if resource.name in self.resources:
            self.at[path] = self.resources[resource.name]
            return
        self.resources[resource.name] = self.at[path] = resource

    def _name(self, path: str, endpoint: Endpoint) -> str:
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
        known = self.at.get(above)
        return known.name if known is not None and not known.is_single else None

    def _roles(self) -> Iterator[Role]:
        for endpoint in self.document.endpoints:
            role = self._told(endpoint) or self._role(endpoint)
            if role is not None:
                yield role

    def _told(self, endpoint: Endpoint) -> Role | None:
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

    def _nearest(self, endpoint: Endpoint) -> Resource | None:
        path = _bare(endpoint.path)
        while path:
            if path in self.at:
                return self.at[path]
            path = path.rpartition("/")[0]
        return None

    def _role(self, endpoint: Endpoint) -> Role | None:
        path, method = _bare(endpoint.path), endpoint.method
        if endpoint.extensions.get("role") == "none" or _only_json_patch(endpoint):
            return None
        if path in self.at:
            verb = self._on_collection(self.at[path], endpoint)
            return self._with_shapes(endpoint, self.at[path], verb) if verb else None
        above, _, last = path.rpartition("/")
        if above in self.at and last == "{}":
            resource = self.at[above]
            verb = _ON_ONE.get(method)
            return self._with_shapes(endpoint, resource, verb) if verb else None
        return self._beside(endpoint, above)

    def _on_collection(self, resource: Resource, endpoint: Endpoint) -> str | None:
        method = endpoint.method
        if resource.is_single:
            return _ON_ONE.get(method) if method != "POST" else "merge"
        if method in ("GET", "HEAD"):
            return "list" if self.shapes.many(answered(endpoint)) is not None else None
        if method == "POST":
            return "create" if self._says_one(endpoint) else None
        # A record that is named in the body and not in the path.
        return {"PUT": "replace", "PATCH": "merge"}.get(method) if self._says_one(endpoint) else None

    def _says_one(self, endpoint: Endpoint) -> bool:
        """Whether an operation speaks of a single record, or of none at all."""
        media = answered(endpoint)
        asked = json_of(endpoint.body.media) if endpoint.body else None
        return self.shapes.many(media) is None and self.shapes.many(asked) is None

    def _beside(self, endpoint: Endpoint, above: str) -> Role | None:
        """What stands beside a resource: another list of its records, or something that is done to one."""
        media = answered(endpoint)
        many = self.shapes.many(media)
        if endpoint.method == "GET" and above in self.at and many is not None:
            resource = self.at[above]
            whole = self._whole(resource)
            return Role(endpoint, resource, "list", None, many) if whole and self._same(whole, many) else None
        item, _, last = above.rpartition("/")
        if endpoint.method in ("POST", "PUT", "PATCH") and last == "{}" and item in self.at:
            resource, told = self.at[item], self.shapes.one(media, words_of(self.at[item]))
            whole = self._whole(resource)
            if whole and told and self._same(whole, told):
                return self._with_shapes(endpoint, resource, "act")
        return None

    def _same(self, one: Shape, other: Shape) -> bool:
        return self.document.schemas.same(one.schema, other.schema)

    def _whole(self, resource: Resource) -> Shape | None:
        """What a record looks like where it is read, or where it is listed."""
        path = _bare(resource.path)
        item = self.by_path.get(f"{path}/{{}}", {}).get("GET")
        if item is not None:
            return self.shapes.one(answered(item), words_of(resource))
        listed = self.by_path.get(path, {}).get("GET")
        return self.shapes.many(answered(listed)) if listed is not None else None

    def _with_shapes(self, endpoint: Endpoint, resource: Resource, verb: str) -> Role:
        words, media = words_of(resource), answered(endpoint)
        asked = self.shapes.one(_asked(endpoint), words)
        told = self.shapes.many(media) if verb == "list" else self.shapes.one(media, words)
        return Role(endpoint, resource, verb, asked, told)


def _asked(endpoint: Endpoint) -> Media | None:
    media = endpoint.body.media if endpoint.body else ()
    return json_of(media) or (media[0] if media else None)


def _bare(path: str) -> str:
    """A path whose parameters have no names; one that is only part of a step is no parameter."""
    return "/".join(_step(each) for each in path.rstrip("/").split("/"))


def _step(text: str) -> str:
    return "{}" if text.startswith("{") and text.endswith("}") and text.count("{") == 1 else text


def _only_json_patch(endpoint: Endpoint) -> bool:
    kinds: Iterable[str] = [each.name for each in endpoint.body.media] if endpoint.body else []
    return bool(kinds) and all(each == _JSON_PATCH for each in kinds)
