"""The public surface of the engine: the admin side and the rooms import from here and from nowhere deeper."""

from mockserver.engine import faults
from mockserver.engine.bounds import ENGINE_BOUNDS
from mockserver.engine.core.assumptions import Assumed, Assumptions, describe
from mockserver.engine.core.bound import Bound
from mockserver.engine.core.call import Call, Dialect, OperationView, Proceed, SandboxView, Stage
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
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.idempotency_policy import IdempotencyPolicy
from mockserver.engine.core.keys import Credential, Key, KeyPolicy, checked_cidr
from mockserver.engine.core.latency import Distribution, Fixed, Lognormal, Uniform
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.moment import At, Moment, Simulation
from mockserver.engine.core.operation import Later, Operation
from mockserver.engine.core.problem import FieldError, Problem, Refusal, Taken, Unknown, unkept
from mockserver.engine.core.provider import SIZES, Progress, Provider
from mockserver.engine.core.randomness import HEX, LOWER, Chance, Randomness
from mockserver.engine.core.redaction import hide, redact
from mockserver.engine.core.reply import Pace, Reply, Wire, plain_problem
from mockserver.engine.core.webhook_style import Letter, Received, WebhookStyle
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import Match
from mockserver.engine.faults.rule import ActiveRule, FaultRule
from mockserver.engine.faults.stage import faults as faults_stage
from mockserver.engine.pipeline.authenticate import authenticate
from mockserver.engine.pipeline.dress import dress
from mockserver.engine.pipeline.idempotency import idempotency
from mockserver.engine.pipeline.journal import Entry, journal
from mockserver.engine.pipeline.journals import Journals
from mockserver.engine.pipeline.latency import latency
from mockserver.engine.pipeline.locate import locate
from mockserver.engine.pipeline.pipeline import STAGES
from mockserver.engine.pipeline.ratelimit import ratelimit
from mockserver.engine.pipeline.validate import parse as parse_body
from mockserver.engine.pipeline.validate import path, validate
from mockserver.engine.records.lifecycle import Lifecycle, Step, Timed, falling_due
from mockserver.engine.records.openapi import document as openapi_document
from mockserver.engine.records.openapi import parameters
from mockserver.engine.records.resource import Reference, Resource, Rules, deleted
from mockserver.engine.records.versions import VersionRules, etag
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.fork import fork
from mockserver.engine.sandbox.rehearsal import Rehearsal
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.engine.sandbox.scenarios import Scenario, Scenarios, switch_off, switch_on
from mockserver.engine.sandbox.scenarios import load as load_scenarios
from mockserver.engine.sandbox.scenarios import named as scenario_named
from mockserver.engine.sandbox.scheduler import KEPT as TIMERS
from mockserver.engine.sandbox.scheduler import pending, timer
from mockserver.engine.sandbox.settings import Settings
from mockserver.engine.sandbox.snapshots import return_to_snapshot, take_snapshot
from mockserver.engine.sandbox.templates import Templates
from mockserver.engine.sandbox.traffic import traffic
from mockserver.engine.webhooks.events import emit, test_event
from mockserver.engine.webhooks.outbox import Parcel
from mockserver.engine.webhooks.post import Outcome, Post
from mockserver.engine.webhooks.signatures import Forged, check_plain, check_timed, plain, timed
from mockserver.engine.webhooks.style import standard_webhooks
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
    "OperationView",
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
    "SandboxView",
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
    "Templates",
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
    "faults_stage",
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
