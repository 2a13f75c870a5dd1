"""Points a vendor leaves undocumented: each a named, typed setting with a default, its evidence and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.clock import DURATION, SECOND, Duration

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The most that a provider's limit of its bodies can be set to, in bytes."""


@dataclass(frozen=True, slots=True)
class AssumptionNote:
    """Annotates a setting with what it decides and what speaks for its default."""

    sentence: str
    evidence: str


class Assumptions(BaseModel):
    """What a provider's documents leave open; a room adds its own points and may set other defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    key_propagation: Annotated[
        Duration,
        AssumptionNote(
            "How long a new key is refused before it works.", "Not documented by most vendors; none by default."
        ),
    ] = 0
    revocation_lag: Annotated[
        Duration,
        AssumptionNote("How long a revoked key goes on working.", "Not documented by most vendors; none by default."),
    ] = 0
    key_lifetime: Annotated[
        Duration,
        AssumptionNote(
            "How long a key lives where nothing else is said; 0s is for ever.", "No vendor documents an expiry."
        ),
    ] = 0
    body_limit: Annotated[
        int,
        Field(ge=0, le=MAX_BODY_BYTES),
        AssumptionNote(
            "The longest request body, in bytes; longer ones are refused with 413.", "No vendor names a limit."
        ),
    ] = 1024 * 1024
    unknown_fields: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "Whether body fields nobody documents are ignored or refused.", "Additive contracts ignore them."
        ),
    ] = "ignored"
    webhook_timeout: Annotated[
        Duration,
        Field(ge=1_000, le=60 * SECOND),
        AssumptionNote(
            "How long a webhook may take, from connecting to the end of the answer.", "No vendor documents it."
        ),
    ] = 10 * SECOND
    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The waits between the attempts to deliver a webhook.", "No vendor but one documents its schedule."
        ),
    ] = (5 * 60 * SECOND, 30 * 60 * SECOND, 2 * 3_600 * SECOND)


def describe(assumptions: type[Assumptions]) -> list[dict[str, Any]]:
    """Every assumption of a provider: name, type, default, sentence and evidence."""
    schema = assumptions.model_json_schema(mode="serialization")["properties"]
    defaults = assumptions().model_dump(mode="json")
    return [
        {"name": name, "type": _type(schema[name]), "default": defaults[name], **_field_texts(assumptions, name)}
        for name in assumptions.model_fields
    ]


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("const", "duration" if schema.get("pattern") == DURATION else schema.get("type", "object")))


def _field_texts(assumptions: type[Assumptions], name: str) -> dict[str, str]:
    said = next(item for item in assumptions.model_fields[name].metadata if isinstance(item, AssumptionNote))
    return {"sentence": said.sentence, "evidence": said.evidence}
