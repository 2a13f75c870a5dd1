"""Replaces addresses: a new address replaces the previous one as a whole and keeps its country."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Record
from mockserver.providers.kota.values import schemas
from mockserver.providers.kota.values.fields import check_postal_code, check_state


def address_errors(
    path: str, before: Record | None, after: schemas.AddressModelWithoutCountry | None
) -> Iterator[tuple[str, str]]:
    """Yields an error for each field of a new address that is not valid in the country of the previous address."""
    if before is None or after is None:
        return
    country = before["country_code"]
    checks: tuple[tuple[str, Any, Any], ...] = (
        ("state", check_state, after.state),
        ("postal_code", check_postal_code, after.postal_code),
    )
    for name, check, value in checks:
        try:
            check(value, country)
        except ValueError as error:
            yield f"{path}.{name}", str(error)


def replace_address(before: Record, after: schemas.AddressModelWithoutCountry) -> dict[str, Any]:
    """Returns the new address with the country of the previous address."""
    return {**after.model_dump(mode="json"), "country_code": before["country_code"]}
