"""The routes of the admin API, registered in Flask together with the health checks and the error handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mockserver.admin import faults, handlers, models, request_journal, scenarios, views, webhooks
from mockserver.admin.admin_request import AdminRequest
from mockserver.admin.auth import AdminAuth
from mockserver.admin.refusals import HANDLED_ERRORS, render_problem, render_refusal
from mockserver.admin.route import FreeForm, Route
from mockserver.engine import Engine, FaultRule, Problem, Refusal, as_json, parse_body
from mockserver.http import edge

ADMIN_PREFIX = "/__admin"
MAX_BODY_BYTES = 64 * 1024 * 1024
"""Maximum size of a request body; an imported state must fit into it."""
_SANDBOX = "/sandboxes/{sandbox}"
ROUTES = (
    Route("GET", "/version", handlers.version),
    Route("GET", "/settings", handlers.settings),
    Route("GET", "/metrics", handlers.metrics),
    Route("GET", "/providers", handlers.providers),
    Route("GET", "/providers/{provider}", handlers.provider),
    Route("GET", "/providers/{provider}/openapi.json", handlers.provider_openapi),
    Route("GET", "/scenarios", handlers.scenarios),
    Route("GET", "/sandboxes", handlers.list_sandboxes),
    Route("POST", "/sandboxes", handlers.create_sandbox, models.NewSandbox, status=201),
    Route("GET", "/faults", faults.list_kinds),
    Route("GET", _SANDBOX, handlers.get_sandbox),
    Route("PATCH", _SANDBOX, handlers.change_sandbox, models.ChangedSandbox),
    Route("DELETE", _SANDBOX, handlers.delete_sandbox, status=204),
    Route("POST", f"{_SANDBOX}/reset", handlers.reset_sandbox),
    Route("POST", f"{_SANDBOX}/fork", handlers.fork_sandbox, models.Fork, status=201),
    Route("GET", f"{_SANDBOX}/keys", handlers.list_keys),
    Route("POST", f"{_SANDBOX}/keys", handlers.create_key, models.NewKey, status=201),
    Route("DELETE", f"{_SANDBOX}/keys/{{key}}", handlers.revoke_key, models.RevokeKey),
    Route("GET", f"{_SANDBOX}/clock", handlers.get_clock),
    Route("PUT", f"{_SANDBOX}/clock", handlers.set_clock, models.ClockMove),
    Route("GET", f"{_SANDBOX}/faults", faults.list_faults),
    Route("POST", f"{_SANDBOX}/faults", faults.create_fault, FaultRule, status=201),
    Route("PUT", f"{_SANDBOX}/faults", faults.replace_faults, models.FaultRuleList),
    Route("DELETE", f"{_SANDBOX}/faults", faults.clear_faults, status=204),
    Route("POST", f"{_SANDBOX}/faults/preview", faults.preview_fault, FaultRule),
    Route("GET", f"{_SANDBOX}/faults/{{rule}}", faults.get_fault),
    Route("PUT", f"{_SANDBOX}/faults/{{rule}}", faults.set_fault, FaultRule),
    Route("DELETE", f"{_SANDBOX}/faults/{{rule}}", faults.delete_fault, status=204),
    Route("GET", f"{_SANDBOX}/scenarios", scenarios.list_scenarios),
    Route("GET", f"{_SANDBOX}/scenarios/{{scenario}}", scenarios.get_scenario),
    Route("PUT", f"{_SANDBOX}/scenarios/{{scenario}}", scenarios.turn_scenario_on, FreeForm),
    Route("DELETE", f"{_SANDBOX}/scenarios/{{scenario}}", scenarios.turn_scenario_off, status=204),
    Route("GET", f"{_SANDBOX}/requests", request_journal.list_requests, query=models.RequestsQuery),
    Route("DELETE", f"{_SANDBOX}/requests", request_journal.clear_requests, status=204),
    Route("POST", f"{_SANDBOX}/requests/verify", request_journal.verify, models.Verification),
    Route("GET", f"{_SANDBOX}/requests/stream", request_journal.stream_requests),
    Route("GET", f"{_SANDBOX}/requests/{{request}}", request_journal.get_request),
    Route("POST", f"{_SANDBOX}/requests/{{request}}/replay", request_journal.replay_request),
    Route("GET", f"{_SANDBOX}/traffic", request_journal.get_traffic, query=models.TrafficQuery),
    Route("GET", f"{_SANDBOX}/events", request_journal.list_events),
    Route("GET", f"{_SANDBOX}/webhooks", webhooks.list_webhooks),
    Route("POST", f"{_SANDBOX}/webhooks", webhooks.create_webhook, models.NewWebhook, status=201),
    Route("GET", f"{_SANDBOX}/webhooks/{{endpoint}}", webhooks.get_webhook),
    Route("PATCH", f"{_SANDBOX}/webhooks/{{endpoint}}", webhooks.change_webhook, models.ChangedWebhook),
    Route("DELETE", f"{_SANDBOX}/webhooks/{{endpoint}}", webhooks.delete_webhook, status=204),
    Route("POST", f"{_SANDBOX}/webhooks/{{endpoint}}/rotate", webhooks.rotate_webhook, models.Rotation),
    Route("POST", f"{_SANDBOX}/webhooks/{{endpoint}}/test", webhooks.test_webhook),
    Route("GET", f"{_SANDBOX}/deliveries", webhooks.list_deliveries, query=models.DeliveriesQuery),
    Route("GET", f"{_SANDBOX}/deliveries/{{delivery}}", webhooks.get_delivery),
    Route("POST", f"{_SANDBOX}/deliveries/{{delivery}}/retry", webhooks.retry_delivery),
    Route("GET", f"{_SANDBOX}/collections", handlers.list_collections),
    Route("GET", f"{_SANDBOX}/collections/{{collection}}", handlers.list_records, query=models.RecordsQuery),
    Route("GET", f"{_SANDBOX}/simulations", handlers.list_simulations),
    Route("POST", f"{_SANDBOX}/simulations/{{simulation}}", handlers.simulate, FreeForm),
    Route("GET", f"{_SANDBOX}/state", handlers.export_state),
    Route("PUT", f"{_SANDBOX}/state", handlers.import_state, models.ExportedState),
    Route("GET", f"{_SANDBOX}/snapshots", handlers.list_snapshots),
    Route("PUT", f"{_SANDBOX}/snapshots/{{snapshot}}", handlers.take_snapshot),
    Route("POST", f"{_SANDBOX}/snapshots/{{snapshot}}/restore", handlers.restore_snapshot),
)


def register(app: Flask, engine: Engine, token: str, server_info: Callable[[], Any]) -> AdminAuth:
    """Adds the admin API, the health checks and the error handlers; returns the authentication of the admin API."""
    auth = AdminAuth(ADMIN_PREFIX, token)
    for route in ROUTES:
        rule = ADMIN_PREFIX + route.path.replace("{", "<").replace("}", ">")
        view = partial(_view, engine, server_info, route)
        endpoint = f"admin.{route.handler.__name__}"
        app.add_url_rule(rule, endpoint, view, methods=[route.method], provide_automatic_options=False)
    app.add_url_rule(f"{ADMIN_PREFIX}/openapi.json", "admin.openapi", _openapi, methods=["GET"])
    for health in ("/health", "/healthz"):
        app.add_url_rule(health, f"health{health}", lambda: _json_response({"status": "ok"}), methods=["GET"])
    for ready in ("/ready", "/readyz"):
        app.add_url_rule(ready, f"ready{ready}", partial(_ready, engine), methods=["GET"])
    app.before_request(lambda: auth.check(request))
    app.before_request(_reject_lowercase_method)
    app.register_error_handler(HTTPException, partial(_http_error, engine))
    for error_type in HANDLED_ERRORS:
        app.register_error_handler(error_type, render_refusal)
    return auth


def _reject_lowercase_method() -> None:
    """Refuses ``get`` with 405: HTTP methods are case-sensitive, but Flask accepts it as GET."""
    if request.environ["REQUEST_METHOD"] != request.method and request.url_rule is not None:
        raise MethodNotAllowed(list(current_app.url_map.bind("").allowed_methods(request.path)))


def _view(engine: Engine, server_info: Callable[[], Any], route: Route, **args: str) -> Response:
    try:
        body = _read_body(route.body) if route.body else None
        query, origin = request.args.to_dict(), request.host_url.rstrip("/")
        result = run_handler(engine, route, args, body, query, origin, server_info)
    except ValidationError as error:
        return render_refusal(error, route)
    if isinstance(result, Iterator):  # Server-sent events.
        return Response(result, route.status, content_type="text/event-stream", headers={"Cache-Control": "no-store"})
    if isinstance(result, str):  # Metrics in the text format of Prometheus.
        return Response(result, route.status, content_type="text/plain; version=0.0.4; charset=utf-8")
    if isinstance(result, bytes):  # JSON that the handler has encoded.
        return Response(result, route.status, content_type="application/json")
    return Response(status=204) if route.status == 204 else _json_response(result, route.status)


def run_handler(
    engine: Engine,
    route: Route,
    args: Mapping[str, str],
    body: Any,
    query: Mapping[str, str],
    origin: str,
    server_info: Callable[[], Any],
) -> Any:
    """Validates the query and calls the handler of a route; raises one of HANDLED_ERRORS when it refuses."""
    parameters = route.query.model_validate_strings(dict(query)) if route.query else None
    return route.handler(AdminRequest(engine, args, body, parameters, origin, server_info))


def _read_body(model: type[BaseModel]) -> Any:
    try:
        data, too_large = edge.read_body(request.environ, MAX_BODY_BYTES)
    except OSError:
        raise _Malformed("the body is incomplete because the connection ended before its last byte") from None
    if too_large:
        raise _TooLarge(f"the body is longer than {MAX_BODY_BYTES} bytes, the maximum of the admin API")
    if not data:
        return {} if model is FreeForm else model.model_validate({})
    if request.mimetype != "application/json":
        raise _NotJson(f"the Content-Type is {request.mimetype or 'missing'}; send application/json")
    try:
        document = parse_body(data)
    except Problem as problem:
        raise _Malformed(problem.detail) from None
    if not isinstance(document, dict):
        raise _Malformed("the body is not a JSON object; send {...}")
    return document if model is FreeForm else model.model_validate_json(data)


class _Malformed(Refusal):
    status = 400


class _NotJson(Refusal):
    status = 415


class _TooLarge(Refusal):
    status = 413


def _http_error(engine: Engine, error: HTTPException) -> Response:
    status, detail = error.code or 500, error.description or ""
    if status == 404:
        paths = ", ".join(f"/{name}{provider.base_path(name)}" for name, provider in engine.providers.items())
        detail = (
            f"there is nothing at {request.path[:200]!r}; the providers are at {paths}, the admin API at {ADMIN_PREFIX}"
        )
    if status == 500:
        detail = "this is a bug of Testmode; the traceback is in the server's log"
    response = render_problem(status, detail)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
    return response


def _ready(engine: Engine) -> Response:
    status = engine.store_status
    if edge.stopping.is_set():
        return render_problem(503, "the server is stopping")
    if status.failure:
        return render_problem(503, status.failure)
    return _json_response({"status": "ready", "store": views.render_store(status)})


def _openapi() -> Response:
    from mockserver.admin.openapi import build_openapi

    return _json_response(build_openapi(ROUTES, ADMIN_PREFIX))


def _json_response(value: Any, status: int = 200) -> Response:
    return Response(as_json(value), status, content_type="application/json")
