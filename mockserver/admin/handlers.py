"""What the other admin routes do: each a line of translation to the engine."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver import __version__
from mockserver.admin import models, views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import (
    Clock,
    Refusal,
    UnknownName,
    as_json,
    fork,
    nearest,
    openapi_document,
    parse_duration,
    restore_from_snapshot,
)
from mockserver.engine import take_snapshot as keep_snapshot


def version(request: AdminRequest) -> Any:
    """Which Testmode this is, and when a write is on the disk."""
    return {"name": "testmode", "version": __version__, "store": views.store(request.engine.store_status)}


def settings(request: AdminRequest) -> Any:
    """The settings the server was started with, and how much there may be of what."""
    return request.server_info()


def providers(request: AdminRequest) -> Any:
    """The providers this server serves."""
    return [views.provider(provider) for provider in request.engine.providers.values()]


def provider_openapi(request: AdminRequest) -> Any:
    """A provider's OpenAPI document, made from its operations."""
    shown = request.engine.get_provider(request.args["provider"])
    return openapi_document(shown, (op for op in shown.operations if op.available_if is None), f"/{shown.name}")


def provider(request: AdminRequest) -> Any:
    """One provider with its operations, assumptions and simulations."""
    return views.provider(request.engine.get_provider(request.args["provider"]))


def scenarios(request: AdminRequest) -> Any:
    """Every scenario there is."""
    return [views.scenario(None, scenario) for scenario in request.engine.scenarios.values()]


def metrics(request: AdminRequest) -> Any:
    """What can be counted, for Prometheus."""
    return views.metrics(request.engine)


def list_sandboxes(request: AdminRequest) -> Any:
    """Every sandbox."""
    return [views.sandbox(sandbox, request.origin) for sandbox in request.engine.all_sandboxes()]


def create_sandbox(request: AdminRequest) -> Any:
    """Make a sandbox with its own keys, data, clock, faults, limits and journal."""
    wanted: models.NewSandbox = request.body
    return views.sandbox(request.engine.create(wanted.provider, wanted.name, wanted.settings()), request.origin)


def get_sandbox(request: AdminRequest) -> Any:
    """One sandbox."""
    return views.sandbox(request.sandbox, request.origin)


def change_sandbox(request: AdminRequest) -> Any:
    """Change limits, latency or assumptions."""
    changes = request.body.model_dump(mode="json", exclude_unset=True)
    known = list(request.sandbox.provider.assumptions.model_fields)
    for name in changes.get("assumptions") or {}:
        if name not in known:
            raise Refusal(f"there is no assumption {name!r}{nearest(name, known)}")
    request.sandbox.configure(changes)
    return views.sandbox(request.sandbox, request.origin)


def delete_sandbox(request: AdminRequest) -> Any:
    """Forget a sandbox."""
    request.engine.delete(request.args["sandbox"])


def reset_sandbox(request: AdminRequest) -> Any:
    """Take a sandbox back to its seed."""
    return views.sandbox(request.engine.reset(request.args["sandbox"]), request.origin)


def fork_sandbox(request: AdminRequest) -> Any:
    """Make a second sandbox that goes on from where this one stands, with keys of its own."""
    return views.sandbox(
        fork(request.engine, request.args["sandbox"], request.body.name, request.body.slug), request.origin
    )


def list_keys(request: AdminRequest) -> Any:
    """The keys of a sandbox."""
    return views.keys(request.sandbox)


def create_key(request: AdminRequest) -> Any:
    """Make a key."""
    wanted: models.NewKey = request.body
    sandbox, policy = request.sandbox, request.sandbox.provider.keys
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


def revoke_key(request: AdminRequest) -> Any:
    """Revoke a key; it may linger."""
    sandbox = request.sandbox
    key = sandbox.keyring.revoke(request.args["key"], request.body.lingers)
    return views.key(key, sandbox.now())


def get_clock(request: AdminRequest) -> Any:
    """What time it is, and what falls due next."""
    return views.clock(request.sandbox)


def set_clock(request: AdminRequest) -> Any:
    """Freeze, resume, advance or reset the clock; what falls due is done before this answers."""
    sandbox, move = request.sandbox, request.body
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


def list_collections(request: AdminRequest) -> Any:
    """The provider's collections, and how many records each holds."""
    with request.sandbox.transaction() as space:
        return [{"name": each.name, "records": space.count(each.name)} for each in request.sandbox.provider.collections]


def list_records(request: AdminRequest) -> Any:
    """The records of a collection as they are kept, also what the API itself cannot show."""
    known = [each.name for each in request.sandbox.provider.collections]
    name = request.args["collection"]
    if name not in known:
        raise UnknownName("collection", name, known)
    with request.sandbox.transaction() as space:
        walk = space.scan(name, descending=True)
        return {"records": [record for _, record in islice(walk, request.query.limit)], "total": space.count(name)}


def list_simulations(request: AdminRequest) -> Any:
    """What can happen off stage, with the form of its parameters."""
    return [views.simulation(simulation) for simulation in request.sandbox.provider.simulations if simulation.is_public]


def simulate(request: AdminRequest) -> Any:
    """Have something happen off stage, now or ``in`` a while on the sandbox's clock."""
    parameters = dict(request.body)
    if not request.sandbox.provider.get_simulation(request.args["simulation"]).is_public:
        raise Refusal(f"{request.args['simulation']!r} happens by itself, when it falls due")
    try:
        delay = parse_duration(parameters.pop("in", "0s"))
    except ValueError as error:
        raise Refusal(f"in: {error}") from None
    return dict(request.sandbox.simulate(request.args["simulation"], parameters, delay))


def export_state(request: AdminRequest) -> Any:
    """Everything the sandbox keeps; the same state is the same bytes."""
    return as_json(request.engine.export(request.args["sandbox"]), sort=True)


def import_state(request: AdminRequest) -> Any:
    """Put the sandbox into an exported state."""
    request.engine.restore(request.args["sandbox"], request.body.model_dump())
    return views.sandbox(request.sandbox, request.origin)


def list_snapshots(request: AdminRequest) -> Any:
    """The snapshots kept of the sandbox."""
    with request.sandbox.transaction() as space:
        return [views.snapshot(record) for _, record in space.scan("_snapshots")]


def take_snapshot(request: AdminRequest) -> Any:
    """Keep the present state under a name."""
    keep_snapshot(request.engine, request.args["sandbox"], request.args["snapshot"])
    return next(each for each in list_snapshots(request) if each["name"] == request.args["snapshot"])


def restore_snapshot(request: AdminRequest) -> Any:
    """Go back to the state kept under a name."""
    return views.sandbox(
        restore_from_snapshot(request.engine, request.args["sandbox"], request.args["snapshot"]), request.origin
    )
