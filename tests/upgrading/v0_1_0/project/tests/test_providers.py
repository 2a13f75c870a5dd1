"""A provider of one's own is made of the names that the engine exports; the four are made of them too."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
from bookshop import BOOKSHOP

from mockserver import engine

NAMES = """
ActiveRule Assumed Assumptions At Bound Call Chance Clock Collection Condition Credential Dialect Distribution
Durability Duration ENGINE_BOUNDS Engine Entry Fault FaultRule FieldError Fixed Forged HEX IdempotencyPolicy
Instant Journals Key KeyPolicy LATEST LOWER Later Letter Lifecycle Limits Lognormal Match Moment Operation
Outcome Pace Parcel Position Post Problem Proceed Progress Provider Randomness Received Record Reference
Refusal Rehearsal Reply Resource Rules SECOND SIZES STAGES Sandbox Scenario Scenarios Settings Simulation
Space Stage State Step StoreError TIMERS Taken Timed Uniform Unknown VersionRules WebhookStyle Wire as_json
authenticate check_plain check_timed checked_cidr deleted describe dress emit etag falling_due faults fork
hide idempotency iso journal latency load_scenarios locate nearest openapi_document parameters parse_body
parse_duration parse_instant path pending plain plain_problem ratelimit redact return_to_snapshot
scenario_named standard_webhooks switch_off switch_on take_snapshot test_event timed timer traffic unkept
validate wall write_duration
""".split()


def test_a_provider_of_ones_own_is_one() -> None:
    assert isinstance(BOOKSHOP, engine.Provider)
    assert [each.name for each in BOOKSHOP.operations] == ["list_books", "add_book"]


@pytest.mark.parametrize("name", ["smartepi", "kotauth", "kasko", "kota"])
def test_the_four_are_where_they_were(name: str) -> None:
    provider = import_module(f"mockserver.providers.{name}").PROVIDER
    assert isinstance(provider, engine.Provider)
    assert provider.name == name


def test_the_engine_exports_what_it_did() -> None:
    assert sorted(set(NAMES) - set(engine.__all__)) == []
    assert [name for name in NAMES if not hasattr(engine, name)] == []


def test_a_provider_may_name_its_stages() -> None:
    first, last = (engine.journal, engine.faults, engine.dress, engine.locate), (engine.latency, engine.validate)
    stages = (*first, engine.authenticate, engine.ratelimit, engine.idempotency, *last)
    assert replace(BOOKSHOP, stages=stages).stages == stages
