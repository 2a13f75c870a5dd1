"""Kota: an API that embeds health insurance into payroll and HR platforms."""

from mockserver.engine import (
    SECOND,
    IdempotencyPolicy,
    Progress,
    Provider,
    Randomness,
    State,
    decorate,
    faults_stage,
    idempotency,
    journal,
    latency,
    locate,
    ratelimit,
    validate,
)
from mockserver.providers.kota.amendments import calls as amendment_calls
from mockserver.providers.kota.assumptions import KotaAssumptions
from mockserver.providers.kota.catalog import calls as catalog_calls
from mockserver.providers.kota.contributions import calls as contribution_calls
from mockserver.providers.kota.dependents import calls as dependents_calls
from mockserver.providers.kota.employees import calls as employee_calls
from mockserver.providers.kota.employees import offboarding, persons, salaries
from mockserver.providers.kota.employers import calls as employers
from mockserver.providers.kota.enrolments import calls as enrolment_calls
from mockserver.providers.kota.events import calls as event_operations
from mockserver.providers.kota.events.webhooks import WEBHOOKS
from mockserver.providers.kota.group_policies import calls as group_policies
from mockserver.providers.kota.groups import calls as groups
from mockserver.providers.kota.groups import employee_calls as group_employees
from mockserver.providers.kota.imports import calls as imports
from mockserver.providers.kota.legacy import calls as legacy_calls
from mockserver.providers.kota.policies import calls as policies
from mockserver.providers.kota.policy_intents import calls as policy_intent_calls
from mockserver.providers.kota.quotes import calls as quote_calls
from mockserver.providers.kota.requirements import calls as requirement_calls
from mockserver.providers.kota.seed import history as seed
from mockserver.providers.kota.seed.dates import shift_dates
from mockserver.providers.kota.sessions import calls as sessions
from mockserver.providers.kota.simulations.steps import SIMULATIONS
from mockserver.providers.kota.values.kinds import COLLECTIONS
from mockserver.providers.kota.wire.auth import KEYS, authenticate, credential
from mockserver.providers.kota.wire.dialect import KotaDialect

_OPERATION_MODULES = (
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
    requirement_calls,
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
    operations=tuple(operation for group in _OPERATION_MODULES for operation in group.operations()),
    collections=COLLECTIONS,
    dialect=KotaDialect(),
    credential=credential,
    keys=KEYS,
    generate=_generate,
    age_seed_data=shift_dates,
    assumptions=KotaAssumptions,
    simulations=SIMULATIONS,
    webhooks=WEBHOOKS,
    idempotency=IdempotencyPolicy(
        max_length=200, lifetime=3_600 * SECOND, replay_header=None, compares_canonical_json=True
    ),
    stages=(journal, faults_stage, decorate, locate, authenticate, ratelimit, idempotency, latency, validate),
    example="/employers?page_size=2",
)
