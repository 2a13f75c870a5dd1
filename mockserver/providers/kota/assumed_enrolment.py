"""What Kota's documents leave open about enrolments, policies and what changes them."""

from __future__ import annotations

from mockserver.engine import Assumptions


class EnrolmentAssumptions(Assumptions):
    """Enrolment."""
