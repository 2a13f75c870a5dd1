"""Kotauth's fidelity: every assumption in which documents and product differ, under both values and set alone."""

from __future__ import annotations

from collections.abc import Callable
from gzip import decompress
from json import loads
from typing import TYPE_CHECKING, Any, get_args

import pytest

from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.assumptions import KotauthAssumptions
from mockserver.providers.kotauth.assumptions.fidelity import Fidelity
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
NEW_USER = {"username": "new", "email": "new@acme.test", "fullName": "New", "password": "long enough"}
SERVER_ERROR = {"error": "server_error", "error_description": "An unexpected error occurred"}
Behaviour = Callable[[Harness], Any]


def send_request(harness: Harness, method: str, path: str, **options: Any) -> ApiResponse:
    return harness.request(method, f"{BASE}{path}", **options)


def run(harness: Harness, name: str, **parameters: Any) -> Any:
    response = harness.admin("POST", f"/sandboxes/kotauth/simulations/{name}", parameters)
    assert response.status_code == 200, response.text
    return response.json


def swagger_path(harness: Harness) -> Any:
    return send_request(harness, "GET", "/docs", key=None).status_code, send_request(
        harness, "POST", "/docs", key=None
    ).status_code


def list_paging(harness: Harness) -> Any:
    for nth in range(15):
        body = {**NEW_USER, "username": f"u{nth}", "email": f"u{nth}@acme.test"}
        assert send_request(harness, "POST", "/users", json=body).status_code == 201
    pages = [
        send_request(harness, "GET", f"/users{query}").json
        for query in ("", "?limit=3&offset=2", "?limit=1000", "?limit=x")
    ]
    return [(len(page["data"]), *page["meta"].values()) for page in pages]


def required_actions(harness: Harness) -> Any:
    single, listed = (
        send_request(harness, "GET", "/users/1").json,
        send_request(harness, "GET", "/users").json["data"][0],
    )
    return single.get("requiredActions"), "requiredActions" in listed


def invites(harness: Harness) -> Any:
    body = {"username": "i", "email": "i@acme.test", "fullName": "I", "sendInvite": True}
    response = send_request(harness, "POST", "/users", json=body)
    return response.status_code, response.json.get("emailVerified")


def resend_invite(harness: Harness) -> Any:
    return send_request(harness, "POST", "/users/1/resend-invite").status_code, send_request(
        harness, "GET", "/users/1/resend-invite"
    ).status_code


def user_update_fields(harness: Harness) -> Any:
    return [send_request(harness, "PUT", "/users/1", json=body).status_code for body in ({}, {"fullName": "x"})]


def application_update_fields(harness: Harness) -> Any:
    body = {"name": "n", "accessType": "public", "redirectUris": [], "description": "d"}
    assert send_request(harness, "PUT", "/applications/2", json=body).json["description"] == "d"
    cleared = send_request(harness, "PUT", "/applications/2", json={**body, "description": None}).json["description"]
    return cleared, send_request(harness, "PUT", "/applications/2", json={"name": "n"}).status_code


def group_children(harness: Harness) -> Any:
    assert send_request(harness, "DELETE", "/groups/1").status_code == 204
    child = send_request(harness, "GET", "/groups/2")
    return child.status_code, child.json.get("parentGroupId", "gone")


def session_revoked_twice(harness: Harness) -> Any:
    return [send_request(harness, "DELETE", "/sessions/1").status_code for _ in range(2)]


def missing_attribute(harness: Harness) -> Any:
    return [
        send_request(harness, "DELETE", path).status_code
        for path in ("/users/1/attributes/none", "/claim-mappers/none")
    ]


def unknown_assignment(harness: Harness) -> Any:
    paths = ("/users/99/roles/1", "/users/1/roles/99", "/groups/99/members/1", "/groups/1/members/99")
    return [send_request(harness, method, path).status_code for path in paths for method in ("POST", "DELETE")]


def client_roles(harness: Harness) -> Any:
    response = send_request(harness, "POST", "/roles", json={"name": "r", "scope": "Client"})
    return response.status_code, response.json.get("scope", response.json.get("detail"))


def search(harness: Harness) -> Any:
    texts = ("WAYNE", "simpson.1", "w%n_.s", "nobody")
    return [
        send_request(harness, "GET", "/users", query_string={"search": text}).json["meta"]["total"] for text in texts
    ]


def password_minimum(harness: Harness) -> Any:
    short = send_request(harness, "POST", "/users", json={**NEW_USER, "password": "1234"})
    return short.status_code, send_request(harness, "POST", "/users", json={**NEW_USER, "password": "123"}).json[
        "detail"
    ]


def malformed_body(harness: Harness) -> Any:
    json = {"Content-Type": "application/json"}
    bodies = (b"{", b"", b"[]", b'{"name": null}', b"{}")
    responses = [send_request(harness, "POST", "/roles", data=data, headers=json) for data in bodies]
    return [
        (response.status_code, response.headers["Content-Type"], response.json.get("error")) for response in responses
    ]


def event_names(harness: Harness) -> Any:
    run(harness, "fail_sign_in")
    event_type = send_request(harness, "GET", "/audit-logs?limit=1").json["data"][0]["eventType"]
    totals = [send_request(harness, "GET", f"/audit-logs?eventType={name}").json["meta"]["total"] for name in
             ("LOGIN_FAILURE", "LOGIN_FAILED", "NOTHING")]  # fmt: skip
    return event_type, totals


def attribute_events(harness: Harness) -> Any:
    before = send_request(harness, "GET", "/audit-logs").json["meta"]["total"]
    send_request(harness, "PUT", "/users/1/attributes/a", json={"value": "b"})
    send_request(harness, "DELETE", "/users/1/attributes/a")
    for _ in range(2):
        send_request(harness, "PUT", "/claim-mappers/a", json={"claimName": "b"})
    send_request(harness, "DELETE", "/claim-mappers/a")
    events = send_request(harness, "GET", "/audit-logs").json
    return [event["eventType"] for event in events["data"][: events["meta"]["total"] - before]]


def session_expiry(harness: Harness) -> Any:
    run(harness, "sign_in", user=1)
    run(harness, "sign_in_application", application="acme-dashboard")
    listed = send_request(harness, "GET", "/sessions").json["data"]
    return [(session["userId"], session["expiresAt"]) for session in listed if session["createdAt"] > "2026-03"]


def access_types(harness: Harness) -> Any:
    body = {"name": "n", "redirectUris": []}
    responses = [send_request(harness, "PUT", "/applications/2", json={**body, "accessType": text}) for text in
               ("bearer_only", "CONFIDENTIAL", "confidential")]  # fmt: skip
    return [(response.status_code, response.json.get("accessType")) for response in responses]


def missing_key(harness: Harness) -> Any:
    response = send_request(harness, "GET", "/users", key=None)
    return response.status_code, response.headers.get("Content-Type"), response.data == b""


def routing_errors(harness: Harness) -> Any:
    responses = (
        harness.request("GET", "/nothing"),
        send_request(harness, "PATCH", "/users"),
        send_request(harness, "GET", "/nothing"),
    )
    return [
        (response.status_code, response.headers.get("Content-Type"), response.data == b"") for response in responses
    ]


def database_errors(harness: Harness) -> Any:
    repeated = [
        send_request(harness, "POST", path).status_code for path in ("/users/1/roles/2", "/groups/1/members/3") * 2
    ][2:]
    long = send_request(harness, "POST", "/roles", json={"name": "r" * 101})
    body = {**NEW_USER, "email": " WAYNE.simpson.1@acme.test "}
    return (
        repeated,
        long.status_code,
        long.json.get("error"),
        send_request(harness, "POST", "/users", json=body).status_code,
    )


def bare_scalars(harness: Harness) -> Any:
    json = {"Content-Type": "application/json"}
    data = b'{"name": 1.50, "description": true}'
    response = send_request(harness, "POST", "/roles", data=data, headers=json)
    return response.status_code, response.json.get("name"), response.json.get("description")


def content_type(harness: Harness) -> Any:
    content_types = {b"a": "text/plain", b"b": "", b"c": "application/json; charset=utf-8"}
    return [
        send_request(
            harness, "POST", "/roles", data=b'{"name": "%s"}' % name, headers={"Content-Type": kind}
        ).status_code
        for name, kind in content_types.items()
    ]


def empty_full_name(harness: Harness) -> Any:
    return send_request(harness, "POST", "/users", json={**NEW_USER, "fullName": ""}).status_code


def compression(harness: Harness) -> Any:
    response = send_request(harness, "GET", "/users?limit=100", headers={"Accept-Encoding": "gzip"})
    coding = response.headers.get("Content-Encoding")
    assert loads(decompress(response.data) if coding else response.data)["meta"]["total"] == 10
    small = send_request(harness, "GET", "/users/1", headers={"Accept-Encoding": "gzip"})
    return (
        coding,
        small.headers.get("Content-Encoding"),
        send_request(harness, "GET", "/users").headers.get("Content-Encoding"),
    )


def unknown_fields(harness: Harness) -> Any:
    return send_request(harness, "PUT", "/groups/1", json={"name": "n", "parentGroupId": 2}).status_code


PROBLEM, JSON = "application/problem+json", "application/json"
AUDIT_EVENT_TYPES = ["ADMIN_CLAIM_MAPPER_DELETED", "ADMIN_CLAIM_MAPPER_UPDATED", "ADMIN_CLAIM_MAPPER_CREATED",
        "ADMIN_USER_ATTRIBUTE_DELETED", "ADMIN_USER_ATTRIBUTE_SET"]  # fmt: skip
INDEPENDENT_BEHAVIOURS: dict[Behaviour, tuple[Any, Any]] = {
    swagger_path: ((200, 405), (404, 404)),
    list_paging: ([(20, 25, 0, 20), (3, 25, 2, 3), (25, 25, 0, 100), (20, 25, 0, 20)], [(25, 25, 0, 0)] * 4),
    required_actions: (([], False), (None, False)),
    resend_invite: ((400, 405), (404, 404)),
    group_children: ((200, None), (404, "gone")),
    session_revoked_twice: ([204, 404], [204, 204]),
    missing_attribute: ([404, 404], [204, 204]),
    unknown_assignment: ([404] * 8, [204] * 8),
    client_roles: ((201, "CLIENT"), (422, "Client-scoped roles require a client ID.")),
    search: ([1, 0, 0, 0], [1, 1, 1, 0]),
    password_minimum: (
        (201, "Password must be at least 4 characters."),
        (422, "Password must be at least 8 characters."),
    ),
    malformed_body: ([(400, PROBLEM, None)] * 5, [(500, JSON, "server_error")] * 5),
    event_names: (("LOGIN_FAILURE", [3, 3, 11]), ("LOGIN_FAILED", [11, 3, 11])),
    attribute_events: (AUDIT_EVENT_TYPES, []),
    session_expiry: ([(1, "2026-03-02T12:00:00.000000Z")],
                     [(None, "2026-03-01T12:05:00.000000Z"), (1, "2026-03-01T12:05:00.000000Z")]),
    missing_key: ((401, PROBLEM, False), (401, None, True)),
    routing_errors: ([(404, PROBLEM, False), (405, PROBLEM, False), (404, PROBLEM, False)],
                     [(404, None, True), (405, None, True), (404, None, True)]),
    database_errors: (([204, 204], 422, None, 409), ([500, 500], 500, "server_error", 500)),
    empty_full_name: (422, 201),
    compression: ((None, None, None), ("gzip", None, None)),
}  # fmt: skip
DEPENDENT_BEHAVIOURS: dict[Behaviour, tuple[Any, Any]] = {
    invites: ((201, False), (500, None)),
    bare_scalars: ((400, None, None), (201, "1.50", "true")),
    content_type: ([201, 201, 201], [500, 500, 201]),
    unknown_fields: (200, 500),
    user_update_fields: ([400, 400], [200, 200]),
    application_update_fields: ((None, 400), ("d", 200)),
    access_types: (
        [(400, None), (400, None), (200, "confidential")],
        [(200, "bearer_only"), (200, "public"), (200, "confidential")],
    ),
}
"""Behaviours whose outcome also depends on ``malformed_body``, the refusal of an unreadable body."""
SINGLE_SETTING_RESULTS: dict[Behaviour, dict[str, Any]] = {
    invites: ({"observed": (400, None), "documented": (201, False)}),
    bare_scalars: ({"observed": (201, "1.50", "true"), "documented": (500, None, None)}),
    content_type: ({"observed": [400, 400, 201], "documented": [201, 201, 201]}),
    unknown_fields: ({"refused": 400, "ignored": 200}),
    user_update_fields: ({"observed": [200, 200], "documented": [500, 500]}),
    application_update_fields: ({"observed": ("d", 200), "documented": (None, 500)}),
    access_types: (
        {
            "observed": [(200, "bearer_only"), (200, "public"), (200, "confidential")],
            "documented": [(500, None), (500, None), (200, "confidential")],
        }
    ),
}


def make_harness_with(**assumptions: str) -> Harness:
    harness = make_harness(PROVIDER)
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": assumptions}).status_code == 200
    return harness


each_behaviour = pytest.mark.parametrize(
    ("behaviour", "documented", "observed"),
    [
        pytest.param(behaviour, *results, id=behaviour.__name__)
        for behaviour, results in {**INDEPENDENT_BEHAVIOURS, **DEPENDENT_BEHAVIOURS}.items()
    ],
)
each_independent_behaviour = pytest.mark.parametrize(
    ("behaviour", "documented", "observed"),
    [pytest.param(behaviour, *results, id=behaviour.__name__) for behaviour, results in INDEPENDENT_BEHAVIOURS.items()],
)


@each_behaviour
def test_a_sandbox_behaves_as_documented_by_default(behaviour: Behaviour, documented: Any, observed: Any) -> None:
    assert behaviour(make_harness(PROVIDER)) == documented


@each_behaviour
def test_observed_fidelity_matches_the_product(behaviour: Behaviour, documented: Any, observed: Any) -> None:
    assert behaviour(make_harness_with(fidelity="observed")) == observed


@each_independent_behaviour
def test_one_assumption_can_be_observed_alone(behaviour: Behaviour, documented: Any, observed: Any) -> None:
    assert behaviour(make_harness_with(**{behaviour.__name__: "observed"})) == observed


@each_independent_behaviour
def test_one_assumption_can_be_documented_alone(behaviour: Behaviour, documented: Any, observed: Any) -> None:
    assert behaviour(make_harness_with(fidelity="observed", **{behaviour.__name__: "documented"})) == documented


@pytest.mark.parametrize(
    ("behaviour", "value", "expected"),
    [
        pytest.param(behaviour, *each, id=f"{behaviour.__name__}-{each[0]}")
        for behaviour, results in SINGLE_SETTING_RESULTS.items()
        for each in results.items()
    ],
)
def test_an_assumption_that_depends_on_malformed_bodies_can_be_set_alone(
    behaviour: Behaviour, value: str, expected: Any
) -> None:
    fidelity = "documented" if value in ("observed", "refused") else "observed"
    assert behaviour(make_harness_with(fidelity=fidelity, **{behaviour.__name__: value})) == expected


def test_every_assumption_that_follows_fidelity_is_in_the_table() -> None:
    followers = {name for name, value in KotauthAssumptions().model_dump().items() if value == "as fidelity"}
    assert followers == {behaviour.__name__ for behaviour in (*INDEPENDENT_BEHAVIOURS, *DEPENDENT_BEHAVIOURS)}
    assert get_args(Fidelity) == ("as fidelity", "documented", "observed")


def test_an_injected_500_has_the_body_that_the_fidelity_uses_for_errors() -> None:
    fault = {"id": "down", "fault": {"kind": "status", "status": 500}}
    for fidelity, content_type in (("documented", PROBLEM), ("observed", JSON)):
        harness = make_harness_with(fidelity=fidelity)
        assert harness.admin("POST", "/sandboxes/kotauth/faults", fault).status_code == 201
        response = send_request(harness, "GET", "/users")
        assert (response.status_code, response.headers["Content-Type"]) == (500, content_type)
        assert (response.json == SERVER_ERROR) == (fidelity == "observed")


def test_the_title_of_a_403_can_be_the_status_phrase() -> None:
    harness = make_harness_with(forbidden_title="Forbidden")
    key = harness.admin("POST", "/sandboxes/kotauth/keys", {"scopes": ["users:write"]}).json["secret"]
    assert send_request(harness, "GET", "/users", key=key).json["title"] == "Forbidden"
