"""The assumptions of Kotauth: where documents and source differ, and where both leave a point open."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Call, Duration, SimulationContext
from mockserver.providers.kotauth.assumptions.fidelity import FidelityAssumptions


class KotauthAssumptions(FidelityAssumptions):
    password_length: Annotated[
        int,
        Field(ge=1, le=128),
        AssumptionNote(
            "The minimum number of characters of a password in the workspace's policy.", "8 in a new workspace."
        ),
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
        bool,
        AssumptionNote(
            "Whether common passwords are refused.", "Off in a new workspace; the list of passwords is assumed."
        ),
    ] = False
    id_step: Annotated[
        int,
        Field(ge=1, le=1000),
        AssumptionNote(
            "The difference between the ids of two consecutive records of a table.",
            "All workspaces share the sequence of a table; here each sandbox has its own, without gaps.",
        ),
    ] = 1
    tenant_id: Annotated[
        int,
        Field(ge=1, le=2_147_483_647),
        AssumptionNote("The numeric id of the workspace.", "From a sequence; 1 is the built-in master workspace."),
    ] = 2
    fraction_digits: Annotated[
        Literal["six", "as needed"],
        AssumptionNote(
            "How many fractional digits the seconds of instants have.",
            "The source writes 0, 3 or 6 digits as needed; instants from PostgreSQL nearly always need six.",
        ),
    ] = "six"
    access_lifetime: Annotated[
        Duration, AssumptionNote("How long an access token is valid.", "Documented: 5 minutes by default.")
    ] = 300 * SECOND
    refresh_lifetime: Annotated[
        Duration, AssumptionNote("How long a refresh token is valid.", "Documented samples show a session of one day.")
    ] = 86_400 * SECOND


def resolve_fidelity(assumptions: Assumptions, name: str) -> Literal["documented", "observed"]:
    """Returns the value of a fidelity setting; ``as fidelity`` means that of the sandbox's ``fidelity``."""
    kotauth = cast(KotauthAssumptions, assumptions)
    chosen = getattr(kotauth, name)
    return kotauth.fidelity if chosen == "as fidelity" else cast(Literal["documented", "observed"], chosen)


def is_documented(at: Call | SimulationContext, name: str) -> bool:
    """Whether the fidelity setting with this name is ``documented`` in the sandbox of a call or simulation."""
    return resolve_fidelity(at.sandbox.assumptions, name) == "documented"


def refuses_unknown_fields(at: Call) -> bool:
    """Whether an undocumented field makes a body unreadable."""
    assumptions = assumptions_of(at)
    default = "ignored" if assumptions.fidelity == "documented" else "refused"
    return (default if assumptions.unknown_fields == "as fidelity" else assumptions.unknown_fields) == "refused"


def assumptions_of(at: Call | SimulationContext) -> KotauthAssumptions:
    """Returns the assumptions of the sandbox of a call or simulation."""
    return cast(KotauthAssumptions, at.sandbox.assumptions)
