"""What KASKO's documents leave open about keys, modes and versions, each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import AssumptionNote, Assumptions


class AccessAssumptions(Assumptions):
    """Who is let in to what, in which mode and through which version."""

    unauthorized_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of 401.", "Only the status is documented."),
    ] = "No valid API key provided."
    forbidden: Annotated[
        Literal["403", "404"],
        AssumptionNote(
            "The answer to a public key where only a secret key may go.",
            "403 is documented for a missing permission; in some places it is 404 on purpose, which ones is not said.",
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
        AssumptionNote("The message of 405; {method} is the one that was asked.", "Only the status is documented."),
    ] = "{method} is not allowed here."
    unknown_path: Annotated[
        Literal["404", "401"],
        AssumptionNote(
            "Whether a caller without a key is told 404 and 405 where nothing is, or 401 first.",
            "Not documented; 401 is for requests that need a key, and such a request needs none.",
        ),
    ] = "404"
    two_keys: Annotated[
        Literal["header", "refused"],
        AssumptionNote(
            "What happens when Authorization and ?key= are both sent: the header counts, or they must fit together.",
            "The payment page lists both without saying which counts.",
        ),
    ] = "header"
    body_key: Annotated[
        Literal["read", "ignored"],
        AssumptionNote(
            "Whether a public key counts in the body of POST /quotes and POST /payments, where nothing else shows one.",
            "A page of 2022 sends it there; the current ones have it in the query.",
        ),
    ] = "read"
    authentication_header: Annotated[
        Literal["data_api", "everywhere", "ignored"],
        AssumptionNote(
            "Where a key in the header `Authentication` is read.",
            "The Data API's page spells the header so; all others say Authorization.",
        ),
    ] = "data_api"
    other_mode: Annotated[
        Literal["404", "403"],
        AssumptionNote(
            "The answer to a TEST key for something of LIVE mode, and the other way round.",
            "Not documented; 404 in place of 403 is said to happen, so that existence does not leak.",
        ),
    ] = "404"
    live_catalogue: Annotated[
        Literal["shared", "empty"],
        AssumptionNote(
            "Whether LIVE keys see the products and datasets of the account, or TEST keys alone do.",
            "Going live is said to be swapping keys; no other ids are mentioned.",
        ),
    ] = "shared"
    quote_without_v3: Annotated[
        Literal["400", "406", "accepted"],
        AssumptionNote(
            "The answer to POST /quotes without the v3 media type.", "The header is required; a refusal is not shown."
        ),
    ] = "400"
    other_accept: Annotated[
        Literal["as_v2", "refused"],
        AssumptionNote(
            "Whether an unknown KASKO media type elsewhere is answered as v2 or with 400.", "Not documented."
        ),
    ] = "as_v2"
    v1_offers: Annotated[
        Literal["signature", "accept", "never"],
        AssumptionNote(
            "Which offers are of v1 where Accept names no version: those of a v1 quote's signature, all, or none; "
            "with `never` not even those that ask for v1.",
            "No Accept is said to mean v1, yet current examples of offers and payments without one have new ids.",
        ),
    ] = "signature"
    v1_ids: Annotated[
        Literal["prefixed", "bare"],
        AssumptionNote(
            "Whether the 33 characters of a v1 policy id begin with t or l for the mode.",
            "They are said to be random; ids of payments, as long, begin so.",
        ),
    ] = "prefixed"
    v1_number: Annotated[
        bool,
        AssumptionNote(
            "Whether a new v1 offer tells its insurer_policy_id.", "Named as something that v2 answers with."
        ),
    ] = False
    request_ids: Annotated[
        Literal["uuid", "hex"],
        AssumptionNote("How X-Request-Id is written.", "Stated to be on every answer; its form is not."),
    ] = "uuid"
