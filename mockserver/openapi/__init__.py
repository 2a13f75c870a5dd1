"""Builds a provider from an OpenAPI document: ``load_provider(file)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mockserver.engine import (
    AssumptionNote,
    Call,
    IdempotencyPolicy,
    Limits,
    Operation,
    Provider,
    Refusal,
    Reply,
    decorate,
    faults_stage,
    journal,
    latency,
    locate,
    parse_duration,
    ratelimit,
)
from mockserver.engine import idempotency as engine_idempotency
from mockserver.openapi.document.document import Document, DocumentOperation
from mockserver.openapi.inference.shapes import success_response
from mockserver.openapi.serving import records
from mockserver.openapi.serving.assumptions import OpenApiAssumptions
from mockserver.openapi.serving.dialect import OpenApiDialect
from mockserver.openapi.serving.reply_writer import ReplyWriter
from mockserver.openapi.serving.request import RequestReader
from mockserver.openapi.serving.resource_handlers import ResourceHandlers
from mockserver.openapi.serving.security import Security
from mockserver.openapi.serving.seed import Seeder
from mockserver.openapi.serving.spec_model import SpecModel, load_spec_model

__all__ = ["build_provider", "load_provider"]
_IDEMPOTENCY_HEADERS = ("idempotency-key", "x-idempotency-key", "idempotencykey", "x-request-idempotency-key")
_LIMITS_ASSUMPTION = AssumptionNote(
    "The rate limit and quota of clients.", "Only x-testmode-limits declares a limit; without it there is none."
)
_INSTALL_HINT = "install Testmode with its extra openapi, or `pip install jsonschema-rs pyyaml`"
Stage = Callable[[Call, Callable[[Call], Reply]], Reply]


def load_provider(file: Path) -> Provider:
    """Returns the provider that an OpenAPI document describes.

    Raises BadDocument, which names the file and JSON pointer of an error, or Refusal if a package is missing.
    """
    try:
        import jsonschema_rs  # noqa: F401  # Imported only to fail early: the first request needs it.

        model = load_spec_model(file)
    except ImportError as error:
        raise Refusal(f"--openapi needs the package {error.name}; {_INSTALL_HINT}") from None
    return build_provider(model)


def build_provider(model: SpecModel) -> Provider:
    document, security, writer = model.document, Security(model.document), ReplyWriter(model)
    policy, idempotent_operations = _build_idempotency_policy(document)
    return Provider(
        name=document.name,
        title=document.title,
        tenant="account",
        version=document.version,
        prefix=document.prefix,
        operations=tuple(_build_operations(model, writer)),
        collections=tuple(records.collection_of(each) for each in model.inferred.resources.values()),
        dialect=OpenApiDialect(model, writer),
        credential=security.credential,
        keys=security.key_policy(),
        generate=Seeder(model).generate,
        assumptions=OpenApiAssumptions,
        idempotency=policy,
        limits=Limits.model_validate(document.extensions.get("limits", {})),
        limits_assumption=_LIMITS_ASSUMPTION,
        stages=_build_stages(document, security, idempotent_operations),
        example=_example_path(model),
        notes=(*model.inferred.describe_gaps(document.operations), *document.linked.notes),
    )


def _build_stages(document: Document, security: Security, idempotent_operations: frozenset[str]) -> tuple[Stage, ...]:
    authenticate, validate = security.stage(), RequestReader(document).stage()
    idempotency = _idempotency_stage(idempotent_operations)
    return journal, faults_stage, decorate, locate, authenticate, ratelimit, idempotency, latency, validate


def _build_operations(model: SpecModel, writer: ReplyWriter) -> list[Operation]:
    handlers, operations = ResourceHandlers(model, writer), []
    for operation in model.document.operations:
        role = model.inferred.roles.get(operation.name)
        perform = handlers.handler_of(role) if role else _generating_handler(writer, operation)
        status, _ = success_response(operation)
        statuses = {int(each.status) for each in operation.responses if each.status.isdigit()}
        operations.append(
            Operation(
                name=operation.name,
                method=operation.method,
                path=operation.route,
                perform=perform,
                summary=operation.summary,
                status=status,
                refusals=tuple(sorted(statuses - {status})),
            )
        )
    return operations


def _generating_handler(writer: ReplyWriter, operation: DocumentOperation) -> Callable[[Call], Reply]:
    return lambda call: writer.write_generated(call, operation)


def _build_idempotency_policy(document: Document) -> tuple[IdempotencyPolicy | None, frozenset[str]]:
    """Returns the policy and the names of its operations, which declare its header or have x-testmode-idempotency."""
    declaration: Any = document.extensions.get("idempotency")
    if declaration is False:
        return None, frozenset()
    extension: Mapping[str, Any] = declaration or {}
    headers = _declared_idempotency_headers(document)
    extended = [each for each in document.operations if isinstance(each.extensions.get("idempotency"), Mapping)]
    if not (extension or headers or extended):
        return None, frozenset()
    options = dict(extension)
    if extended and not (extension or headers):
        options = dict(extended[0].extensions["idempotency"])
    methods = tuple(map(str.upper, options.get("methods", ("POST",))))
    policy = IdempotencyPolicy(
        header=str(options.get("header") or next(iter(headers.values()), "Idempotency-Key")).lower(),
        methods=("DELETE", "PATCH", "POST", "PUT"),
        lifetime=parse_duration(options.get("lifetime", "24h")),
    )
    by_method = {each.name for each in document.operations if extension and each.method in methods}
    names = by_method | headers.keys() | {each.name for each in extended}
    excluded = {each.name for each in document.operations if each.extensions.get("idempotency") is False}
    return policy, frozenset(names - excluded)


def _declared_idempotency_headers(document: Document) -> dict[str, str]:
    """Returns the header with the idempotency key of each operation that declares one, by operation name."""
    return {
        each.name: parameter.name.lower()
        for each in document.operations
        for parameter in each.parameters
        if parameter.location == "header" and parameter.name.lower() in _IDEMPOTENCY_HEADERS
    }


def _idempotency_stage(operations: frozenset[str]) -> Stage:
    """Returns the engine's stage ``idempotency``, restricted to the named operations."""

    def idempotency(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
        if call.operation is None or call.operation.name not in operations:
            return proceed(call)
        return engine_idempotency(call, proceed)

    return idempotency


def _example_path(model: SpecModel) -> str:
    """Returns the path of a list without required parameters, for an example request; ``""`` if there is none."""
    for role in model.inferred.roles.values():
        required = [each for each in role.operation.parameters if each.required]
        if role.verb == "list" and not required:
            return role.operation.route
    return ""
