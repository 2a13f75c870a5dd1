"""Assumptions about employers, employees, sessions and contributions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration


class PeopleAssumptions(Assumptions):
    employer_check: Annotated[
        Duration,
        AssumptionNote("How long the check of an employer takes.", "It takes days at Kota. No figure is documented."),
    ] = 2 * SECOND
    employer_offboarding: Annotated[
        Duration,
        AssumptionNote(
            "How long an employer stays offboarding before it is inactive and its cover ends.",
            "Documented as immediate, although the state exists.",
        ),
    ] = 0
    employee_check: Annotated[
        Duration,
        AssumptionNote("How long the check of an employee takes.", "No figure is documented."),
    ] = 2 * SECOND
    second_offboarding: Annotated[
        Literal["moved", "refused"],
        AssumptionNote(
            "Whether a second offboarding of an employee changes the planned day, or is refused.",
            "Not documented; cancelling has a separate operation.",
        ),
    ] = "moved"
    statutory_country: Annotated[
        Literal["employee", "employer"],
        AssumptionNote(
            "Whether a statutory scheme depends on the country of the employee or of the employer.",
            "Documented: schemes in the Netherlands and the Emirates ignore earliest_benefits_start_date. "
            "Not documented: which address decides.",
        ),
    ] = "employee"
    employer_benefits_start: Annotated[
        Literal["counts", "ignored"],
        AssumptionNote(
            "Whether employees stay pending until their employer's earliest_benefits_start_date too.",
            "Documented for the employee's date only.",
        ),
    ] = "counts"
    groups_of_leavers: Annotated[
        Literal["left", "kept"],
        AssumptionNote(
            "Whether an employee who is offboarded leaves all groups.",
            "Leaving a group has an event type but no operation.",
        ),
    ] = "left"
    employer_cancellation_period: Annotated[
        int,
        Field(ge=0, le=365),
        AssumptionNote(
            "The employer_cancellation_period_length of an employer's health insurance policy.",
            "An integer without a documented unit; days are plausible.",
        ),
    ] = 14
    unknown_parent: Annotated[
        Literal["404", "empty"],
        AssumptionNote(
            "The response of the older lists of quotes and policies for an unknown employer or employee.",
            "They declare no 404; the alternative is an empty list.",
        ),
    ] = "404"
    embed_session_lives: Annotated[
        Duration,
        AssumptionNote(
            "How long a token for embedded pages is valid.",
            "Only the response states it; a hosted link is valid for an hour.",
        ),
    ] = 3_600 * SECOND
    partial_month: Annotated[
        Literal["by_days", "whole"],
        AssumptionNote("Whether a month that is covered in part is charged by days or whole.", "Not documented."),
    ] = "by_days"
    contribution_tax: Annotated[
        int,
        Field(ge=0, le=10_000),
        AssumptionNote(
            "The tax on contributions, in hundredths of a percent of the premium; 0 makes no entries.",
            "The category of entries is documented; the rate is not.",
        ),
    ] = 0
    contribution_tax_relief: Annotated[
        int,
        Field(ge=0, le=10_000),
        AssumptionNote(
            "The tax relief on contributions, in hundredths of a percent of the premium; its entries are negative.",
            "The category of entries is documented; its rate and sign are not.",
        ),
    ] = 0
    approval_applied: Annotated[
        Duration,
        AssumptionNote(
            "The duration of each of two steps: until an approved action starts, and until it is applied.",
            "Only its events are documented.",
        ),
    ] = 2 * SECOND
