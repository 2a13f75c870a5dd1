"""Assumptions: settings for undocumented points, each with a default, the evidence for it and a description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.clock import DURATION, SECOND, Duration

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The largest value of the assumption ``body_limit``, in bytes."""


@dataclass(frozen=True, slots=True)
class AssumptionNote:
    """Annotates an assumption with its description (``sentence``) and the evidence for its default."""

    sentence: str
    evidence: str


class Assumptions(BaseModel):
    """The assumptions that every provider has. A subclass adds those of one provider and can change these defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    key_propagation: Annotated[
        Duration,
        AssumptionNote(
            "How long a new key is refused before it is accepted.",
            "Most vendors document no delay, so the default is 0s.",
        ),
    ] = 0
    revocation_lag: Annotated[
        Duration,
        AssumptionNote(
            "How long a revoked key is still accepted.", "Most vendors document no delay, so the default is 0s."
        ),
    ] = 0
    key_lifetime: Annotated[
        Duration,
        AssumptionNote(
            "How long a key is valid if it is created without an expiry; 0s means without limit.",
            "No vendor documents an expiry.",
        ),
    ] = 0
    body_limit: Annotated[
        int,
        Field(ge=0, le=MAX_BODY_BYTES),
        AssumptionNote(
            "The maximum length of a request body in bytes; longer bodies are refused with 413.",
            "No vendor documents a limit.",
        ),
    ] = 1024 * 1024
    unknown_fields: Annotated[
        Literal["ignored", "refused"],
        AssumptionNote(
            "Whether undocumented body fields are ignored or refused.",
            "APIs that add fields over time usually ignore unknown fields.",
        ),
    ] = "ignored"
    webhook_timeout: Annotated[
        Duration,
        Field(ge=1_000, le=60 * SECOND),
        AssumptionNote(
            "How long a webhook request may take, from connecting to the end of the response.",
            "No vendor documents a timeout.",
        ),
    ] = 10 * SECOND
    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The delays between the attempts of a webhook delivery.", "Only one vendor documents its retry schedule."
        ),
    ] = (5 * 60 * SECOND, 30 * 60 * SECOND, 2 * 3_600 * SECOND)


def describe(assumptions: type[Assumptions]) -> list[dict[str, Any]]:
    """Returns each assumption as JSON data: name, type, default, sentence and evidence."""
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
    note = next(item for item in assumptions.model_fields[name].metadata if isinstance(item, AssumptionNote))
    return {"sentence": note.sentence, "evidence": note.evidence}
