"""What the other admin routes do: each a line of translation to the engine."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver import __version__
from mockserver.admin import models, views
from mockserver.admin.ask import Ask
from mockserver.engine import (
    Clock,
    Refusal,
    Unknown,
    as_json,
    fork,
    nearest,
    openapi_document,
    parse_duration,
    return_to_snapshot,
)
from mockserver.engine import take_snapshot as keep_snapshot


def version(ask: Ask) -> Any:
    """Which Testmode this is, and when a write is on the disk."""
    return {"name": "testmode", "version": __version__, "store": views.store(ask.engine.condition)}


def settings(ask: Ask) -> Any:
    """The settings the server was started with, and how much there may be of what."""
    return ask.about()


def providers(ask: Ask) -> Any:
    """The providers this server serves."""
    return [views.provider(provider) for provider in ask.engine.providers.values()]


def provider_openapi(ask: Ask) -> Any:
    """A provider's OpenAPI document, made from its operations."""
    shown = ask.engine.provider(ask.args["provider"])
    return openapi_document(shown, (op for op in shown.operations if op.offered is None), f"/{shown.name}")


def provider(ask: Ask) -> Any:
    """One provider with its operations, assumptions and simulations."""
    return views.provider(ask.engine.provider(ask.args["provider"]))


def scenarios(ask: Ask) -> Any:
    """Every scenario there is."""
    return [views.scenario(None, scenario) for scenario in ask.engine.scenarios.values()]


def metrics(ask: Ask) -> Any:
    """What can be counted, for Prometheus."""
    return views.metrics(ask.engine)


def list_sandboxes(ask: Ask) -> Any:
    """Every sandbox."""
    return [views.sandbox(sandbox, ask.origin) for sandbox in ask.engine.everyone()]


def create_sandbox(ask: Ask) -> Any:
    """Make a sandbox with its own keys, data, clock, faults, limits and journal."""
    wanted: models.NewSandbox = ask.body
    return views.sandbox(ask.engine.create(wanted.provider, wanted.name, wanted.settings()), ask.origin)


def get_sandbox(ask: Ask) -> Any:
    """One sandbox."""
    return views.sandbox(ask.sandbox, ask.origin)


def change_sandbox(ask: Ask) -> Any:
    """Change limits, latency or assumptions."""
    changes = ask.body.model_dump(mode="json", exclude_unset=True)
    known = list(ask.sandbox.provider.assumptions.model_fields)
    for name in changes.get("assumptions") or {}:
        if name not in known:
            raise Refusal(f"there is no assumption {name!r}{nearest(name, known)}")
    ask.sandbox.configure(changes)
    return views.sandbox(ask.sandbox, ask.origin)


def delete_sandbox(ask: Ask) -> Any:
    """Forget a sandbox."""
    ask.engine.delete(ask.args["sandbox"])


def reset_sandbox(ask: Ask) -> Any:
    """Take a sandbox back to its seed."""
    return views.sandbox(ask.engine.reset(ask.args["sandbox"]), ask.origin)


def fork_sandbox(ask: Ask) -> Any:
    """Make a second sandbox that goes on from where this one stands, with keys of its own."""
    return views.sandbox(fork(ask.engine, ask.args["sandbox"], ask.body.name, ask.body.slug), ask.origin)


def list_keys(ask: Ask) -> Any:
    """The keys of a sandbox."""
    return views.keys(ask.sandbox)


def create_key(ask: Ask) -> Any:
    """Make a key."""
    wanted: models.NewKey = ask.body
    sandbox, policy = ask.sandbox, ask.sandbox.provider.keys
    if wanted.mode is not None and wanted.mode not in policy.modes:
        raise Refusal(f"mode: {sandbox.provider.title} has no mode {wanted.mode!r}{nearest(wanted.mode, policy.modes)}")
    for scope in wanted.scopes:
        if scope not in policy.scopes:
            raise Refusal(f"scopes: {sandbox.provider.title} has no scope {scope!r}{nearest(scope, policy.scopes)}")
    now = sandbox.now()

    def at(delay: int | None) -> int | None:
        return None if delay is None else now + delay

    key = sandbox.keyring.mint(
        mode=wanted.mode,
        scopes=wanted.scopes,
        cidrs=wanted.cidrs,
        active_at=at(wanted.activates_in),
        expires_at=at(wanted.expires_in),
        revoked_at=at(wanted.revokes_in),
    )
    return views.key(key, now)


def revoke_key(ask: Ask) -> Any:
    """Revoke a key; it may linger."""
    sandbox = ask.sandbox
    key = sandbox.keyring.revoke(ask.args["key"], ask.body.lingers)
    return views.key(key, sandbox.now())


def get_clock(ask: Ask) -> Any:
    """What time it is, and what falls due next."""
    return views.clock(ask.sandbox)


def set_clock(ask: Ask) -> Any:
    """Freeze, resume, advance or reset the clock; what falls due is done before this answers."""
    sandbox, move = ask.sandbox, ask.body
    sandbox.now()

    def moved(clock: Clock, here: int) -> Clock:
        match move.action:
            case "freeze":
                return clock.freeze(here, move.at)
            case "resume":
                return clock.resume(here)
            case "advance":
                return clock.advance(move.by)
            case _:
                return Clock()

    done = sandbox.move_clock(moved)
    return {**views.clock(sandbox), "done": done}


def list_collections(ask: Ask) -> Any:
    """The provider's collections, and how many records each holds."""
    with ask.sandbox.transaction() as space:
        return [{"name": each.name, "records": space.count(each.name)} for each in ask.sandbox.provider.collections]


def list_records(ask: Ask) -> Any:
    """The records of a collection as they are kept, also what the API itself cannot show."""
    known = [each.name for each in ask.sandbox.provider.collections]
    name = ask.args["collection"]
    if name not in known:
        raise Unknown("collection", name, known)
    with ask.sandbox.transaction() as space:
        walk = space.scan(name, descending=True)
        return {"records": [record for _, record in islice(walk, ask.query.limit)], "total": space.count(name)}


def list_simulations(ask: Ask) -> Any:
    """What can happen off stage, with the form of its parameters."""
    return [views.simulation(simulation) for simulation in ask.sandbox.provider.simulations if simulation.offered]


def simulate(ask: Ask) -> Any:
    """Have something happen off stage, now or ``in`` a while on the sandbox's clock."""
    parameters = dict(ask.body)
    if not ask.sandbox.provider.simulation(ask.args["simulation"]).offered:
        raise Refusal(f"{ask.args['simulation']!r} happens by itself, when it falls due")
    try:
        delay = parse_duration(parameters.pop("in", "0s"))
    except ValueError as error:
        raise Refusal(f"in: {error}") from None
    return dict(ask.sandbox.simulate(ask.args["simulation"], parameters, delay))


def export_state(ask: Ask) -> Any:
    """Everything the sandbox keeps; the same state is the same bytes."""
    return as_json(ask.engine.export(ask.args["sandbox"]), sort=True)


def import_state(ask: Ask) -> Any:
    """Put the sandbox into an exported state."""
    ask.engine.restore(ask.args["sandbox"], ask.body.model_dump())
    return views.sandbox(ask.sandbox, ask.origin)


def list_snapshots(ask: Ask) -> Any:
    """The snapshots kept of the sandbox."""
    with ask.sandbox.transaction() as space:
        return [views.snapshot(record) for _, record in space.scan("_snapshots")]


def take_snapshot(ask: Ask) -> Any:
    """Keep the present state under a name."""
    keep_snapshot(ask.engine, ask.args["sandbox"], ask.args["snapshot"])
    return next(each for each in list_snapshots(ask) if each["name"] == ask.args["snapshot"])


def restore_snapshot(ask: Ask) -> Any:
    """Go back to the state kept under a name."""
    return views.sandbox(return_to_snapshot(ask.engine, ask.args["sandbox"], ask.args["snapshot"]), ask.origin)
