"""Refusals in vendor-neutral form, which a provider's dialect renders, and the errors of the admin API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mockserver.nearest import nearest
from mockserver.storage.base import StoreError, StoreFull, TooManyRecords

STATUS_BY_CODE: dict[str, int] = {
    "no_credentials": 401,
    "bad_credentials": 401,
    "key_propagating": 403,
    "key_expired": 401,
    "key_revoked": 401,
    "address_refused": 403,
    "scope_missing": 403,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "no_such_path": 404,
    "method_not_allowed": 405,
    "body_too_large": 413,
    "malformed_body": 400,
    "invalid_field": 400,
    "invalid_parameter": 400,
    "invalid_cursor": 400,
    "not_found": 404,
    "invalid_state": 400,
    "version_missing": 428,
    "version_malformed": 400,
    "version_stale": 412,
    "unknown_reference": 422,
    "duplicate": 409,
    "in_use": 409,
    "idempotency_key_invalid": 400,
    "idempotency_mismatch": 422,
    "idempotency_in_flight": 409,
    "injected": 500,
}
"""The default HTTP status of each problem code."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field: its path as the client wrote it (``rules[0].productId``) and the reason."""

    path: str
    message: str


class Problem(Exception):
    """Raised to refuse a call; the pipeline renders it with the provider's dialect.

    ``raised_in`` is the name of the stage, for providers whose gateway and application render refusals differently.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int | None = None,
        fields: Sequence[FieldError] = (),
        headers: Sequence[tuple[str, str]] = (),
        raised_in: str = "",
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.status = status or STATUS_BY_CODE[code]
        self.detail = detail
        self.fields = tuple(fields)
        self.headers = tuple(headers)
        self.raised_in = raised_in


class StaleEpoch(Exception):
    """Raised when the sandbox is reset or restored during a call, which ends the call's epoch."""


def storage_failure_status(error: StoreError) -> tuple[int, str]:
    """Returns the status and the detail of the response to a call whose writes could not be stored."""
    if isinstance(error, TooManyRecords):
        return 507, f"{error}; this call was rolled back"
    if isinstance(error, StoreFull):
        return 507, "The disk is full and this call was rolled back; try again"
    return 503, "The sandbox's store has failed; the server's log has the reason"


class Refusal(ValueError):
    """Raised to refuse an operator's request; the message names the value, the rule and the nearest valid value."""

    status = 422


class UnknownName(Refusal):
    """Raised when an operator names something that does not exist; the message has the nearest known name."""

    status = 404

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no {kind} {name!r}{nearest(name, known)}")


class Conflict(Refusal):
    """Raised when a request conflicts with the state of the server, for example because a name is taken."""

    status = 409
