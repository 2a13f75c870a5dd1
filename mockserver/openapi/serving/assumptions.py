"""Settings for the behaviour that no OpenAPI document describes."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import AssumptionNote, Assumptions, Call


class OpenApiAssumptions(Assumptions):
    """The assumptions of every provider that is built from an OpenAPI document."""

    client_ids: Annotated[
        Literal["kept", "replaced"],
        AssumptionNote(
            "Whether the id in a client's create request is kept or replaced.",
            "A schema declares that the id is writable, not whether the server uses it.",
        ),
    ] = "kept"
    parents: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether the parent record in a path must exist.",
            "No OpenAPI document describes requests below a missing parent.",
        ),
    ] = "checked"
    children: Annotated[
        Literal["deleted", "kept"],
        AssumptionNote(
            "Whether the child records of a record are deleted with it.", "No OpenAPI document can describe it."
        ),
    ] = "deleted"
    page_size: Annotated[
        int,
        Field(ge=1, le=10_000),
        AssumptionNote(
            "The number of records in a page if neither the client nor the document sets it.",
            "Twenty is the most common default.",
        ),
    ] = 20
    order: Annotated[
        Literal["oldest first", "newest first"],
        AssumptionNote("The order of lists that are not sorted.", "No OpenAPI document can describe it."),
    ] = "oldest first"


def assumptions_of(call: Call) -> OpenApiAssumptions:
    """Returns the assumptions of a call's sandbox."""
    return cast("OpenApiAssumptions", call.sandbox.assumptions)
