"""Lists the insurers and plans of every new sandbox. The insurers are Kota's; plans and prices are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Insurer:
    key: str
    """The value of the filter ``provider_id``."""
    name: str
    countries: tuple[str, ...]
    portals: bool = True
    """Whether the insurer has portals for employers and employees."""


@dataclass(frozen=True, slots=True)
class PerMember:
    """Prices per member, in cents per month."""

    currency: str
    adult: int
    child: int
    young_adult: int | None = None
    """If None, young adults have the price of adults."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """Prices per family by its composition, in cents per month."""

    currency: str
    single: int
    couple: int
    single_parent: int
    family: int


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a configuration; its price is in cents per month."""

    name: str
    price: int | None = None
    choices: tuple[Choice, ...] = ()
    min_employees: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A coverage configuration; ``scope`` is group_policy, policy or member."""

    name: str
    scope: str
    input_type: str
    required: bool
    choices: tuple[Choice, ...]
    max_selections: int | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan; ranges have a minimum and a maximum, and None means no limit."""

    insurer: str
    country: str
    name: str
    pricing: PerMember | Tiers
    sharing: tuple[str, ...]
    kind: str = "local"
    members: tuple[str, ...] = ("policyholder", "spouse", "partner", "adult_dependant", "child")
    ages: tuple[int | None, int | None] = (16, 75)
    employees: tuple[int | None, int | None] | None = None
    insured: tuple[int | None, int | None] | None = None
    """The range of the number of members."""
    excluded: tuple[str, ...] = ()
    """The industries of employers that the insurer refuses."""
    configurations: tuple[Configuration, ...] = ()
    available: tuple[str, str | None] = ("2024-01-01", None)


INSURERS = (
    Insurer("allianz", "Allianz", ("ie", "gb", "es", "fr", "de", "nl", "pt", "ae")),
    Insurer("irish_life_health", "Irish Life Health", ("ie",)),
    Insurer("vitality", "Vitality", ("gb",)),
    Insurer("onvz", "ONVZ", ("nl",)),
    Insurer("freedom", "Freedom", ("es", "fr", "pt")),
    Insurer("sanitas", "Sanitas", ("es",)),
    Insurer("canada_life", "Canada Life", ("ca",)),
    Insurer("hallesche", "Hallesche", ("de",), portals=False),
    Insurer("bupa", "Bupa", ("gb",)),
    Insurer("dansk_sundhedssikring", "Dansk Sundhedssikring", ("dk",), portals=False),
    Insurer("allianz_kpt", "Allianz KPT", ("ch",)),
    Insurer("freedom_uk", "Freedom UK", ("gb",)),
    Insurer("bupa_global", "Bupa Global", ("ie", "gb", "es", "de", "us", "ae", "sg")),
    Insurer("expatriate", "Expatriate", ("us", "sg", "ae"), portals=False),
)
_SIMPLE = ("policyholder_only", "percentage", "full_coverage")
_BY_MEMBER = (*_SIMPLE, "member_count", "member_selection")
_BY_FAMILY = (*_SIMPLE, "family_type", "fixed_amount")
_HOSPITALS = Configuration(
    "Hospital network",
    "group_policy",
    "single_select",
    True,
    (Choice("Local hospitals"), Choice("All hospitals", 1_200), Choice("City hospitals", 2_400, min_employees=5)),
)
_EXCESS = Configuration(
    "Excess", "policy", "single_select", True, (Choice("High excess"), Choice("Low excess", 650), Choice("None", 1_575))
)
_EXTRAS = Configuration(
    "Extras",
    "member",
    "multi_select",
    False,
    (
        Choice("Dental", 480, (Choice("Orthodontics", 310), Choice("Check-ups", 95))),
        Choice("Optical", 390),
        Choice("Travel", 725),
    ),
    max_selections=2,
)
_OUTPATIENT = Configuration(
    "Outpatient cover", "policy", "multi_select", False, (Choice("Physiotherapy", 520), Choice("Mental health", 840))
)
PLANS = (
    PlanRow("irish_life_health", "ie", "Core", PerMember("eur", 10_990, 3_495, 6_250), _BY_MEMBER),
    PlanRow("irish_life_health", "ie", "Family", Tiers("eur", 8_900, 17_150, 12_475, 20_999), _BY_FAMILY),
    PlanRow(
        "irish_life_health",
        "ie",
        "Choice",
        PerMember("eur", 14_225, 4_410, 7_999),
        _BY_MEMBER,
        configurations=(_HOSPITALS, _EXCESS, _EXTRAS),
    ),
    PlanRow(
        "irish_life_health",
        "ie",
        "Single",
        PerMember("eur", 9_450, 0),
        ("policyholder_only", "full_coverage"),
        members=("policyholder",),
        ages=(18, 65),
    ),
    PlanRow(
        "irish_life_health",
        "ie",
        "Classic",
        PerMember("eur", 9_990, 2_995),
        _SIMPLE,
        available=("2020-01-01", "2025-12-31"),
    ),
    PlanRow(
        "irish_life_health", "ie", "Next", PerMember("eur", 11_990, 3_600), _BY_MEMBER, available=("2030-01-01", None)
    ),
    PlanRow(
        "allianz",
        "ie",
        "International",
        PerMember("eur", 21_340, 9_985),
        _BY_MEMBER,
        kind="international",
        employees=(3, None),
        insured=(3, 500),
        excluded=("mining", "offshore_drilling"),
    ),
    PlanRow("vitality", "gb", "Business", PerMember("gbp", 6_275, 2_130, 4_490), _BY_MEMBER, configurations=(_EXCESS,)),
    PlanRow("bupa", "gb", "Select", Tiers("gbp", 7_050, 13_690, 10_825, 17_340), _BY_FAMILY, employees=(2, 249)),
    PlanRow("freedom_uk", "gb", "Essential", PerMember("gbp", 4_125, 1_560), _SIMPLE, configurations=(_EXTRAS,)),
    PlanRow("sanitas", "es", "Profesional", PerMember("eur", 5_480, 3_920), _BY_MEMBER, ages=(18, 67)),
    PlanRow("freedom", "es", "Familia", Tiers("eur", 6_100, 11_790, 9_240, 15_650), _BY_FAMILY),
    PlanRow("onvz", "nl", "Aanvullend", PerMember("eur", 4_295, 0, 2_150), _SIMPLE),
    PlanRow("hallesche", "de", "Zusatz", PerMember("eur", 3_990, 1_290), _SIMPLE, employees=(10, None)),
    PlanRow("dansk_sundhedssikring", "dk", "Sundhed", PerMember("dkk", 18_900, 9_450), _SIMPLE),
    PlanRow("allianz_kpt", "ch", "Plus", PerMember("chf", 16_480, 5_240), _SIMPLE),
    PlanRow("canada_life", "ca", "Group Health", Tiers("cad", 9_870, 18_740, 15_990, 24_310), _BY_FAMILY),
    PlanRow(
        "bupa_global",
        "ae",
        "Worldwide",
        PerMember("usd", 39_900, 17_250),
        _BY_MEMBER,
        kind="international",
        ages=(18, 79),
    ),
    PlanRow(
        "expatriate",
        "us",
        "Abroad",
        PerMember("usd", 32_480, 14_820, 21_990),
        _BY_MEMBER,
        kind="international",
        configurations=(_OUTPATIENT,),
    ),
)
