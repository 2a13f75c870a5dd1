"""Where Kotauth's documents and its behaviour differ, or say nothing: each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, Assumed, Assumptions, Call, Duration, Moment
from mockserver.providers.kotauth.assumptions.faces import FaceAssumptions


class KotauthAssumptions(FaceAssumptions):
    """The two faces, point by point, and what neither documents nor source say."""

    password_length: Annotated[
        int, Field(ge=1, le=128), Assumed("The shortest password of the workspace's policy.", "8 in a new workspace.")
    ] = 8
    password_special: Annotated[
        bool, Assumed("Whether a password needs a special character.", "Off in a new workspace.")
    ] = False
    password_uppercase: Annotated[
        bool, Assumed("Whether a password needs an upper-case letter.", "Off in a new workspace.")
    ] = False
    password_digit: Annotated[bool, Assumed("Whether a password needs a digit.", "Off in a new workspace.")] = False
    password_blacklist: Annotated[
        bool, Assumed("Whether common passwords are refused.", "Off in a new workspace; the list is ours.")
    ] = False
    id_step: Annotated[
        int,
        Field(ge=1, le=1000),
        Assumed(
            "How far apart the ids of two records made after each other are.",
            "All workspaces share a table's sequence; here every sandbox has its own, without gaps.",
        ),
    ] = 1
    tenant_id: Annotated[
        int,
        Field(ge=1, le=2_147_483_647),
        Assumed("The workspace's own numeric id.", "From a sequence; 1 is the built-in master."),
    ] = 2
    fraction_digits: Annotated[
        Literal["six", "as needed"],
        Assumed(
            "How instants are written.",
            "The source writes 0, 3 or 6 digits as needed, and PostgreSQL's instants nearly always need six.",
        ),
    ] = "six"
    access_lifetime: Annotated[
        Duration, Assumed("How long an access token lives.", "Documented as 5 minutes by default.")
    ] = 300 * SECOND
    refresh_lifetime: Annotated[
        Duration, Assumed("How long a refresh token lives.", "Documented samples show a session of a day.")
    ] = 86_400 * SECOND


def says(given: Assumptions, point: str) -> Literal["documented", "observed"]:
    """Which face a point shows: its own setting, or the sandbox's fidelity."""
    known = cast(KotauthAssumptions, given)
    chosen = getattr(known, point)
    return known.fidelity if chosen == "as fidelity" else cast(Literal["documented", "observed"], chosen)


def documented(at: Call | Moment, point: str) -> bool:
    """Whether a point is as the documents say in the sandbox a call or a simulation is in."""
    return says(at.sandbox.assumptions, point) == "documented"


def refuses_unknown_fields(at: Call) -> bool:
    """Whether a field nobody documents makes a body unreadable here."""
    given = assume(at)
    by_face = "ignored" if given.fidelity == "documented" else "refused"
    return (by_face if given.unknown_fields == "as fidelity" else given.unknown_fields) == "refused"


def assume(at: Call | Moment) -> KotauthAssumptions:
    """The assumptions of the sandbox a call or a simulation is in."""
    return cast(KotauthAssumptions, at.sandbox.assumptions)
