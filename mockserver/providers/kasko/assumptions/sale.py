"""Assumptions about quotes, offers and payments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import AssumptionNote, Duration
from mockserver.providers.kasko.assumptions.access import AccessAssumptions


class SaleAssumptions(AccessAssumptions):
    quote_status: Annotated[
        Literal["200", "201"],
        AssumptionNote("The status of the response that creates a quote.", "Not visible in the documents."),
    ] = "200"
    offer_status: Annotated[
        Literal["201", "200"],
        AssumptionNote(
            "The status of the response that creates an offer.", "Not visible; 201 is in the list of success codes."
        ),
    ] = "201"
    payment_status: Annotated[
        Literal["201", "200"],
        AssumptionNote(
            "The status of the response that creates a payment.", "Not visible; 201 is in the list of success codes."
        ),
    ] = "201"
    rule_types: Annotated[
        Literal["laravel", "strict"],
        AssumptionNote(
            'Whether `integer` accepts "12" and `boolean` accepts 1, or only the JSON types.',
            "The rules use Laravel's grammar, whose types are lenient.",
        ),
    ] = "laravel"
    missing_code: Annotated[
        Literal["invalid_value", "missing_value"],
        AssumptionNote("The error code of a missing required field.", "invalid_value is the only documented code."),
    ] = "invalid_value"
    error_fields: Annotated[
        Literal["bare", "dotted"],
        AssumptionNote(
            "Whether errors name `deductible` or `data.deductible`.",
            "The documents show bare names; nested fields are not shown.",
        ),
    ] = "bare"
    knockout: Annotated[
        Literal["400", "422"],
        AssumptionNote(
            "The status of a quote that ends in a knock-out.",
            "A separate response is documented, but its status is not visible.",
        ),
    ] = "400"
    knockout_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote("The message of a quote that ends in a knock-out.", "The response is not visible."),
    ] = "The quote ended in a knock-out."
    building_message: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AssumptionNote(
            "The message of the 409 while the pricing logic is being built.", "The text is cut off in the documents."
        ),
    ] = "The product's pricing logic is still being built."
    quote_lifetime: Annotated[
        Duration,
        AssumptionNote(
            "How long a quote token is valid; 0s means without limit.", "Not documented; tokens are opaque."
        ),
    ] = 0
    quote_reuse: Annotated[
        Literal["allowed", "refused"],
        AssumptionNote("Whether two offers can be created from one quote.", "Not documented; refused means 409."),
    ] = "allowed"
    forged: Annotated[
        Literal["400", "404"],
        AssumptionNote(
            "The status for a quote or payment token that was changed or belongs to another account or mode.",
            "Not documented; tokens are opaque.",
        ),
    ] = "400"
    language_required: Annotated[
        bool,
        AssumptionNote("Whether an offer requires a language.", "The table says so; one example of 2022 omits it."),
    ] = True
    email_check: Annotated[
        Literal["has_at", "none"], AssumptionNote("How an e-mail address is checked.", "No format is documented.")
    ] = "has_at"
    post_offers: Annotated[
        bool,
        AssumptionNote(
            "Whether POST /offers also creates an offer, like POST /policies.",
            "The endpoints of the current page on offers are unreadable; all older pages have POST /policies.",
        ),
    ] = False
    refused_offer: Annotated[
        Literal["rejected", "declined"],
        AssumptionNote(
            "The status of an offer that the underwriter refuses.",
            "The documented statuses are ready, accepted and pending.",
        ),
    ] = "rejected"
    paid_offer: Annotated[
        Literal["accepted", "paid"],
        AssumptionNote(
            "The status of a paid offer at /offers/{id}.",
            "The documented statuses are ready, accepted and pending; paid is a status of policies.",
        ),
    ] = "accepted"
    payment_token_lifetime: Annotated[
        Duration, AssumptionNote("How long a payment token is valid; 0s means without limit.", "Not documented.")
    ] = 0
    second_payment: Annotated[
        Literal["409", "400"],
        AssumptionNote("The status for paying an offer twice.", "Not documented; 409 is in the list of errors."),
    ] = "409"
    declined_payment: Annotated[
        Literal["object", "refused"],
        AssumptionNote(
            "Whether a declined card creates a payment with the status `failed` or is refused with 400.",
            "A payment has the fields error_code and reason, which only a failed one can use.",
        ),
    ] = "object"
    card_field: Annotated[
        Literal["card", "metadata"],
        AssumptionNote(
            "Where a payment request contains the card: `card.number` or `metadata.card.number`.",
            "The place of the card over REST is not documented; KASKO's script collects it in the browser.",
        ),
    ] = "card"
    public_payment_view: Annotated[
        Literal["full", "reduced"],
        AssumptionNote(
            "Whether a public key receives token, customer_id and transaction_metadata of a payment.",
            "Some fields depend on the caller's permissions; which ones is not documented.",
        ),
    ] = "full"
