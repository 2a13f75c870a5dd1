"""What a provider promises about a request that is sent twice."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.core.clock import SECOND


@dataclass(frozen=True, slots=True)
class IdempotencyPolicy:
    """What a provider promises about a request that is sent twice; only answers whose work was kept are kept."""

    header: str = "idempotency-key"
    methods: tuple[str, ...] = ("POST",)
    max_length: int = 255
    lifetime: int = 86_400 * SECOND
    per_key: bool = True
    """Whether two API keys of a sandbox may use the same value independently."""
    replay_header: tuple[str, str] | None = ("Idempotent-Replayed", "true")
    compares_canonical_json: bool = False
    """Whether bodies that are the same JSON, written in another way, are the same."""
