"""The admin API: one table of routes, its gate, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mockserver.admin import failures, handlers, models, observed, views, webhooks
from mockserver.admin.ask import Ask
from mockserver.admin.gate import Gate
from mockserver.admin.refusals import REFUSED, problem, refusal
from mockserver.admin.route import FreeForm, Route
from mockserver.engine import Engine, FaultRule, Problem, Refusal, as_json, parse_body
from mockserver.http import edge

PREFIX = "/__admin"
LARGEST = 64 * 1024 * 1024
"""The longest body the admin API takes: a whole sandbox's state."""


_S = "/sandboxes/{sandbox}"
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
    Route("GET", "/faults", failures.list_kinds),
    Route("GET", _S, handlers.get_sandbox),
    Route("PATCH", _S, handlers.change_sandbox, models.ChangedSandbox),
    Route("DELETE", _S, handlers.delete_sandbox, status=204),
    Route("POST", f"{_S}/reset", handlers.reset_sandbox),
    Route("POST", f"{_S}/fork", handlers.fork_sandbox, models.Fork, status=201),
    Route("GET", f"{_S}/keys", handlers.list_keys),
    Route("POST", f"{_S}/keys", handlers.create_key, models.NewKey, status=201),
    Route("DELETE", f"{_S}/keys/{{key}}", handlers.revoke_key, models.OldKey),
    Route("GET", f"{_S}/clock", handlers.get_clock),
    Route("PUT", f"{_S}/clock", handlers.set_clock, models.ClockMove),
    Route("GET", f"{_S}/faults", failures.list_faults),
    Route("POST", f"{_S}/faults", failures.create_fault, FaultRule, status=201),
    Route("PUT", f"{_S}/faults", failures.replace_faults, models.Rules),
    Route("DELETE", f"{_S}/faults", failures.clear_faults, status=204),
    Route("POST", f"{_S}/faults/preview", failures.preview_fault, FaultRule),
    Route("GET", f"{_S}/faults/{{rule}}", failures.get_fault),
    Route("PUT", f"{_S}/faults/{{rule}}", failures.set_fault, FaultRule),
    Route("DELETE", f"{_S}/faults/{{rule}}", failures.delete_fault, status=204),
    Route("GET", f"{_S}/scenarios", failures.list_scenarios),
    Route("GET", f"{_S}/scenarios/{{scenario}}", failures.get_scenario),
    Route("PUT", f"{_S}/scenarios/{{scenario}}", failures.turn_scenario_on, FreeForm),
    Route("DELETE", f"{_S}/scenarios/{{scenario}}", failures.turn_scenario_off, status=204),
    Route("GET", f"{_S}/requests", observed.list_requests, query=models.RequestsQuery),
    Route("DELETE", f"{_S}/requests", observed.clear_requests, status=204),
    Route("POST", f"{_S}/requests/verify", observed.verify, models.Verification),
    Route("GET", f"{_S}/requests/stream", observed.stream_requests),
    Route("GET", f"{_S}/requests/{{request}}", observed.get_request),
    Route("POST", f"{_S}/requests/{{request}}/replay", observed.replay_request),
    Route("GET", f"{_S}/traffic", observed.get_traffic, query=models.TrafficQuery),
    Route("GET", f"{_S}/events", observed.list_events),
    Route("GET", f"{_S}/webhooks", webhooks.list_webhooks),
    Route("POST", f"{_S}/webhooks", webhooks.create_webhook, models.NewWebhook, status=201),
    Route("GET", f"{_S}/webhooks/{{endpoint}}", webhooks.get_webhook),
    Route("PATCH", f"{_S}/webhooks/{{endpoint}}", webhooks.change_webhook, models.ChangedWebhook),
    Route("DELETE", f"{_S}/webhooks/{{endpoint}}", webhooks.delete_webhook, status=204),
    Route("POST", f"{_S}/webhooks/{{endpoint}}/rotate", webhooks.rotate_webhook, models.Rotation),
    Route("POST", f"{_S}/webhooks/{{endpoint}}/test", webhooks.test_webhook),
    Route("GET", f"{_S}/deliveries", webhooks.list_deliveries, query=models.DeliveriesQuery),
    Route("GET", f"{_S}/deliveries/{{delivery}}", webhooks.get_delivery),
    Route("POST", f"{_S}/deliveries/{{delivery}}/retry", webhooks.retry_delivery),
    Route("GET", f"{_S}/collections", handlers.list_collections),
    Route("GET", f"{_S}/collections/{{collection}}", handlers.list_records, query=models.RecordsQuery),
    Route("GET", f"{_S}/simulations", handlers.list_simulations),
    Route("POST", f"{_S}/simulations/{{simulation}}", handlers.simulate, FreeForm),
    Route("GET", f"{_S}/state", handlers.export_state),
    Route("PUT", f"{_S}/state", handlers.import_state, models.ExportedState),
    Route("GET", f"{_S}/snapshots", handlers.list_snapshots),
    Route("PUT", f"{_S}/snapshots/{{snapshot}}", handlers.take_snapshot),
    Route("POST", f"{_S}/snapshots/{{snapshot}}/restore", handlers.restore_snapshot),
)


def register(app: Flask, engine: Engine, token: str, about: Callable[[], Any]) -> Gate:
    """Add the admin API, the health checks, and answers for what is neither admin nor provider; answers its gate."""
    gate = Gate(PREFIX, token)
    for route in ROUTES:
        rule = PREFIX + route.path.replace("{", "<").replace("}", ">")
        view = partial(_view, engine, about, route)
        endpoint = f"admin.{route.handler.__name__}"
        app.add_url_rule(rule, endpoint, view, methods=[route.method], provide_automatic_options=False)
    app.add_url_rule(f"{PREFIX}/openapi.json", "admin.openapi", _openapi, methods=["GET"])
    for health in ("/health", "/healthz"):
        app.add_url_rule(health, f"health{health}", lambda: _json({"status": "ok"}), methods=["GET"])
    for ready in ("/ready", "/readyz"):
        app.add_url_rule(ready, f"ready{ready}", partial(_ready, engine), methods=["GET"])
    app.before_request(lambda: gate.check(request))
    app.before_request(_refuse_small_letters)
    app.register_error_handler(HTTPException, partial(_http_error, engine))
    for raised in REFUSED:
        app.register_error_handler(raised, refusal)
    return gate


def _refuse_small_letters() -> None:
    """Methods are written in capitals; Flask would take ``get`` for GET."""
    if request.environ["REQUEST_METHOD"] != request.method and request.url_rule is not None:
        raise MethodNotAllowed(list(current_app.url_map.bind("").allowed_methods(request.path)))


def _view(engine: Engine, about: Callable[[], Any], route: Route, **args: str) -> Response:
    try:
        body = _read(route.body) if route.body else None
        query, origin = request.args.to_dict(), request.host_url.rstrip("/")
        answer = perform(engine, route, args, body, query, origin, about)
    except ValidationError as error:
        return refusal(error, route)
    if isinstance(answer, Iterator):
        return Response(answer, route.status, content_type="text/event-stream", headers={"Cache-Control": "no-store"})
    if isinstance(answer, str):
        return Response(answer, route.status, content_type="text/plain; version=0.0.4; charset=utf-8")
    if isinstance(answer, bytes):
        return Response(answer, route.status, content_type="application/json")
    return Response(status=204) if route.status == 204 else _json(answer, route.status)


def perform(
    engine: Engine,
    route: Route,
    args: Mapping[str, str],
    body: Any,
    query: Mapping[str, str],
    origin: str,
    about: Callable[[], Any],
) -> Any:
    """Do what a route does: read its query, and hand everything to its handler. Raises what REFUSED names."""
    asked = route.query.model_validate_strings(dict(query)) if route.query else None
    return route.handler(Ask(engine, args, body, asked, origin, about))


def _read(model: type[BaseModel]) -> Any:
    try:
        data, too_large = edge.read_body(request.environ, LARGEST)
    except OSError:
        raise _Malformed("the body broke off") from None
    if too_large:
        raise _TooLarge(f"the body is longer than {LARGEST} bytes")
    if not data:
        return {} if model is FreeForm else model.model_validate({})
    if request.mimetype != "application/json":
        raise _NotJson(f"the Content-Type is {request.mimetype or 'missing'}; send application/json")
    try:
        document = parse_body(data)
    except Problem as unread:
        raise _Malformed(unread.detail) from None
    if not isinstance(document, dict):
        raise _Malformed("the body is not a JSON object")
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
        places = ", ".join(f"/{name}{provider.base_path(name)}" for name, provider in engine.providers.items())
        detail = f"there is nothing at {request.path[:200]!r}; providers are at {places}, the admin API at {PREFIX}"
    if status == 500:
        detail = "this is a bug of Testmode's own; the server's log has the traceback"
    response = problem(status, detail)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
    return response


def _ready(engine: Engine) -> Response:
    condition = engine.condition
    if edge.stopping.is_set():
        return problem(503, "the server is stopping")
    if condition.failure:
        return problem(503, condition.failure)
    return _json({"status": "ready", "store": views.store(condition)})


def _openapi() -> Response:
    from mockserver.admin.openapi import document

    return _json(document(ROUTES, PREFIX))


def _json(value: Any, status: int = 200) -> Response:
    return Response(as_json(value), status, content_type="application/json")
