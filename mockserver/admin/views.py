"""Converts the objects of the engine into the JSON of the admin API."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver.engine import (
    ActiveRule,
    Engine,
    Entry,
    Fault,
    Key,
    Provider,
    Sandbox,
    Scenario,
    StoreStatus,
    describe,
    format_duration,
    format_instant,
    pending,
    redact,
)


def _iso_or_none(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def render_key(key: Key, now: int) -> dict[str, Any]:
    """Returns a key with its state at ``now``; ``secret`` is not redacted."""
    return {
        "id": key.id,
        "secret": key.secret,
        "state": key.state(now),
        "mode": key.mode,
        "scopes": list(key.scopes),
        "cidrs": list(key.cidrs),
        "created_at": _iso_or_none(key.created_at),
        "active_at": _iso_or_none(key.active_at),
        "expires_at": _iso_or_none(key.expires_at),
        "revoked_at": _iso_or_none(key.revoked_at),
        "dead_at": _iso_or_none(key.dead_at),
    }


def render_keys(sandbox: Sandbox) -> list[dict[str, Any]]:
    now = sandbox.now()
    return [render_key(each, now) for each in sandbox.keys.values()]


def render_sandbox(sandbox: Sandbox, origin: str) -> dict[str, Any]:
    """Returns a sandbox; ``origin`` is the scheme and host for ``base_url`` and ``example``."""
    return {
        "id": sandbox.id,
        "provider": sandbox.provider.name,
        "name": sandbox.id,
        **({"slug": sandbox.slug} if sandbox.provider.slug else {}),
        "seed": sandbox.settings.seed,
        "size": sandbox.settings.size,
        "base_url": f"{origin}/{sandbox.provider.name}{sandbox.provider.base_path(sandbox.slug)}",
        "keys": render_keys(sandbox),
        "example": f"{origin}/{sandbox.provider.name}{_example(sandbox)}",
        "clock": render_clock(sandbox),
        "limits": render_limits(sandbox),
        "latency": sandbox.latency.model_dump(mode="json") if sandbox.latency else None,
        "assumptions": sandbox.assumptions.model_dump(mode="json"),
        "scenarios": sorted(sandbox.overlays),
    }


def _example(sandbox: Sandbox) -> str:
    provider = sandbox.provider
    return provider.example.replace(provider.base_path(provider.name), provider.base_path(sandbox.slug), 1)


def render_limits(sandbox: Sandbox) -> dict[str, Any]:
    """Returns the current limits, including the overlays of scenarios."""
    return sandbox.limits.model_dump(mode="json")


def render_request(sandbox: Sandbox, entry: Entry) -> dict[str, Any]:
    """Returns a call with bodies and trace, and the result of each current fault rule.

    The rules that fired are first, then those that missed for the fewest reasons.
    """
    rules = [_explain_rule(entry, active) for active in sandbox.ruleset.call_rules]
    return {**entry.render(), "rules": sorted(rules, key=lambda each: (not each["fired"], len(each["why"])))}


def _explain_rule(entry: Entry, active: ActiveRule) -> dict[str, Any]:
    fired = active.rule.id in entry.call.fired
    why = [] if fired else [redact(each, list(entry.call.sandbox.keys)) for each in active.mismatches(entry.call)]
    kind = active.rule.fault.model_dump()["kind"]
    return {"id": active.rule.id, "kind": kind, "scenario": active.scenario, "fired": fired, "why": why}


def render_kind(name: str, model: type[Fault]) -> dict[str, Any]:
    """Returns a fault kind with the JSON Schemas of its parameters."""
    schema = with_written_durations(model.model_json_schema())
    properties = {field: each for field, each in schema["properties"].items() if field != "kind"}
    return {
        "kind": name,
        "sentence": (model.__doc__ or "").split("\n")[0],
        "on": model.APPLIES_TO,
        "parameters": properties,
        "required": schema.get("required", []),
        "$defs": schema.get("$defs", {}),
    }


def with_written_durations(schema: Any) -> Any:
    """Returns the schema with default durations as text (``90s``) instead of microseconds, which pydantic writes."""
    if isinstance(schema, list):
        return [with_written_durations(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {name: with_written_durations(each) for name, each in schema.items()}
    default = converted.get("default")
    if converted.get("type") == "string" and isinstance(default, int):
        converted["default"] = format_duration(default)
    return converted


def render_clock(sandbox: Sandbox) -> dict[str, Any]:
    """Returns the time of a sandbox and its next 20 timers."""
    now = sandbox.now()
    with sandbox.transaction() as space:
        due = [
            {
                "id": timer["id"],
                "at": format_instant(int(timer["due"])),
                "action": timer["action"],
                "parameters": timer["parameters"],
            }
            for timer in islice(pending(space), 20)
        ]
    return {
        "now": format_instant(now),
        "state": "frozen" if sandbox.clock.frozen_at is not None else "running",
        "due": due,
    }


def render_fault(sandbox: Sandbox, active: ActiveRule) -> dict[str, Any]:
    """Returns a fault rule with its counts and, if it never fired, its nearest miss."""
    matched, fired = active.read_counts(sandbox)
    view = {
        **active.rule.model_dump(mode="json"),
        "set_at": format_instant(active.set_at),
        "scenario": active.scenario,
        "matched": matched,
        "fired": fired,
    }
    if not fired:
        on_calls = active.rule.fault.APPLIES_TO == "calls"
        nearest = next(sandbox.journal.near_misses(active, 1), None) if on_calls else sandbox.outbox.near_miss(active)
        view["nearest_miss"] = nearest
    return view


def render_scenario(sandbox: Sandbox | None, scenario: Scenario) -> dict[str, Any]:
    """Returns a scenario with its parameters and, with a sandbox, whether it is on in this sandbox."""
    parameters = {name: parameter.model_dump(mode="json") for name, parameter in scenario.parameters.items()}
    view: dict[str, Any] = {"name": scenario.name, "sentence": scenario.sentence, "parameters": parameters}
    if sandbox is not None:
        with sandbox.transaction() as space:
            record = space.get("_scenarios", scenario.name)
        view["on"] = record is not None
        view["chosen"] = record["parameters"] if record else None
        view["since"] = record["since"] if record else None
    return view


def render_provider(provider: Provider) -> dict[str, Any]:
    """Returns a provider with its operations, assumptions, public simulations, events and scopes."""
    limits = provider.limits.model_dump(mode="json", exclude_none=True)
    note = provider.limits_assumption
    limits_assumption = {
        "name": "limits",
        "type": "limits",
        "default": limits,
        "sentence": note.sentence,
        "evidence": note.evidence,
    }
    return {
        "name": provider.name,
        "title": provider.title,
        "version": provider.version,
        "tenant": provider.tenant,
        "prefix": f"/{provider.name}{provider.prefix}",
        "operations": [
            {"name": op.name, "method": op.method, "path": op.path, "summary": op.summary, "scope": op.scope}
            for op in provider.operations
        ],
        "stages": [stage.__name__ for stage in provider.stages] + ["perform"],
        "events": list(provider.webhooks.types) if provider.webhooks else [],
        "test_event": provider.webhooks.test_event_type if provider.webhooks else None,
        "assumptions": [*describe(provider.assumptions), limits_assumption],
        "notes": list(provider.notes),
        "simulations": [render_simulation(each) for each in provider.simulations if each.is_public],
        "scopes": list(provider.keys.scopes),
        "modes": list(provider.keys.modes),
    }


def render_simulation(simulation: Any) -> dict[str, Any]:
    """Returns a simulation with the JSON Schemas of its parameters."""
    schema = with_written_durations(simulation.parameters.model_json_schema())
    return {
        "name": simulation.name,
        "sentence": simulation.sentence,
        "parameters": schema.get("properties", {}),
        "required": schema.get("required", []),
        "$defs": schema.get("$defs", {}),
    }


def render_metrics(engine: Engine) -> str:
    """Returns the metrics in the text format of Prometheus."""
    sandboxes = engine.all_sandboxes()
    lines = ["# TYPE testmode_sandboxes gauge", f"testmode_sandboxes {len(sandboxes)}"]
    lines.append("# TYPE testmode_calls_total counter")
    for each in sandboxes:
        for status, number in sorted(each.journal.status_counts.items()):
            labels = f'provider="{each.provider.name}",sandbox="{each.id}",status="{status or "none"}"'
            lines.append(f"testmode_calls_total{{{labels}}} {number}")
    return "\n".join(lines) + "\n"


def render_store(status: StoreStatus) -> dict[str, Any]:
    """Returns the durability of the store, and the torn tails that it removed from its logs at startup."""
    return {
        "durability": status.durability,
        "torn_tails": status.torn_tails,
        "torn_bytes": status.torn_bytes,
    }


def render_event(record: Any) -> dict[str, Any]:
    return {**record, "created_at": format_instant(record["created_at"])}


def render_endpoint(record: Any) -> dict[str, Any]:
    """Returns an endpoint; its secret is not redacted, because it signs only fake data."""
    members = {name: record[name] for name in ("id", "url", "events", "version", "secret", "description", "enabled")}
    previous = record["previous"]
    previous_secret = {"secret": previous["secret"], "until": format_instant(previous["until"])} if previous else None
    return {**members, "previous_secret": previous_secret, "created_at": format_instant(record["created_at"])}


def render_delivery(record: Any) -> dict[str, Any]:
    return {
        "id": record["id"],
        "endpoint": record["endpoint"],
        "event": render_event(record["event"]),
        "state": record["state"],
        "due": _iso_or_none(record["due"]),
        "faults": record["faults"],
        "attempts": [{**each, "at": format_instant(each["at"])} for each in record["attempts"]],
    }


def render_snapshot(record: Any) -> dict[str, Any]:
    return {"name": record["id"], "taken_at": format_instant(record["taken_at"])}
