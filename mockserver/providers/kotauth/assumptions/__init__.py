"""Where Kotauth's documents and its behaviour differ, or say nothing: each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Call, Duration, SimulationContext
from mockserver.providers.kotauth.assumptions.fidelity import FidelityAssumptions


class KotauthAssumptions(FidelityAssumptions):
    """The two faces, point by point, and what neither documents nor source say."""

    password_length: Annotated[
        int,
        Field(ge=1, le=128),
        AssumptionNote("The shortest password of the workspace's policy.", "8 in a new workspace."),
    ] = 8
    password_special: Annotated[
        bool, AssumptionNote("Whether a password needs a special character.", "Off in a new workspace.")
    ] = False
    password_uppercase: Annotated[
        bool, AssumptionNote("Whether a password needs an upper-case letter.", "Off in a new workspace.")
    ] = False
    password_digit: Annotated[bool, AssumptionNote("Whether a password needs a digit.", "Off in a new workspace.")] = (
        False
    )
    password_blacklist: Annotated[
        bool, AssumptionNote("Whether common passwords are refused.", "Off in a new workspace; the list is ours.")
    ] = False
    id_step: Annotated[
        int,
        Field(ge=1, le=1000),
        AssumptionNote(
            "How far apart the ids of two records made after each other are.",
            "All workspaces share a table's sequence; here every sandbox has its own, without gaps.",
        ),
    ] = 1
    tenant_id: Annotated[
        int,
        Field(ge=1, le=2_147_483_647),
        AssumptionNote("The workspace's own numeric id.", "From a sequence; 1 is the built-in master."),
    ] = 2
    fraction_digits: Annotated[
        Literal["six", "as needed"],
        AssumptionNote(
            "How instants are written.",
            "The source writes 0, 3 or 6 digits as needed, and PostgreSQL's instants nearly always need six.",
        ),
    ] = "six"
    access_lifetime: Annotated[
        Duration, AssumptionNote("How long an access token lives.", "Documented as 5 minutes by default.")
    ] = 300 * SECOND
    refresh_lifetime: Annotated[
        Duration, AssumptionNote("How long a refresh token lives.", "Documented samples show a session of a day.")
    ] = 86_400 * SECOND


def resolve_fidelity(given: Assumptions, point: str) -> Literal["documented", "observed"]:
    """Which face a point shows: its own setting, or the sandbox's fidelity."""
    known = cast(KotauthAssumptions, given)
    chosen = getattr(known, point)
    return known.fidelity if chosen == "as fidelity" else cast(Literal["documented", "observed"], chosen)


def is_documented(at: Call | SimulationContext, point: str) -> bool:
    """Whether a point is as the documents say in the sandbox a call or a simulation is in."""
    return resolve_fidelity(at.sandbox.assumptions, point) == "documented"


def refuses_unknown_fields(at: Call) -> bool:
    """Whether a field nobody documents makes a body unreadable here."""
    given = assumptions_of(at)
    by_face = "ignored" if given.fidelity == "documented" else "refused"
    return (by_face if given.unknown_fields == "as fidelity" else given.unknown_fields) == "refused"


def assumptions_of(at: Call | SimulationContext) -> KotauthAssumptions:
    """The assumptions of the sandbox a call or a simulation is in."""
    return cast(KotauthAssumptions, at.sandbox.assumptions)
