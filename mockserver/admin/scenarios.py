"""The handlers of the admin routes for the scenarios of a sandbox."""

from __future__ import annotations

from typing import Any

from mockserver.admin import views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import find_scenario, switch_off, switch_on


def list_scenarios(request: AdminRequest) -> Any:
    """List the scenarios, and whether each is on in this sandbox."""
    return [views.render_scenario(request.sandbox, scenario) for scenario in request.engine.scenarios.values()]


def get_scenario(request: AdminRequest) -> Any:
    """Show one scenario, and whether it is on in this sandbox."""
    return views.render_scenario(request.sandbox, find_scenario(request.engine.scenarios, request.args["scenario"]))


def turn_scenario_on(request: AdminRequest) -> Any:
    """Switch a scenario on; the body has its parameters."""
    switch_on(request.sandbox, find_scenario(request.engine.scenarios, request.args["scenario"]), request.body)
    return get_scenario(request)


def turn_scenario_off(request: AdminRequest) -> Any:
    """Switch a scenario off."""
    switch_off(request.sandbox, find_scenario(request.engine.scenarios, request.args["scenario"]))
