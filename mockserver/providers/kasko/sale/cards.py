"""Charges cards: Stripe's published test numbers are accepted and declined as at Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple


class Decline(NamedTuple):
    """A declined charge: Stripe's error code and decline reason."""

    code: str
    reason: str


ACCEPTED_NUMBERS = frozenset(
    (
        "4242424242424242",
        "4000056655665556",
        "5555555555554444",
        "2223003122003222",
        "5200828282828210",
        "5105105105105100",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "3056930009020004",
        "36227206271667",
        "3566002020360505",
        "6200000000000005",
        "4000002760000016",
        "4111111111111111",
    )
)
"""Test numbers that are accepted; the last one is from KASKO's older pages."""
DECLINED_NUMBERS = {
    "4000000000000002": Decline("card_declined", "generic_decline"),
    "4000000000009995": Decline("card_declined", "insufficient_funds"),
    "4000000000009987": Decline("card_declined", "lost_card"),
    "4000000000009979": Decline("card_declined", "stolen_card"),
    "4000000000000069": Decline("expired_card", "expired_card"),
    "4000000000000127": Decline("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": Decline("processing_error", "processing_error"),
    "4000000000006975": Decline("card_declined", "card_velocity_exceeded"),
}


def charge(card: Mapping[str, Any], today: date, *, live: bool) -> Decline | None:
    """Returns the decline, or None if the card is charged; LIVE mode declines test numbers, TEST mode all others."""
    number = str(card.get("number", "")).replace(" ", "").replace("-", "")
    if not _is_card_number(number):
        return Decline("incorrect_number", "incorrect_number")
    if (decline := _check_expiry(card, today)) is not None:
        return decline
    is_test_number = number in ACCEPTED_NUMBERS or number in DECLINED_NUMBERS
    if live:
        return Decline("card_declined", "testmode_decline") if is_test_number else None
    return DECLINED_NUMBERS.get(number) if is_test_number else Decline("card_declined", "generic_decline")


def _is_card_number(number: str) -> bool:
    """Whether the text is a card number of 12 to 19 digits with a valid Luhn check digit."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _check_expiry(card: Mapping[str, Any], today: date) -> Decline | None:
    month, year = _parse_number(card.get("exp_month")), _parse_number(card.get("exp_year"))
    if month is not None and not 1 <= month <= 12:
        return Decline("invalid_expiry_month", "invalid_expiry_month")
    if year is None:
        return None
    year += 2000 if year < 100 else 0
    if year < today.year:
        return Decline("invalid_expiry_year", "invalid_expiry_year")
    is_past = year == today.year and month is not None and month < today.month
    return Decline("invalid_expiry_month", "invalid_expiry_month") if is_past else None


def _parse_number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
