"""What the peers read at their start: the same records, each in the peer's own form."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benchmarks.peers.peer import FIRST_RECORD, KEY, record

DELAY_MS = 2_000
PAGE = 20


def database(records: int) -> dict[str, str]:
    """json-server's database, and the folder that version 1 does not start without."""
    return {"public/robots.txt": "", "db.json": json.dumps({"sectors": [record(nth) for nth in range(records)]})}


def customers(records: int) -> dict[str, str]:
    """Vercel emulate's seed for Stripe."""
    return {"seed.json": json.dumps({"stripe": {"customers": [record(nth) for nth in range(records)]}})}


def openapi(_records: int) -> dict[str, str]:
    """An OpenAPI document whose examples are the answers."""

    def answer(status: str, example: Any) -> dict[str, Any]:
        return {"responses": {status: {"description": "", "content": {"application/json": {"example": example}}}}}

    named = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    by_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    create = {
        **answer("201", record(FIRST_RECORD)),
        "requestBody": {"content": {"application/json": {"schema": named}}},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "sectors", "version": "1"},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": {
            "/sectors": {"get": {**answer("200", _page()), "parameters": [limit]}, "post": create},
            "/sectors/{id}": {"get": {**answer("200", record(FIRST_RECORD)), "parameters": [by_id]}},
        },
    }
    return {"openapi.json": json.dumps(document)}


def mockoon(records: int) -> dict[str, str]:
    """A Mockoon environment: a data bucket with its CRUD route, and a path that waits."""
    bucket = {"uuid": _uuid("bucket"), "id": "buck", "name": "sectors", "documentation": ""}
    kept = _mockoon_route("crud", "", "sectors", bodyType="DATABUCKET", databucketID="buck")
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
        "routes": [kept, slow],
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in (kept, slow)],
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
    said = {
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
        "responses": [said | response],
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }


def wiremock(_records: int) -> dict[str, str]:
    """WireMock's mappings: four stubs that ask for the key."""

    def stub(method: str, path: str, status: int, body: Any, **more: Any) -> dict[str, Any]:
        asked = {"method": method, "urlPath": path, "headers": {"Authorization": {"equalTo": KEY}}}
        headers = {"Content-Type": "application/json"}
        return {"request": asked, "response": {"status": status, "jsonBody": body, "headers": headers, **more}}

    stubs = [stub(*each) for each in _stubs()]
    stubs.append(stub("GET", "/slow", 200, record(FIRST_RECORD), fixedDelayMilliseconds=DELAY_MS))
    return {"mappings/sectors.json": json.dumps({"mappings": stubs})}


def imposters(_records: int, port: str = "$port") -> dict[str, str]:
    """mountebank's imposter: four stubs that ask for the key; the port is filled in when it starts."""

    def stub(method: str, path: str, status: int, body: Any, *behaviors: dict[str, Any]) -> dict[str, Any]:
        asked = {"method": method, "path": path, "headers": {"Authorization": KEY}}
        said = {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
        response = {"is": said, **({"behaviors": list(behaviors)} if behaviors else {})}
        return {"predicates": [{"equals": asked}], "responses": [response]}

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
