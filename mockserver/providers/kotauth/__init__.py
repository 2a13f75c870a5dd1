"""Kotauth, an identity platform. The setting ``fidelity`` selects documented or actual behaviour."""

from mockserver.engine import (
    AssumptionNote,
    Bound,
    Collection,
    Provider,
    decorate,
    faults_stage,
    idempotency,
    journal,
    latency,
    ratelimit,
    validate,
)
from mockserver.providers.kotauth import applications, audit_logs, documents
from mockserver.providers.kotauth.access import assignments, groups, roles
from mockserver.providers.kotauth.assumptions import KotauthAssumptions
from mockserver.providers.kotauth.cors import cors
from mockserver.providers.kotauth.seed import generate
from mockserver.providers.kotauth.simulations import SIMULATIONS
from mockserver.providers.kotauth.users import attributes, sessions
from mockserver.providers.kotauth.users import calls as users
from mockserver.providers.kotauth.webhooks import WEBHOOKS
from mockserver.providers.kotauth.wire.auth import KEYS, authenticate, identify, locate, read_credential
from mockserver.providers.kotauth.wire.body_reader import read_body
from mockserver.providers.kotauth.wire.dialect import KotauthDialect

_OPERATION_MODULES = (users, assignments, attributes, roles, groups, applications, sessions, audit_logs, documents)

PROVIDER = Provider(
    name="kotauth",
    title="Kotauth",
    tenant="workspace",
    version="1.6.0",
    prefix="/t/{slug}/api/v1",
    slug="slug",
    operations=tuple(operation for module in _OPERATION_MODULES for operation in module.operations()),
    collections=(
        Collection("users", indexes=("username", "email")),
        Collection("roles", indexes=("name",)),
        Collection("user_roles", indexes=("userId", "roleId")),
        Collection("groups", indexes=("name", "parentGroupId")),
        Collection("group_members", indexes=("groupId", "userId")),
        Collection("applications", indexes=("clientId",)),
        Collection("sessions", indexes=("_created",)),
        Collection("audit_events", indexes=("_created",)),
        Collection("user_attributes", indexes=("userId",)),
        Collection("claim_mappers", indexes=("claimName",)),
        Collection("sequences"),
    ),
    dialect=KotauthDialect(),
    credential=read_credential,
    keys=KEYS,
    read_body=read_body,
    repeated_query_value="first",
    generate=generate,
    assumptions=KotauthAssumptions,
    simulations=SIMULATIONS,
    webhooks=WEBHOOKS,
    bounds=(
        Bound(
            "audit_events",
            "Audit events of a Kotauth workspace.",
            "the oldest are deleted",
            "providers.kotauth.wire.records",
            "MAX_EVENTS",
        ),
    ),
    limits_assumption=AssumptionNote(
        "The rate limit that all keys of a workspace share.",
        "429 is documented without numbers, and 1.6.0 has no limit on this API.",
    ),
    # Browsers send preflights without a key, so `cors` responds to them before all checks.
    # The path is checked before the key. Ids are parsed after the check of the scope and before the body is read.
    stages=(
        journal,
        faults_stage,
        decorate,
        cors,
        locate,
        authenticate,
        ratelimit,
        identify,
        idempotency,
        latency,
        validate,
    ),
    example="/t/kotauth/api/v1/users?limit=2",
)
