"""Fidelity settings: where Kotauth's documents and its source code differ, each selects one of the two."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

Fidelity = Literal["as fidelity", "documented", "observed"]
"""``documented`` follows the documents, ``observed`` the source, ``as fidelity`` the sandbox's ``fidelity``."""


class FidelityAssumptions(Assumptions):
    webhook_timeout: Annotated[
        Duration,
        Field(ge=1_000, le=60 * SECOND),
        AssumptionNote(
            "How long a webhook request may take.", "The source allows 5 s to connect and 10 s for the response."
        ),
    ] = 15 * SECOND
    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The delays between the attempts of a webhook delivery.",
            "In the source: immediately, after 5 min and after 30 min.",
        ),
    ] = (5 * 60 * SECOND, 30 * 60 * SECOND)
    fidelity: Annotated[
        Literal["documented", "observed"],
        AssumptionNote(
            "Whether the sandbox follows the documents or the source code of the product.",
            "Documents and source of 1.6.0 differ in the points below; clients are written against the documents.",
        ),
    ] = "documented"
    swagger_path: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether /t/{slug}/api/v1/docs exists.",
            "Documented; the source has it at /api/docs, which exists here in both cases.",
        ),
    ] = "as fidelity"
    list_paging: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether lists have pages, with 20 records by default and at most 100.",
            "Documented; the source returns all records, with `limit` 0 in `meta`. Audit logs always have pages.",
        ),
    ] = "as fidelity"
    required_actions: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether the response with a single user has requiredActions.",
            "Documented; absent from the source and from its OpenAPI.",
        ),
    ] = "as fidelity"
    invites: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a user can be created with sendInvite instead of a password.",
            "Documented; in the source sendInvite is an unknown field and the password is required.",
        ),
    ] = "as fidelity"
    resend_invite: Annotated[
        Fidelity,
        AssumptionNote("Whether the API can send an invite again.", "Documented; the source has no such route."),
    ] = "as fidelity"
    user_update_fields: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an update of a user needs both fields.",
            "Documents and OpenAPI require both; in the source each is optional.",
        ),
    ] = "as fidelity"
    application_update_fields: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an application update needs name, accessType and redirectUris, and whether null clears its "
            "description.",
            "Documented; in the source all are optional, null keeps the description and an empty text clears it.",
        ),
    ] = "as fidelity"
    group_children: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether the children of a deleted group become roots or are deleted with it.",
            "Documented: they become roots; in the source they are deleted.",
        ),
    ] = "as fidelity"
    session_revoked_twice: Annotated[
        Fidelity,
        AssumptionNote(
            "The status when a client revokes a session that has already ended.",
            "Documented: 404; the source returns 204 while the ended session is still stored.",
        ),
    ] = "as fidelity"
    missing_attribute: Annotated[
        Fidelity,
        AssumptionNote(
            "The status when a client deletes an unknown attribute or claim mapper.",
            "Documented: 404; the source, its tests and its OpenAPI have 204.",
        ),
    ] = "as fidelity"
    unknown_assignment: Annotated[
        Fidelity,
        AssumptionNote(
            "The status when a role or membership is assigned or removed and the user, role or group is unknown.",
            "The OpenAPI lists 404; the source returns 204 and changes nothing.",
        ),
    ] = "as fidelity"
    client_roles: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a role with the scope client can be created.",
            "Documented; the source always refuses, because no field names the application.",
        ),
    ] = "as fidelity"
    search: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether the search for users matches the beginning of their fields or any part.",
            "Documented: the beginning; in the source any part, with % and _ as wildcards.",
        ),
    ] = "as fidelity"
    password_minimum: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether the minimum length of a password is 4 or password_length.",
            "The OpenAPI says 4; the source applies the workspace's policy.",
        ),
    ] = "as fidelity"  # noqa: S105
    malformed_body: Annotated[
        Fidelity,
        AssumptionNote(
            "The response to an unreadable body: not JSON, or with a missing field or one of the wrong type.",
            "Documented as 400, but not its title and detail; in the source a catch-all returns 500 server_error.",
        ),
    ] = "as fidelity"
    event_names: Annotated[
        Fidelity,
        AssumptionNote(
            "The names of two audit events: LOGIN_FAILURE or LOGIN_FAILED, and ADMIN_APPLICATION_UPDATED or "
            "ADMIN_CLIENT_UPDATED.",
            "Documents and the source's enum differ.",
        ),
    ] = "as fidelity"
    attribute_events: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether changes of attributes and claim mappers create audit events.",
            "Five events are documented, but not their details; the source writes none.",
        ),
    ] = "as fidelity"
    session_expiry: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether expiresAt is the expiry of the refresh token and lists contain only sessions with a user.",
            "Documented; in the source, expiresAt is that of the access token, and some sessions have no user.",
        ),
    ] = "as fidelity"
    access_types: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether accessType accepts only public and confidential.",
            "These two are documented; the source also accepts bearer_only and replaces other values by public.",
        ),
    ] = "as fidelity"
    missing_key: Annotated[
        Fidelity,
        AssumptionNote(
            "The response to a request without a key.",
            "Documented as a problem, but not its title; the source returns 401 with an empty body.",
        ),
    ] = "as fidelity"
    routing_errors: Annotated[
        Fidelity,
        AssumptionNote(
            "The body of the 404 for an unknown path and of the 405.",
            "Every error is documented as a problem; Ktor sends both with an empty body.",
        ),
    ] = "as fidelity"
    database_errors: Annotated[
        Fidelity,
        AssumptionNote(
            "The response to a request that breaks only a database constraint: a text is too long, or a role is "
            "assigned twice.",
            "Not documented: 422 for a long text and 204 for a duplicate here; in the source 500 server_error.",
        ),
    ] = "as fidelity"
    bare_scalars: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a number or boolean is refused in a string field.",
            "The OpenAPI has type string; the source reads the scalar as a string.",
        ),
    ] = "as fidelity"
    content_type: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a body is accepted without `Content-Type: application/json`.",
            "The documents do not require it; in the source such a body is unreadable.",
        ),
    ] = "as fidelity"
    empty_full_name: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an empty fullName of a new user is refused.",
            "Documented as non-empty; the source accepts any text.",
        ),
    ] = "as fidelity"
    compression: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether bodies of 1024 bytes and more are compressed if the client accepts gzip or deflate.",
            "Not documented; the source compresses them. Uncompressed bodies are easier to read in the journal.",
        ),
    ] = "as fidelity"
    unknown_fields: Annotated[
        Literal["as fidelity", "ignored", "refused"],
        AssumptionNote(
            "Whether undocumented body fields are ignored or make the body unreadable.",
            "Not documented, so ignored; the parser of the source refuses them.",
        ),
    ] = "as fidelity"  # type: ignore[assignment]
    forbidden_title: Annotated[
        Literal["Insufficient scope", "Forbidden"],
        AssumptionNote(
            "The title of 403.",
            "The documents show 403 Forbidden, which is the status line; OpenAPI and source have Insufficient scope.",
        ),
    ] = "Insufficient scope"
    preflight: Annotated[
        Literal["answered", "not routed"],
        AssumptionNote(
            "Whether preflights (OPTIONS) of browsers are answered or refused as an unknown method of the path.",
            "Documented: without a key, 204 for an origin of an application, 403 for others; the source routes no "
            "OPTIONS.",
        ),
    ] = "answered"
    cors_credentials: Annotated[
        bool,
        AssumptionNote(
            "Whether pages of other origins may send credentials such as cookies.",
            "A setting of each workspace, off in a new one.",
        ),
    ] = False
