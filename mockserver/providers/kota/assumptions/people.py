"""What Kota's documents leave open about employers, employees and their families."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration


class PeopleAssumptions(Assumptions):
    """Checks of employers and employees."""

    employer_check: Annotated[
        Duration,
        AssumptionNote(
            "How long an employer is pending before it is checked.", "Days in real life; no figure is documented."
        ),
    ] = 2 * SECOND
    employer_offboarding: Annotated[
        Duration,
        AssumptionNote(
            "How long an employer stays offboarding before it is inactive and everything it has ends.",
            "Said to take effect at once, though there is a state for it.",
        ),
    ] = 0
    employee_check: Annotated[
        Duration,
        AssumptionNote("How long an employee is pending before it is processed.", "No figure is documented."),
    ] = 2 * SECOND
    second_offboarding: Annotated[
        Literal["moved", "refused"],
        AssumptionNote(
            "What offboarding an employee again does whose offboarding is planned: it moves the day, or is refused.",
            "Not documented; taking it back has an operation of its own.",
        ),
    ] = "moved"
    statutory_country: Annotated[
        Literal["employee", "employer"],
        AssumptionNote(
            "Whose country makes a scheme statutory, so that earliest_benefits_start_date is ignored.",
            "Said of schemes in the Netherlands and the Emirates; whose address counts is not.",
        ),
    ] = "employee"
    employer_benefits_start: Annotated[
        Literal["counts", "ignored"],
        AssumptionNote(
            "Whether employees stay pending before their employer's earliest_benefits_start_date too.",
            "Said of the employee's own date; what the employer's does is not.",
        ),
    ] = "counts"
    groups_of_leavers: Annotated[
        Literal["left", "kept"],
        AssumptionNote(
            "Whether an employee who is offboarded leaves its groups.",
            "There is an event for leaving a group and no operation for it.",
        ),
    ] = "left"
    employer_cancellation_period: Annotated[
        int,
        Field(ge=0, le=365),
        AssumptionNote(
            "The employer_cancellation_period_length of an employer's health insurance policy.",
            "An integer of unstated unit; days would fit.",
        ),
    ] = 14
    unknown_parent: Annotated[
        Literal["404", "empty"],
        AssumptionNote(
            "What the older lists of quotes and policies answer for an employer or employee that does not exist.",
            "They declare no 404; a list of nothing would be the other way.",
        ),
    ] = "404"
    embed_session_lives: Annotated[
        Duration,
        AssumptionNote(
            "How long a token for embedded pages is good.", "Only the answer says; a hosted link lives an hour."
        ),
    ] = 3_600 * SECOND
    partial_month: Annotated[
        Literal["by_days", "whole"],
        AssumptionNote("What a month that is covered in part costs: its days' share, or all.", "Not documented."),
    ] = "by_days"
    contribution_tax: Annotated[
        int,
        Field(ge=0, le=10_000),
        AssumptionNote(
            "The tax on contributions, in hundredths of a percent of the premium; none makes no entries.",
            "A category of entries; no rate is documented.",
        ),
    ] = 0
    contribution_tax_relief: Annotated[
        int,
        Field(ge=0, le=10_000),
        AssumptionNote(
            "The tax relief on contributions, in hundredths of a percent of the premium; its entries are negative.",
            "A category of entries; neither rate nor sign is documented.",
        ),
    ] = 0
    approval_applied: Annotated[
        Duration,
        AssumptionNote(
            "How long an approved action waits to be applied, and then takes.", "Only its events are documented."
        ),
    ] = 2 * SECOND
