"""Creates realistic values for a property by its name or format."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from random import Random  # noqa: TID251
from typing import Any

from mockserver.engine import SECOND, format_instant

FIRST_INSTANT = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z; all instants in generated data are in the eight weeks after it."""
_SPAN_SECONDS = 8 * 7 * 86_400
_FAKER_METHODS: dict[str, str] = {
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
"""The Faker method for a normalized property name."""
_WORDS = (
    "amber", "anchor", "autumn", "basket", "beacon", "birch", "bridge", "bronze", "canyon", "cedar", "cobalt", "comet",
    "copper", "coral", "cotton", "delta", "dune", "ember", "falcon", "fern", "forest", "garnet", "glacier", "granite",
    "harbor", "hazel", "heron", "indigo", "island", "ivory", "jasper", "juniper", "lagoon", "lantern", "linen", "lotus",
    "maple", "marble", "meadow", "mint", "nectar", "oasis", "olive", "onyx", "opal", "orchard", "otter", "pebble",
    "pine", "prairie", "quartz", "raven", "ridge", "river", "saffron", "silver", "slate", "spruce", "summit", "thistle",
    "timber", "topaz", "valley", "velvet", "violet", "walnut", "willow", "zephyr",
)  # fmt: skip
"""Words for text whose meaning is unknown; choosing one is much faster than Faker."""
_fakers: list[Any] = []


def _seeded_faker(rng: Random) -> Any:
    # Imported only when needed, because Faker takes as long to import as Flask.
    if not _fakers:
        from faker import Faker

        _fakers.append(Faker("en_US", use_weighting=False))
    _fakers[0].seed_instance(rng.getrandbits(64))
    return _fakers[0]


def value_for_name(name: str, rng: Random) -> str | None:
    """Returns a value for a property with this name; None if the name is not known."""
    kind = _FAKER_METHODS.get(normalize_name(name))
    if normalize_name(name) in ("name", "label"):
        return f"{word(rng)} {word(rng)}".capitalize()
    if kind is None:
        if normalize_name(name).endswith("email"):
            return email(rng)
        return FORMATS["uri"](rng) if normalize_name(name).endswith(("url", "uri")) else None
    fake = _seeded_faker(rng)
    if kind == "user":
        return f"{fake.first_name().lower()}{rng.randrange(100)}"
    if kind == "phone":
        return f"+1555{rng.randrange(10**7):07}"
    return str(getattr(fake, kind)())


@lru_cache(maxsize=4096)
def normalize_name(name: str) -> str:
    """Returns a name in lower case with only letters and digits: ``ownerId`` and ``owner_id`` are equal."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def word(rng: Random) -> str:
    return rng.choice(_WORDS)


def email(rng: Random) -> str:
    """Returns an address in the reserved domain example.test."""
    fake = _seeded_faker(rng)
    return f"{fake.first_name()}.{fake.last_name()}{rng.randrange(100)}@example.test".lower()


def instant(rng: Random) -> int:
    """Returns an instant in the eight weeks after ``FIRST_INSTANT``."""
    return FIRST_INSTANT + rng.randrange(_SPAN_SECONDS) * SECOND


def _uuid(rng: Random) -> str:
    raw = f"{rng.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def _base64(rng: Random) -> str:
    return b64encode(word(rng).encode()).decode()


FORMATS: dict[str, Callable[[Random], str]] = {
    "date-time": lambda rng: format_instant(instant(rng)),
    "date": lambda rng: format_instant(instant(rng))[:10],
    "time": lambda rng: format_instant(instant(rng))[11:19] + "Z",
    "duration": lambda rng: f"P{rng.randint(1, 9)}D",
    "uuid": _uuid,
    "guid": _uuid,
    "email": email,
    "idn-email": email,
    "uri": lambda rng: f"https://{word(rng)}.example.test/{rng.randrange(1000)}",
    "url": lambda rng: f"https://{word(rng)}.example.test/{rng.randrange(1000)}",
    "uri-reference": lambda rng: f"/{word(rng)}/{rng.randrange(1000)}",
    "iri": lambda rng: f"https://{word(rng)}.example.test/",
    "uri-template": lambda rng: f"https://{word(rng)}.example.test/{{id}}",
    "hostname": lambda rng: f"{word(rng)}.example.test",
    "idn-hostname": lambda rng: f"{word(rng)}.example.test",
    "ipv4": lambda rng: f"192.0.2.{rng.randrange(1, 255)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randrange(1, 65536):x}",
    "byte": _base64,
    "json-pointer": lambda rng: f"/{word(rng)}",
    "regex": lambda rng: f"^{word(rng)}$",
    "phone": lambda rng: f"+1555{rng.randrange(10**7):07}",
}
