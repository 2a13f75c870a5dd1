"""The public interface of the engine: other packages and the providers import only from here."""

from mockserver.engine import faults
from mockserver.engine.bounds import ENGINE_BOUNDS
from mockserver.engine.core.assumptions import AssumptionNote, Assumptions, describe
from mockserver.engine.core.bound import Bound
from mockserver.engine.core.call import Call, Dialect, OperationView, Proceed, SandboxView, Stage
from mockserver.engine.core.clock import (
    LATEST_INSTANT,
    SECOND,
    Clock,
    Duration,
    Instant,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
    wall_time,
)
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.idempotency_policy import IdempotencyPolicy
from mockserver.engine.core.keys import Credential, Key, KeyPolicy, normalize_cidr
from mockserver.engine.core.latency import Distribution, Fixed, Lognormal, Uniform
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.operation import LazyModel, Operation
from mockserver.engine.core.problem import Conflict, FieldError, Problem, Refusal, UnknownName, storage_failure_status
from mockserver.engine.core.provider import SIZES, Progress, Provider
from mockserver.engine.core.randomness import HEX, LOWER, Randomness, Rng
from mockserver.engine.core.redaction import mask, redact
from mockserver.engine.core.renamed import EXPORTS
from mockserver.engine.core.reply import Pace, Reply, Wire, problem_reply
from mockserver.engine.core.simulation import Simulation, SimulationContext, WriteContext
from mockserver.engine.core.webhook_style import ReceivedWebhook, SigningInput, WebhookStyle
from mockserver.engine.faults.base import Fault
from mockserver.engine.faults.match import Match
from mockserver.engine.faults.rule import ActiveRule, FaultRule
from mockserver.engine.faults.stage import faults as faults_stage
from mockserver.engine.pipeline.authenticate import authenticate
from mockserver.engine.pipeline.decorate import decorate
from mockserver.engine.pipeline.idempotency import idempotency
from mockserver.engine.pipeline.journal import Entry, journal
from mockserver.engine.pipeline.journals import Journals
from mockserver.engine.pipeline.latency import latency
from mockserver.engine.pipeline.locate import locate
from mockserver.engine.pipeline.pipeline import STAGES
from mockserver.engine.pipeline.ratelimit import ratelimit
from mockserver.engine.pipeline.validate import error_path, validate
from mockserver.engine.pipeline.validate import parse_json as parse_body
from mockserver.engine.records.lifecycle import Lifecycle, TimedTransition, Transition, timer_simulation
from mockserver.engine.records.openapi import build_openapi_document as openapi_document
from mockserver.engine.records.openapi import openapi_parameters
from mockserver.engine.records.resource import Reference, Resource, ResourceRules, deleted_collection
from mockserver.engine.records.versions import VersionRules, etag
from mockserver.engine.sandbox.engine import Engine
from mockserver.engine.sandbox.fork import fork
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.engine.sandbox.scenarios import Scenario, Scenarios, find_scenario, switch_off, switch_on
from mockserver.engine.sandbox.scenarios import load as load_scenarios
from mockserver.engine.sandbox.seed_history import SeedHistory
from mockserver.engine.sandbox.settings import Settings
from mockserver.engine.sandbox.snapshots import restore_from_snapshot, take_snapshot
from mockserver.engine.sandbox.templates import Templates
from mockserver.engine.sandbox.timers import COLLECTION as TIMERS
from mockserver.engine.sandbox.timers import pending, timer_record
from mockserver.engine.sandbox.traffic import traffic
from mockserver.engine.webhooks.events import emit, send_test_event
from mockserver.engine.webhooks.outbox import LeasedDelivery
from mockserver.engine.webhooks.sender import SendResult, WebhookSender
from mockserver.engine.webhooks.signatures import (
    InvalidSignature,
    sign_body,
    sign_timestamped,
    verify_body,
    verify_timestamped,
)
from mockserver.engine.webhooks.style import standard_webhooks
from mockserver.nearest import nearest
from mockserver.storage.base import Collection, Durability, Position, Record, Space, State, StoreError, StoreStatus

__all__ = [
    "ENGINE_BOUNDS",
    "HEX",
    "LATEST_INSTANT",
    "LOWER",
    "SECOND",
    "SIZES",
    "STAGES",
    "TIMERS",
    "ActiveRule",
    "AssumptionNote",
    "Assumptions",
    "Bound",
    "Call",
    "Clock",
    "Collection",
    "Conflict",
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
    "IdempotencyPolicy",
    "Instant",
    "InvalidSignature",
    "Journals",
    "Key",
    "KeyPolicy",
    "LazyModel",
    "LeasedDelivery",
    "Lifecycle",
    "Limits",
    "Lognormal",
    "Match",
    "Operation",
    "OperationView",
    "Pace",
    "Position",
    "Problem",
    "Proceed",
    "Progress",
    "Provider",
    "Randomness",
    "ReceivedWebhook",
    "Record",
    "Reference",
    "Refusal",
    "Reply",
    "Resource",
    "ResourceRules",
    "Rng",
    "Sandbox",
    "SandboxView",
    "Scenario",
    "Scenarios",
    "SeedHistory",
    "SendResult",
    "Settings",
    "SigningInput",
    "Simulation",
    "SimulationContext",
    "Space",
    "Stage",
    "State",
    "StoreError",
    "StoreStatus",
    "Templates",
    "TimedTransition",
    "Transition",
    "Uniform",
    "UnknownName",
    "VersionRules",
    "WebhookSender",
    "WebhookStyle",
    "Wire",
    "WriteContext",
    "as_json",
    "authenticate",
    "decorate",
    "deleted_collection",
    "describe",
    "emit",
    "error_path",
    "etag",
    "faults",
    "faults_stage",
    "find_scenario",
    "fork",
    "format_duration",
    "format_instant",
    "idempotency",
    "journal",
    "latency",
    "load_scenarios",
    "locate",
    "mask",
    "nearest",
    "normalize_cidr",
    "openapi_document",
    "openapi_parameters",
    "parse_body",
    "parse_duration",
    "parse_instant",
    "pending",
    "problem_reply",
    "ratelimit",
    "redact",
    "restore_from_snapshot",
    "send_test_event",
    "sign_body",
    "sign_timestamped",
    "standard_webhooks",
    "storage_failure_status",
    "switch_off",
    "switch_on",
    "take_snapshot",
    "timer_record",
    "timer_simulation",
    "traffic",
    "validate",
    "verify_body",
    "verify_timestamped",
    "wall_time",
]
__all__ += EXPORTS


def __getattr__(name: str) -> object:
    """Returns an export by its name in version 0.1.0."""
    if name in EXPORTS:
        return globals()[EXPORTS[name]]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
