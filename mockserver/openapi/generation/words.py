"""Words, names and numbers that look like what a property is called."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from random import Random  # noqa: TID251
from typing import Any

from mockserver.engine import SECOND, iso

FIRST = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z: instants in generated data lie in the weeks behind it."""
_WEEKS = 8 * 7 * 86_400
_NAMED: dict[str, str] = {
    "fullname": "name", "displayname": "name", "firstname": "first_name", "givenname": "first_name",
    "lastname": "last_name", "familyname": "last_name", "surname": "last_name", "city": "city", "town": "city",
    "country": "country", "countrycode": "country_code", "street": "street_address", "address": "street_address",
    "addressline1": "street_address", "line1": "street_address", "zip": "postcode", "zipcode": "postcode",
    "postalcode": "postcode", "postcode": "postcode", "company": "company", "companyname": "company",
    "organization": "company", "phone": "phone", "phonenumber": "phone", "mobile": "phone", "title": "catch_phrase",
    "description": "sentence", "summary": "sentence", "comment": "sentence", "message": "sentence", "note": "sentence",
    "text": "sentence", "body": "sentence", "content": "sentence", "username": "user", "login": "user",
    "currency": "currency_code", "currencycode": "currency_code", "locale": "locale", "timezone": "timezone",
    "color": "color_name", "colour": "color_name", "job": "job", "state": "state", "region": "state",
}  # fmt: skip
"""What a property's name, without case and marks, says of its values."""
_WORDS = (
    "amber", "anchor", "autumn", "basket", "beacon", "birch", "bridge", "bronze", "canyon", "cedar", "cobalt", "comet",
    "copper", "coral", "cotton", "delta", "dune", "ember", "falcon", "fern", "forest", "garnet", "glacier", "granite",
    "harbor", "hazel", "heron", "indigo", "island", "ivory", "jasper", "juniper", "lagoon", "lantern", "linen", "lotus",
    "maple", "marble", "meadow", "mint", "nectar", "oasis", "olive", "onyx", "opal", "orchard", "otter", "pebble",
    "pine", "prairie", "quartz", "raven", "ridge", "river", "saffron", "silver", "slate", "spruce", "summit", "thistle",
    "timber", "topaz", "valley", "velvet", "violet", "walnut", "willow", "zephyr",
)  # fmt: skip
"""What text is made of where nothing says what it is about; taking one costs next to nothing."""
_fakers: list[Any] = []


def _faker(dice: Random) -> Any:
    # Faker takes as long to import as Flask does, and is needed only where data is generated.
    if not _fakers:
        from faker import Faker

        _fakers.append(Faker("en_US", use_weighting=False))
    _fakers[0].seed_instance(dice.getrandbits(64))
    return _fakers[0]


def named(name: str, dice: Random) -> str | None:
    """A value for a property of that name; None where the name says nothing."""
    kind = _NAMED.get(plain(name))
    if plain(name) in ("name", "label"):
        return f"{word(dice)} {word(dice)}".capitalize()
    if kind is None:
        if plain(name).endswith("email"):
            return email(dice)
        return FORMATS["uri"](dice) if plain(name).endswith(("url", "uri")) else None
    fake = _faker(dice)
    if kind == "user":
        return f"{fake.first_name().lower()}{dice.randrange(100)}"
    if kind == "phone":
        return f"+1555{dice.randrange(10**7):07}"
    return str(getattr(fake, kind)())


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case and marks: ``ownerId`` and ``owner_id`` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def word(dice: Random) -> str:
    """Some word."""
    return dice.choice(_WORDS)


def email(dice: Random) -> str:
    """An address that nobody has."""
    fake = _faker(dice)
    return f"{fake.first_name()}.{fake.last_name()}{dice.randrange(100)}@example.test".lower()


def instant(dice: Random) -> int:
    """An instant in the weeks of generated data."""
    return FIRST + dice.randrange(_WEEKS) * SECOND


def _uuid(dice: Random) -> str:
    raw = f"{dice.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def _base64(dice: Random) -> str:
    return b64encode(word(dice).encode()).decode()


FORMATS: dict[str, Callable[[Random], str]] = {
    "date-time": lambda dice: iso(instant(dice)),
    "date": lambda dice: iso(instant(dice))[:10],
    "time": lambda dice: iso(instant(dice))[11:19] + "Z",
    "duration": lambda dice: f"P{dice.randint(1, 9)}D",
    "uuid": _uuid,
    "guid": _uuid,
    "email": email,
    "idn-email": email,
    "uri": lambda dice: f"https://{word(dice)}.example.test/{dice.randrange(1000)}",
    "url": lambda dice: f"https://{word(dice)}.example.test/{dice.randrange(1000)}",
    "uri-reference": lambda dice: f"/{word(dice)}/{dice.randrange(1000)}",
    "iri": lambda dice: f"https://{word(dice)}.example.test/",
    "uri-template": lambda dice: f"https://{word(dice)}.example.test/{{id}}",
    "hostname": lambda dice: f"{word(dice)}.example.test",
    "idn-hostname": lambda dice: f"{word(dice)}.example.test",
    "ipv4": lambda dice: f"192.0.2.{dice.randrange(1, 255)}",
    "ipv6": lambda dice: f"2001:db8::{dice.randrange(1, 65536):x}",
    "byte": _base64,
    "json-pointer": lambda dice: f"/{word(dice)}",
    "regex": lambda dice: f"^{word(dice)}$",
    "phone": lambda dice: f"+1555{dice.randrange(10**7):07}",
}
