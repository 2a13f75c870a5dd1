"""Kota: benefits embedded into payroll and HR platforms, from an employer's group to each employee's policy."""

from mockserver.engine import (
    SECOND,
    IdempotencyPolicy,
    Progress,
    Provider,
    Randomness,
    State,
    dress,
    faults,
    idempotency,
    journal,
    latency,
    locate,
    ratelimit,
    validate,
)
from mockserver.providers.kota import (
    amendment_calls,
    answers,
    catalog_calls,
    contribution_calls,
    dependents_calls,
    employee_calls,
    employers,
    enrolment_calls,
    event_operations,
    group_employees,
    group_policies,
    groups,
    imports,
    legacy_calls,
    offboarding,
    persons,
    policies,
    policy_intent_calls,
    quote_calls,
    salaries,
    seed,
    sessions,
)
from mockserver.providers.kota.assumptions import KotaAssumptions
from mockserver.providers.kota.auth import KEYS, authenticate, credential
from mockserver.providers.kota.dialect import KotaDialect
from mockserver.providers.kota.kinds import COLLECTIONS
from mockserver.providers.kota.seed_dates import settle
from mockserver.providers.kota.simulations import SIMULATIONS
from mockserver.providers.kota.webhooks import WEBHOOKS

_GROUPS = (
    employers,
    employee_calls,
    offboarding,
    salaries,
    persons,
    catalog_calls,
    groups,
    group_employees,
    quote_calls,
    policy_intent_calls,
    group_policies,
    answers,
    enrolment_calls,
    event_operations,
    dependents_calls,
    policies,
    amendment_calls,
    imports,
    contribution_calls,
    legacy_calls,
    sessions,
)


def _generate(randomness: Randomness, size: str, progress: Progress) -> State:
    return seed.generate(PROVIDER, randomness, size, progress)


PROVIDER = Provider(
    name="kota",
    title="Kota",
    tenant="platform",
    version="1.0",
    prefix="",
    operations=tuple(operation for group in _GROUPS for operation in group.operations()),
    collections=COLLECTIONS,
    dialect=KotaDialect(),
    credential=credential,
    keys=KEYS,
    generate=_generate,
    settle=settle,
    assumptions=KotaAssumptions,
    simulations=SIMULATIONS,
    webhooks=WEBHOOKS,
    idempotency=IdempotencyPolicy(longest=200, lifetime=3_600 * SECOND, replay_header=None, canonical=True),
    stages=(journal, faults, dress, locate, authenticate, ratelimit, idempotency, latency, validate),
    example="/employers?page_size=2",
)
