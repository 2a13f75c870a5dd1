"""What Kota's documents leave open about groups, quotes and group policies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

_NO_FIGURE = "No figure is documented."
Days = Annotated[int, Field(ge=0, le=3_650)]


class GroupsAssumptions(Assumptions):
    """Groups and their members, quotes, group policies, requirements."""

    second_membership: Annotated[
        Literal["refused", "kept"],
        AssumptionNote(
            "What happens to an employee who is added to a group again: refused, or kept as it was.", "Not said."
        ),
    ] = "refused"
    eligibility_of_pending: Annotated[
        Literal["pending", "ineligible"],
        AssumptionNote(
            "The eligibility of an employee who is still pending and whom nothing else stands against.",
            "Ineligible has a reason code for employees who are not active; pending is said of groups only.",
        ),
    ] = "pending"
    employment_started: Annotated[
        Literal["needed", "not_needed"],
        AssumptionNote(
            "Whether the employment must have begun on the day the cover begins.",
            "A reason code says that an employment has not started; against which day is not said.",
        ),
    ] = "needed"
    second_plan: Annotated[
        Literal["bundled", "refused"],
        AssumptionNote(
            "What a policy of another plan makes of a group that has one: a bundle, or nothing, being refused.",
            "The group type bundled is documented, how a group comes by it is not.",
        ),
    ] = "bundled"

    quote_processing: Annotated[
        Duration, AssumptionNote("How long a group quote intent is processing.", _NO_FIGURE)
    ] = 2 * SECOND
    quote_asks: Annotated[
        Literal["nothing", "employer", "employer_and_employees"],
        AssumptionNote(
            "Whom a quote intent asks about before the insurer is asked for a quote.",
            "Quote intents have requirements about employers and employees; when which is asked is not documented.",
        ),
    ] = "employer"
    quote_answered: Annotated[
        Literal["awaiting_quote", "processing"],
        AssumptionNote(
            "The state of a quote intent whose requirements are all fulfilled.",
            "How awaiting_quote differs from processing is not documented.",
        ),
    ] = "awaiting_quote"
    quote_insurer: Annotated[
        Duration, AssumptionNote("How long the insurer takes to quote.", "Days in real life; " + _NO_FIGURE)
    ] = 3 * SECOND
    quote_validity: Annotated[
        Duration, AssumptionNote("How long a quote is valid, from when it is made to its expires_at.", _NO_FIGURE)
    ] = 30 * 86_400 * SECOND
    quote_document_validity: Annotated[
        Duration, AssumptionNote("How long the link to a quote's document works.", _NO_FIGURE)
    ] = 3_600 * SECOND
    quote_cost_sharing: Annotated[
        Literal["policyholder_only", "percentage"],
        AssumptionNote(
            "The cost sharing of a quote that was asked for without one; percentage is 100.",
            "Optional in the request, required in the quote.",
        ),
    ] = "policyholder_only"
    unsupported_cost_sharing: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to a type of cost sharing that the plan does not list as supported.",
            "Plans list what they support; a refusal is not documented.",
        ),
    ] = "refused"
    plan_not_on_sale: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to a quote intent for a plan that is not available on the day.",
            "Plans have dates from and to which they are available; what they bind is not documented.",
        ),
    ] = "refused"
    start_in_past: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("Whether a quote may be asked for with a start date in the past.", "Not documented."),
    ] = "refused"
    employer_criteria: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether an insurer refuses to quote for an employer that does not meet the plan's criteria.",
            "Plans list criteria and the insurer can refuse; that it does so for them is not documented.",
        ),
    ] = "checked"
    requirement_deadline: Annotated[
        Days,
        AssumptionNote("How many days there are to fulfil the requirements of a quote or policy intent.", _NO_FIGURE),
    ] = 14

    group_policy_processing: Annotated[
        Duration, AssumptionNote("How long a group policy intent is processing.", _NO_FIGURE)
    ] = 2 * SECOND
    group_policy_asks: Annotated[
        Literal["nothing", "employer", "employer_and_employees"],
        AssumptionNote(
            "Whom a group policy intent asks about before the insurer is asked to approve.",
            "Group policy intents have requirements; when which is asked is not documented.",
        ),
    ] = "employer"
    group_policy_approval: Annotated[
        Duration,
        AssumptionNote("How long the insurer takes to approve a group policy.", "Days in real life; " + _NO_FIGURE),
    ] = 3 * SECOND
    group_policy_deadline: Annotated[
        Days, AssumptionNote("How many days after it was made a group policy intent is due.", _NO_FIGURE)
    ] = 28
    policy_intents_of_quote: Annotated[
        Literal["one", "many"],
        AssumptionNote(
            "Whether a quote may have a second policy intent while it has one that has not failed.", "Not documented."
        ),
    ] = "one"
    consents: Annotated[
        Literal["optional", "required"],
        AssumptionNote(
            "Whether a group policy intent must approve every consent the quote intent links to, in that version.",
            "The member is optional in the schema; whether approval is enforced is not documented.",
        ),
    ] = "optional"
    renewal_gathering: Annotated[
        Literal["automatic", "manual"],
        AssumptionNote(
            "Whether a policy intent for a plan the group has already waits until renewal data were gathered by hand.",
            "The state is documented, when it is entered is not.",
        ),
    ] = "automatic"

    group_policy_months: Annotated[
        int, Field(ge=1, le=120), AssumptionNote("How many months a group policy runs.", "An example runs for a year.")
    ] = 12
    group_policy_start: Annotated[
        Literal["next_month", "today"],
        AssumptionNote("When a group policy starts that no start date was given for.", "Optional in the request."),
    ] = "next_month"
    renewal_opens: Annotated[
        Days, AssumptionNote("How many days before its renewal a policy's renewal window opens.", _NO_FIGURE)
    ] = 60
    renewal_closes: Annotated[
        Days, AssumptionNote("How many days before its renewal a policy's renewal window closes.", _NO_FIGURE)
    ] = 10
    renewals: Annotated[
        Literal["renewed", "cancelled"],
        AssumptionNote(
            "What becomes of an open renewal when its window closes.",
            "No operation decides about a renewal, and what happens without a decision is not documented.",
        ),
    ] = "renewed"
