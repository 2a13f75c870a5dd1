"""Premium, knock-out conditions and term of a quote. The formula is assumed: the vendor's is not public."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from mockserver.engine import FieldError, Problem
from mockserver.providers.kasko.products.catalog import Condition, Factor, Price, Product
from mockserver.providers.kasko.products.rules import Data, RuleViolation, read_date, to_text


def premium(price: Price, data: Data) -> dict[str, Any]:
    """Returns the premium in minor units. Net is base times factors, rounded once; gross is exactly net plus tax."""
    net = price.base.net.get(to_text(data.get(price.base.field)))
    if net is None:
        raise _invalid_data(price.base.field)
    divisor = 1
    for factor in price.factors:
        net *= _percent(factor, data.get(factor.field))
        divisor *= 100
    net = _rounded(net, divisor)
    tax = _rounded(net * price.tax_basis_points, 10_000)
    return {
        "gross_premium": net + tax,
        "premium_tax": tax,
        "net_premium": net,
        "tax_rate": price.tax_basis_points / 10_000,
    }


def _rounded(amount: int, divisor: int) -> int:
    return (2 * amount + divisor) // (2 * divisor)


def _percent(factor: Factor, value: Any) -> int:
    if factor.percent is not None and to_text(value) in factor.percent:
        return factor.percent[to_text(value)]
    for band in factor.bands or ():
        if isinstance(value, int) and (band.up_to is None or value <= band.up_to):
            return band.percent
    raise _invalid_data(factor.field)


def _invalid_data(field: str) -> Problem:
    return Problem("data_invalid", field, status=400, fields=[FieldError(field, "invalid")])


def holds(alternatives: list[list[Condition]], data: Data) -> bool:
    """Whether all conditions of at least one list hold."""
    return any(all(_holds(each, data.get(each.field)) for each in conditions) for conditions in alternatives)


def _holds(condition: Condition, value: Any) -> bool:
    if value is None:
        return False
    return compare(condition.operator, value, condition.value)


def compare(operator: str, value: Any, other: Any) -> bool:
    """Compares two values with an operator: as numbers if both are numeric, otherwise as text."""
    if operator == "IN":
        return isinstance(other, list) and to_text(value) in map(to_text, other)
    first, second = _number(value), _number(other)
    left, right = (to_text(value), to_text(other)) if first is None or second is None else (first, second)
    match operator:
        case ">":
            return left > right  # type: ignore[operator]
        case ">=":
            return left >= right  # type: ignore[operator]
        case "<":
            return left < right  # type: ignore[operator]
        case "<=":
            return left <= right  # type: ignore[operator]
    return left == right


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 30:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def term(product: Product, data: Data) -> dict[str, str]:
    """Returns the start and end of the policy: midnights in the product's time zone, written in UTC. Raises Problem."""
    duration = product.duration
    try:
        start = read_date(data.get(duration.start_field))
        end = _months_later(start, duration.months)
        return {"policy_start_date": midnight(start, product), "policy_end_date": midnight(end, product)}
    except (RuleViolation, ValueError, OverflowError):
        raise _invalid_data(duration.start_field) from None


def _months_later(start: date, months: int) -> date:
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    for day in (start.day, 30, 29, 28):
        try:
            return date(year, month, min(day, start.day))
        except ValueError:
            if day == 28:
                raise
    raise ValueError(f"{year}-{month} has no such day")


def midnight(day: date, product: Product) -> str:
    """Returns the midnight of a day in the product's time zone, in UTC: `2019-12-31T23:00:00+00:00`."""
    return datetime.combine(day, time(), ZoneInfo(product.time_zone)).astimezone(UTC).isoformat()
