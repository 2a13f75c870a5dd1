"""What Kota's documents leave open about enrolments, policies and what changes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

_NO_FIGURE = "No figure is documented."
Days = Annotated[int, Field(ge=0, le=3_650)]


class EnrolmentAssumptions(Assumptions):
    """Enrolment."""

    enrolment_processing: Annotated[
        Duration, AssumptionNote("How long an enrolment intent is processing before it needs something.", _NO_FIGURE)
    ] = 2 * SECOND
    enrolment_enrolling: Annotated[
        Duration, AssumptionNote("How long the insurer takes to enrol an employee.", "Days in real life; " + _NO_FIGURE)
    ] = 3 * SECOND
    enrolment_deadline: Annotated[
        Days, AssumptionNote("How many days there are to give information, select options or confirm.", _NO_FIGURE)
    ] = 14
    enrolment_information: Annotated[
        Literal["none", "asked"],
        AssumptionNote(
            "Whether every enrolment asks for information about the employee first.",
            "The state action_required is documented, when it is entered is not.",
        ),
    ] = "none"
    enrolment_confirmation: Annotated[
        Literal["when_employee_pays", "always", "never"],
        AssumptionNote(
            "When an enrolment needs to be confirmed without force_confirmation.",
            "Said to be asked for where needed; when that is so is not documented.",
        ),
    ] = "when_employee_pays"
    second_enrolment: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to an enrolment intent for whoever has one, or a policy, in the group already.",
            "Not documented.",
        ),
    ] = "refused"
    confirm_with_open_dependents: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "Whether an enrolment can be confirmed while its dependents are not; accepted leaves them out.",
            "Dependents are called optional; what an unfinished list does is not documented.",
        ),
    ] = "refused"
    configuration_put: Annotated[
        Literal["merged", "replaced"],
        AssumptionNote(
            "Whether a policy configuration that is put keeps the dates it leaves out.",
            "Documented of employers and employees, not of enrolment intents.",
        ),
    ] = "merged"
    dependents_check: Annotated[
        Duration, AssumptionNote("How long a dependent is processing before it is known whether it fits.", _NO_FIGURE)
    ] = 2 * SECOND
    dependents_processing: Annotated[
        Duration, AssumptionNote("How long a confirmed list of dependents is processing.", _NO_FIGURE)
    ] = 3 * SECOND
    dependents_information: Annotated[
        Literal["none", "asked"],
        AssumptionNote(
            "Whether every dependent asks for information first.",
            "A dependent may have a requirement; when it has one is not documented.",
        ),
    ] = "none"
    child_until: Annotated[
        Days, AssumptionNote("The age from which a child is an adult dependant.", "Plans of this kind say 18 to 26.")
    ] = 21
    opt_out_days: Annotated[
        Days, AssumptionNote("How many days, the first one counted, a policy can be opted out of.", _NO_FIGURE)
    ] = 14
    initial_dependents_days: Annotated[
        Days,
        AssumptionNote("How many days, the first one counted, dependents of a new policy can be changed.", _NO_FIGURE),
    ] = 31
    amendment_deadline: Annotated[
        Days, AssumptionNote("How many days there are to list dependents or to confirm an amendment.", _NO_FIGURE)
    ] = 28
    amendment_quote: Annotated[
        Duration, AssumptionNote("How long the insurer takes to quote an amendment.", _NO_FIGURE)
    ] = 3 * SECOND
    amendment_processing: Annotated[
        Duration, AssumptionNote("How long the insurer takes to make an amendment.", _NO_FIGURE)
    ] = 3 * SECOND
    amendment_tax: Annotated[
        int,
        Field(ge=0, le=10_000),
        AssumptionNote(
            "The tax on premiums in an amendment's quote, in hundredths of a percent.", "No rate is documented."
        ),
    ] = 200
    amendment_currency: Annotated[
        Literal["upper", "lower"],
        AssumptionNote(
            "Whether an amendment's quote writes its currency EUR or eur.",
            "A plain text, not one of the lower-case codes; the group's quote has upper case.",
        ),
    ] = "upper"
    second_amendment: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("What happens to an amendment of a policy while another is under way.", "Not documented."),
    ] = "refused"
    import_processing: Annotated[
        Duration, AssumptionNote("How long a policy import intent is processing.", _NO_FIGURE)
    ] = 3 * SECOND
