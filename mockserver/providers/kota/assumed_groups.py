"""What Kota's documents leave open about groups, quotes and group policies."""

from __future__ import annotations

from mockserver.engine import Assumptions


class GroupsAssumptions(Assumptions):
    """Groups."""
