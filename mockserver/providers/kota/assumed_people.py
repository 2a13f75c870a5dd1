"""What Kota's documents leave open about employers, employees and their families."""

from __future__ import annotations

from typing import Annotated

from mockserver.engine import SECOND, Assumed, Assumptions, Duration


class PeopleAssumptions(Assumptions):
    """Checks of employers and employees."""

    employer_check: Annotated[
        Duration,
        Assumed("How long an employer is pending before it is checked.", "Days in real life; no figure is documented."),
    ] = 2 * SECOND
    employee_check: Annotated[
        Duration,
        Assumed("How long an employee is pending before it is processed.", "No figure is documented."),
    ] = 2 * SECOND
