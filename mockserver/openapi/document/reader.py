"""Converts a linked document to a ``Document``; raises BadDocument for an invalid part."""

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
"""Paths that the server itself handles, so no provider can have these names."""
_PATH_PARAMETER = re.compile(r"{([^{}]+)}")


def read_document(file: Path) -> Document:
    """Reads a document and all files it refers to; raises BadDocument if it is invalid."""
    linked = link(DocumentFiles(file))
    break_ref_cycles(linked)
    return _Reader(linked).document()


class _Reader:
    """Converts one document; ``pointer`` is the JSON pointer of the value that a method reads."""

    def __init__(self, linked: LinkedDocument) -> None:
        self.linked = linked
        self.names: dict[str, int] = {}

    def error(self, pointer: str, rule: str) -> BadDocument:
        return BadDocument(self.linked.files.name(self.linked.files.main), pointer, rule)

    def as_object(self, value: Any, pointer: str) -> dict[str, Any]:
        resolved = self.linked.resolve(value)
        if not isinstance(resolved, dict):
            raise self.error(pointer, f"must be an object, not {type(resolved).__name__}")
        return resolved

    def read_extensions(self, value: Mapping[str, Any], level: str, pointer: str) -> extensions.Extensions:
        try:
            return extensions.read_extensions(value, level)
        except Refusal as refusal:
            raise self.error(pointer, str(refusal)) from None

    def document(self) -> Document:
        root = self.as_object(self.linked.root, "")
        self._check_version(root)
        info = self.as_object(root.get("info", {}), "/info")
        title = str(info.get("title") or "Own API")
        document_extensions = self.read_extensions(root, "document", "")
        self.prefix = self._prefix(root)
        self.security = self._security(root.get("security"), "/security")
        self.schemes = self._components(self.as_object(root.get("components") or {}, "/components"))
        operations = tuple(self._operations(self.as_object(root.get("paths") or {}, "/paths")))
        schemas = Schemas(self.linked)
        return Document(
            name=document_extensions.get("name") or _slug(title),
            title=title,
            version=str(info.get("version") or "1"),
            prefix=self.prefix,
            operations=operations,
            schemes=self.schemes,
            extensions=document_extensions,
            linked=self.linked,
            schemas=schemas,
            validators=Validators(self.linked, schemas),
        )

    def _check_version(self, root: Mapping[str, Any]) -> None:
        version = root.get("openapi")
        if not isinstance(version, str) or not re.match(r"3\.[01]\.", version):
            rule = (
                "Swagger 2.0 is not supported; convert the document to OpenAPI 3"
                if "swagger" in root
                else f"openapi must be 3.0.x or 3.1.x, not {version!r}"
            )
            raise self.error("/openapi", rule)

    def _components(self, components: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Checks the extensions of all schemas and returns the security schemes."""
        pointer = "/components/schemas"
        for name, schema in self.as_object(components.get("schemas") or {}, pointer).items():
            self._check_schema(schema, f"{pointer}/{name}")
        pointer = "/components/securitySchemes"
        schemes = self.as_object(components.get("securitySchemes") or {}, pointer)
        return {name: self.as_object(value, f"{pointer}/{name}") for name, value in schemes.items()}

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

    def _operations(self, paths: Mapping[str, Any]) -> Iterator[DocumentOperation]:
        for path, value in paths.items():
            if path.startswith("x-"):
                continue
            pointer = "/paths/" + path.replace("~", "~0").replace("/", "~1")
            if not path.startswith("/"):
                raise self.error(pointer, "a path must begin with a slash")
            item = self.as_object(value, pointer)
            path_extensions = self.read_extensions(item, "path", pointer)
            for method in METHODS:
                if method in item:
                    operation_pointer = f"{pointer}/{method}"
                    yield self._operation(
                        method,
                        path,
                        self.as_object(item[method], operation_pointer),
                        item,
                        path_extensions,
                        operation_pointer,
                    )

    def _operation(
        self,
        method: str,
        path: str,
        definition: dict[str, Any],
        item: dict[str, Any],
        path_extensions: Mapping[str, Any],
        pointer: str,
    ) -> DocumentOperation:
        path = path.partition("?")[0].partition("#")[0]
        route, names = _route(path)
        return DocumentOperation(
            name=self._name(str(definition.get("operationId") or f"{method} {path}")),
            method=method.upper(),
            path=path,
            route=self.prefix + route,
            documented_names=names,
            summary=str(
                definition.get("summary") or definition.get("operationId") or f"{method.upper()} {path}"
            ).strip(),
            parameters=self._parameters(item, definition, names, pointer),
            body=self._body(definition, pointer),
            responses=tuple(self._responses(definition, pointer)),
            security=self._security(definition["security"], pointer) if "security" in definition else self.security,
            extensions={**path_extensions, **self.read_extensions(definition, "operation", pointer)},
        )

    def _name(self, text: str) -> str:
        name = _snake(text)
        self.names[name] = self.names.get(name, 0) + 1
        return name if self.names[name] == 1 else f"{name}_{self.names[name]}"

    def _parameters(
        self, item: dict[str, Any], definition: dict[str, Any], names: Mapping[str, str], pointer: str
    ) -> tuple[Parameter, ...]:
        parameters: dict[tuple[str, str], Parameter] = {}
        for nth, value in enumerate([*(item.get("parameters") or ()), *(definition.get("parameters") or ())]):
            parameter = self._parameter(
                self.as_object(value, f"{pointer}/parameters/{nth}"), f"{pointer}/parameters/{nth}"
            )
            parameters[parameter.location, parameter.name] = parameter
        for name in names.values():
            parameters.setdefault(("path", name), Parameter(name, "path", True, {}, "simple", False, False))
        return tuple(parameters.values())

    def _parameter(self, definition: dict[str, Any], pointer: str) -> Parameter:
        name, location = definition.get("name"), definition.get("in")
        if not isinstance(name, str) or location not in ("path", "query", "header", "cookie"):
            raise self.error(pointer, "a parameter must have a name, and be in path, query, header or cookie")
        content = list((definition.get("content") or {}).items())[:1]
        schema = (
            self.as_object(content[0][1], pointer).get("schema", True) if content else definition.get("schema", True)
        )
        default = "form" if location in ("query", "cookie") else "simple"
        style = str(definition.get("style") or default)
        examples = self._examples(definition)
        return Parameter(
            name=name,
            location=location,
            required=bool(definition.get("required")) or location == "path",
            schema=schema,
            style=style,
            explode=bool(definition.get("explode", style in _EXPLODED_STYLES)),
            is_json=bool(content) and "json" in content[0][0],
            example=examples[0] if examples else None,
        )

    def _examples(self, definition: Mapping[str, Any]) -> tuple[Any, ...]:
        named = definition.get("examples")
        examples = [definition["example"]] if "example" in definition else []
        for value in named.values() if isinstance(named, dict) else ():
            value = self.linked.resolve(value)
            examples += [value["value"]] if isinstance(value, dict) and "value" in value else []
        return tuple(examples)

    def _media(self, content: Any, pointer: str) -> tuple[MediaType, ...]:
        kinds = self.as_object(content or {}, pointer)
        return tuple(
            MediaType(name, definition.get("schema", True), self._examples(definition))
            for name, value in kinds.items()
            for definition in [self.as_object(value or {}, f"{pointer}/{name}")]
        )

    def _body(self, definition: dict[str, Any], pointer: str) -> RequestBodySpec | None:
        if not definition.get("requestBody"):
            return None
        body = self.as_object(definition["requestBody"], f"{pointer}/requestBody")
        return RequestBodySpec(
            bool(body.get("required")), self._media(body.get("content"), f"{pointer}/requestBody/content")
        )

    def _responses(self, definition: dict[str, Any], pointer: str) -> Iterator[Response]:
        for status, value in self.as_object(definition.get("responses") or {}, f"{pointer}/responses").items():
            if status.startswith("x-"):
                continue
            if not re.fullmatch(r"[1-5](\d\d|XX|xx)|default", status):
                raise self.error(
                    f"{pointer}/responses/{status}",
                    "the key of a response must be a status such as 200 or 4XX, or default",
                )
            response = self.as_object(value, f"{pointer}/responses/{status}")
            headers = {
                name: self.as_object(header, f"{pointer}/responses/{status}/headers/{name}")
                for name, header in (response.get("headers") or {}).items()
            }
            yield Response(
                status=status,
                media=self._media(response.get("content"), f"{pointer}/responses/{status}/content"),
                headers={name: header.get("schema", True) for name, header in headers.items()},
                required=frozenset(name for name, header in headers.items() if header.get("required") is True),
            )

    def _security(self, requirements: Any, pointer: str) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        if requirements is None:
            return ()
        if not isinstance(requirements, list):
            raise self.error(pointer, "security must be a list of requirements")
        return tuple(
            {name: tuple(map(str, scopes or ())) for name, scopes in self.as_object(each, pointer).items()}
            for each in requirements
        )


def _route(path: str) -> tuple[str, dict[str, str]]:
    """Renames the parameters of a path so that every router accepts them.

    Returns the new path, and the documented names by the new names.
    """
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        plain = _snake(match[1]) or "value"
        plain = f"p_{plain}" if plain[0].isdigit() else plain
        while plain in names:
            plain += "_"
        names[plain] = match[1]
        return f"{{{plain}}}"

    return _PATH_PARAMETER.sub(rename, path), names


def _snake(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _slug(title: str) -> str:
    name = _snake(title).replace("_", "-")[:40].strip("-") or "own"
    return f"{name}-api" if name in _RESERVED_PATHS else name
