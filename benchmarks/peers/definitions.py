"""Defines the peers; to add a peer, define a Peer and add it to PEERS."""

from __future__ import annotations

import json
from dataclasses import replace

from benchmarks.peers import files
from benchmarks.peers.peer import Delay, Fill, Package, Peer, RequestTemplate, RequestTemplates, record, rest_requests

_BIN = "$home/node_modules/.bin"
_JAR = "$home/node_modules/wiremock/build/wiremock-standalone-3.13.2.jar"
_FORM = ("Content-Type: application/x-www-form-urlencoded",)
_SLOW = Delay(RequestTemplate("GET", "/slow"))

_JSON_SERVER_0 = Peer(
    title="json-server 0.17",
    package=Package("npm", "json-server"),
    command=(
        "node",
        "$home/node_modules/json-server/lib/cli/bin.js",
        "--quiet",
        "--host",
        "127.0.0.1",
        "--port",
        "$port",
        "db.json",
    ),
    requests=rest_requests("/sectors", "_page=1&_limit=20"),
    state="disk",
    unlike="Does not check the key. Rewrites its file for each create, without fsync.",
    files=files.database,
    delay=Delay(rest_requests("/sectors", "").get, ("--delay", str(files.DELAY_MS))),
)
_JSON_SERVER_1 = Peer(
    title="json-server 1 beta",
    package=Package("npm", "json-server-1"),
    command=("node", "$home/node_modules/json-server-1/lib/bin.js", "--port", "$port", "db.json"),
    requests=rest_requests("/sectors", "_page=1&_per_page=20"),
    state="disk",
    unlike="Does not check the key. Rewrites its file for each create, without fsync. Watches no file.",
    files=files.database,
    environment={"NODE_ENV": "production"},
)
_MOCKOON = Peer(
    title="Mockoon",
    package=Package("npm", "@mockoon/cli"),
    command=(
        *("node", f"{_BIN}/mockoon-cli", "start", "--data", "environment.json", "--port", "$port"),
        *("--disable-log-to-file", "--disable-admin-api"),
    ),
    requests=rest_requests("/sectors", "page=1&limit=20"),
    state="memory",
    unlike="Does not check the key. A data bucket in memory behind a CRUD route. Prints every request.",
    files=files.mockoon,
    delay=_SLOW,
)
_PRISM = Peer(
    title="Prism",
    package=Package("npm", "@stoplight/prism-cli"),
    command=(
        *("node", f"{_BIN}/prism", "mock", "openapi.json", "--host", "127.0.0.1", "--port", "$port"),
        *("--verboseLevel", "silent"),
    ),
    requests=rest_requests("/sectors", "limit=20"),
    state="none",
    unlike="Stateless: returns the examples of an OpenAPI document. Requires any key. Validates the request.",
    files=files.openapi,
)
_WIREMOCK = Peer(
    title="WireMock",
    package=Package("npm", "wiremock"),
    command=(
        *("java", "-jar", _JAR, "--bind-address", "127.0.0.1", "--port", "$port", "--root-dir", "."),
        *("--no-request-journal", "--disable-request-logging", "--disable-banner", "--async-response-enabled", "true"),
    ),
    requests=rest_requests("/sectors", "limit=20"),
    state="none",
    unlike="Stateless: four stubs that require the key. No journal, responds asynchronously, as its documents advise.",
    files=files.wiremock,
    delay=_SLOW,
)
_MOUNTEBANK = Peer(
    title="mountebank",
    package=Package("npm", "mountebank"),
    command=(
        *("node", f"{_BIN}/mb", "--localOnly", "--port", "$spare", "--configfile", "imposters.json"),
        *("--noParse", "--nologfile", "--loglevel", "error"),
    ),
    requests=rest_requests("/sectors", "limit=20"),
    state="none",
    unlike="Stateless: four stubs that require the key. Records no requests.",
    files=files.imposters,
    delay=_SLOW,
)
_CUSTOMERS = RequestTemplates(
    get=RequestTemplate("GET", "/v1/customers/$id"),
    list=RequestTemplate("GET", "/v1/customers?limit=20"),
    create=RequestTemplate("POST", "/v1/customers", "name=Sector+$nth", _FORM),
    ready=RequestTemplate("GET", "/v1/customers?limit=1"),
)
_LOCALSTRIPE = Peer(
    title="localstripe",
    package=Package("pip", "localstripe"),
    command=("$home/bin/localstripe", "--port", "$port", "--from-scratch"),
    requests=_CUSTOMERS,
    state="disk",
    unlike=(
        "Stripe's customers, which are larger than the records of the others. Requires any key. Pickles its whole "
        "state for each create, without fsync. Its access log cannot be turned off."
    ),
    fill=Fill(lambda _nth: _CUSTOMERS.create),
    id_in_list=("data", 0, "id"),
    leftover_file="/tmp/localstripe.pickle",
)
_EMULATE_KEY = "Bearer sk_test_$key"
_EMULATE = Peer(
    title="emulate",
    package=Package("npm", "emulate"),
    command=("node", f"{_BIN}/emulate", "start", "--service", "stripe", "--port", "$port", "--seed", "seed.json"),
    requests=replace(
        _CUSTOMERS,
        get=replace(_CUSTOMERS.get, key=_EMULATE_KEY),
        list=replace(_CUSTOMERS.list, key=_EMULATE_KEY),
        create=replace(_CUSTOMERS.create, key=_EMULATE_KEY),
    ),
    state="memory",
    unlike=(
        "Stripe's customers, in memory. Accepts any key. The benchmark changes the key every 1,000 requests, because a "
        "key is refused after 5,000 requests per hour and this limit cannot be turned off."
    ),
    files=files.customers,
)


_AWS_KEY = (
    "AWS4-HMAC-SHA256 Credential=AKIABENCH/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
)


def _dynamo(action: str, body: str) -> RequestTemplate:
    headers = (f"X-Amz-Target: DynamoDB_20120810.{action}", "Content-Type: application/x-amz-json-1.0")
    return RequestTemplate("POST", "/", body, headers, _AWS_KEY)


def _item(id: str, name: str) -> dict[str, dict[str, str]]:
    return {"id": {"S": id}, "name": {"S": name}}


def _batch(nth: int) -> RequestTemplate:
    items = [_item(**record(each)) for each in range(nth * 25, nth * 25 + 25)]
    return _dynamo(
        "BatchWriteItem", json.dumps({"RequestItems": {"sectors": [{"PutRequest": {"Item": i}} for i in items]}})
    )


_TABLE = {
    "TableName": "sectors",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
_MOTO = Peer(
    title="moto",
    package=Package("pip", "moto"),
    command=("$home/bin/moto_server", "--host", "127.0.0.1", "--port", "$port"),
    requests=RequestTemplates(
        get=_dynamo("GetItem", json.dumps({"TableName": "sectors", "Key": {"id": {"S": "$id"}}})),
        list=_dynamo("Scan", json.dumps({"TableName": "sectors", "Limit": 20})),
        create=_dynamo("PutItem", json.dumps({"TableName": "sectors", "Item": _item("new_$nth", "Sector $nth")})),
        ready=_dynamo("ListTables", "{}"),
    ),
    state="memory",
    unlike=(
        "DynamoDB's items, in memory: GetItem, Scan with a limit, PutItem. The key has the form of AWS, with the name "
        "of the service; signatures are not checked."
    ),
    prepare=(_dynamo("CreateTable", json.dumps(_TABLE)),),
    fill=Fill(_batch, each=25),
)

PEERS = (_JSON_SERVER_1, _JSON_SERVER_0, _MOCKOON, _PRISM, _WIREMOCK, _MOUNTEBANK, _MOTO, _LOCALSTRIPE, _EMULATE)
