"""The handlers of the admin routes for fault rules and fault kinds."""

from __future__ import annotations

from typing import Any

from mockserver.admin import views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import ActiveRule, Fault, FaultRule, Refusal, UnknownName

PREVIEW_CALLS = 100
"""Number of most recent calls that a preview examines."""


def list_faults(request: AdminRequest) -> Any:
    """List the fault rules in the order of their priority."""
    return [views.render_fault(request.sandbox, active) for active in request.sandbox.rules]


def list_kinds(request: AdminRequest) -> Any:
    """List the fault kinds with their parameters, and the fields of match and trigger in a fault rule."""
    form = FaultRule.model_json_schema()["$defs"]
    return {
        "kinds": [views.render_kind(kind, model) for kind, model in sorted(Fault.KINDS.items())],
        "match": views.with_written_durations(form["RuleMatch"]["properties"]),
        "trigger": views.with_written_durations(form["Trigger"]["properties"]),
    }


def preview_fault(request: AdminRequest) -> Any:
    """Return which of the last 100 calls a fault rule would have hit; the rule is not created."""
    rule: FaultRule = request.body
    if rule.fault.APPLIES_TO != "calls":
        raise Refusal("fault.kind: this kind happens to webhooks; a preview needs a kind that happens to calls")
    entries = request.sandbox.journal.entries()[-PREVIEW_CALLS:]
    # Triggers like `after` count from the creation of the rule: here from the oldest examined call.
    set_at = min((entry.call.now for entry in entries), default=0)
    active = ActiveRule(rule, set_at, request.sandbox.randomness)
    hits = list(active.preview(entry.call for entry in entries))
    calls = [{**entry.summarize(), "hit": hit} for entry, hit in zip(entries, hits, strict=True)]
    return {"calls": calls, "hit": sum(hits)}


def create_fault(request: AdminRequest) -> Any:
    """Create a fault rule."""
    return _render_rule(request, request.sandbox.ruleset.set([request.body], new=True)[0])


def replace_faults(request: AdminRequest) -> Any:
    """Replace all fault rules that do not belong to a scenario."""
    sandbox = request.sandbox
    replaced = [active.rule.id for active in sandbox.rules if active.scenario is None]
    sandbox.ruleset.set(request.body.rules, replacing=replaced)
    return list_faults(request)


def clear_faults(request: AdminRequest) -> Any:
    """Delete all fault rules that do not belong to a scenario."""
    request.sandbox.ruleset.remove([active.rule.id for active in request.sandbox.rules if active.scenario is None])


def get_fault(request: AdminRequest) -> Any:
    """Show one fault rule with its counts and its nearest miss."""
    return _render_rule(request, request.args["rule"])


def set_fault(request: AdminRequest) -> Any:
    """Create or replace the fault rule with the id in the path."""
    rule: FaultRule = request.body
    if rule.id not in ("", request.args["rule"]):
        raise Refusal(f"id: the body has {rule.id!r}, the path has {request.args['rule']!r}; use one id")
    rule = FaultRule.model_validate({**rule.model_dump(mode="json"), "id": request.args["rule"]})
    request.sandbox.ruleset.set([rule])
    return _render_rule(request, rule.id)


def delete_fault(request: AdminRequest) -> Any:
    """Delete a fault rule."""
    request.sandbox.ruleset.remove([request.args["rule"]])


def _render_rule(request: AdminRequest, id: str) -> Any:
    active = next((active for active in request.sandbox.rules if active.rule.id == id), None)
    if active is None:
        raise UnknownName("fault rule", id, [active.rule.id for active in request.sandbox.rules])
    return views.render_fault(request.sandbox, active)
