"""Assumptions about keys, modes and versions of the API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import AssumptionNote, Assumptions


class AccessAssumptions(Assumptions):
    unauthorized_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of 401.", "Only the status is documented."),
    ] = "No valid API key provided."
    forbidden: Annotated[
        Literal["403", "404"],
        AssumptionNote(
            "The status for a public key in an operation that requires a secret key.",
            "403 is documented for a missing permission; some operations return 404 on purpose, but no list is given.",
        ),
    ] = "403"
    forbidden_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of 403.", "Only the status is documented."),
    ] = "The key may not do this."
    method_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote(
            "The message of 405; {method} is replaced by the method of the request.", "Only the status is documented."
        ),
    ] = "{method} is not allowed here."
    unknown_path: Annotated[
        Literal["404", "401"],
        AssumptionNote(
            "Whether a request without a key gets 401 instead of 404 for an unknown path or 405 for an unknown method.",
            "Not documented; 401 is for requests that require a key, and these require none.",
        ),
    ] = "404"
    two_keys: Annotated[
        Literal["header", "refused"],
        AssumptionNote(
            "If Authorization and ?key= are both sent: whether the header counts or both keys must have the same mode.",
            "The page on payments lists both, but no precedence.",
        ),
    ] = "header"
    body_key: Annotated[
        Literal["read", "ignored"],
        AssumptionNote(
            "Whether a public key in the body of POST /quotes or /payments counts if the request has no other key.",
            "A page of 2022 sends it there; the current pages have it in the query.",
        ),
    ] = "read"
    authentication_header: Annotated[
        Literal["data_api", "everywhere", "ignored"],
        AssumptionNote(
            "Which operations read a key in the header `Authentication`.",
            "The page of the Data API has this spelling; all others have Authorization.",
        ),
    ] = "data_api"
    other_mode: Annotated[
        Literal["404", "403"],
        AssumptionNote(
            "The status for a record whose mode (TEST or LIVE) is not that of the key.",
            "Not documented; 404 instead of 403 is documented in general, so that existence does not leak.",
        ),
    ] = "404"
    live_catalogue: Annotated[
        Literal["shared", "empty"],
        AssumptionNote(
            "Whether LIVE keys have access to the products and datasets of the account, or only TEST keys.",
            "Going live is described as replacing the keys; no other ids are mentioned.",
        ),
    ] = "shared"
    quote_without_v3: Annotated[
        Literal["400", "406", "accepted"],
        AssumptionNote(
            "The response to POST /quotes without the v3 media type.",
            "The header is required; the refusal is not documented.",
        ),
    ] = "400"
    other_accept: Annotated[
        Literal["as_v2", "refused"],
        AssumptionNote(
            "Whether operations other than POST /quotes treat an unknown KASKO media type as v2 or refuse it with 400.",
            "Not documented.",
        ),
    ] = "as_v2"
    v1_offers: Annotated[
        Literal["signature", "accept", "never"],
        AssumptionNote(
            "Which offers are v1 offers if Accept has no version: with `signature` those made from a v1 quote, with "
            "`accept` all, with `never` none; `never` also excludes offers whose Accept requests v1.",
            "A missing Accept is documented as v1, but current examples of offers and payments without it use new ids.",
        ),
    ] = "signature"
    v1_ids: Annotated[
        Literal["prefixed", "bare"],
        AssumptionNote(
            "Whether the first of the 33 characters of a v1 policy id is t or l for the mode.",
            "Documented as random; payment ids have the same length and begin with t or l.",
        ),
    ] = "prefixed"
    v1_number: Annotated[
        bool,
        AssumptionNote(
            "Whether the response to a new v1 offer contains insurer_policy_id.",
            "Documented as a field of responses of v2.",
        ),
    ] = False
    request_ids: Annotated[
        Literal["uuid", "hex"],
        AssumptionNote("The format of X-Request-Id.", "Documented for every response, without its format."),
    ] = "uuid"
