"""Models and lookup of insurance products. The built-in ones are the files fixtures/products/kasko-*.json."""

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
            raise ValueError(
                f"{field}: there is no rule {name!r}; the rules are {', '.join(RULES)}, required, required_if"
            )
    return rules


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name!r} is not a known time zone; write one such as Europe/Berlin") from None
    return name


RuleSet = Annotated[dict[str, str], AfterValidator(_check_rules)]


class ProductPart(BaseModel):
    """The base class of the parts of a product definition."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Plan(ProductPart):
    """A subscription plan: its payment methods and billing cycles."""

    id: str
    payments: list[str] = Field(min_length=1, description="Payment methods, written as method/provider.")
    billing_cycles: int = Field(default=1, ge=1)


class Versions(ProductPart):
    """The ids of the latest published and the latest unpublished version."""

    published: str
    unpublished: str


class Legacy(ProductPart):
    """The ids of the product in older versions of the API."""

    touchpoint_id: str
    item_id: str
    variant_id: str
    subscription_plan_id: str


class Condition(ProductPart):
    """A comparison between a field of the quote's data and a value."""

    field: str
    operator: Literal["=", ">", ">=", "<", "<=", "IN"] = "="
    value: Any


class Band(ProductPart):
    """A percentage for values up to and including `up_to`; null means no maximum."""

    up_to: int | None
    percent: int = Field(ge=0, le=10_000)


class Base(ProductPart):
    """The amounts in minor units from which the net premium is calculated: one for each value of `field`."""

    field: str
    net: dict[str, int]


class Factor(ProductPart):
    """A percentage that multiplies the net premium; the value of `field` selects it from `percent` or `bands`."""

    field: str
    percent: dict[str, int] | None = None
    bands: list[Band] | None = None


class Price(ProductPart):
    """The parts of the price formula; all are integers, so that gross is exactly net plus tax."""

    base: Base
    factors: list[Factor] = Field(default_factory=list)
    tax_basis_points: int = Field(ge=0, le=10_000)


class Duration(ProductPart):
    """The length of a policy in months, and the field of the quote's data that contains its start."""

    strategy: str = "fixed_start_and_end_date"
    start_field: str
    months: int = Field(ge=1, le=1_200)


class Product(ProductPart):
    """An insurance product with its plans, rules and price."""

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
    quote_patch: RuleSet | None = Field(
        default=None, description="Rules for the data of a PATCH; null means those of `quote`."
    )
    policy: RuleSet = Field(default_factory=dict, description="Rules for the data of a policy.")
    knockouts: list[list[Condition]] = Field(
        default_factory=list, description="A quote is knocked out if it meets all conditions of one of these lists."
    )
    manual_underwriting: list[list[Condition]] = Field(default_factory=list)
    price: Price | Literal["building"] | None = Field(
        description="null: the product has no prices; building: not ready yet (409)."
    )
    duration: Duration

    def find_plan(self, id: str) -> Plan | None:
        """Returns the plan with this id, or None. The legacy plan id of the product selects its first plan."""
        if self.legacy is not None and id == self.legacy.subscription_plan_id:
            return self.plans[0]
        return next((plan for plan in self.plans if plan.id == id), None)

    def patch_rules(self) -> dict[str, str]:
        """Returns the rules for the data of a PATCH, which must contain every required field again."""
        return {**self.policy, **(self.quote if self.quote_patch is None else self.quote_patch)}

    def today(self, now: int) -> date:
        """Returns the date in the product's time zone; ``now`` is in microseconds since 1970."""
        return _local_date(now, self.time_zone)


def _local_date(now: int, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(ZoneInfo(zone)).date()


@cache
def built_in_products() -> dict[str, Product]:
    """Returns the products in the files of the fixtures, by item id."""
    package = Path(__file__).resolve().parents[3]
    folder = package / "fixtures" if (package / "fixtures").is_dir() else package.parent / "fixtures"
    files = sorted((folder / "products").glob("kasko-*.json"))
    products = [Product.model_validate_json(file.read_bytes()) for file in files]
    return {product.item_id: product for product in products}


def find_product(at: Call | SimulationContext, item: str) -> Product | None:
    """Returns the product published in the sandbox or the built-in product with an item id, or None."""
    record = at.space.get(COLLECTION, item)
    return parse_product(record) if record is not None else built_in_products().get(item)


def find_offered_product(call: Call, item: str) -> Product | None:
    """Returns the product if the mode of the key has products, or None."""
    return find_product(call, item) if has_catalogue(call) else None


def has_catalogue(call: Call) -> bool:
    """Whether the key's mode (TEST or LIVE) has products and datasets; see the assumption ``live_catalogue``."""
    return not is_livemode(call) or assumptions_of(call).live_catalogue == "shared"


def get_product(at: Call | SimulationContext, item: str) -> Product:
    """Returns the product of an existing offer, whatever the mode of the key. Raises Problem 404."""
    product = find_product(at, item)
    if product is None:
        raise Problem("not_found", f"Product - {item} not found.")
    return product


def list_products(call: Call) -> list[Product]:
    """Returns the products that the mode of the key has; published products come first."""
    if not has_catalogue(call):
        return []
    return [parse_product(record) for _, record in call.space.scan(COLLECTION)] + list(built_in_products().values())


def parse_product(record: Record) -> Product:
    return Product.model_validate(record["definition"])
