"""Names of version 0.1.0 that providers can still use; new code uses the new names."""

from __future__ import annotations

from typing import Any

EXPORTS = {
    "Assumed": "AssumptionNote", "At": "WriteContext", "Chance": "Rng", "Condition": "StoreStatus",
    "Forged": "InvalidSignature",
    "LATEST": "LATEST_INSTANT", "Later": "LazyModel", "Letter": "SigningInput", "Moment": "SimulationContext",
    "Outcome": "SendResult", "Parcel": "LeasedDelivery", "Post": "WebhookSender", "Received": "ReceivedWebhook",
    "Rehearsal": "SeedHistory", "Rules": "ResourceRules", "Step": "Transition", "Taken": "Conflict",
    "Timed": "TimedTransition", "Unknown": "UnknownName", "check_plain": "verify_body",
    "check_timed": "verify_timestamped", "checked_cidr": "normalize_cidr", "deleted": "deleted_collection",
    "dress": "decorate", "falling_due": "timer_simulation", "hide": "mask", "iso": "format_instant",
    "parameters": "openapi_parameters", "path": "error_path", "plain": "sign_body", "plain_problem": "problem_reply",
    "return_to_snapshot": "restore_from_snapshot", "scenario_named": "find_scenario", "test_event": "send_test_event",
    "timed": "sign_timestamped", "timer": "timer_record", "unkept": "storage_failure_status", "wall": "wall_time",
    "write_duration": "format_duration",
}  # fmt: skip
"""The old and the new name of each export of ``mockserver.engine``."""


class RenamedDialect:
    """A dialect with the method names of 0.1.0, usable by the old and by the new names."""

    def __init__(self, dialect: Any) -> None:
        self._dialect = dialect
        self.render_record, self.render_list = dialect.one, dialect.many
        self.render_problem, self.decorate = dialect.refuse, dialect.dress

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)
