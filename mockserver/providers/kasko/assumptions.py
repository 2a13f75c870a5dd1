"""What KASKO's documents leave open, each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, Assumed, Assumptions, Call, Duration, Moment


class KaskoAssumptions(Assumptions):
    """Every point the vendor does not document, with the default we chose."""

    unauthorized_message: Annotated[
        str, Field(min_length=1, max_length=200), Assumed("The message of 401.", "Only the status is documented.")
    ] = "No valid API key provided."
    forbidden: Annotated[
        Literal["403", "404"],
        Assumed(
            "The answer to a public key where only a secret key may go.",
            "403 is documented for a missing permission; in some places it is 404 on purpose, which ones is not said.",
        ),
    ] = "403"
    two_keys: Annotated[
        Literal["header", "refused"],
        Assumed(
            "What happens when Authorization and ?key= are both sent: the header counts, or they must fit together.",
            "The payment page lists both without saying which counts.",
        ),
    ] = "header"
    body_key: Annotated[
        Literal["read", "ignored"],
        Assumed(
            "Whether a public key counts in the body of POST /quotes and POST /payments, where nothing else shows one.",
            "A page of 2022 sends it there; the current ones have it in the query.",
        ),
    ] = "read"
    authentication_header: Annotated[
        Literal["data_api", "everywhere", "ignored"],
        Assumed(
            "Where a key in the header `Authentication` is read.",
            "The Data API's page spells the header so; all others say Authorization.",
        ),
    ] = "data_api"
    locked_dataset: Annotated[
        Literal["404", "401"],
        Assumed(
            "The answer to a locked dataset without a secret key.",
            "Not documented; 404 is what hides that something exists.",
        ),
    ] = "404"
    quote_without_v3: Annotated[
        Literal["400", "406", "accepted"],
        Assumed(
            "The answer to POST /quotes without the v3 media type.", "The header is required; a refusal is not shown."
        ),
    ] = "400"
    other_accept: Annotated[
        Literal["as_v2", "refused"],
        Assumed("Whether an unknown KASKO media type elsewhere is answered as v2 or with 400.", "Not documented."),
    ] = "as_v2"
    v1_offers: Annotated[
        Literal["signature", "accept", "never"],
        Assumed(
            "Which offers are of v1 where Accept names no version: those of a v1 quote's signature, all, or none; "
            "with `never` not even those that ask for v1.",
            "No Accept is said to mean v1, yet current examples of offers and payments without one have new ids.",
        ),
    ] = "signature"
    v1_ids: Annotated[
        Literal["prefixed", "bare"],
        Assumed(
            "Whether the 33 characters of a v1 policy id begin with t or l for the mode.",
            "They are said to be random; ids of payments, as long, begin so.",
        ),
    ] = "prefixed"
    v1_number: Annotated[
        bool,
        Assumed("Whether a new v1 offer tells its insurer_policy_id.", "Named as something that v2 answers with."),
    ] = False
    request_ids: Annotated[
        Literal["uuid", "hex"],
        Assumed("How X-Request-Id is written.", "Stated to be on every answer; its form is not."),
    ] = "uuid"
    quote_status: Annotated[
        Literal["200", "201"], Assumed("The status of a new quote.", "Not visible in the documents.")
    ] = "200"
    offer_status: Annotated[
        Literal["201", "200"],
        Assumed("The status of a new offer.", "Not visible; 201 is in the list of success codes."),
    ] = "201"
    payment_status: Annotated[
        Literal["201", "200"],
        Assumed("The status of a new payment.", "Not visible; 201 is in the list of success codes."),
    ] = "201"
    rule_types: Annotated[
        Literal["laravel", "strict"],
        Assumed(
            'Whether `integer` takes "12" and `boolean` takes 1, or only JSON\'s own types.',
            "The rules are written in Laravel's grammar, whose types are lenient.",
        ),
    ] = "laravel"
    missing_code: Annotated[
        Literal["invalid_value", "missing_value"],
        Assumed("The error code of a required field that is missing.", "invalid_value is the only code ever shown."),
    ] = "invalid_value"
    error_fields: Annotated[
        Literal["bare", "dotted"],
        Assumed("Whether errors name `deductible` or `data.deductible`.", "Seen bare; nested fields are not shown."),
    ] = "bare"
    knockout: Annotated[
        Literal["400", "422"],
        Assumed(
            "The status of a quote that ends in a knock-out.", "It has an answer of its own, its code is not visible."
        ),
    ] = "400"
    quote_lifetime: Annotated[
        Duration, Assumed("How long a quote token is good; 0s is for ever.", "Not documented; tokens are opaque.")
    ] = 0
    quote_reuse: Annotated[
        Literal["allowed", "refused"],
        Assumed("Whether two offers may be made from one quote.", "Not documented; 409 when refused."),
    ] = "allowed"
    language_required: Annotated[
        bool,
        Assumed("Whether an offer needs a language.", "The table says so; one example of 2022 leaves it out."),
    ] = True
    email_check: Annotated[
        Literal["has_at", "none"], Assumed("How an e-mail address is checked.", "No format is documented.")
    ] = "has_at"
    refused_offer: Annotated[
        Literal["rejected", "declined"],
        Assumed(
            "The status of an offer that the underwriter refuses.", "ready, accepted and pending are all there is."
        ),
    ] = "rejected"
    payment_token_lifetime: Annotated[
        Duration, Assumed("How long a payment token is good; 0s is for ever.", "Not documented.")
    ] = 0
    second_payment: Annotated[
        Literal["409", "400"],
        Assumed("The answer to paying an offer twice.", "Not documented; 409 is in the list of errors."),
    ] = "409"
    declined_payment: Annotated[
        Literal["object", "refused"],
        Assumed(
            "Whether a declined card gives a payment with status `failed`, or 400 and no payment.",
            "The payment has fields error_code and reason, which only a failed one can fill.",
        ),
    ] = "object"
    card_field: Annotated[
        Literal["card", "metadata"],
        Assumed(
            "Where a payment request has the card: `card.number` or `metadata.card.number`.",
            "Where the card goes over REST is not documented; KASKO's script collects it in the browser.",
        ),
    ] = "card"
    public_payment_view: Annotated[
        Literal["full", "reduced"],
        Assumed(
            "Whether a public key sees a payment's token, customer_id and transaction_metadata.",
            "Some fields are hidden by the caller's permissions; which ones is not documented.",
        ),
    ] = "full"
    policy_delay: Annotated[
        Duration,
        Assumed(
            "How long after the payment the policy is there, on the sandbox's clock.",
            "Documented as asynchronous; how long it takes is not.",
        ),
    ] = 2 * SECOND
    unissued_policy: Annotated[
        Literal["404", "pending"],
        Assumed(
            "Whether GET /policies/{id} before that is 404 or shows a pending policy.",
            "Not documented; an unpaid offer is read at /offers/{id}.",
        ),
    ] = "404"
    preconditions: Annotated[
        Literal["optional", "required"],
        Assumed(
            "Whether PUT needs If-Match or If-Unmodified-Since; PATCH never does.",
            "Updates and cancellations should send them; the examples of PATCH do not.",
        ),
    ] = "optional"
    stale_status: Annotated[
        Literal["412", "409"],
        Assumed("The answer to a stale If-Match or If-Unmodified-Since.", "Not documented; 412 is HTTP's own."),
    ] = "412"
    cancelled_change: Annotated[
        Literal["409", "400"],
        Assumed(
            "The answer to changing a cancelled policy, or reactivating another.", "Documented as impossible only."
        ),
    ] = "409"
    cancellation_event: Annotated[
        bool,
        Assumed("Whether cancelling and reactivating tell policy.updated.", "Not documented; both are updates."),
    ] = True
    limit_required: Annotated[
        bool,
        Assumed("Whether Data API lists need a limit.", "One page says required, another optional with default 20."),
    ] = False
    unknown_dataset_field: Annotated[
        Literal["refused", "ignored"],
        Assumed("What asking for a field that a dataset has not does.", "Not documented; 400 when refused."),
    ] = "refused"
    like_case: Annotated[
        Literal["ignored", "exact"],
        Assumed("Whether `query` compares text by case.", "Described as LIKE, which ignores case in MySQL."),
    ] = "ignored"


def assume(at: Call | Moment) -> KaskoAssumptions:
    """The assumptions of the sandbox a call or a simulation is in."""
    return cast(KaskoAssumptions, at.sandbox.assumptions)
