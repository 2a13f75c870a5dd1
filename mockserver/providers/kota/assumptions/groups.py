"""Assumptions about groups, quotes, requirements, group policies and renewals."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

_NO_FIGURE = "No figure is documented."
Days = Annotated[int, Field(ge=0, le=3_650)]


class GroupsAssumptions(Assumptions):
    second_membership: Annotated[
        Literal["refused", "kept"],
        AssumptionNote(
            "Whether adding an employee to a group again is refused, or changes nothing.", "Not documented."
        ),
    ] = "refused"
    eligibility_of_pending: Annotated[
        Literal["pending", "ineligible"],
        AssumptionNote(
            "The eligibility of an employee whose only obstacle is the state pending.",
            "A reason code exists for employees who are not active; pending is documented for groups only.",
        ),
    ] = "pending"
    employment_started: Annotated[
        Literal["needed", "not_needed"],
        AssumptionNote(
            "Whether the employment must have begun on the day when the cover begins.",
            "A reason code exists for an employment that has not started; the day to compare is not documented.",
        ),
    ] = "needed"
    second_plan: Annotated[
        Literal["bundled", "refused"],
        AssumptionNote(
            "Whether a policy of a second plan makes the group bundled, or is refused.",
            "The group type bundled is documented; how a group gets it is not.",
        ),
    ] = "bundled"

    quote_processing: Annotated[
        Duration, AssumptionNote("How long a group quote intent is processing.", _NO_FIGURE)
    ] = 2 * SECOND
    quote_asks: Annotated[
        Literal["nothing", "employer", "employer_and_employees"],
        AssumptionNote(
            "Which requirements a quote intent has before the insurer quotes.",
            "Requirements about employers and employees are documented; when an intent has them is not.",
        ),
    ] = "employer"
    quote_answered: Annotated[
        Literal["awaiting_quote", "processing"],
        AssumptionNote(
            "The state of a quote intent after its last requirement is fulfilled.",
            "How awaiting_quote differs from processing is not documented.",
        ),
    ] = "awaiting_quote"
    quote_insurer: Annotated[
        Duration, AssumptionNote("How long the insurer takes to quote.", "It takes days at Kota. " + _NO_FIGURE)
    ] = 3 * SECOND
    quote_validity: Annotated[
        Duration, AssumptionNote("How long a quote is valid: from its creation to its expires_at.", _NO_FIGURE)
    ] = 30 * 86_400 * SECOND
    quote_document_validity: Annotated[
        Duration, AssumptionNote("How long the link to a quote's document works.", _NO_FIGURE)
    ] = 3_600 * SECOND
    quote_cost_sharing: Annotated[
        Literal["policyholder_only", "percentage"],
        AssumptionNote(
            "The cost sharing of a quote that was requested without one; percentage means 100.",
            "Optional in the request, required in the quote.",
        ),
    ] = "policyholder_only"
    unsupported_cost_sharing: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to a type of cost sharing that the plan does not list as supported.",
            "Plans list the types that they support; a refusal is not documented.",
        ),
    ] = "refused"
    plan_not_on_sale: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to a quote intent for a plan that is not available on the day.",
            "Plans have dates of availability; their effect is not documented.",
        ),
    ] = "refused"
    start_in_past: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("Whether a quote can be requested with a start date in the past.", "Not documented."),
    ] = "refused"
    employer_criteria: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether an insurer refuses to quote for an employer that does not meet the plan's criteria.",
            "Plans list criteria, and the insurer can refuse; the connection is not documented.",
        ),
    ] = "checked"
    requirement_deadline: Annotated[
        Days,
        AssumptionNote(
            "How many days a client has to fulfil the requirements of a quote or policy intent.", _NO_FIGURE
        ),
    ] = 14

    group_policy_processing: Annotated[
        Duration, AssumptionNote("How long a group policy intent is processing.", _NO_FIGURE)
    ] = 2 * SECOND
    group_policy_asks: Annotated[
        Literal["nothing", "employer", "employer_and_employees"],
        AssumptionNote(
            "Which requirements a group policy intent has before the insurer approves.",
            "Requirements of group policy intents are documented; when an intent has them is not.",
        ),
    ] = "employer"
    group_policy_approval: Annotated[
        Duration,
        AssumptionNote("How long the insurer takes to approve a group policy.", "It takes days at Kota. " + _NO_FIGURE),
    ] = 3 * SECOND
    group_policy_deadline: Annotated[
        Days, AssumptionNote("How many days after its creation a group policy intent is due.", _NO_FIGURE)
    ] = 28
    policy_intents_of_quote: Annotated[
        Literal["one", "many"],
        AssumptionNote(
            "Whether a quote can have a second policy intent while the first has not failed.", "Not documented."
        ),
    ] = "one"
    consents: Annotated[
        Literal["optional", "required"],
        AssumptionNote(
            "Whether a group policy intent must approve every consent of the quote intent, each in the version that "
            "the quote intent names.",
            "The member is optional in the schema; enforcement is not documented.",
        ),
    ] = "optional"
    renewal_gathering: Annotated[
        Literal["automatic", "manual"],
        AssumptionNote(
            "Whether a policy intent for a plan that the group already has waits for manually gathered renewal data.",
            "The state is documented; when it is entered is not.",
        ),
    ] = "automatic"

    group_policy_months: Annotated[
        int, Field(ge=1, le=120), AssumptionNote("How many months a group policy runs.", "An example runs for a year.")
    ] = 12
    group_policy_start: Annotated[
        Literal["next_month", "today"],
        AssumptionNote(
            "The start of a group policy for which no start date was requested.", "Optional in the request."
        ),
    ] = "next_month"
    renewal_opens: Annotated[
        Days, AssumptionNote("How many days before the renewal date the renewal window opens.", _NO_FIGURE)
    ] = 60
    renewal_closes: Annotated[
        Days, AssumptionNote("How many days before the renewal date the renewal window closes.", _NO_FIGURE)
    ] = 10
    renewals: Annotated[
        Literal["renewed", "cancelled"],
        AssumptionNote(
            "The state of an undecided renewal when its window closes.",
            "No operation decides a renewal; what happens without a decision is not documented.",
        ),
    ] = "renewed"
