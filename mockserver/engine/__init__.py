"""The public surface of the engine: the admin side and the rooms import from here and from nowhere deeper."""

from mockserver.engine.bounds import ENGINE_BOUNDS, Bound
from mockserver.engine.core.assumptions import Assumed, Assumptions, describe
from mockserver.engine.core.call import Call, Credential, Pace, Reply, Wire
from mockserver.engine.core.clock import (
    LATEST,
    SECOND,
    Clock,
    Duration,
    Instant,
    iso,
    parse_duration,
    parse_instant,
    wall,
    write_duration,
)
from mockserver.engine.core.dialect import Dialect, as_json, plain_problem
from mockserver.engine.core.keys import Key, KeyPolicy, checked_cidr
from mockserver.engine.core.operation import Later, Operation
from mockserver.engine.core.problem import FieldError, Problem, Refusal, Taken, Unknown, unkept
from mockserver.engine.core.provider import SIZES, Moment, Progress, Provider, Simulation
from mockserver.engine.core.randomness import HEX, LOWER, Chance, Randomness
from mockserver.engine.core.redaction import hide, redact
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import Match
from mockserver.engine.faults.rule import ActiveRule, FaultRule
from mockserver.engine.faults.stage import faults
from mockserver.engine.pipeline.authenticate import authenticate
from mockserver.engine.pipeline.dress import dress
from mockserver.engine.pipeline.idempotency import IdempotencyPolicy, idempotency
from mockserver.engine.pipeline.journal import Entry, journal
from mockserver.engine.pipeline.journals import Journals
from mockserver.engine.pipeline.latency import Distribution, Fixed, Lognormal, Uniform, latency
from mockserver.engine.pipeline.locate import locate
from mockserver.engine.pipeline.pipeline import STAGES, Proceed, Stage
from mockserver.engine.pipeline.ratelimit import Limits, ratelimit
from mockserver.engine.pipeline.validate import parse as parse_body
from mockserver.engine.pipeline.validate import path, validate
from mockserver.engine.records.lifecycle import At, Lifecycle, Step, Timed, falling_due
from mockserver.engine.records.openapi import document as openapi_document
from mockserver.engine.records.openapi import parameters
from mockserver.engine.records.resource import Reference, Resource, Rules, deleted
from mockserver.engine.records.versions import VersionRules, etag
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.fork import fork
from mockserver.engine.sandbox.rehearsal import Rehearsal
from mockserver.engine.sandbox.sandbox import Sandbox, Settings
from mockserver.engine.sandbox.scenarios import Scenario, Scenarios, switch_off, switch_on
from mockserver.engine.sandbox.scenarios import load as load_scenarios
from mockserver.engine.sandbox.scenarios import named as scenario_named
from mockserver.engine.sandbox.scheduler import KEPT as TIMERS
from mockserver.engine.sandbox.scheduler import pending, timer
from mockserver.engine.sandbox.snapshots import return_to_snapshot, take_snapshot
from mockserver.engine.sandbox.traffic import traffic
from mockserver.engine.webhooks.attempt import Outcome, Post
from mockserver.engine.webhooks.deliveries import test_event
from mockserver.engine.webhooks.events import emit
from mockserver.engine.webhooks.outbox import Parcel
from mockserver.engine.webhooks.signatures import Forged, check_plain, check_timed, plain, timed
from mockserver.engine.webhooks.style import Letter, Received, WebhookStyle, standard_webhooks
from mockserver.nearest import nearest
from mockserver.storage.base import Collection, Condition, Durability, Position, Record, Space, State, StoreError

__all__ = [
    "ENGINE_BOUNDS",
    "HEX",
    "LATEST",
    "LOWER",
    "SECOND",
    "SIZES",
    "STAGES",
    "TIMERS",
    "ActiveRule",
    "Assumed",
    "Assumptions",
    "At",
    "Bound",
    "Call",
    "Chance",
    "Clock",
    "Collection",
    "Condition",
    "Credential",
    "Dialect",
    "Distribution",
    "Durability",
    "Duration",
    "Engine",
    "Entry",
    "Fault",
    "FaultRule",
    "FieldError",
    "Fixed",
    "Forged",
    "IdempotencyPolicy",
    "Instant",
    "Journals",
    "Key",
    "KeyPolicy",
    "Later",
    "Letter",
    "Lifecycle",
    "Limits",
    "Lognormal",
    "Match",
    "Moment",
    "Operation",
    "Outcome",
    "Pace",
    "Parcel",
    "Position",
    "Post",
    "Problem",
    "Proceed",
    "Progress",
    "Provider",
    "Randomness",
    "Received",
    "Record",
    "Reference",
    "Refusal",
    "Rehearsal",
    "Reply",
    "Resource",
    "Rules",
    "Sandbox",
    "Scenario",
    "Scenarios",
    "Settings",
    "Simulation",
    "Space",
    "Stage",
    "State",
    "Step",
    "StoreError",
    "Taken",
    "Timed",
    "Uniform",
    "Unknown",
    "VersionRules",
    "WebhookStyle",
    "Wire",
    "as_json",
    "authenticate",
    "check_plain",
    "check_timed",
    "checked_cidr",
    "deleted",
    "describe",
    "dress",
    "emit",
    "etag",
    "falling_due",
    "faults",
    "fork",
    "hide",
    "idempotency",
    "iso",
    "journal",
    "latency",
    "load_scenarios",
    "locate",
    "nearest",
    "openapi_document",
    "parameters",
    "parse_body",
    "parse_duration",
    "parse_instant",
    "path",
    "pending",
    "plain",
    "plain_problem",
    "ratelimit",
    "redact",
    "return_to_snapshot",
    "scenario_named",
    "standard_webhooks",
    "switch_off",
    "switch_on",
    "take_snapshot",
    "test_event",
    "timed",
    "timer",
    "traffic",
    "unkept",
    "validate",
    "wall",
    "write_duration",
]
