"""What each admin route does: a line of translation to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mockserver import __version__
from mockserver.admin import models, views
from mockserver.engine import (
    Clock,
    Engine,
    FaultRule,
    Match,
    Refusal,
    Sandbox,
    Settings,
    Unknown,
    as_json,
    nearest,
    parse_duration,
    scenario_named,
    switch_off,
    switch_on,
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One admin request, read."""

    engine: Engine
    args: Mapping[str, str]
    body: Any
    query: Any
    origin: str

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox named in the path; Unknown when there is none."""
        return self.engine.sandbox(self.args["sandbox"])


def version(ask: Ask) -> Any:
    """Which Testmode this is."""
    return {"name": "testmode", "version": __version__}


def providers(ask: Ask) -> Any:
    """The providers this server serves."""
    return [views.provider(provider) for provider in ask.engine.providers.values()]


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
    return [views.sandbox(sandbox, ask.origin) for sandbox in list(ask.engine.sandboxes.values())]


def create_sandbox(ask: Ask) -> Any:
    """Make a sandbox with its own keys, data, clock, faults, limits and journal."""
    wanted: models.NewSandbox = ask.body
    settings = Settings(
        seed=wanted.seed,
        size=wanted.size,
        assumptions=wanted.assumptions,
        limits=wanted.limits,
        latency=wanted.latency,
    )
    return views.sandbox(ask.engine.create(wanted.provider, wanted.name, settings), ask.origin)


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


def list_faults(ask: Ask) -> Any:
    """The fault rules, in the order they are asked."""
    return [views.fault(ask.sandbox, active) for active in ask.sandbox.rules]


def create_fault(ask: Ask) -> Any:
    """Set a fault rule."""
    return _fault(ask, ask.sandbox.ruleset.set([ask.body], new=True)[0])


def replace_faults(ask: Ask) -> Any:
    """Replace all fault rules that no scenario has set."""
    sandbox = ask.sandbox
    before = [active.rule.id for active in sandbox.rules if active.scenario is None]
    sandbox.ruleset.set(ask.body.rules, instead_of=before)
    return list_faults(ask)


def clear_faults(ask: Ask) -> Any:
    """Remove all fault rules that no scenario has set."""
    ask.sandbox.ruleset.drop([active.rule.id for active in ask.sandbox.rules if active.scenario is None])


def get_fault(ask: Ask) -> Any:
    """One fault rule, with its counts and its nearest miss."""
    return _fault(ask, ask.args["rule"])


def set_fault(ask: Ask) -> Any:
    """Set a fault rule under this id, replacing the one there is."""
    rule: FaultRule = ask.body
    if rule.id not in ("", ask.args["rule"]):
        raise Refusal(f"id: the body says {rule.id!r}, the path {ask.args['rule']!r}")
    rule = FaultRule.model_validate({**rule.model_dump(mode="json"), "id": ask.args["rule"]})
    ask.sandbox.ruleset.set([rule])
    return _fault(ask, rule.id)


def delete_fault(ask: Ask) -> Any:
    """Remove a fault rule."""
    ask.sandbox.ruleset.drop([ask.args["rule"]])


def _fault(ask: Ask, id: str) -> Any:
    active = next((active for active in ask.sandbox.rules if active.rule.id == id), None)
    if active is None:
        raise Unknown("fault rule", id, [active.rule.id for active in ask.sandbox.rules])
    return views.fault(ask.sandbox, active)


def list_scenarios(ask: Ask) -> Any:
    """Every scenario, and whether it is on in this sandbox."""
    return [views.scenario(ask.sandbox, scenario) for scenario in ask.engine.scenarios.values()]


def get_scenario(ask: Ask) -> Any:
    """One scenario, and whether it is on in this sandbox."""
    return views.scenario(ask.sandbox, scenario_named(ask.engine.scenarios, ask.args["scenario"]))


def turn_scenario_on(ask: Ask) -> Any:
    """Switch a scenario on, with parameters."""
    switch_on(ask.sandbox, scenario_named(ask.engine.scenarios, ask.args["scenario"]), ask.body)
    return get_scenario(ask)


def turn_scenario_off(ask: Ask) -> Any:
    """Switch a scenario off."""
    switch_off(ask.sandbox, scenario_named(ask.engine.scenarios, ask.args["scenario"]))


def list_requests(ask: Ask) -> Any:
    """The newest calls, oldest first, and how many have fallen out of the journal."""
    entries = ask.sandbox.journal.entries()
    if ask.query.after is not None:
        ids = [entry.id for entry in entries]
        if ask.query.after not in ids:
            raise Unknown("request", ask.query.after, ids[-20:])
        entries = entries[ids.index(ask.query.after) + 1 :]
    newest = entries[-ask.query.limit :]
    return {"requests": [entry.brief() for entry in newest], "dropped": ask.sandbox.journal.dropped}


def get_request(ask: Ask) -> Any:
    """One call with its trace: what every stage said, and the rule that fired."""
    entries = {entry.id: entry for entry in ask.sandbox.journal.entries()}
    if ask.args["request"] not in entries:
        raise Unknown("request", ask.args["request"], list(islice(reversed(entries), 20)))
    return entries[ask.args["request"]].show()


def clear_requests(ask: Ask) -> Any:
    """Forget every call."""
    ask.sandbox.journal.clear()


def verify(ask: Ask) -> Any:
    """Say whether the journal holds what is expected, and what came nearest when it does not."""
    wanted: models.Verification = ask.body
    if wanted.in_order is not None:
        return _verify_order(ask.sandbox, wanted.in_order, wanted.status)
    found = ask.sandbox.journal.entries(wanted.match)
    number = sum(wanted.status in (None, entry.reply.status) for entry in found)
    bounds = (wanted.count, wanted.at_least, wanted.at_most)
    least = 1 if bounds == (None, None, None) else wanted.at_least
    verified = (
        (wanted.count is None or number == wanted.count)
        and (least is None or number >= least)
        and (wanted.at_most is None or number <= wanted.at_most)
    )
    answer: dict[str, Any] = {"verified": verified, "count": number}
    if not verified:
        answer["near_misses"] = list(ask.sandbox.journal.near_misses(wanted.match))
    return answer


def _verify_order(sandbox: Sandbox, matches: list[Match], status: int | None) -> Any:
    waiting = list(matches)
    for entry in sandbox.journal.entries():
        if waiting and status in (None, entry.reply.status) and waiting[0].holds(entry.call):
            waiting.pop(0)
    answer: dict[str, Any] = {"verified": not waiting, "count": len(matches) - len(waiting)}
    if waiting:
        answer["near_misses"] = list(sandbox.journal.near_misses(waiting[0]))
    return answer


def list_events(ask: Ask) -> Any:
    """What has happened in the sandbox, oldest first."""
    with ask.sandbox.transaction() as space:
        return [views.event(record) for _, record in space.scan("_events")]


def list_simulations(ask: Ask) -> Any:
    """What can happen off stage, with the form of its parameters."""
    return [views.simulation(simulation) for simulation in ask.sandbox.provider.simulations]


def simulate(ask: Ask) -> Any:
    """Have something happen off stage, now or ``in`` a while on the sandbox's clock."""
    parameters = dict(ask.body)
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
    ask.engine.snapshot(ask.args["sandbox"], ask.args["snapshot"])
    return next(each for each in list_snapshots(ask) if each["name"] == ask.args["snapshot"])


def restore_snapshot(ask: Ask) -> Any:
    """Go back to the state kept under a name."""
    return views.sandbox(ask.engine.return_to(ask.args["sandbox"], ask.args["snapshot"]), ask.origin)
