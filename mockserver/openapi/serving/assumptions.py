"""What no OpenAPI document says about how its API behaves, each point a setting."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field

from mockserver.engine import AssumptionNote, Assumptions, Call


class OpenApiAssumptions(Assumptions):
    """Every point an OpenAPI document leaves open, with the default we chose."""

    client_ids: Annotated[
        Literal["kept", "replaced"],
        AssumptionNote(
            "Whether an id that a client sends with a new record is kept or replaced.",
            "A schema says that the id may be written, not whether it counts.",
        ),
    ] = "kept"
    parents: Annotated[
        Literal["checked", "ignored"],
        AssumptionNote(
            "Whether the record a path names above another must be there.",
            "Paths nest, and no document says what happens below a parent that is not there.",
        ),
    ] = "checked"
    children: Annotated[
        Literal["deleted", "kept"],
        AssumptionNote("Whether what lies below a record is deleted with it.", "No OpenAPI document can say so."),
    ] = "deleted"
    page_size: Annotated[
        int,
        Field(ge=1, le=10_000),
        AssumptionNote(
            "How many records a page has where neither client nor document says.", "Twenty is the commonest default."
        ),
    ] = 20
    order: Annotated[
        Literal["oldest first", "newest first"],
        AssumptionNote("The order of lists that are not sorted.", "No OpenAPI document can say so."),
    ] = "oldest first"


def assumptions_of(call: Call) -> OpenApiAssumptions:
    """What is assumed where a call goes."""
    return cast("OpenApiAssumptions", call.sandbox.assumptions)
