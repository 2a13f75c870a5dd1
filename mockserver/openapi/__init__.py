"""A provider made out of an OpenAPI document: ``provider_of(file)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mockserver.engine import (
    Assumed,
    Call,
    IdempotencyPolicy,
    Limits,
    Operation,
    Provider,
    Refusal,
    Reply,
    dress,
    faults_stage,
    journal,
    latency,
    locate,
    parse_duration,
    ratelimit,
)
from mockserver.engine import idempotency as engine_idempotency
from mockserver.openapi.document.document import Document, Endpoint
from mockserver.openapi.inference.shapes import success
from mockserver.openapi.serving import records
from mockserver.openapi.serving.assumptions import OwnAssumptions
from mockserver.openapi.serving.dialect import OwnDialect
from mockserver.openapi.serving.request import Requests
from mockserver.openapi.serving.security import Security
from mockserver.openapi.serving.seed import Seeder
from mockserver.openapi.serving.verbs import Verbs
from mockserver.openapi.serving.world import World, world_of
from mockserver.openapi.serving.writing import Writer

__all__ = ["provider_from", "provider_of"]
_HEADERS = ("idempotency-key", "x-idempotency-key", "idempotencykey", "x-request-idempotency-key")
_LIMITS_SAID = Assumed("How often clients may call.", "Only x-testmode-limits says so; without it there is no limit.")
_REMEDY = "install Testmode with its extra openapi, or `pip install jsonschema-rs pyyaml`"
Stage = Callable[[Call, Callable[[Call], Reply]], Reply]


def provider_of(file: Path) -> Provider:
    """The provider an OpenAPI document describes; BadDocument, a Refusal, says where it cannot be read."""
    try:
        import jsonschema_rs  # noqa: F401  # Reading does not need it, the first request does.

        world = world_of(file)
    except ImportError as error:
        raise Refusal(f"--openapi needs {error.name}: {_REMEDY}") from None
    return provider_from(world)


def provider_from(world: World) -> Provider:
    """The provider a document that has been read comes to."""
    document, security, writer = world.document, Security(world.document), Writer(world)
    policy, repeated = _idempotency(document)
    return Provider(
        name=document.name,
        title=document.title,
        tenant="account",
        version=document.version,
        prefix=document.prefix,
        operations=tuple(_operations(world, writer)),
        collections=tuple(records.collection(each) for each in world.inferred.resources.values()),
        dialect=OwnDialect(world, writer),
        credential=security.credential,
        keys=security.keys(),
        generate=Seeder(world).generate,
        assumptions=OwnAssumptions,
        idempotency=policy,
        limits=Limits.model_validate(document.extensions.get("limits", {})),
        limits_said=_LIMITS_SAID,
        stages=_stages(document, security, repeated),
        example=_example(world),
        notes=(*world.inferred.said(document.endpoints), *document.linked.notes),
    )


def _stages(document: Document, security: Security, repeated: frozenset[str]) -> tuple[Stage, ...]:
    asks, repeats, reads = security.stage(), _repeatable(repeated), Requests(document).stage()
    return journal, faults_stage, dress, locate, asks, ratelimit, repeats, latency, reads


def _operations(world: World, writer: Writer) -> list[Operation]:
    verbs, made = Verbs(world, writer), []
    for endpoint in world.document.endpoints:
        role = world.inferred.roles.get(endpoint.name)
        perform = verbs.perform(role) if role else _generated(writer, endpoint)
        status, _ = success(endpoint)
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


def _generated(writer: Writer, endpoint: Endpoint) -> Callable[[Call], Reply]:
    return lambda call: writer.generated(call, endpoint)


def _idempotency(document: Document) -> tuple[IdempotencyPolicy | None, frozenset[str]]:
    """The policy, and the operations it holds for: those that declare its header, or that the document names."""
    said: Any = document.extensions.get("idempotency")
    said = said if isinstance(said, Mapping) else {} if said is None else None
    declared = {
        each.name: parameter.name.lower()
        for each in document.endpoints
        for parameter in each.parameters
        if parameter.place == "header" and parameter.name.lower() in _HEADERS
    }
    named = [each for each in document.endpoints if isinstance(each.extensions.get("idempotency"), Mapping)]
    if said is None or not (said or declared or named):
        return None, frozenset()
    own = dict(said) or dict(named[0].extensions["idempotency"] if named and not declared else {})
    methods = tuple(map(str.upper, own.get("methods", ("POST",))))
    policy = IdempotencyPolicy(
        header=str(own.get("header") or next(iter(declared.values()), "Idempotency-Key")).lower(),
        methods=("DELETE", "PATCH", "POST", "PUT"),
        lifetime=parse_duration(own.get("lifetime", "24h")),
    )
    chosen = {each.name for each in document.endpoints if said and each.method in methods} | declared.keys()
    chosen |= {each.name for each in named}
    return policy, frozenset(
        chosen - {each.name for each in document.endpoints if each.extensions.get("idempotency") is False}
    )


def _repeatable(operations: frozenset[str]) -> Stage:
    """The engine's stage, for the operations that promise it."""

    def idempotency(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
        if call.operation is None or call.operation.name not in operations:
            return proceed(call)
        return engine_idempotency(call, proceed)

    return idempotency


def _example(world: World) -> str:
    """A path a newcomer may GET first: a list that needs nothing."""
    for role in world.inferred.roles.values():
        needed = [each for each in role.endpoint.parameters if each.required]
        if role.verb == "list" and not needed:
            return role.endpoint.route
    return ""
