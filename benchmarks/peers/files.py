"""Makes the files that a peer reads at startup; each function returns texts by path, in the format of one peer."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benchmarks.peers.peer import FIRST_RECORD, KEY, record

DELAY_MS = 2_000
PAGE = 20


def database(records: int) -> dict[str, str]:
    """Returns the database of json-server, and the folder that version 1 requires."""
    return {"public/robots.txt": "", "db.json": json.dumps({"sectors": [record(nth) for nth in range(records)]})}


def customers(records: int) -> dict[str, str]:
    """Returns the Stripe seed of Vercel emulate."""
    return {"seed.json": json.dumps({"stripe": {"customers": [record(nth) for nth in range(records)]}})}


def openapi(_records: int) -> dict[str, str]:
    """Returns an OpenAPI document with the responses as examples."""

    def response(status: str, example: Any) -> dict[str, Any]:
        return {"responses": {status: {"description": "", "content": {"application/json": {"example": example}}}}}

    body_schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    by_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    create = {
        **response("201", record(FIRST_RECORD)),
        "requestBody": {"content": {"application/json": {"schema": body_schema}}},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "sectors", "version": "1"},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": {
            "/sectors": {"get": {**response("200", _page()), "parameters": [limit]}, "post": create},
            "/sectors/{id}": {"get": {**response("200", record(FIRST_RECORD)), "parameters": [by_id]}},
        },
    }
    return {"openapi.json": json.dumps(document)}


def mockoon(records: int) -> dict[str, str]:
    """Returns a Mockoon environment: a data bucket with a CRUD route, and a route with latency."""
    bucket = {"uuid": _uuid("bucket"), "id": "buck", "name": "sectors", "documentation": ""}
    crud = _mockoon_route("crud", "", "sectors", bodyType="DATABUCKET", databucketID="buck")
    slow = _mockoon_route("http", "get", "slow", body=json.dumps(record(FIRST_RECORD)), latency=DELAY_MS)
    environment = {
        "uuid": _uuid("environment"),
        "lastMigration": 33,
        "name": "sectors",
        "endpointPrefix": "",
        "latency": 0,
        "port": 3000,
        "hostname": "127.0.0.1",
        "folders": [],
        "routes": [crud, slow],
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in (crud, slow)],
        "proxyMode": False,
        "proxyHost": "",
        "proxyRemovePrefix": False,
        "tlsOptions": {"enabled": False, "type": "CERT"}
        | dict.fromkeys(("pfxPath", "certPath", "keyPath", "caPath", "passphrase"), ""),
        "cors": True,
        "headers": [],
        "proxyReqHeaders": [],
        "proxyResHeaders": [],
        "data": [bucket | {"value": json.dumps([record(nth) for nth in range(records)])}],
        "callbacks": [],
    }
    return {"environment.json": json.dumps(environment)}


def _mockoon_route(type: str, method: str, endpoint: str, **response: Any) -> dict[str, Any]:
    defaults = {
        "uuid": _uuid(f"{endpoint} response"),
        "body": "",
        "latency": 0,
        "statusCode": 200,
        "label": "",
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "bodyType": "INLINE",
        "filePath": "",
        "databucketID": "",
        "sendFileAsBody": False,
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": True,
        "fallbackTo404": False,
        "default": True,
        "crudKey": "id",
        "callbacks": [],
    }
    route = {"uuid": _uuid(endpoint), "type": type, "documentation": "", "method": method, "endpoint": endpoint}
    return {
        **route,
        "responses": [defaults | response],
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }


def wiremock(_records: int) -> dict[str, str]:
    """Returns the mappings of WireMock: four stubs that require the key."""

    def stub(method: str, path: str, status: int, body: Any, **more: Any) -> dict[str, Any]:
        matcher = {"method": method, "urlPath": path, "headers": {"Authorization": {"equalTo": KEY}}}
        headers = {"Content-Type": "application/json"}
        return {"request": matcher, "response": {"status": status, "jsonBody": body, "headers": headers, **more}}

    stubs = [stub(*each) for each in _stubs()]
    stubs.append(stub("GET", "/slow", 200, record(FIRST_RECORD), fixedDelayMilliseconds=DELAY_MS))
    return {"mappings/sectors.json": json.dumps({"mappings": stubs})}


def imposters(_records: int, port: str = "$port") -> dict[str, str]:
    """Returns the imposter of mountebank: four stubs that require the key; its port is replaced at startup."""

    def stub(method: str, path: str, status: int, body: Any, *behaviors: dict[str, Any]) -> dict[str, Any]:
        fields = {"method": method, "path": path, "headers": {"Authorization": KEY}}
        content = {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
        response = {"is": content, **({"behaviors": list(behaviors)} if behaviors else {})}
        return {"predicates": [{"equals": fields}], "responses": [response]}

    stubs = [stub(*each) for each in _stubs()]
    stubs.append(stub("GET", "/slow", 200, record(FIRST_RECORD), {"wait": DELAY_MS}))
    text = json.dumps({"imposters": [{"protocol": "http", "port": "PORT", "stubs": stubs}]})
    return {"imposters.json": text.replace('"PORT"', port)}


def _stubs() -> list[tuple[str, str, int, Any]]:
    return [
        ("GET", f"/sectors/{record(FIRST_RECORD)['id']}", 200, record(FIRST_RECORD)),
        ("GET", "/sectors", 200, _page()),
        ("POST", "/sectors", 201, record(FIRST_RECORD)),
    ]


def _page() -> list[dict[str, str]]:
    return [record(nth) for nth in range(PAGE)]


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
