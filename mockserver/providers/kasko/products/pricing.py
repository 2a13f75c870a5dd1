"""Calculates the premium and the term of a quote, and checks conditions. The formula is assumed, as none is public."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from mockserver.engine import FieldError, Problem
from mockserver.providers.kasko.products.catalog import Condition, Factor, Price, Product
from mockserver.providers.kasko.products.rules import Data, RuleViolation, read_date, to_text


def calculate_premium(price: Price, data: Data) -> dict[str, Any]:
    """Returns the amounts in minor units. Net is the base times all factors, rounded once; gross is net plus tax.

    Raises Problem if the price has no amount or percentage for a value of the data.
    """
    net = price.base.net.get(to_text(data.get(price.base.field)))
    if net is None:
        raise _invalid_data(price.base.field)
    divisor = 1
    for factor in price.factors:
        net *= _find_percent(factor, data.get(factor.field))
        divisor *= 100
    net = _divide_rounded(net, divisor)
    tax = _divide_rounded(net * price.tax_basis_points, 10_000)
    return {
        "gross_premium": net + tax,
        "premium_tax": tax,
        "net_premium": net,
        "tax_rate": price.tax_basis_points / 10_000,
    }


def _divide_rounded(amount: int, divisor: int) -> int:
    # Half of a minor unit is rounded up.
    return (2 * amount + divisor) // (2 * divisor)


def _find_percent(factor: Factor, value: Any) -> int:
    if factor.percent is not None and to_text(value) in factor.percent:
        return factor.percent[to_text(value)]
    for band in factor.bands or ():
        if isinstance(value, int) and (band.up_to is None or value <= band.up_to):
            return band.percent
    raise _invalid_data(factor.field)


def _invalid_data(field: str) -> Problem:
    return Problem("data_invalid", field, status=400, fields=[FieldError(field, "invalid")])


def meets_any(alternatives: list[list[Condition]], data: Data) -> bool:
    """Whether at least one of the lists has only conditions that the data meets."""
    return any(all(_is_met(each, data.get(each.field)) for each in conditions) for conditions in alternatives)


def _is_met(condition: Condition, value: Any) -> bool:
    if value is None:
        return False
    return compare(condition.operator, value, condition.value)


def compare(operator: str, value: Any, other: Any) -> bool:
    """Compares two values with an operator: as numbers if both are numeric, otherwise as text."""
    if operator == "IN":
        return isinstance(other, list) and to_text(value) in map(to_text, other)
    first, second = _to_number(value), _to_number(other)
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


def _to_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 30:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def calculate_term(product: Product, data: Data) -> dict[str, str]:
    """Returns the start and end of the policy: midnight in the product's time zone, written in UTC. Raises Problem."""
    duration = product.duration
    try:
        start = read_date(data.get(duration.start_field))
        end = _add_months(start, duration.months)
        return {"policy_start_date": format_midnight(start, product), "policy_end_date": format_midnight(end, product)}
    except (RuleViolation, ValueError, OverflowError):
        raise _invalid_data(duration.start_field) from None


def _add_months(start: date, months: int) -> date:
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    # In a shorter month, the last day of that month takes the place of the start's day.
    for day in (start.day, 30, 29, 28):
        try:
            return date(year, month, min(day, start.day))
        except ValueError:
            if day == 28:
                raise
    raise ValueError(f"{year}-{month} has no such day")


def format_midnight(day: date, product: Product) -> str:
    """Formats midnight of a day in the product's time zone as UTC: `2019-12-31T23:00:00+00:00`."""
    return datetime.combine(day, time(), ZoneInfo(product.time_zone)).astimezone(UTC).isoformat()
