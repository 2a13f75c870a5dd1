"""Sends one valid request to every operation of an OpenAPI document, and checks the responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote, unquote, urlencode

from mockserver.engine import Provider, Randomness, as_json
from mockserver.openapi import build_provider
from mockserver.openapi.document.document import DocumentOperation, Parameter, find_json
from mockserver.openapi.generation.generator import GenerationOptions
from mockserver.openapi.inference.shapes import success_response
from mockserver.openapi.serving.spec_model import SpecModel as OpenApi
from mockserver.openapi.serving.spec_model import load_spec_model
from tests.support.harness import Harness, make_harness

METHOD_ORDER = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
"""DELETE is late: the operations before it need the seeded records."""


GENERATION_OPTIONS = [
    GenerationOptions(examples, optional, "readOnly", deep)
    for optional, deep in ((True, 4), (False, 4), (True, 1), (True, 2))
    for examples in (True, False)
]
"""The options that bodies are generated with, the most complete first."""


@dataclass
class DocumentResult:
    """The result of one document."""

    name: str
    operations: int = 0
    inferred: int = 0
    resources: int = 0
    load_seconds: float = 0.0
    """Seconds to read the document and build a provider."""
    seed_seconds: float = 0.0
    """Seconds to create a sandbox with seed data."""
    request_seconds: float = 0.0
    """Seconds of all requests together."""
    rejected_requests: list[str] = field(default_factory=list)
    """Requests that got a status 4xx."""
    failures: list[str] = field(default_factory=list)
    """Responses with a status 5xx, or that break their schema."""
    notes: int = 0


class Client:
    """Makes and sends a request to each operation of a document."""

    def __init__(self, spec: OpenApi, harness: Harness) -> None:
        self.spec, self.harness = spec, harness
        self.rng = Randomness("requests")

    def value(self, schema: Any, purpose: str) -> Any:
        """Returns a value that is valid for a schema in a request."""
        validators = self.spec.document.validators
        for nth, options in enumerate(GENERATION_OPTIONS * 3):
            generated = self.spec.values.generator.value(schema, self.rng.stream(purpose, nth), options)
            if validators.is_valid(schema, "request", generated):
                return generated
        return generated

    def path(self, endpoint: DocumentOperation) -> str:
        """Returns the path of an operation, with the ids of a seeded record if there is one."""
        role = self.spec.inferred.roles.get(endpoint.name)
        resource = role.resource if role else self.nearest_resource(endpoint)
        values = {each.name: each.example for each in endpoint.parameters if each.location == "path"}
        for each in endpoint.parameters:
            if each.location == "path" and values[each.name] is None:
                values[each.name] = self.value(each.schema, f"parameter:{each.name}")
        if resource is not None:
            values |= self.seeded_path_values(resource, endpoint)
        path = endpoint.route
        for name, documented in endpoint.documented_names.items():
            value = values[documented]
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            path = path.replace(f"{{{name}}}", quote(text, safe="") or "x")
        return path

    def nearest_resource(self, endpoint: DocumentOperation) -> Any:
        candidates = [r for r in self.spec.inferred.resources.values() if endpoint.path.startswith(f"{r.path}/")]
        return max(candidates, key=lambda each: len(each.path), default=None)

    def seeded_path_values(self, resource: Any, endpoint: DocumentOperation) -> dict[str, Any]:
        """Returns the path parameters of a seeded record, or those of the nearest parent that has one."""
        with self.harness.sandbox.transaction(read_only=True) as space:
            seeded = next((record for _, record in space.scan(resource.name)), None)
        if seeded is None:
            parent_name = next((parent.resource for parent in reversed(resource.parents) if parent.resource), None)
            return self.seeded_path_values(self.spec.inferred.resources[parent_name], endpoint) if parent_name else {}
        parts = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
        return dict(zip(parts, map(unquote, seeded["id"].split("/")), strict=False))

    def request(self, endpoint: DocumentOperation) -> Any:
        """Send a valid request to the operation, and return the response."""
        query: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        for each in endpoint.parameters:
            if each.required and each.location == "query":
                query += list(
                    _query_pairs(each, each.example if each.example is not None else self.value(each.schema, each.name))
                )
            elif each.required and each.location in ("header", "cookie"):
                text = str(each.example or self.value(each.schema, each.name))
                headers["Cookie" if each.location == "cookie" else each.name] = (
                    f"{each.name}={text}" if each.location == "cookie" else text
                )
        query += self.add_credentials(endpoint, headers)
        data, kind = self.body(endpoint)
        if kind:
            headers["Content-Type"] = kind
        path = self.path(endpoint) + (f"?{urlencode(query)}" if query else "")
        # A client with a cookie jar would drop the Cookie header.
        client = self.harness.app.test_client(use_cookies=False)
        return client.open(f"/{self.spec.document.name}{path}", method=endpoint.method, headers=headers, data=data)

    def add_credentials(self, endpoint: DocumentOperation, headers: dict[str, str]) -> list[tuple[str, str]]:
        """Adds the key to the headers for every security scheme, and returns the query parameters for it."""
        key, query = self.harness.key(), []
        needed = {name for each in endpoint.security for name in each}
        headers.setdefault("Authorization", f"Bearer {key}")
        for name in sorted(needed):
            scheme = self.spec.document.schemes.get(name, {})
            location, parameter_name = scheme.get("in"), str(scheme.get("name", ""))
            if scheme.get("type") == "http" and scheme.get("scheme", "").lower() not in ("bearer", "basic"):
                headers["Authorization"] = f"{scheme['scheme']} {key}"
            if scheme.get("type") == "http" and scheme.get("scheme", "").lower() == "basic" and len(needed) == 1:
                from base64 import b64encode

                headers["Authorization"] = "Basic " + b64encode(f"{key}:".encode()).decode()
            if location == "header":
                headers[parameter_name] = key
            elif location == "query":
                query.append((parameter_name, key))
            elif location == "cookie":
                headers["Cookie"] = f"{headers.get('Cookie', '')}; {parameter_name}={key}".lstrip("; ")
        return query

    def with_record_id(self, endpoint: DocumentOperation, value: Any) -> Any:
        """Returns the body with the id of a seeded record, if the operation changes a record and its path has no id."""
        role = self.spec.inferred.roles.get(endpoint.name)
        if (
            role is None
            or role.verb not in ("replace", "merge")
            or role.resource.is_singleton
            or not isinstance(value, dict)
        ):
            return value
        field = role.resource.id_field
        with self.harness.sandbox.transaction(read_only=True) as space:
            seeded = next((record for _, record in space.scan(role.resource.name)), None)
        return {**value, field: seeded["own"]} if seeded and field and endpoint.path == role.resource.path else value

    def body(self, endpoint: DocumentOperation) -> tuple[bytes, str]:
        """Returns a valid body for the operation and its media type, or two empty values."""
        media = (find_json(endpoint.body.media) or next(iter(endpoint.body.media), None)) if endpoint.body else None
        if media is None:
            return b"", ""
        kind = "application/json" if media.name == "*/*" else media.name.replace("/*", "/plain")
        if "json" in kind:
            validators = self.spec.document.validators
            valid_examples = [each for each in media.examples if validators.is_valid(media.schema, "request", each)]
            return as_json(
                self.with_record_id(
                    endpoint, valid_examples[0] if valid_examples else self.value(media.schema, endpoint.name)
                )
            ), kind
        value = self.value(media.schema, endpoint.name) if media.schema is not True else {}
        if kind == "application/x-www-form-urlencoded" and isinstance(value, dict):
            return urlencode(list(_flatten(value))).encode(), kind
        if kind == "multipart/form-data":
            parts = "".join(
                f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
                for name, text in _flatten(value or {})
            )
            return f"{parts}--b--\r\n".encode(), f"{kind}; boundary=b"
        return b"data", kind


def _query_pairs(parameter: Parameter, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and parameter.style == "deepObject":
        yield from ((f"{parameter.name}[{name}]", _to_text(each)) for name, each in value.items())
    elif isinstance(value, dict) and parameter.explode and not parameter.is_json:
        yield from ((name, _to_text(each)) for name, each in value.items())
    elif isinstance(value, list) and parameter.explode:
        yield from ((parameter.name, _to_text(each)) for each in value)
    elif isinstance(value, list):
        yield parameter.name, ",".join(map(_to_text, value))
    else:
        yield parameter.name, _to_text(value)


def _flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flatten(each, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for nth, each in enumerate(value):
            yield from _flatten(each, f"{name}[{nth}]")
    else:
        yield name, _to_text(value)


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value).decode()


def exercise_document(file: Path, name: str = "") -> DocumentResult:
    """Serve a document, and send one request to each operation."""
    start = perf_counter()
    spec = load_spec_model(file)
    provider = build_provider(spec)
    result = DocumentResult(name or spec.document.title, len(spec.document.operations), len(spec.inferred.roles))
    result.resources, result.notes = len(spec.inferred.resources), len(spec.document.linked.notes)
    result.load_seconds = perf_counter() - start
    start = perf_counter()
    harness = make_unlimited_harness(provider)
    result.seed_seconds = perf_counter() - start
    start = perf_counter()
    client = Client(spec, harness)
    for endpoint in sorted(
        spec.document.operations, key=lambda each: (METHOD_ORDER.index(each.method), -each.path.count("/"))
    ):
        check_response(result, spec, endpoint, client.request(endpoint))
    result.request_seconds = perf_counter() - start
    return result


def make_unlimited_harness(provider: Provider) -> Harness:
    """Makes a harness without a rate limit and with a body limit of 10 MB."""
    harness = make_harness(provider)
    harness.admin(
        "PATCH", f"/sandboxes/{provider.name}", {"limits": {"rate": None}, "assumptions": {"body_limit": 10_000_000}}
    )
    return harness


def check_response(result: DocumentResult, spec: OpenApi, endpoint: DocumentOperation, answer: Any) -> None:
    """Add the errors of a response to the result."""
    status = answer.status_code
    response = endpoint.find_response(status)
    if status >= 500:
        result.failures.append(f"{endpoint.title}: {status} {answer.text[:200]}")
    elif status >= 400:
        result.rejected_requests.append(f"{endpoint.title}: {status} {answer.text[:200]}")
    elif response is None and success_response(endpoint)[1] is not None:
        result.failures.append(f"{endpoint.title}: {status} is not declared")
    media = find_json(response.media) if response else None
    if media is not None and endpoint.method != "HEAD" and answer.data and "json" in answer.headers["Content-Type"]:
        if answer.headers["Content-Type"] == "application/problem+json" and "problem" not in media.name:
            result.failures.append(f"{endpoint.title}: {status} is a problem, and its schema is not declared")
        elif errors := spec.document.validators.find_errors(media.schema, "response", answer.get_json(force=True)):
            result.failures.append(f"{endpoint.title}: {status} {errors[:2]}")
