"""KASKO sells insurance through an API, from the quote to the policy; its TEST mode is not open to everyone."""

from mockserver.engine import (
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
from mockserver.providers.kasko import legacy
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from mockserver.providers.kasko.data_api import calls as data_api
from mockserver.providers.kasko.sale import offers, payments, policies, quotes
from mockserver.providers.kasko.seed import generate
from mockserver.providers.kasko.simulations import SIMULATIONS
from mockserver.providers.kasko.webhooks import WEBHOOKS
from mockserver.providers.kasko.wire.auth import KEYS, authenticate, locate, read_body_credential, read_credential
from mockserver.providers.kasko.wire.dialect import KaskoDialect
from mockserver.providers.kasko.wire.forms import read_body

PROVIDER = Provider(
    name="kasko",
    title="KASKO",
    tenant="account",
    version="3",
    prefix="",
    operations=(
        *quotes.OPERATIONS,
        *offers.OPERATIONS,
        *payments.OPERATIONS,
        *policies.OPERATIONS,
        *data_api.OPERATIONS,
        *quotes.LEGACY_OPERATIONS,
        *legacy.OPERATIONS,
    ),
    collections=(
        Collection("policies", indexes=("quote_digest",)),
        Collection("payments"),
        Collection("datasets"),
        Collection("dataset_items", indexes=("dataset_id",)),
        Collection("leads"),
        Collection("media"),
        Collection("products"),
        Collection("expiries"),
    ),
    dialect=KaskoDialect(),
    credential=read_credential,
    read_body_credential=read_body_credential,
    keys=KEYS,
    generate=generate,
    read_body=read_body,
    assumptions=KaskoAssumptions,
    simulations=SIMULATIONS,
    webhooks=WEBHOOKS,
    stages=(journal, faults_stage, decorate, locate, authenticate, ratelimit, idempotency, latency, validate),
    example="/indexed_policies?start_date=2026-01-01%2000:00:00&end_date=2026-12-31%2000:00:00",
)
