"""The environment of most tests: an engine in memory with frozen clocks, called through Flask's test client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from gzip import decompress as gunzip
from json import loads
from typing import TYPE_CHECKING, Any, cast
from zlib import decompress as inflate

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import bundled_templates, create_wsgi_app, known_providers, make_engine
from mockserver.delivery.egress import Egress
from mockserver.engine import Call, Clock, Engine, Provider, Reply, Sandbox, parse_instant
from mockserver.http import edge
from mockserver.http.hosts import AllowedHosts
from mockserver.http.resolver import ProviderPath, RequestResolver, ResolvedTarget
from mockserver.http.routes import RouteMatch
from mockserver.storage.base import Store
from mockserver.storage.tinydb.store import TinyStore

NOON = parse_instant("2026-03-01T12:00:00Z")
TOKEN = "admin-token-of-the-tests"
TEMPLATES = bundled_templates()
"""The initial states of sandboxes, computed once and shared by all harnesses."""


if TYPE_CHECKING:

    class ApiResponse(TestResponse):
        """A response whose JSON has the type Any, so that tests need no type checks."""

        json: Any


@dataclass
class Harness:
    """An engine and its application, with methods to call it as a client of a provider and as an operator."""

    engine: Engine
    app: Flask
    sleeps: list[float] = field(default_factory=list)

    @property
    def sandbox(self) -> Sandbox:
        """The first sandbox of the first provider."""
        return self.engine.sandboxes[next(iter(self.engine.providers))]

    def key(self, sandbox: str | None = None) -> str:
        """Returns the secret of the first key of a sandbox."""
        chosen = self.engine.sandboxes[sandbox] if sandbox else self.sandbox
        return next(iter(chosen.keys))

    def request(self, method: str, path: str, *, sandbox: str | None = None, **options: Any) -> ApiResponse:
        """Call a provider; ``path`` follows the provider's name, and ``key=None`` sends no key."""
        chosen = self.engine.sandboxes[sandbox] if sandbox else self.sandbox
        key = options.pop("key", self.key(chosen.id))
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers.setdefault("Authorization", f"Bearer {key}")
        client: FlaskClient = self.app.test_client()
        return cast(
            "ApiResponse", client.open(f"/{chosen.provider.name}{path}", method=method, headers=headers, **options)
        )

    def admin(self, method: str, path: str, json: Any = None, **options: Any) -> ApiResponse:
        """Call the admin API with its token; ``path`` follows ``/__admin``."""
        headers = {"Authorization": f"Bearer {TOKEN}", **options.pop("headers", {})}
        if json is not None:
            options["json"] = json
        return cast(
            "ApiResponse", self.app.test_client().open(f"/__admin{path}", method=method, headers=headers, **options)
        )

    def deliver_due(self, sandbox: str | None = None) -> None:
        """Send the deliveries that are due, like the delivery worker of a server."""
        (self.engine.sandboxes[sandbox] if sandbox else self.sandbox).catch_up()

    def advance(self, by: str, sandbox: str | None = None) -> Any:
        """Advance a sandbox's clock through the admin API, and return the response."""
        id = sandbox or self.sandbox.id
        answer = self.admin("PUT", f"/sandboxes/{id}/clock", {"action": "advance", "by": by})
        assert answer.status_code == 200, answer.text
        return answer.json


DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gunzip, "deflate": inflate}
"""The function that decompresses a body, by Content-Encoding."""
ENVELOPES = ({"data"}, {"data", "cursor"}, {"data", "meta"}, {"data", "next"})
"""The sets of members that an envelope can have."""


def validate_reply(call: Call, reply: Reply) -> None:
    """Validate a successful reply against the response model of its operation; runs for every call of every test."""
    operation = call.operation
    if operation is None or operation.response_model is None or reply.status != operation.status or call.fired:
        return
    decode = DECODERS.get(reply.header("Content-Encoding") or "", bytes)
    document = loads(decode(reply.body))
    data = document["data"] if isinstance(document, dict) and set(document) in ENVELOPES else document
    for each in data if isinstance(data, list) else [data]:
        operation.response_model.model_validate(each)


def make_harness(*providers: Provider, store: Store | None = None, freeze: bool = True, **options: Any) -> Harness:
    """Makes an engine with the given providers, or with all of them."""
    chosen = list(providers) or list(known_providers().values())
    options = {"sender": Egress(), "templates": TEMPLATES, **options}
    engine = make_engine(store or TinyStore(None), chosen, propagate=True, at=NOON if freeze else None, **options)
    handle = engine.handle

    def handle_and_validate(call: Call) -> Reply:
        reply = handle(call)
        validate_reply(call, reply)
        return reply

    engine.handle = handle_and_validate  # type: ignore[method-assign]
    if freeze:
        for sandbox in engine.sandboxes.values():
            sandbox.set_clock(Clock(frozen_at=NOON))
    return Harness(engine, make_app(engine))


def make_app(engine: Engine) -> Flask:
    """Makes the application of ``serve`` for Flask's test client; the first admin request loads the admin API."""
    app = Flask("front", static_folder=None)
    app.wsgi_app = create_wsgi_app(engine, token=TOKEN, root_provider=None, hosts=AllowedHosts())  # type: ignore[method-assign, assignment]
    app.testing = True
    return app


def read_call(engine: Engine, provider: str, environ: dict[str, Any]) -> Call:
    """Builds the call of a request to a provider, without looking up its operation."""
    resolver = RequestResolver(engine.providers, AllowedHosts([environ.get("HTTP_HOST", "").partition(":")[0]]))
    place = ProviderPath(provider, f"/{provider}", environ["PATH_INFO"])
    resolver._find_provider_path, resolver._match_route = lambda *_: place, lambda path, method: RouteMatch()
    target = resolver.resolve(environ)
    assert isinstance(target, ResolvedTarget)
    return edge.build_call(engine, target, environ)
