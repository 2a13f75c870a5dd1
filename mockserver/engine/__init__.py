"""The public surface of the engine: the admin side and the rooms import from here and from nowhere deeper."""

from mockserver.engine.assumptions import Assumed, Assumptions, describe
from mockserver.engine.authenticate import authenticate
from mockserver.engine.bounds import ENGINE_BOUNDS, Bound
from mockserver.engine.call import Call, Credential, Pace, Reply, Wire
from mockserver.engine.clock import (
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
from mockserver.engine.dialect import Dialect, as_json, plain_problem
from mockserver.engine.dress import dress
from mockserver.engine.engine import Engine
from mockserver.engine.events import emit
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import Match
from mockserver.engine.faults.rule import ActiveRule, FaultRule
from mockserver.engine.faults.stage import faults
from mockserver.engine.fork import fork
from mockserver.engine.idempotency import IdempotencyPolicy, idempotency
from mockserver.engine.journal import Entry, journal
from mockserver.engine.journals import Journals
from mockserver.engine.keys import Key, KeyPolicy, checked_cidr
from mockserver.engine.latency import Distribution, Fixed, Lognormal, Uniform, latency
from mockserver.engine.lifecycle import At, Lifecycle, Step, Timed, falling_due
from mockserver.engine.locate import locate
from mockserver.engine.openapi import document as openapi_document
from mockserver.engine.openapi import parameters
from mockserver.engine.operations import Later, Operation
from mockserver.engine.pipeline import STAGES, Proceed, Stage
from mockserver.engine.problem import FieldError, Problem, Refusal, Taken, Unknown, unkept
from mockserver.engine.provider import SIZES, Moment, Progress, Provider, Simulation
from mockserver.engine.randomness import HEX, LOWER, Chance, Randomness
from mockserver.engine.ratelimit import Limits, ratelimit
from mockserver.engine.redaction import hide, redact
from mockserver.engine.rehearsal import Rehearsal
from mockserver.engine.resource import Reference, Resource, Rules, deleted
from mockserver.engine.sandbox import Sandbox, Settings
from mockserver.engine.scenarios import Scenario, Scenarios, switch_off, switch_on
from mockserver.engine.scenarios import load as load_scenarios
from mockserver.engine.scenarios import named as scenario_named
from mockserver.engine.scheduler import KEPT as TIMERS
from mockserver.engine.scheduler import pending, timer
from mockserver.engine.snapshots import return_to_snapshot, take_snapshot
from mockserver.engine.traffic import traffic
from mockserver.engine.validate import parse as parse_body
from mockserver.engine.validate import path, validate
from mockserver.engine.versions import VersionRules, etag
from mockserver.engine.webhooks.attempt import Outcome, Post
from mockserver.engine.webhooks.deliveries import test_event
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
