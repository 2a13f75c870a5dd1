"""SmartEPI manages protective equipment that devices dispense to employees; its API has no test mode."""

from mockserver.engine import (
    AssumptionNote,
    Collection,
    Limits,
    Provider,
    decorate,
    faults_stage,
    idempotency,
    journal,
    latency,
    locate,
    ratelimit,
    validate,
)
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions
from mockserver.providers.smartepi.auth import KEYS, authenticate, read_credential
from mockserver.providers.smartepi.dialect import SmartEPIDialect
from mockserver.providers.smartepi.organization import RESOURCES
from mockserver.providers.smartepi.seed import generate
from mockserver.providers.smartepi.simulations import SIMULATIONS
from mockserver.providers.smartepi.transactions import READ_ONLY_RESOURCES, REFUSED_PATHS, operations
from mockserver.providers.smartepi.webhooks import WEBHOOKS

PROVIDER = Provider(
    name="smartepi",
    title="SmartEPI",
    tenant="organization",
    version="1.0.0",
    prefix="/v1",
    operations=(*(op for resource in RESOURCES for op in resource.operations()), *operations()),
    refused_paths=REFUSED_PATHS,
    collections=(
        *(collection for resource in (*RESOURCES, *READ_ONLY_RESOURCES) for collection in resource.collections()),
        Collection("rules", indexes=("groupId", "productId")),
    ),
    dialect=SmartEPIDialect(),
    credential=read_credential,
    keys=KEYS,
    generate=generate,
    assumptions=SmartEPIAssumptions,
    simulations=SIMULATIONS,
    webhooks=WEBHOOKS,
    limits=Limits(rate=10_000, burst=5_000),
    limits_assumption=AssumptionNote(
        "The rate limit that all keys of an organization share.",
        "The numbers are not published; these are the AWS defaults for an account.",
    ),
    # The gateway checks the key and the quota before the path.
    # SmartEPI has no idempotency keys, so the stage `idempotency` does nothing.
    stages=(journal, faults_stage, decorate, authenticate, ratelimit, locate, idempotency, latency, validate),
    example="/v1/employees?limit=2",
)
