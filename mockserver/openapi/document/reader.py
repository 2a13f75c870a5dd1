"""From a linked document to its values; BadDocument says which part cannot be read, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mockserver.engine import Refusal
from mockserver.openapi.document import extensions
from mockserver.openapi.document.document import (
    Document,
    DocumentOperation,
    MediaType,
    Parameter,
    RequestBodySpec,
    Response,
)
from mockserver.openapi.document.document_files import DocumentFiles
from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.document.linking import LinkedDocument, link
from mockserver.openapi.document.ref_cycles import break_ref_cycles
from mockserver.openapi.document.schemas import Schemas
from mockserver.openapi.document.validators import Validators

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_EXPLODED_STYLES = ("form", "deepObject")
_RESERVED_PATHS = ("health", "healthz", "ready", "readyz")
"""Paths the server answers itself."""
_PATH_PARAMETER = re.compile(r"{([^{}]+)}")


def read_document(file: Path) -> Document:
    """The document in a file, with all the files it refers to."""
    linked = link(DocumentFiles(file))
    break_ref_cycles(linked)
    return _Reader(linked).document()


class _Reader:
    """Reads one document; every method is told where in it what it reads stands."""

    def __init__(self, linked: LinkedDocument) -> None:
        self.linked = linked
        self.names: dict[str, int] = {}

    def error(self, pointer: str, rule: str) -> BadDocument:
        return BadDocument(self.linked.files.name(self.linked.files.main), pointer, rule)

    def as_object(self, value: Any, pointer: str) -> dict[str, Any]:
        found = self.linked.resolve(value)
        if not isinstance(found, dict):
            raise self.error(pointer, f"an object stands here, not {type(found).__name__}")
        return found

    def read_extensions(self, value: Mapping[str, Any], place: str, pointer: str) -> extensions.Extensions:
        try:
            return extensions.read_extensions(value, place)
        except Refusal as refusal:
            raise self.error(pointer, str(refusal)) from None

    def document(self) -> Document:
        root = self.as_object(self.linked.root, "")
        self._check_version(root)
        info = self.as_object(root.get("info", {}), "/info")
        title = str(info.get("title") or "Own API")
        own = self.read_extensions(root, "document", "")
        self.prefix = self._prefix(root)
        self.security = self._security(root.get("security"), "/security")
        self.schemes = self._components(self.as_object(root.get("components") or {}, "/components"))
        endpoints = tuple(self._endpoints(self.as_object(root.get("paths") or {}, "/paths")))
        schemas = Schemas(self.linked)
        return Document(
            name=own.get("name") or _slug(title),
            title=title,
            version=str(info.get("version") or "1"),
            prefix=self.prefix,
            operations=endpoints,
            schemes=self.schemes,
            extensions=own,
            linked=self.linked,
            schemas=schemas,
            validators=Validators(self.linked, schemas),
        )

    def _check_version(self, root: Mapping[str, Any]) -> None:
        said = root.get("openapi")
        if not isinstance(said, str) or not re.match(r"3\.[01]\.", said):
            what = "Swagger 2.0 is not read" if "swagger" in root else f"openapi is 3.0.x or 3.1.x, not {said!r}"
            raise self.error("/openapi", what)

    def _components(self, components: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The security schemes; the schemas beside them are looked through for extensions."""
        where = "/components/schemas"
        for name, schema in self.as_object(components.get("schemas") or {}, where).items():
            self._check_schema(schema, f"{where}/{name}")
        where = "/components/securitySchemes"
        schemes = self.as_object(components.get("securitySchemes") or {}, where)
        return {name: self.as_object(value, f"{where}/{name}") for name, value in schemes.items()}

    def _check_schema(self, schema: Any, pointer: str) -> None:
        if isinstance(schema, dict):
            self.read_extensions(schema, "schema", pointer)
            for name, inner in (schema.get("properties") or {}).items():
                self._check_schema(inner, f"{pointer}/properties/{name}")

    def _prefix(self, root: Mapping[str, Any]) -> str:
        servers = root.get("servers") or [{}]
        first = self.as_object(servers[0] if isinstance(servers, list) else servers, "/servers/0")
        url = str(first.get("url") or "/")
        for name, variable in (first.get("variables") or {}).items():
            url = url.replace(f"{{{name}}}", str(self.as_object(variable, "/servers/0/variables").get("default", name)))
        path = urlsplit(url).path.rstrip("/") if "{" not in url else ""
        return path if path.startswith("/") else ""

    def _endpoints(self, paths: Mapping[str, Any]) -> Iterator[DocumentOperation]:
        for path, value in paths.items():
            if path.startswith("x-"):
                continue
            pointer = "/paths/" + path.replace("~", "~0").replace("/", "~1")
            if not path.startswith("/"):
                raise self.error(pointer, "a path begins with a slash")
            item = self.as_object(value, pointer)
            above = self.read_extensions(item, "path", pointer)
            for method in METHODS:
                if method in item:
                    where = f"{pointer}/{method}"
                    yield self._endpoint(method, path, self.as_object(item[method], where), item, above, where)

    def _endpoint(
        self, method: str, path: str, said: dict[str, Any], item: dict[str, Any], above: Mapping[str, Any], where: str
    ) -> DocumentOperation:
        path = path.partition("?")[0].partition("#")[0]
        route, names = _route(path)
        return DocumentOperation(
            name=self._name(str(said.get("operationId") or f"{method} {path}")),
            method=method.upper(),
            path=path,
            route=self.prefix + route,
            documented_names=names,
            summary=str(said.get("summary") or said.get("operationId") or f"{method.upper()} {path}").strip(),
            parameters=self._parameters(item, said, names, where),
            body=self._body(said, where),
            responses=tuple(self._responses(said, where)),
            security=self._security(said["security"], where) if "security" in said else self.security,
            extensions={**above, **self.read_extensions(said, "operation", where)},
        )

    def _name(self, said: str) -> str:
        name = _snake(said)
        self.names[name] = self.names.get(name, 0) + 1
        return name if self.names[name] == 1 else f"{name}_{self.names[name]}"

    def _parameters(
        self, item: dict[str, Any], said: dict[str, Any], names: Mapping[str, str], where: str
    ) -> tuple[Parameter, ...]:
        found: dict[tuple[str, str], Parameter] = {}
        for nth, value in enumerate([*(item.get("parameters") or ()), *(said.get("parameters") or ())]):
            parameter = self._parameter(self.as_object(value, f"{where}/parameters/{nth}"), f"{where}/parameters/{nth}")
            found[parameter.location, parameter.name] = parameter
        for name in names.values():
            found.setdefault(("path", name), Parameter(name, "path", True, {}, "simple", False, False))
        return tuple(found.values())

    def _parameter(self, said: dict[str, Any], where: str) -> Parameter:
        name, place = said.get("name"), said.get("in")
        if not isinstance(name, str) or place not in ("path", "query", "header", "cookie"):
            raise self.error(where, "a parameter has a name, and is in path, query, header or cookie")
        content = list((said.get("content") or {}).items())[:1]
        schema = self.as_object(content[0][1], where).get("schema", True) if content else said.get("schema", True)
        default = "form" if place in ("query", "cookie") else "simple"
        style = str(said.get("style") or default)
        examples = self._examples(said)
        return Parameter(
            name=name,
            location=place,
            required=bool(said.get("required")) or place == "path",
            schema=schema,
            style=style,
            explode=bool(said.get("explode", style in _EXPLODED_STYLES)),
            is_json=bool(content) and "json" in content[0][0],
            example=examples[0] if examples else None,
        )

    def _examples(self, said: Mapping[str, Any]) -> tuple[Any, ...]:
        named = said.get("examples")
        found = [said["example"]] if "example" in said else []
        for value in named.values() if isinstance(named, dict) else ():
            value = self.linked.resolve(value)
            found += [value["value"]] if isinstance(value, dict) and "value" in value else []
        return tuple(found)

    def _media(self, content: Any, where: str) -> tuple[MediaType, ...]:
        kinds = self.as_object(content or {}, where)
        return tuple(
            MediaType(name, said.get("schema", True), self._examples(said))
            for name, value in kinds.items()
            for said in [self.as_object(value or {}, f"{where}/{name}")]
        )

    def _body(self, said: dict[str, Any], where: str) -> RequestBodySpec | None:
        if not said.get("requestBody"):
            return None
        body = self.as_object(said["requestBody"], f"{where}/requestBody")
        return RequestBodySpec(
            bool(body.get("required")), self._media(body.get("content"), f"{where}/requestBody/content")
        )

    def _responses(self, said: dict[str, Any], where: str) -> Iterator[Response]:
        for status, value in self.as_object(said.get("responses") or {}, f"{where}/responses").items():
            if status.startswith("x-"):
                continue
            if not re.fullmatch(r"[1-5](\d\d|XX|xx)|default", status):
                raise self.error(f"{where}/responses/{status}", "a response is named 200, 4XX or default")
            response = self.as_object(value, f"{where}/responses/{status}")
            headers = {
                name: self.as_object(header, f"{where}/responses/{status}/headers/{name}")
                for name, header in (response.get("headers") or {}).items()
            }
            yield Response(
                status=status,
                media=self._media(response.get("content"), f"{where}/responses/{status}/content"),
                headers={name: header.get("schema", True) for name, header in headers.items()},
                required=frozenset(name for name, header in headers.items() if header.get("required") is True),
            )

    def _security(self, said: Any, where: str) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        if said is None:
            return ()
        if not isinstance(said, list):
            raise self.error(where, "security is a list of requirements")
        return tuple(
            {name: tuple(map(str, scopes or ())) for name, scopes in self.as_object(each, where).items()}
            for each in said
        )


def _route(path: str) -> tuple[str, dict[str, str]]:
    """The path with parameters that any router takes, and how each is called in the document."""
    names: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        plain = _snake(found[1]) or "value"
        plain = f"p_{plain}" if plain[0].isdigit() else plain
        while plain in names:
            plain += "_"
        names[plain] = found[1]
        return f"{{{plain}}}"

    return _PATH_PARAMETER.sub(rename, path), names


def _snake(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _slug(title: str) -> str:
    name = _snake(title).replace("_", "-")[:40].strip("-") or "own"
    return f"{name}-api" if name in _RESERVED_PATHS else name
