"""The handlers of the admin routes for server, providers, sandboxes, keys, clock, records, simulations and state."""

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
from mockserver.engine import take_snapshot as store_snapshot


def version(request: AdminRequest) -> Any:
    """Show the version of Testmode and the durability of its store."""
    return {"name": "testmode", "version": __version__, "store": views.render_store(request.engine.store_status)}


def settings(request: AdminRequest) -> Any:
    """Show the settings that the server was started with, and all bounds."""
    return request.server_info()


def providers(request: AdminRequest) -> Any:
    """List the providers of this server."""
    return [views.render_provider(provider) for provider in request.engine.providers.values()]


def provider_openapi(request: AdminRequest) -> Any:
    """Return the OpenAPI document of a provider, generated from its operations."""
    provider = request.engine.get_provider(request.args["provider"])
    operations = (operation for operation in provider.operations if operation.available_if is None)
    return openapi_document(provider, operations, f"/{provider.name}")


def provider(request: AdminRequest) -> Any:
    """Show one provider with its operations, assumptions and simulations."""
    return views.render_provider(request.engine.get_provider(request.args["provider"]))


def scenarios(request: AdminRequest) -> Any:
    """List the scenarios."""
    return [views.render_scenario(None, scenario) for scenario in request.engine.scenarios.values()]


def metrics(request: AdminRequest) -> Any:
    """Return the metrics in the text format of Prometheus."""
    return views.render_metrics(request.engine)


def list_sandboxes(request: AdminRequest) -> Any:
    """List the sandboxes of all providers."""
    return [views.render_sandbox(sandbox, request.origin) for sandbox in request.engine.all_sandboxes()]


def create_sandbox(request: AdminRequest) -> Any:
    """Create a sandbox with its own keys, data, clock, faults, limits and journal."""
    new: models.NewSandbox = request.body
    return views.render_sandbox(request.engine.create(new.provider, new.name, new.settings()), request.origin)


def get_sandbox(request: AdminRequest) -> Any:
    """Show one sandbox."""
    return views.render_sandbox(request.sandbox, request.origin)


def change_sandbox(request: AdminRequest) -> Any:
    """Change the limits, the latency or the assumptions of a sandbox."""
    changes = request.body.model_dump(mode="json", exclude_unset=True)
    known = list(request.sandbox.provider.assumptions.model_fields)
    for name in changes.get("assumptions") or {}:
        if name not in known:
            raise Refusal(f"there is no assumption {name!r}{nearest(name, known)}")
    request.sandbox.configure(changes)
    return views.render_sandbox(request.sandbox, request.origin)


def delete_sandbox(request: AdminRequest) -> Any:
    """Delete a sandbox with its keys and data."""
    request.engine.delete(request.args["sandbox"])


def reset_sandbox(request: AdminRequest) -> Any:
    """Reset a sandbox to its seed data."""
    return views.render_sandbox(request.engine.reset(request.args["sandbox"]), request.origin)


def fork_sandbox(request: AdminRequest) -> Any:
    """Copy a sandbox; the copy has its own keys."""
    return views.render_sandbox(
        fork(request.engine, request.args["sandbox"], request.body.name, request.body.slug), request.origin
    )


def list_keys(request: AdminRequest) -> Any:
    """List the keys of a sandbox."""
    return views.render_keys(request.sandbox)


def create_key(request: AdminRequest) -> Any:
    """Create an API key."""
    new: models.NewKey = request.body
    sandbox, policy = request.sandbox, request.sandbox.provider.keys
    if new.mode is not None and new.mode not in policy.modes:
        raise Refusal(f"mode: {sandbox.provider.title} has no mode {new.mode!r}{nearest(new.mode, policy.modes)}")
    for scope in new.scopes:
        if scope not in policy.scopes:
            raise Refusal(f"scopes: {sandbox.provider.title} has no scope {scope!r}{nearest(scope, policy.scopes)}")
    now = sandbox.now()

    def at(delay: int | None) -> int | None:
        return None if delay is None else now + delay

    key = sandbox.keyring.mint(
        mode=new.mode,
        scopes=new.scopes,
        cidrs=new.cidrs,
        active_at=at(new.activates_in),
        expires_at=at(new.expires_in),
        revoked_at=at(new.revokes_in),
    )
    return views.render_key(key, now)


def revoke_key(request: AdminRequest) -> Any:
    """Revoke a key. With `lingers`, it is still accepted for that duration; without, for `revocation_lag`."""
    sandbox = request.sandbox
    key = sandbox.keyring.revoke(request.args["key"], request.body.lingers)
    return views.render_key(key, sandbox.now())


def get_clock(request: AdminRequest) -> Any:
    """Show the time of the sandbox and its next timers."""
    return views.render_clock(request.sandbox)


def set_clock(request: AdminRequest) -> Any:
    """Freeze, resume, advance or reset the clock; run all due timers and deliveries before the response."""
    sandbox, move = request.sandbox, request.body
    sandbox.now()

    def apply(clock: Clock, now: int) -> Clock:
        match move.action:
            case "freeze":
                return clock.freeze(now, move.at)
            case "resume":
                return clock.resume(now)
            case "advance":
                return clock.advance(move.by)
            case _:
                return Clock()

    done = sandbox.move_clock(apply)
    return {**views.render_clock(sandbox), "done": done}


def list_collections(request: AdminRequest) -> Any:
    """List the provider's collections, and the number of records in each."""
    with request.sandbox.transaction() as space:
        return [{"name": each.name, "records": space.count(each.name)} for each in request.sandbox.provider.collections]


def list_records(request: AdminRequest) -> Any:
    """List the most recent records of a collection as stored, including members that the API does not return."""
    known = [each.name for each in request.sandbox.provider.collections]
    name = request.args["collection"]
    if name not in known:
        raise UnknownName("collection", name, known)
    with request.sandbox.transaction() as space:
        newest = islice(space.scan(name, descending=True), request.query.limit)
        return {"records": [record for _, record in newest], "total": space.count(name)}


def list_simulations(request: AdminRequest) -> Any:
    """List the simulations with the JSON Schemas of their parameters."""
    return [
        views.render_simulation(simulation)
        for simulation in request.sandbox.provider.simulations
        if simulation.is_public
    ]


def simulate(request: AdminRequest) -> Any:
    """Run a simulation now, or schedule it after the duration `in` on the sandbox's clock."""
    parameters = dict(request.body)
    if not request.sandbox.provider.get_simulation(request.args["simulation"]).is_public:
        raise Refusal(f"{request.args['simulation']!r} cannot be called because the server runs it when it is due")
    try:
        delay = parse_duration(parameters.pop("in", "0s"))
    except ValueError as error:
        raise Refusal(f"in: {error}") from None
    return dict(request.sandbox.simulate(request.args["simulation"], parameters, delay))


def export_state(request: AdminRequest) -> Any:
    """Export the state of the sandbox as JSON; equal states give identical bytes."""
    return as_json(request.engine.export(request.args["sandbox"]), sort=True)


def import_state(request: AdminRequest) -> Any:
    """Replace the state of the sandbox with an exported one."""
    request.engine.restore(request.args["sandbox"], request.body.model_dump())
    return views.render_sandbox(request.sandbox, request.origin)


def list_snapshots(request: AdminRequest) -> Any:
    """List the snapshots of the sandbox."""
    with request.sandbox.transaction() as space:
        return [views.render_snapshot(record) for _, record in space.scan("_snapshots")]


def take_snapshot(request: AdminRequest) -> Any:
    """Store the current state of the sandbox under a name."""
    store_snapshot(request.engine, request.args["sandbox"], request.args["snapshot"])
    return next(each for each in list_snapshots(request) if each["name"] == request.args["snapshot"])


def restore_snapshot(request: AdminRequest) -> Any:
    """Return the sandbox to the state stored under a name."""
    return views.render_sandbox(
        restore_from_snapshot(request.engine, request.args["sandbox"], request.args["snapshot"]), request.origin
    )
