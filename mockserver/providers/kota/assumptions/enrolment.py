"""Assumptions about enrolments, dependents, policies, amendments and imports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration

_NO_FIGURE = "No figure is documented."
Days = Annotated[int, Field(ge=0, le=3_650)]


class EnrolmentAssumptions(Assumptions):
    enrolment_processing: Annotated[
        Duration,
        AssumptionNote("How long an enrolment intent is processing before it enters its next state.", _NO_FIGURE),
    ] = 2 * SECOND
    enrolment_enrolling: Annotated[
        Duration,
        AssumptionNote("How long the insurer takes to enrol an employee.", "It takes days at Kota. " + _NO_FIGURE),
    ] = 3 * SECOND
    enrolment_deadline: Annotated[
        Days, AssumptionNote("How many days a client has to give information, select options or confirm.", _NO_FIGURE)
    ] = 14
    enrolment_information: Annotated[
        Literal["none", "asked"],
        AssumptionNote(
            "Whether every enrolment first asks for information about the employee.",
            "The state action_required is documented; when it is entered is not.",
        ),
    ] = "none"
    enrolment_confirmation: Annotated[
        Literal["when_employee_pays", "always", "never"],
        AssumptionNote(
            "When an enrolment without force_confirmation must be confirmed.",
            "The documentation says that confirmation is requested where needed, but not when it is needed.",
        ),
    ] = "when_employee_pays"
    second_enrolment: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "What happens to a new enrolment intent if the employee has an open one or a policy in the group.",
            "Not documented.",
        ),
    ] = "refused"
    confirm_with_open_dependents: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote(
            "Whether an enrolment can be confirmed before its dependents; if accepted, they are left out.",
            "Dependents are documented as optional; the effect of an unfinished list is not documented.",
        ),
    ] = "refused"
    configuration_put: Annotated[
        Literal["merged", "replaced"],
        AssumptionNote(
            "Whether PUT of a policy configuration keeps the dates that it omits.",
            "Documented for employers and employees, not for enrolment intents.",
        ),
    ] = "merged"
    dependents_check: Annotated[Duration, AssumptionNote("How long the check of a dependent takes.", _NO_FIGURE)] = (
        2 * SECOND
    )
    dependents_processing: Annotated[
        Duration, AssumptionNote("How long a confirmed list of dependents is processing.", _NO_FIGURE)
    ] = 3 * SECOND
    dependents_information: Annotated[
        Literal["none", "asked"],
        AssumptionNote(
            "Whether the check of a dependent first asks for information.",
            "A dependent can have a requirement; when it has one is not documented.",
        ),
    ] = "none"
    child_until: Annotated[
        Days, AssumptionNote("The age from which a child is an adult dependant.", "Such plans use 18 to 26.")
    ] = 21
    opt_out_days: Annotated[
        Days, AssumptionNote("For how many days, including the first, an employee can opt out of a policy.", _NO_FIGURE)
    ] = 14
    initial_dependents_days: Annotated[
        Days,
        AssumptionNote("For how many days, including the first, a new policy's dependents can be changed.", _NO_FIGURE),
    ] = 31
    amendment_deadline: Annotated[
        Days, AssumptionNote("How many days a client has to list dependents or to confirm an amendment.", _NO_FIGURE)
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
            "Whether the currency in an amendment's quote is EUR or eur.",
            "Its type is plain text, not a lower-case code; the group's quote uses upper case.",
        ),
    ] = "upper"
    second_amendment: Annotated[
        Literal["refused", "accepted"],
        AssumptionNote("What happens to an amendment of a policy while another is open.", "Not documented."),
    ] = "refused"
    import_processing: Annotated[
        Duration, AssumptionNote("How long a policy import intent is processing.", _NO_FIGURE)
    ] = 3 * SECOND
