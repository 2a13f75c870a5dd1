"""Where Kotauth's documents and its behaviour differ: each point a setting that shows one of two faces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

Fidelity = Literal["as fidelity", "documented", "observed"]
"""Which of Kotauth's two faces a point shows; most follow the sandbox's ``fidelity``."""


class FidelityAssumptions(Assumptions):
    """The two faces, point by point, and how webhooks are sent."""

    webhook_timeout: Annotated[
        Duration,
        Field(ge=1_000, le=60 * SECOND),
        AssumptionNote("How long a webhook may take.", "The source allows 5 s to connect and 10 s to answer."),
    ] = 15 * SECOND
    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The waits between the attempts to deliver a webhook.", "In the source: at once, after 5 and 30 min."
        ),
    ] = (5 * 60 * SECOND, 30 * 60 * SECOND)
    fidelity: Annotated[
        Literal["documented", "observed"],
        AssumptionNote(
            "Whether the sandbox is as the documents say or as the product's source does.",
            "Documents and source of 1.6.0 differ in the points below; a client is written against the documents.",
        ),
    ] = "documented"
    swagger_path: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether /t/{slug}/api/v1/docs exists.",
            "Documented there; the source has it at /api/docs, which exists on both faces.",
        ),
    ] = "as fidelity"
    list_paging: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether lists have pages, of 20 by default and 100 at most.",
            "Documented; the source answers everything and says limit 0. Audit logs have pages on both faces.",
        ),
    ] = "as fidelity"
    required_actions: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a single user shows requiredActions.", "Documented; absent from the source and from its OpenAPI."
        ),
    ] = "as fidelity"
    invites: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a user can be created with sendInvite and without a password.",
            "Documented; in the source sendInvite is an unknown field and password is required.",
        ),
    ] = "as fidelity"
    resend_invite: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an invite can be sent again over the API.", "Documented; the source has no such route."
        ),
    ] = "as fidelity"
    user_update_fields: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an update of a user needs both fields.",
            "Documents and OpenAPI require both; in the source each may be left out.",
        ),
    ] = "as fidelity"
    application_update_fields: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether an update of an application needs name, accessType and redirectUris, and null clears description.",
            "Documented; in the source all may be left out, null keeps and an empty text clears.",
        ),
    ] = "as fidelity"
    group_children: Annotated[
        Fidelity,
        AssumptionNote(
            "What becomes of the children of a deleted group.",
            "Documented: they become roots; in the source they are deleted with it.",
        ),
    ] = "as fidelity"
    session_revoked_twice: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer when a session is revoked that has ended already.",
            "Documented: 404; the source answers 204 as long as the session exists.",
        ),
    ] = "as fidelity"
    missing_attribute: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer when an attribute or claim mapper is deleted that is not there.",
            "Documented: 404; the source, its tests and its OpenAPI say 204.",
        ),
    ] = "as fidelity"
    unknown_assignment: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer when a role or a membership is given to or taken from what does not exist.",
            "The OpenAPI lists 404; the source answers 204 and changes nothing.",
        ),
    ] = "as fidelity"
    client_roles: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a role of scope client can be created.",
            "Documented; the source always refuses, since no field names the application.",
        ),
    ] = "as fidelity"
    search: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether users are searched by the beginnings of their fields or by any part.",
            "Documented: prefix; in the source any part, with % and _ as wildcards.",
        ),
    ] = "as fidelity"
    password_minimum: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a password needs 4 characters or as many as password_length says.",
            "The OpenAPI says 4; the source applies the workspace's policy.",
        ),
    ] = "as fidelity"  # noqa: S105
    malformed_body: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer to a body that cannot be read: not JSON, a field missing or of the wrong type.",
            "Documented: 400 (its title and detail are not); in the source a catch-all answers 500 server_error.",
        ),
    ] = "as fidelity"
    event_names: Annotated[
        Fidelity,
        AssumptionNote(
            "How audit events are called: LOGIN_FAILURE or LOGIN_FAILED, ADMIN_APPLICATION_ or ADMIN_CLIENT_UPDATED.",
            "Documents and the source's enum differ.",
        ),
    ] = "as fidelity"
    attribute_events: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether changes of attributes and claim mappers are audited.",
            "Five events are documented, their details are not; the source writes none.",
        ),
    ] = "as fidelity"
    session_expiry: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether expiresAt is the refresh token's end and every session listed has a user.",
            "Documented; in the source it is the access token's end, and sessions of applications have no user.",
        ),
    ] = "as fidelity"
    access_types: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether accessType takes two values only.",
            "Two are documented; the source also takes bearer_only and reads anything else as public.",
        ),
    ] = "as fidelity"
    missing_key: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer to a call without a key.",
            "Documented: a problem (its title is not); the source answers 401 with an empty body.",
        ),
    ] = "as fidelity"
    routing_errors: Annotated[
        Fidelity,
        AssumptionNote(
            "The body of 404 for an unknown path and of 405.",
            "Every error is documented as a problem; Ktor answers both with an empty body.",
        ),
    ] = "as fidelity"
    database_errors: Annotated[
        Fidelity,
        AssumptionNote(
            "The answer where only the database refuses: over-long texts, a role assigned or a member added twice.",
            "Not documented, so 422 or 204 here; in the source 500 server_error.",
        ),
    ] = "as fidelity"
    bare_scalars: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a number or a boolean is refused where a text belongs.",
            "The OpenAPI says string; the source reads the scalar as text.",
        ),
    ] = "as fidelity"
    content_type: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether a body may come without `Content-Type: application/json`.",
            "The documents demand none; in the source it is a body that cannot be read.",
        ),
    ] = "as fidelity"
    empty_full_name: Annotated[
        Fidelity,
        AssumptionNote("Whether a new user's fullName may be empty.", "Documented as non-empty; the source takes any."),
    ] = "as fidelity"
    compression: Annotated[
        Fidelity,
        AssumptionNote(
            "Whether bodies of 1024 bytes and more are compressed for clients that take gzip or deflate.",
            "Not documented; the source does. Uncompressed answers are easier to read in the journal.",
        ),
    ] = "as fidelity"
    unknown_fields: Annotated[
        Literal["as fidelity", "ignored", "refused"],
        AssumptionNote(
            "Whether body fields nobody documents are ignored or make the body unreadable.",
            "Not documented, so ignored; the source's parser refuses them.",
        ),
    ] = "as fidelity"  # type: ignore[assignment]
    forbidden_title: Annotated[
        Literal["Insufficient scope", "Forbidden"],
        AssumptionNote(
            "The title of 403.", "Pages say 403 Forbidden, which is the status line; OpenAPI and source give the other."
        ),
    ] = "Insufficient scope"
    preflight: Annotated[
        Literal["answered", "not routed"],
        AssumptionNote(
            "Whether a browser's OPTIONS before a call is answered, or is a method the path has not.",
            "Documented: 204 for an application's origin, 403 for others, no key; the source routes no OPTIONS.",
        ),
    ] = "answered"
    cors_credentials: Annotated[
        bool,
        AssumptionNote(
            "Whether pages of other origins may send cookies.", "A switch of each workspace, off in a new one."
        ),
    ] = False
