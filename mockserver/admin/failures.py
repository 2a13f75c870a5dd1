"""Fault rules and scenarios: what each of their admin routes does."""

from __future__ import annotations

from typing import Any

from mockserver.admin import views
from mockserver.admin.ask import Ask
from mockserver.engine import ActiveRule, Fault, FaultRule, Refusal, Unknown, scenario_named, switch_off, switch_on

PREVIEWED = 100
"""So many of the newest calls a preview looks at."""


def list_faults(ask: Ask) -> Any:
    """The fault rules, in the order they are asked."""
    return [views.fault(ask.sandbox, active) for active in ask.sandbox.rules]


def list_kinds(ask: Ask) -> Any:
    """Every kind of fault, and the form of a rule: its match, its trigger, and each kind's parameters."""
    form = FaultRule.model_json_schema()["$defs"]
    return {
        "kinds": [views.kind(kind, model) for kind, model in sorted(Fault.KINDS.items())],
        "match": views.written(form["RuleMatch"]["properties"]),
        "trigger": views.written(form["Trigger"]["properties"]),
    }


def preview_fault(ask: Ask) -> Any:
    """Say which of the last 100 calls a fault rule would have hit, had it been set before them; sets nothing."""
    rule: FaultRule = ask.body
    if rule.fault.ON != "calls":
        raise Refusal("fault.kind: this kind happens to webhooks, and a preview looks at calls")
    entries = ask.sandbox.journal.entries()[-PREVIEWED:]
    began = min((entry.call.now for entry in entries), default=0)
    active = ActiveRule(rule, began, ask.sandbox.randomness)
    hits = list(active.rehearse(entry.call for entry in entries))
    calls = [{**entry.brief(), "hit": hit} for entry, hit in zip(entries, hits, strict=True)]
    return {"calls": calls, "hit": sum(hits)}


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
