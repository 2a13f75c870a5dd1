"""All assumptions of KASKO; those about access and sale are inherited."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Call, Duration, SimulationContext
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions


class KaskoAssumptions(SaleAssumptions):
    """All assumptions of KASKO; this class declares those about policies, the Data API and the older operations."""

    policy_delay: Annotated[
        Duration,
        AssumptionNote(
            "The delay between the payment and the policy, on the sandbox's clock.",
            "Documented as asynchronous; the length of the delay is not documented.",
        ),
    ] = 2 * SECOND
    unissued_policy: Annotated[
        Literal["404", "pending", "unpaid_too"],
        AssumptionNote(
            "The response to GET /policies/{id} before the policy is issued: always 404, a pending policy if the offer "
            "is paid, or a pending policy even if it is not.",
            "Not documented; an unpaid offer is read at /offers/{id}, although its link names /policies/{id}.",
        ),
    ] = "404"
    change_answer: Annotated[
        Literal["200", "204"],
        AssumptionNote(
            "Whether changing, cancelling and reactivating return the policy, or 204 without a body.",
            "Not documented; 204 is in the list of success codes.",
        ),
    ] = "200"
    preconditions: Annotated[
        Literal["optional", "required"],
        AssumptionNote(
            "Whether PUT needs If-Match or If-Unmodified-Since; PATCH never does.",
            "The documents recommend one for updates and cancellations; their examples of PATCH have none.",
        ),
    ] = "optional"
    patch_preconditions: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether PATCH checks If-Match and If-Unmodified-Since if they are sent.",
            "The documents recommend one for updates; their examples of PATCH have none.",
        ),
    ] = "checked"
    missing_precondition: Annotated[
        Literal["428", "400", "412"],
        AssumptionNote(
            "The status if a precondition is required and none was sent.", "Not documented; HTTP defines 428."
        ),
    ] = "428"
    both_preconditions: Annotated[
        Literal["tag", "both"],
        AssumptionNote(
            "If both headers are sent: whether only If-Match counts, or both must hold.",
            "The documents recommend both; in RFC 9110 only If-Match counts.",
        ),
    ] = "tag"
    weak_tags: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            'Whether a weak tag (W/"...") is accepted in If-Match.',
            "Not documented; RFC 9110 requires a strong comparison, and proxies that compress make tags weak.",
        ),
    ] = "refused"
    unreadable_date: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "Whether an unreadable date in If-Unmodified-Since is ignored or refused with 400.",
            "Not documented; RFC 9110 ignores it.",
        ),
    ] = "ignored"
    stale_status: Annotated[
        Literal["412", "409"],
        AssumptionNote("The status for a stale If-Match or If-Unmodified-Since.", "Not documented; HTTP defines 412."),
    ] = "412"
    cancelled_change: Annotated[
        Literal["409", "400"],
        AssumptionNote(
            "The status for changing a cancelled policy or reactivating one that is not cancelled.",
            "Documented only as impossible.",
        ),
    ] = "409"
    updated_event: Annotated[
        str,
        Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=50),
        AssumptionNote("The type of the event for a changed policy.", "The event is documented without its name."),
    ] = "policy.updated"
    cancellation_event: Annotated[
        bool,
        AssumptionNote("Whether cancelling and reactivating emit policy.updated.", "Not documented; both are updates."),
    ] = True
    media_event: Annotated[
        bool,
        AssumptionNote("Whether attaching a file to a policy emits policy.updated.", "Not documented."),
    ] = False
    locked_dataset: Annotated[
        Literal["404", "401"],
        AssumptionNote(
            "The status for a request for a locked dataset without a secret key.",
            "Not documented; 404 hides that the dataset exists.",
        ),
    ] = "404"
    limit_required: Annotated[
        bool,
        AssumptionNote(
            "Whether lists of the Data API require a limit.",
            "One page says required, another says optional with the default 20.",
        ),
    ] = False
    unknown_dataset_field: Annotated[
        Literal["refused", "ignored"],
        AssumptionNote(
            "Whether an unknown field of a dataset is refused or ignored.", "Not documented; refused means 400."
        ),
    ] = "refused"
    like_case: Annotated[
        Literal["ignored", "exact"],
        AssumptionNote("Whether `query` ignores case in text.", "Described as LIKE, which ignores case in MySQL."),
    ] = "ignored"
    data_api_errors: Annotated[
        Literal["message", "errors"],
        AssumptionNote(
            "Whether a refused parameter of the Data API is named only in the message or also in `errors`.",
            "The Data API's refusals are not shown; a missing parameter elsewhere has no `errors`.",
        ),
    ] = "message"
    lead_status: Annotated[
        Literal["201", "200"],
        AssumptionNote(
            "The status of the response that creates a lead.", "Not documented; 201 is in the list of success codes."
        ),
    ] = "201"
    media_status: Annotated[
        Literal["201", "200"],
        AssumptionNote(
            "The status of the response that announces a file.", "Not documented; 201 is in the list of success codes."
        ),
    ] = "201"
    upload_status: Annotated[
        Literal["200", "201", "204"],
        AssumptionNote(
            "The status of the response to the upload of a file; 204 has no body.",
            "Not documented; all three are in the list of success codes.",
        ),
    ] = "200"
    attached_status: Annotated[
        Literal["201", "200", "204"],
        AssumptionNote(
            "The status of the response that attaches a file to a policy; 204 has no body.",
            "Not documented; all three are in the list of success codes.",
        ),
    ] = "201"
    attached_answer: Annotated[
        Literal["media", "policy"],
        AssumptionNote(
            "Whether attaching a file to a policy returns the file or the policy.",
            "Not documented; the request contains only the id of the file.",
        ),
    ] = "media"
    new_record: Annotated[
        Literal["whole", "id"],
        AssumptionNote(
            "Whether the response to a new lead or file contains the whole record or only its id and link.",
            "Not documented; the response to a new offer contains little more than its id.",
        ),
    ] = "whole"


def assumptions_of(at: Call | SimulationContext) -> KaskoAssumptions:
    """Returns the assumptions of the sandbox of a call or simulation."""
    return cast(KaskoAssumptions, at.sandbox.assumptions)
