"""A provider made out of an OpenAPI document: ``load_provider(file)``."""

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
    "How often clients may call.", "Only x-testmode-limits says so; without it there is no limit."
)
_INSTALL_HINT = "install Testmode with its extra openapi, or `pip install jsonschema-rs pyyaml`"
Stage = Callable[[Call, Callable[[Call], Reply]], Reply]


def load_provider(file: Path) -> Provider:
    """The provider an OpenAPI document describes; BadDocument, a Refusal, says where it cannot be read."""
    try:
        import jsonschema_rs  # noqa: F401  # Reading does not need it, the first request does.

        model = load_spec_model(file)
    except ImportError as error:
        raise Refusal(f"--openapi needs {error.name}: {_INSTALL_HINT}") from None
    return build_provider(model)


def build_provider(model: SpecModel) -> Provider:
    """The provider a document that has been read comes to."""
    document, security, writer = model.document, Security(model.document), ReplyWriter(model)
    policy, repeated = _idempotency(document)
    return Provider(
        name=document.name,
        title=document.title,
        tenant="account",
        version=document.version,
        prefix=document.prefix,
        operations=tuple(_operations(model, writer)),
        collections=tuple(records.collection_of(each) for each in model.inferred.resources.values()),
        dialect=OpenApiDialect(model, writer),
        credential=security.credential,
        keys=security.keys(),
        generate=Seeder(model).generate,
        assumptions=OpenApiAssumptions,
        idempotency=policy,
        limits=Limits.model_validate(document.extensions.get("limits", {})),
        limits_assumption=_LIMITS_ASSUMPTION,
        stages=_stages(document, security, repeated),
        example=_example(model),
        notes=(*model.inferred.describe_gaps(document.operations), *document.linked.notes),
    )


def _stages(document: Document, security: Security, repeated: frozenset[str]) -> tuple[Stage, ...]:
    asks, repeats, reads = security.stage(), _idempotency_stage(repeated), RequestReader(document).stage()
    return journal, faults_stage, decorate, locate, asks, ratelimit, repeats, latency, reads


def _operations(model: SpecModel, writer: ReplyWriter) -> list[Operation]:
    verbs, made = ResourceHandlers(model, writer), []
    for endpoint in model.document.operations:
        role = model.inferred.roles.get(endpoint.name)
        perform = verbs.handler_of(role) if role else _generated_handler(writer, endpoint)
        status, _ = success_response(endpoint)
        numbers = {int(each.status) for each in endpoint.responses if each.status.isdigit()}
        made.append(
            Operation(
                name=endpoint.name,
                method=endpoint.method,
                path=endpoint.route,
                perform=perform,
                summary=endpoint.summary,
                status=status,
                refusals=tuple(sorted(numbers - {status})),
            )
        )
    return made


def _generated_handler(writer: ReplyWriter, endpoint: DocumentOperation) -> Callable[[Call], Reply]:
    return lambda call: writer.write_generated(call, endpoint)


def _idempotency(document: Document) -> tuple[IdempotencyPolicy | None, frozenset[str]]:
    """The policy, and the operations it holds for: those that declare its header, or that the document names."""
    said: Any = document.extensions.get("idempotency")
    said = said if isinstance(said, Mapping) else {} if said is None else None
    declared = {
        each.name: parameter.name.lower()
        for each in document.operations
        for parameter in each.parameters
        if parameter.location == "header" and parameter.name.lower() in _IDEMPOTENCY_HEADERS
    }
    named = [each for each in document.operations if isinstance(each.extensions.get("idempotency"), Mapping)]
    if said is None or not (said or declared or named):
        return None, frozenset()
    own = dict(said) or dict(named[0].extensions["idempotency"] if named and not declared else {})
    methods = tuple(map(str.upper, own.get("methods", ("POST",))))
    policy = IdempotencyPolicy(
        header=str(own.get("header") or next(iter(declared.values()), "Idempotency-Key")).lower(),
        methods=("DELETE", "PATCH", "POST", "PUT"),
        lifetime=parse_duration(own.get("lifetime", "24h")),
    )
    chosen = {each.name for each in document.operations if said and each.method in methods} | declared.keys()
    chosen |= {each.name for each in named}
    return policy, frozenset(
        chosen - {each.name for each in document.operations if each.extensions.get("idempotency") is False}
    )


def _idempotency_stage(operations: frozenset[str]) -> Stage:
    """The engine's stage, for the operations that promise it."""

    def idempotency(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
        if call.operation is None or call.operation.name not in operations:
            return proceed(call)
        return engine_idempotency(call, proceed)

    return idempotency


def _example(model: SpecModel) -> str:
    """A path a newcomer may GET first: a list that needs nothing."""
    for role in model.inferred.roles.values():
        needed = [each for each in role.operation.parameters if each.required]
        if role.verb == "list" and not needed:
            return role.operation.route
    return ""
