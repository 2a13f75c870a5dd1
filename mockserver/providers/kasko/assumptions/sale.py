"""What KASKO's documents leave open from the quote to the payment, each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import AssumptionNote, Duration
from mockserver.providers.kasko.assumptions.access import AccessAssumptions


class SaleAssumptions(AccessAssumptions):
    """Quotes, offers and payments."""

    quote_status: Annotated[
        Literal["200", "201"], AssumptionNote("The status of a new quote.", "Not visible in the documents.")
    ] = "200"
    offer_status: Annotated[
        Literal["201", "200"],
        AssumptionNote("The status of a new offer.", "Not visible; 201 is in the list of success codes."),
    ] = "201"
    payment_status: Annotated[
        Literal["201", "200"],
        AssumptionNote("The status of a new payment.", "Not visible; 201 is in the list of success codes."),
    ] = "201"
    rule_types: Annotated[
        Literal["laravel", "strict"],
        AssumptionNote(
            'Whether `integer` takes "12" and `boolean` takes 1, or only JSON\'s own types.',
            "The rules are written in Laravel's grammar, whose types are lenient.",
        ),
    ] = "laravel"
    missing_code: Annotated[
        Literal["invalid_value", "missing_value"],
        AssumptionNote(
            "The error code of a required field that is missing.", "invalid_value is the only code ever shown."
        ),
    ] = "invalid_value"
    error_fields: Annotated[
        Literal["bare", "dotted"],
        AssumptionNote(
            "Whether errors name `deductible` or `data.deductible`.", "Seen bare; nested fields are not shown."
        ),
    ] = "bare"
    knockout: Annotated[
        Literal["400", "422"],
        AssumptionNote(
            "The status of a quote that ends in a knock-out.", "It has an answer of its own, its code is not visible."
        ),
    ] = "400"
    knockout_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of a quote that ends in a knock-out.", "Its answer is not visible."),
    ] = "The quote ended in a knock-out."
    building_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of the 409 while the pricing logic is being built.", "Its text is cut off."),
    ] = "The product's pricing logic is still being built."
    quote_lifetime: Annotated[
        Duration,
        AssumptionNote("How long a quote token is good; 0s is for ever.", "Not documented; tokens are opaque."),
    ] = 0
    quote_reuse: Annotated[
        Literal["allowed", "refused"],
        AssumptionNote("Whether two offers may be made from one quote.", "Not documented; 409 when refused."),
    ] = "allowed"
    forged: Annotated[
        Literal["400", "404"],
        AssumptionNote(
            "The answer to a quote or payment token that was changed, or is of another account or mode.",
            "Not documented; tokens are opaque.",
        ),
    ] = "400"
    language_required: Annotated[
        bool,
        AssumptionNote("Whether an offer needs a language.", "The table says so; one example of 2022 leaves it out."),
    ] = True
    email_check: Annotated[
        Literal["has_at", "none"], AssumptionNote("How an e-mail address is checked.", "No format is documented.")
    ] = "has_at"
    post_offers: Annotated[
        bool,
        AssumptionNote(
            "Whether POST /offers makes an offer too, as POST /policies does.",
            "The endpoints of the current offer page cannot be read; all older pages say POST /policies.",
        ),
    ] = False
    refused_offer: Annotated[
        Literal["rejected", "declined"],
        AssumptionNote(
            "The status of an offer that the underwriter refuses.", "ready, accepted and pending are all there is."
        ),
    ] = "rejected"
    paid_offer: Annotated[
        Literal["accepted", "paid"],
        AssumptionNote(
            "The status at /offers/{id} of an offer that has been paid.",
            "ready, accepted and pending are all there is; paid is one of policies.",
        ),
    ] = "accepted"
    payment_token_lifetime: Annotated[
        Duration, AssumptionNote("How long a payment token is good; 0s is for ever.", "Not documented.")
    ] = 0
    second_payment: Annotated[
        Literal["409", "400"],
        AssumptionNote("The answer to paying an offer twice.", "Not documented; 409 is in the list of errors."),
    ] = "409"
    declined_payment: Annotated[
        Literal["object", "refused"],
        AssumptionNote(
            "Whether a declined card gives a payment with status `failed`, or 400 and no payment.",
            "The payment has fields error_code and reason, which only a failed one can fill.",
        ),
    ] = "object"
    card_field: Annotated[
        Literal["card", "metadata"],
        AssumptionNote(
            "Where a payment request has the card: `card.number` or `metadata.card.number`.",
            "Where the card goes over REST is not documented; KASKO's script collects it in the browser.",
        ),
    ] = "card"
    public_payment_view: Annotated[
        Literal["full", "reduced"],
        AssumptionNote(
            "Whether a public key sees a payment's token, customer_id and transaction_metadata.",
            "Some fields are hidden by the caller's permissions; which ones is not documented.",
        ),
    ] = "full"
