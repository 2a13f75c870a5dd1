"""What KASKO's documents leave open, each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Call, Duration, SimulationContext
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions


class KaskoAssumptions(SaleAssumptions):
    """Every point the vendor does not document: after access and sale policies, the Data API, and what is older."""

    policy_delay: Annotated[
        Duration,
        AssumptionNote(
            "How long after the payment the policy is there, on the sandbox's clock.",
            "Documented as asynchronous; how long it takes is not.",
        ),
    ] = 2 * SECOND
    unissued_policy: Annotated[
        Literal["404", "pending", "unpaid_too"],
        AssumptionNote(
            "Whether GET /policies/{id} before that is 404, a pending policy, or one even where nobody has paid yet.",
            "Not documented; an unpaid offer is read at /offers/{id}, though its own link names /policies/{id}.",
        ),
    ] = "404"
    change_answer: Annotated[
        Literal["200", "204"],
        AssumptionNote(
            "Whether changing, cancelling and reactivating answer with the policy, or with 204 and nothing.",
            "Not documented; 204 is in the list of success codes.",
        ),
    ] = "200"
    preconditions: Annotated[
        Literal["optional", "required"],
        AssumptionNote(
            "Whether PUT needs If-Match or If-Unmodified-Since; PATCH never does.",
            "Updates and cancellations should send them; the examples of PATCH do not.",
        ),
    ] = "optional"
    patch_preconditions: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether PATCH looks at If-Match and If-Unmodified-Since when they are sent.",
            "Updates should send them; the examples of PATCH do not.",
        ),
    ] = "checked"
    missing_precondition: Annotated[
        Literal["428", "400", "412"],
        AssumptionNote(
            "The answer when a precondition is needed and none was sent.", "Not documented; 428 is HTTP's own."
        ),
    ] = "428"
    both_preconditions: Annotated[
        Literal["tag", "both"],
        AssumptionNote(
            "Whether If-Match alone counts when both are sent, or both have to hold.",
            "Both should be sent; RFC 9110 lets the tag alone count.",
        ),
    ] = "tag"
    weak_tags: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            'Whether a weak tag (W/"...") fits in If-Match.',
            "Not documented; RFC 9110 compares strongly, and proxies that compress make tags weak.",
        ),
    ] = "refused"
    unreadable_date: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "Whether an If-Unmodified-Since that is no date is ignored or refused with 400.",
            "Not documented; RFC 9110 ignores it.",
        ),
    ] = "ignored"
    stale_status: Annotated[
        Literal["412", "409"],
        AssumptionNote("The answer to a stale If-Match or If-Unmodified-Since.", "Not documented; 412 is HTTP's own."),
    ] = "412"
    cancelled_change: Annotated[
        Literal["409", "400"],
        AssumptionNote(
            "The answer to changing a cancelled policy, or reactivating another.", "Documented as impossible only."
        ),
    ] = "409"
    updated_event: Annotated[
        str,
        Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=50),
        AssumptionNote(
            "The name of the event that a policy has changed.", "The event is described, its name is not printed."
        ),
    ] = "policy.updated"
    cancellation_event: Annotated[
        bool,
        AssumptionNote("Whether cancelling and reactivating tell policy.updated.", "Not documented; both are updates."),
    ] = True
    media_event: Annotated[
        bool,
        AssumptionNote("Whether putting a file to a policy tells that the policy has changed.", "Not documented."),
    ] = False
    locked_dataset: Annotated[
        Literal["404", "401"],
        AssumptionNote(
            "The answer to a locked dataset without a secret key.",
            "Not documented; 404 is what hides that something exists.",
        ),
    ] = "404"
    limit_required: Annotated[
        bool,
        AssumptionNote(
            "Whether Data API lists need a limit.", "One page says required, another optional with default 20."
        ),
    ] = False
    unknown_dataset_field: Annotated[
        Literal["refused", "ignored"],
        AssumptionNote("What asking for a field that a dataset has not does.", "Not documented; 400 when refused."),
    ] = "refused"
    like_case: Annotated[
        Literal["ignored", "exact"],
        AssumptionNote("Whether `query` compares text by case.", "Described as LIKE, which ignores case in MySQL."),
    ] = "ignored"
    data_api_errors: Annotated[
        Literal["message", "errors"],
        AssumptionNote(
            "Whether a refused parameter of the Data API is said in the message only, or named in `errors` as well.",
            "The Data API's refusals are not shown; a missing parameter elsewhere has no `errors`.",
        ),
    ] = "message"
    lead_status: Annotated[
        Literal["201", "200"],
        AssumptionNote("The status of a new lead.", "Not documented; 201 is in the list of success codes."),
    ] = "201"
    media_status: Annotated[
        Literal["201", "200"],
        AssumptionNote("The status of a newly announced file.", "Not documented; 201 is in the list of success codes."),
    ] = "201"
    upload_status: Annotated[
        Literal["200", "201", "204"],
        AssumptionNote(
            "The status of an uploaded file; 204 shows nothing.",
            "Not documented; all three are in the list of success codes.",
        ),
    ] = "200"
    attached_status: Annotated[
        Literal["201", "200", "204"],
        AssumptionNote(
            "The status of a file put to a policy; 204 shows nothing.",
            "Not documented; all three are in the list of success codes.",
        ),
    ] = "201"
    attached_answer: Annotated[
        Literal["media", "policy"],
        AssumptionNote(
            "Whether putting a file to a policy shows the file or the policy.",
            "Not documented; the request has the id of the file alone.",
        ),
    ] = "media"
    new_record: Annotated[
        Literal["whole", "id"],
        AssumptionNote(
            "Whether a new lead or file is answered whole, or with its id and link only.",
            "Not documented; a new offer is answered with little more than its id.",
        ),
    ] = "whole"


def assumptions_of(at: Call | SimulationContext) -> KaskoAssumptions:
    """The assumptions of the sandbox a call or a simulation is in."""
    return cast(KaskoAssumptions, at.sandbox.assumptions)
