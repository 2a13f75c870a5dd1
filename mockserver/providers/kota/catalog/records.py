"""Converts the tables of the catalog to the providers and plans of a new sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.engine import HEX, Randomness
from mockserver.providers.kota.catalog.tables import (
    INSURERS,
    PLANS,
    Choice,
    Configuration,
    Insurer,
    PerMember,
    PlanRow,
    Tiers,
)

_ASSETS = "https://assets.kota.example"
_DOCUMENTS = (
    ("ipid", "Insurance product information"),
    ("table_of_cover", "Table of cover"),
    ("terms_and_conditions", "Terms and conditions"),
)
_DISCLOSURES = (
    ("intermediary", "intermediary_role", "An intermediary arranges this insurance; it is not the insurer."),
    ("regulatory", "statement_of_needs", "The plan suits those who want cover for stays in hospital."),
    ("provider", "underwriter_disclaimer", "The insurer decides about every claim by the terms of the plan."),
)
_MEMBER_TYPES = (("adult", "Adult"), ("young_adult", "Young adult"), ("child", "Child"))
_TIERS = (
    ("single", "Single", "Nobody else"),
    ("couple", "Couple", "A spouse or partner"),
    ("single_parent", "Single parent", "One child or more"),
    ("family", "Family", "A spouse or partner, and one child or more"),
)


class _IdGenerator:
    """Generates the ids of a sandbox, numbered per prefix."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness, self._counts = randomness, dict[str, int]()

    def __call__(self, prefix: str) -> str:
        nth = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}_{self._randomness.text(f'catalog:{prefix}', nth, 32, HEX)}"


def seed_records(randomness: Randomness) -> dict[str, list[dict[str, Any]]]:
    """Returns the providers and plans of a new sandbox, by collection."""
    ids = _IdGenerator(randomness)
    providers = {insurer.key: _provider(ids, insurer) for insurer in INSURERS}
    plans = [_plan(ids, product, providers[product.insurer]) for product in PLANS]
    return {"providers": list(providers.values()), "plans": plans}


def _provider(ids: _IdGenerator, insurer: Insurer) -> dict[str, Any]:
    host = insurer.key.replace("_", "-")
    return {
        "object": "provider",
        "id": ids("pr"),
        "name": insurer.name,
        "description": f"{insurer.name} insures employees' health.",
        "website_url": f"https://{host}.example",
        "logo_url": f"{_ASSETS}/{host}/logo.png",
        "employer_platform_url": f"https://employers.{host}.example" if insurer.portals else None,
        "kota_hub_url": f"https://hub.kota.example/{host}",
        "support_phone": f"+1555010{INSURERS.index(insurer):04d}",
        "supported_countries": list(insurer.countries),
        "_key": insurer.key,
        "_employee_portal": f"https://members.{host}.example" if insurer.portals else None,
    }


def _plan(ids: _IdGenerator, product: PlanRow, provider: dict[str, Any]) -> dict[str, Any]:
    id = ids("pl")
    documents = ((type, title, f"{_ASSETS}/{id}/{type}.pdf") for type, title in _DOCUMENTS)
    return {
        "object": "plan",
        "id": id,
        "type": "health_insurance",
        "name": product.name,
        "description": f"{product.name} covers stays in hospital. It is an invented plan.",
        "country": product.country,
        "provider": {name: provider[name] for name in ("id", "name", "description", "logo_url")},
        "documents": [{"type": type, "title": title, "link": link} for type, title, link in documents],
        "employer_eligibility_criteria": list(_employer_criteria(product)),
        "employee_eligibility_criteria": [_age_criterion(product)],
        "health_insurance": _health_insurance(product),
        "disclosures": [{"category": category, "type": type, "text": text} for category, type, text in _DISCLOSURES],
        "available_from": product.available[0],
        "available_to": product.available[1],
        "coverage_options": _configurations(ids, product.configurations),
        "_portals": _portals(provider),
        "_provider_key": product.insurer,
    }


def _health_insurance(product: PlanRow) -> dict[str, Any]:
    return {
        "health_insurance_type": product.kind,
        "supported_cost_sharing_options": list(product.sharing),
        "supported_member_types": list(product.members),
        "pricing": _pricing(product.pricing),
    }


def _portals(provider: dict[str, Any]) -> dict[str, Any]:
    """Returns the members of a provider that are shown in policies but not in plans."""
    return {
        "employer_portal_url": provider["employer_platform_url"],
        "employee_portal_url": provider["_employee_portal"],
        "support_phone_number": provider["support_phone"],
    }


def _limits(pair: tuple[int | None, int | None]) -> dict[str, int | None]:
    return {"min": pair[0], "max": pair[1]}


def _describe_limits(limits: dict[str, int | None]) -> str:
    least = f"at least {limits['min']}" if limits["min"] is not None else ""
    most = f"at most {limits['max']}" if limits["max"] is not None else ""
    return " and ".join(filter(None, (least, most)))


def _employer_criterion(type: str, description: str, details: Any) -> dict[str, Any]:
    absent = dict.fromkeys(("employees_count", "members_count", "industry_exclusions"))
    return {"type": type, "description": description, **absent, type: details}


def _employer_criteria(product: PlanRow) -> Iterator[dict[str, Any]]:
    if product.employees is not None:
        limits = _limits(product.employees)
        yield _employer_criterion("employees_count", f"{_describe_limits(limits)} employees".capitalize(), limits)
    if product.insured is not None:
        limits = _limits(product.insured)
        yield _employer_criterion("members_count", f"{_describe_limits(limits)} members".capitalize(), limits)
    if product.excluded:
        details = {"excluded_industries": list(product.excluded)}
        yield _employer_criterion("industry_exclusions", f"Not {', '.join(product.excluded)}", details)


def _age_criterion(product: PlanRow) -> dict[str, Any]:
    limits = _limits(product.ages)
    return {
        "type": "age_range",
        "description": f"{_describe_limits(limits)} years old".capitalize(),
        "age_range": limits,
    }


def _pricing(pricing: PerMember | Tiers) -> dict[str, Any]:
    if isinstance(pricing, Tiers):
        return {"type": "tier_based", "per_member": None, "tier_based": _tier_based(pricing)}
    return {"type": "per_member", "per_member": _per_member(pricing), "tier_based": None}


def _per_member(pricing: PerMember) -> dict[str, Any]:
    prices = [(code, name, getattr(pricing, code)) for code, name in _MEMBER_TYPES]
    rows = [
        {"code": code, "display_name": name, "monthly_premium": cents / 100}
        for code, name, cents in prices
        if cents is not None
    ]
    return {"currency": pricing.currency, "member_type_pricing": rows}


def _tier_based(pricing: Tiers) -> dict[str, Any]:
    tiers = [
        {
            "code": code,
            "display_name": name,
            "monthly_premium": getattr(pricing, code) / 100,
            "annual_premium": getattr(pricing, code) * 12 / 100,
            "display_dependent_requirements": needs,
        }
        for code, name, needs in _TIERS
    ]
    return {"currency": pricing.currency, "tiers": tiers}


def _configurations(ids: _IdGenerator, configurations: Sequence[Configuration]) -> list[dict[str, Any]] | None:
    return [_configuration(ids, nth, each) for nth, each in enumerate(configurations, start=1)] or None


def _configuration(ids: _IdGenerator, nth: int, row: Configuration) -> dict[str, Any]:
    single = row.input_type == "single_select"
    return {
        "id": ids("pc"),
        "name": row.name,
        "description": None,
        "scope": row.scope,
        "input_type": row.input_type,
        "required": row.required,
        "min_selections": int(row.required),
        "max_selections": 1 if single else row.max_selections or len(row.choices),
        "sort_order": nth,
        "group_label": None,
        "options": [_option(ids, each) for each in row.choices],
    }


def _option(ids: _IdGenerator, choice: Choice) -> dict[str, Any]:
    limits = _limits((choice.min_employees, None))
    criteria = [_employer_criterion("employees_count", f"{_describe_limits(limits)} employees".capitalize(), limits)]
    return {
        "id": ids("pco"),
        "name": choice.name,
        "description": None,
        "learn_more_url": None,
        "from_price": None if choice.price is None else choice.price / 100,
        "benefits": [{"name": choice.name, "description": None}],
        "sub_options": [_option(ids, each) for each in choice.choices] or None,
        "eligibility_criteria": criteria if choice.min_employees is not None else None,
    }
