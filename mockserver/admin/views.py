"""How the admin API shows things."""

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


def key(shown: Key, now: int) -> dict[str, Any]:
    """An API key, readable, with its state at this instant."""
    return {
        "id": shown.id,
        "secret": shown.secret,
        "state": shown.state(now),
        "mode": shown.mode,
        "scopes": list(shown.scopes),
        "cidrs": list(shown.cidrs),
        "created_at": _iso_or_none(shown.created_at),
        "active_at": _iso_or_none(shown.active_at),
        "expires_at": _iso_or_none(shown.expires_at),
        "revoked_at": _iso_or_none(shown.revoked_at),
        "dead_at": _iso_or_none(shown.dead_at),
    }


def keys(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All keys of a sandbox."""
    now = sandbox.now()
    return [key(shown, now) for shown in sandbox.keys.values()]


def sandbox(shown: Sandbox, origin: str) -> dict[str, Any]:
    """A sandbox, with everything a client needs to begin."""
    return {
        "id": shown.id,
        "provider": shown.provider.name,
        "name": shown.id,
        **({"slug": shown.slug} if shown.provider.slug else {}),
        "seed": shown.settings.seed,
        "size": shown.settings.size,
        "base_url": f"{origin}/{shown.provider.name}{shown.provider.base_path(shown.slug)}",
        "keys": keys(shown),
        "example": f"{origin}/{shown.provider.name}{_example(shown)}",
        "clock": clock(shown),
        "limits": limits(shown),
        "latency": shown.latency.model_dump(mode="json") if shown.latency else None,
        "assumptions": shown.assumptions.model_dump(mode="json"),
        "scenarios": sorted(shown.overlays),
    }


def _example(shown: Sandbox) -> str:
    first = shown.provider
    return first.example.replace(first.base_path(first.name), first.base_path(shown.slug), 1)


def limits(shown: Sandbox) -> dict[str, Any]:
    """How often a sandbox may be called now, with what scenarios lay over it."""
    return shown.limits.model_dump(mode="json")


def request(sandbox: Sandbox, entry: Entry) -> dict[str, Any]:
    """A call whole, and what every rule that is set now makes of it: fired, or why not, the nearest first."""
    judged = [_explain_rule(entry, active) for active in sandbox.ruleset.call_rules]
    return {**entry.render(), "rules": sorted(judged, key=lambda each: (not each["fired"], len(each["why"])))}


def _explain_rule(entry: Entry, active: ActiveRule) -> dict[str, Any]:
    fired = active.rule.id in entry.call.fired
    why = [] if fired else [redact(each, list(entry.call.sandbox.keys)) for each in active.mismatches(entry.call)]
    kind = active.rule.fault.model_dump()["kind"]
    return {"id": active.rule.id, "kind": kind, "scenario": active.scenario, "fired": fired, "why": why}


def kind(name: str, model: type[Fault]) -> dict[str, Any]:
    """A kind of fault, and the form of its parameters."""
    form = with_written_durations(model.model_json_schema())
    properties = {field: each for field, each in form["properties"].items() if field != "kind"}
    return {
        "kind": name,
        "sentence": (model.__doc__ or "").split("\n")[0],
        "on": model.APPLIES_TO,
        "parameters": properties,
        "required": form.get("required", []),
        "$defs": form.get("$defs", {}),
    }


def with_written_durations(schema: Any) -> Any:
    """A schema whose defaults are as they are sent: a duration is a number inside and text outside."""
    if isinstance(schema, list):
        return [with_written_durations(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: with_written_durations(each) for name, each in schema.items()}
    default = inner.get("default")
    if inner.get("type") == "string" and isinstance(default, int):
        inner["default"] = format_duration(default)
    return inner


def clock(shown: Sandbox) -> dict[str, Any]:
    """What time it is in a sandbox, and what falls due next."""
    now = shown.now()
    with shown.transaction() as space:
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
        "state": "frozen" if shown.clock.frozen_at is not None else "running",
        "due": due,
    }


def fault(sandbox: Sandbox, active: ActiveRule) -> dict[str, Any]:
    """A fault rule, how often it has matched and fired, and why the nearest call or delivery did not match."""
    matched, fired = active.read_counts(sandbox)
    shown = {
        **active.rule.model_dump(mode="json"),
        "set_at": format_instant(active.set_at),
        "scenario": active.scenario,
        "matched": matched,
        "fired": fired,
    }
    if not fired:
        on_calls = active.rule.fault.APPLIES_TO == "calls"
        nearest = next(sandbox.journal.near_misses(active, 1), None) if on_calls else sandbox.outbox.near_miss(active)
        shown["nearest_miss"] = nearest
    return shown


def scenario(sandbox: Sandbox | None, shown: Scenario) -> dict[str, Any]:
    """A scenario, its parameters, and whether it is on."""
    parameters = {name: parameter.model_dump(mode="json") for name, parameter in shown.parameters.items()}
    view: dict[str, Any] = {"name": shown.name, "sentence": shown.sentence, "parameters": parameters}
    if sandbox is not None:
        with sandbox.transaction() as space:
            record = space.get("_scenarios", shown.name)
        view["on"] = record is not None
        view["chosen"] = record["parameters"] if record else None
        view["since"] = record["since"] if record else None
    return view


def provider(shown: Provider) -> dict[str, Any]:
    """A provider: what it offers, what is assumed, what can be simulated."""
    limits = shown.limits.model_dump(mode="json", exclude_none=True)
    said = shown.limits_assumption
    assumed = {
        "name": "limits",
        "type": "limits",
        "default": limits,
        "sentence": said.sentence,
        "evidence": said.evidence,
    }
    return {
        "name": shown.name,
        "title": shown.title,
        "version": shown.version,
        "tenant": shown.tenant,
        "prefix": f"/{shown.name}{shown.prefix}",
        "operations": [
            {"name": op.name, "method": op.method, "path": op.path, "summary": op.summary, "scope": op.scope}
            for op in shown.operations
        ],
        "stages": [stage.__name__ for stage in shown.stages] + ["perform"],
        "events": list(shown.webhooks.types) if shown.webhooks else [],
        "test_event": shown.webhooks.test_event_type if shown.webhooks else None,
        "assumptions": [*describe(shown.assumptions), assumed],
        "notes": list(shown.notes),
        "simulations": [simulation(each) for each in shown.simulations if each.is_public],
        "scopes": list(shown.keys.scopes),
        "modes": list(shown.keys.modes),
    }


def simulation(shown: Any) -> dict[str, Any]:
    """A simulation and the form of its parameters."""
    form = with_written_durations(shown.parameters.model_json_schema())
    return {
        "name": shown.name,
        "sentence": shown.sentence,
        "parameters": form.get("properties", {}),
        "required": form.get("required", []),
        "$defs": form.get("$defs", {}),
    }


def metrics(engine: Engine) -> str:
    """What can be counted, in Prometheus' text format."""
    everyone = engine.all_sandboxes()
    lines = ["# TYPE testmode_sandboxes gauge", f"testmode_sandboxes {len(everyone)}"]
    lines.append("# TYPE testmode_calls_total counter")
    for each in everyone:
        for status, number in sorted(each.journal.status_counts.items()):
            labels = f'provider="{each.provider.name}",sandbox="{each.id}",status="{status or "none"}"'
            lines.append(f"testmode_calls_total{{{labels}}} {number}")
    return "\n".join(lines) + "\n"


def store(condition: StoreStatus) -> dict[str, Any]:
    """What the store promises, and what it had to cut off its logs at the start."""
    return {
        "durability": condition.durability,
        "torn_tails": condition.torn_tails,
        "torn_bytes": condition.torn_bytes,
    }


def event(record: Any) -> dict[str, Any]:
    """An event as it was kept."""
    return {**record, "created_at": format_instant(record["created_at"])}


def endpoint(record: Any) -> dict[str, Any]:
    """A webhook endpoint, its secret readable: it signs fake data."""
    shown = {name: record[name] for name in ("id", "url", "events", "version", "secret", "description", "enabled")}
    previous = record["previous"]
    before = {"secret": previous["secret"], "until": format_instant(previous["until"])} if previous else None
    return {**shown, "previous_secret": before, "created_at": format_instant(record["created_at"])}


def delivery(record: Any) -> dict[str, Any]:
    """A delivery with every attempt."""
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
    """A snapshot's name and when it was taken."""
    return {"name": record["id"], "taken_at": format_instant(record["taken_at"])}
