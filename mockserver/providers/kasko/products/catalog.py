"""Insurance products as data: what is asked, what it costs, how it is paid. Files: fixtures/products/kasko-*.json."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mockserver.engine import Call, Problem, Record, SimulationContext
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products.rules import RULES, find_unknown_rule
from mockserver.providers.kasko.wire.auth import is_livemode

COLLECTION = "products"


def _check_rules(rules: dict[str, str]) -> dict[str, str]:
    for field, rule in rules.items():
        if (name := find_unknown_rule(rule)) is not None:
            raise ValueError(f"{field}: there is no rule {name!r}; there are {', '.join(RULES)}, required, required_if")
    return rules


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name!r} is not a time zone such as Europe/Berlin") from None
    return name


RuleSet = Annotated[dict[str, str], AfterValidator(_check_rules)]


class ProductPart(BaseModel):
    """A part of a product's definition."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Plan(ProductPart):
    """A subscription plan: how the product is paid."""

    id: str
    payments: list[str] = Field(min_length=1, description="Pairs of method/provider.")
    billing_cycles: int = Field(default=1, ge=1)


class Versions(ProductPart):
    """The latest published and the latest unpublished version."""

    published: str
    unpublished: str


class Legacy(ProductPart):
    """The ids that older versions of the API know the product by."""

    touchpoint_id: str
    item_id: str
    variant_id: str
    subscription_plan_id: str


class Condition(ProductPart):
    """One comparison over the quote's data."""

    field: str
    operator: Literal["=", ">", ">=", "<", "<=", "IN"] = "="
    value: Any


class Band(ProductPart):
    """A percentage for values up to a bound; None is without end."""

    up_to: int | None
    percent: int = Field(ge=0, le=10_000)


class Base(ProductPart):
    """Where the net premium begins: minor units by a field's value."""

    field: str
    net: dict[str, int]


class Factor(ProductPart):
    """Multiplies the net premium by a percentage, by a field's value or by bands."""

    field: str
    percent: dict[str, int] | None = None
    bands: list[Band] | None = None


class Price(ProductPart):
    """Base, factors and tax: integers all the way, so that net and tax make gross exactly."""

    base: Base
    factors: list[Factor] = Field(default_factory=list)
    tax_basis_points: int = Field(ge=0, le=10_000)


class Duration(ProductPart):
    """When a policy begins and how long it lasts."""

    strategy: str = "fixed_start_and_end_date"
    start_field: str
    months: int = Field(ge=1, le=1_200)


class Product(ProductPart):
    """An insurance product and its integration."""

    name: str
    item_id: str
    product_id: str
    insurer_id: str
    distributor_id: str
    integrations: list[str] = Field(min_length=1)
    product_versions: Versions
    integration_versions: Versions
    plans: list[Plan] = Field(min_length=1)
    legacy: Legacy | None = None
    policy_prefix: str = Field(pattern=r"^[A-Z0-9]{1,20}$")
    currency: str = Field(pattern=r"^[a-z]{3}$")
    time_zone: Annotated[str, AfterValidator(_check_time_zone)]
    quote: RuleSet
    quote_patch: RuleSet | None = Field(default=None, description="For data sent in a PATCH; null: as in `quote`.")
    policy: RuleSet = Field(default_factory=dict, description="For a policy's data, whoever sends it.")
    knockouts: list[list[Condition]] = Field(default_factory=list, description="Any of these lists, all of its parts.")
    manual_underwriting: list[list[Condition]] = Field(default_factory=list)
    price: Price | Literal["building"] | None = Field(description="null: none there; building: not ready yet (409).")
    duration: Duration

    def plan(self, id: str) -> Plan | None:
        """The plan of that id, in either of its spellings."""
        if self.legacy is not None and id == self.legacy.subscription_plan_id:
            return self.plans[0]
        return next((plan for plan in self.plans if plan.id == id), None)

    def patch_rules(self) -> dict[str, str]:
        """The rules for data that changes a policy in part: what is required is required again."""
        return {**self.policy, **(self.quote if self.quote_patch is None else self.quote_patch)}

    def today(self, now: int) -> date:
        """The day it is where the product is sold."""
        return _local(now, self.time_zone)


def _local(now: int, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(ZoneInfo(zone)).date()


@cache
def built_in() -> dict[str, Product]:
    """The products in the fixtures, by item id."""
    here = Path(__file__).resolve().parents[3]
    folder = here / "fixtures" if (here / "fixtures").is_dir() else here.parent / "fixtures"
    files = sorted((folder / "products").glob("kasko-*.json"))
    products = [Product.model_validate_json(file.read_bytes()) for file in files]
    return {product.item_id: product for product in products}


def find_product(at: Call | SimulationContext, item: str) -> Product | None:
    """The product of an item id: one published in the sandbox, or a built-in one."""
    record = at.space.get(COLLECTION, item)
    return parse_product(record) if record is not None else built_in().get(item)


def find_offered_product(call: Call, item: str) -> Product | None:
    """The product of an item id, where the key's mode has products at all."""
    return find_product(call, item) if has_catalogue(call) else None


def has_catalogue(call: Call) -> bool:
    """Whether the key's mode has products and datasets."""
    return not is_livemode(call) or assumptions_of(call).live_catalogue == "shared"


def get_product(at: Call | SimulationContext, item: str) -> Product:
    """The product an offer was made from."""
    product = find_product(at, item)
    if product is None:
        raise Problem("not_found", f"Product - {item} not found.")
    return product


def list_products(call: Call) -> list[Product]:
    """Every product that the key's mode has."""
    if not has_catalogue(call):
        return []
    return [parse_product(record) for _, record in call.space.scan(COLLECTION)] + list(built_in().values())


def parse_product(record: Record) -> Product:
    """The product a record keeps."""
    return Product.model_validate(record["definition"])
