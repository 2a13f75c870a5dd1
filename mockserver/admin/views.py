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


def key(key: Key, now: int) -> dict[str, Any]:
    """``secret`` is not redacted; ``state`` is the state at ``now``."""
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


def keys(sandbox: Sandbox) -> list[dict[str, Any]]:
    now = sandbox.now()
    return [key(each, now) for each in sandbox.keys.values()]


def sandbox(sandbox: Sandbox, origin: str) -> dict[str, Any]:
    """``origin`` is the scheme and host of ``base_url`` and ``example``."""
    return {
        "id": sandbox.id,
        "provider": sandbox.provider.name,
        "name": sandbox.id,
        **({"slug": sandbox.slug} if sandbox.provider.slug else {}),
        "seed": sandbox.settings.seed,
        "size": sandbox.settings.size,
        "base_url": f"{origin}/{sandbox.provider.name}{sandbox.provider.base_path(sandbox.slug)}",
        "keys": keys(sandbox),
        "example": f"{origin}/{sandbox.provider.name}{_example(sandbox)}",
        "clock": clock(sandbox),
        "limits": limits(sandbox),
        "latency": sandbox.latency.model_dump(mode="json") if sandbox.latency else None,
        "assumptions": sandbox.assumptions.model_dump(mode="json"),
        "scenarios": sorted(sandbox.overlays),
    }


def _example(sandbox: Sandbox) -> str:
    provider = sandbox.provider
    return provider.example.replace(provider.base_path(provider.name), provider.base_path(sandbox.slug), 1)


def limits(sandbox: Sandbox) -> dict[str, Any]:
    """The limits in force, including the overlays of scenarios."""
    return sandbox.limits.model_dump(mode="json")


def request(sandbox: Sandbox, entry: Entry) -> dict[str, Any]:
    """A call with bodies and trace, and for each current rule whether it fired or why not, the nearest first."""
    rules = [_explain_rule(entry, active) for active in sandbox.ruleset.call_rules]
    return {**entry.render(), "rules": sorted(rules, key=lambda each: (not each["fired"], len(each["why"])))}


def _explain_rule(entry: Entry, active: ActiveRule) -> dict[str, Any]:
    fired = active.rule.id in entry.call.fired
    why = [] if fired else [redact(each, list(entry.call.sandbox.keys)) for each in active.mismatches(entry.call)]
    kind = active.rule.fault.model_dump()["kind"]
    return {"id": active.rule.id, "kind": kind, "scenario": active.scenario, "fired": fired, "why": why}


def kind(name: str, model: type[Fault]) -> dict[str, Any]:
    """A fault kind with the JSON Schemas of its parameters."""
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
    """Returns the schema with durations as text (``90s``) in its defaults; pydantic writes them as microseconds."""
    if isinstance(schema, list):
        return [with_written_durations(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {name: with_written_durations(each) for name, each in schema.items()}
    default = converted.get("default")
    if converted.get("type") == "string" and isinstance(default, int):
        converted["default"] = format_duration(default)
    return converted


def clock(sandbox: Sandbox) -> dict[str, Any]:
    """The time of a sandbox, and the next 20 timers."""
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


def fault(sandbox: Sandbox, active: ActiveRule) -> dict[str, Any]:
    """A fault rule with its counts and, if it never fired, the nearest miss."""
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


def scenario(sandbox: Sandbox | None, scenario: Scenario) -> dict[str, Any]:
    """A scenario with its parameters; with a sandbox, also whether it is on there."""
    parameters = {name: parameter.model_dump(mode="json") for name, parameter in scenario.parameters.items()}
    view: dict[str, Any] = {"name": scenario.name, "sentence": scenario.sentence, "parameters": parameters}
    if sandbox is not None:
        with sandbox.transaction() as space:
            record = space.get("_scenarios", scenario.name)
        view["on"] = record is not None
        view["chosen"] = record["parameters"] if record else None
        view["since"] = record["since"] if record else None
    return view


def provider(provider: Provider) -> dict[str, Any]:
    """A provider with its operations, assumptions, public simulations, events and scopes."""
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
        "simulations": [simulation(each) for each in provider.simulations if each.is_public],
        "scopes": list(provider.keys.scopes),
        "modes": list(provider.keys.modes),
    }


def simulation(simulation: Any) -> dict[str, Any]:
    """A simulation with the JSON Schemas of its parameters."""
    schema = with_written_durations(simulation.parameters.model_json_schema())
    return {
        "name": simulation.name,
        "sentence": simulation.sentence,
        "parameters": schema.get("properties", {}),
        "required": schema.get("required", []),
        "$defs": schema.get("$defs", {}),
    }


def metrics(engine: Engine) -> str:
    """Metrics in the text format of Prometheus."""
    sandboxes = engine.all_sandboxes()
    lines = ["# TYPE testmode_sandboxes gauge", f"testmode_sandboxes {len(sandboxes)}"]
    lines.append("# TYPE testmode_calls_total counter")
    for each in sandboxes:
        for status, number in sorted(each.journal.status_counts.items()):
            labels = f'provider="{each.provider.name}",sandbox="{each.id}",status="{status or "none"}"'
            lines.append(f"testmode_calls_total{{{labels}}} {number}")
    return "\n".join(lines) + "\n"


def store(status: StoreStatus) -> dict[str, Any]:
    """The durability of the store, and the torn tails it cut off its logs at startup."""
    return {
        "durability": status.durability,
        "torn_tails": status.torn_tails,
        "torn_bytes": status.torn_bytes,
    }


def event(record: Any) -> dict[str, Any]:
    return {**record, "created_at": format_instant(record["created_at"])}


def endpoint(record: Any) -> dict[str, Any]:
    """The secret is not redacted, because it signs only fake data."""
    members = {name: record[name] for name in ("id", "url", "events", "version", "secret", "description", "enabled")}
    previous = record["previous"]
    previous_secret = {"secret": previous["secret"], "until": format_instant(previous["until"])} if previous else None
    return {**members, "previous_secret": previous_secret, "created_at": format_instant(record["created_at"])}


def delivery(record: Any) -> dict[str, Any]:
    return {
        "id": record["id"],
        "endpoint": record["endpoint"],
        "event": event(record["event"]),
        "state": record["state"],
        "due": _iso_or_none(record["due"]),
        "faults": record["faults"],
        "attempts": [{**each, "at": format_instant(each["at"])} for each in record["attempts"]],
    }


def snapshot(record: Any) -> dict[str, Any]:
    return {"name": record["id"], "taken_at": format_instant(record["taken_at"])}
