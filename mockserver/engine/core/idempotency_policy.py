"""A provider's rules for idempotency keys: which requests can carry a key, and how a repetition is recognised."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.core.clock import SECOND


@dataclass(frozen=True, slots=True)
class IdempotencyPolicy:
    """How a provider handles idempotency keys. Only the replies of committed operations are stored."""

    header: str = "idempotency-key"
    methods: tuple[str, ...] = ("POST",)
    max_length: int = 255
    lifetime: int = 86_400 * SECOND
    """How long a reply is stored, in microseconds."""
    per_key: bool = True
    """Whether two API keys of a sandbox can use the same idempotency key independently."""
    replay_header: tuple[str, str] | None = ("Idempotent-Replayed", "true")
    """The header that marks a repeated reply."""
    compares_canonical_json: bool = False
    """Whether fingerprints ignore whitespace and the order of members in JSON bodies."""
