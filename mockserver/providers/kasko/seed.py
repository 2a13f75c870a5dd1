"""The seed data of a KASKO account: offers, payments and policies in every status, in TEST and LIVE mode."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from mockserver.engine import SECOND, TIMERS, Progress, Randomness, State, timer_record
from mockserver.providers.kasko.products import pricing, rules
from mockserver.providers.kasko.products.catalog import Product, built_in_products
from mockserver.providers.kasko.sale import offers, payments, records
from mockserver.providers.kasko.wire.auth import HEX


class AccountSize(NamedTuple):
    """The numbers of records in an account; it also has two payments for every three offers."""

    offer_count: int
    dataset_count: int
    item_count: int


SIZES = {
    "small": AccountSize(24, 2, 8),
    "medium": AccountSize(480, 10, 190),
    "large": AccountSize(4_800, 20, 1_980),
}
FIRST_CREATED_AT = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z; offer n is created n minutes later."""
PRODUCT_ITEM_ID = "ins_7d1f0c5a9b3e48620c1d5e7f9a2b"
OFFER_COURSES = (
    "invoice", "ready", "card", "cancelled", "pending", "invoice", "rejected", "distributor", "failed", "approved",
    "invoice", "invoice",
)  # fmt: skip
"""What happens to twelve consecutive offers; the next twelve have the same courses in the other mode."""
UNISSUED_OFFERS = (12, 24)
"""The numbers of two offers, one per mode, that are paid but whose policies are not issued yet (course `waiting`)."""
UNISSUED_DUE_AT = 4_102_444_800 * SECOND
"""2100-01-01T00:00:00Z, when the timers issue those policies.

A delay cannot be applied, because the data sets are written before the clock of a sandbox is known.
"""
PAYMENT_METHODS = {
    "invoice": ("invoice", "invoice"),
    "card": ("creditcard", "stripe"),
    "cancelled": ("invoice", "invoice"),
    "waiting": ("invoice", "invoice"),
    "distributor": ("distributor", "distributor"),
    "failed": ("creditcard", "stripe"),
}
"""Course of an offer -> (method, provider) of its payment; offers with other courses have no payment."""
DATASETS = (
    ("Professions", ("Architect", "Baker", "Carpenter", "Doctor", "Engineer", "Florist", "Glazier", "Hairdresser")),
    ("Devices", ("Laptop", "Phone", "Tablet", "Server", "Router", "Camera", "Printer", "Watch")),
)
GERMAN_NAMES = dict(
    zip(
        DATASETS[0][1] + DATASETS[1][1],
        ("Architekt", "Bäcker", "Tischler", "Arzt", "Ingenieur", "Florist", "Glaser", "Friseur", "Laptop", "Telefon",
         "Tablet", "Server", "Router", "Kamera", "Drucker", "Uhr"),
        strict=True,
    )
)  # fmt: skip
PUBLIC_FIELDS = ("name", "category", "price")
"""The fields of every dataset; the values of its items also contain `margin`, which the API does not return."""


def generate(randomness: Randomness, size: str, progress: Progress) -> State:
    """Returns the records of a small (about 50), medium (about 1,000) or large (about 10,000) account."""
    offer_count, dataset_count, item_count = SIZES[size]
    payment_count = offer_count * 2 // 3
    state: State = {"policies": [], "payments": [], "datasets": [], "dataset_items": [], TIMERS: []}
    product, total = built_in_products()[PRODUCT_ITEM_ID], offer_count + payment_count + dataset_count + item_count
    for nth in range(1, offer_count + 1):
        _offer(randomness, product, nth, state)
        if nth % 100 == 0:
            progress(sum(map(len, state.values())), total)
    state["datasets"] = [_dataset(randomness, nth) for nth in range(1, dataset_count + 1)]
    state["dataset_items"] = [_item(randomness, nth, state["datasets"]) for nth in range(1, item_count + 1)]
    progress(total, total)
    return state


def _offer(randomness: Randomness, product: Product, nth: int, state: State) -> None:
    course = "waiting" if nth in UNISSUED_OFFERS else OFFER_COURSES[(nth - 1) % 12]
    live = (nth - 1) // 12 % 2 == 1
    created_at, rng = FIRST_CREATED_AT + nth * 60 * SECOND, randomness.stream("seed:offers", nth)
    flow = "manual_underwriting" if course in ("pending", "rejected", "approved") else "default"
    ids = records.new_policy_ids(randomness, "seed-offer", nth, live, product)
    quote = _quote(
        product, _quote_answers(rng, product, created_at, large=flow != "default"), created_at - 30 * SECOND, flow
    )
    offer = offers.new_offer(ids, quote, created_at, None, live) | _person(rng.getrandbits(64), nth)
    offer["quote_digest"] = randomness.text("seed-quote", nth, 32, HEX)
    if course not in ("pending", "rejected"):
        offer |= {"payment_token": offers.new_payment_token(randomness, ids["id"]), "offer_status": "ready"}
    if course == "rejected":
        offer["offer_status"] = "rejected"
    if course in PAYMENT_METHODS:
        state["payments"].append(_payment(randomness, nth, offer, course))
        offer |= {} if course == "failed" else _issued_fields(offer, course, product)
    if course == "waiting":
        offer["timer"] = f"timer_{ids['id']}"
        state[TIMERS].append(timer_record(offer["timer"], UNISSUED_DUE_AT, "issue_policy", {"policy_id": ids["id"]}))
    state["policies"].append(offer)


def _quote(product: Product, answers: dict[str, Any], at: int, flow: str) -> dict[str, Any]:
    assert product.price is not None
    assert product.price != "building"
    validated = rules.validate_data(product.quote, answers, product.today(at))
    return {
        "item": product.item_id,
        "plan": product.plans[0].id,
        "integration": product.integrations[0],
        "product_version": product.product_versions.published,
        "integration_version": product.integration_versions.published,
        "input": answers,
        "premium": pricing.calculate_premium(product.price, validated),
        "term": pricing.calculate_term(product, validated),
        "flow": flow,
        "at": at,
    }


def _quote_answers(rng: Any, product: Product, created_at: int, *, large: bool) -> dict[str, Any]:
    start = product.today(created_at) + timedelta(days=rng.randint(5, 60))
    return {
        "employee_number": rng.randint(1, 250),
        "yearly_turnover": rng.randint(100, 20_000) * 100_000,
        "company_backup": rng.choice(("weekly", "monthly", "quarterly", "yearly")),
        "encryption": rng.random() < 0.7,
        "deductible": rng.choice((100_000, 500_000, 1_000_000)),
        "insured_sum": 100_000_000 if large else rng.choice((10_000_000, 30_000_000, 50_000_000)),
        "online_revenue_percentage": rng.choice(("0_25", "26_50", "above_50")),
        "policy_start_date": start.isoformat(),
        "third_party_coverage": rng.random() < 0.4,
    }


_fakers: list[Any] = []


def _faker(seed: int) -> Any:
    # Faker takes as long to import as Flask, and prewritten data needs none, so it is imported only when needed.
    if not _fakers:
        from faker import Faker

        _fakers.append(Faker("de_DE", use_weighting=False))
    _fakers[0].seed_instance(seed)
    return _fakers[0]


def _person(seed: int, nth: int) -> dict[str, Any]:
    faker = _faker(seed)
    first, last, company = faker.first_name(), faker.last_name(), faker.company()
    email = f"{_ascii(first)}.{_ascii(last)}.{nth}@firma.test"
    data = {"company_name": company}
    language = "de" if nth % 3 else "en"
    return {"first_name": first, "last_name": last, "email": email, "language": language, "data": data}


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalpha())


def _payment(randomness: Randomness, nth: int, offer: dict[str, Any], course: str) -> dict[str, Any]:
    method, provider = PAYMENT_METHODS[course]
    id = ("l" if offer["live"] else "t") + randomness.text("seed-payment", nth, 32, HEX)
    payment = payments.new_payment(id, offer, method, provider)
    if provider == "stripe":
        charge = f"ch_{randomness.text('seed-charge', nth, 24)}"
        payment |= {"charge_id": charge, "processed_at": records.format_with_offset(offer["created_at"] + 20 * SECOND)}
    if course == "failed":
        payment |= {"status": "failed", "error_code": "card_declined", "reason": "generic_decline"}
    return payment


def _issued_fields(offer: dict[str, Any], course: str, product: Product) -> dict[str, Any]:
    issued = offer["created_at"] + 22 * SECOND
    fields: dict[str, Any] = {
        "offer_status": "accepted",
        "accepted_at": issued - 2 * SECOND,
        "policy_status": "paid",
        "issued_at": issued,
        "updated_at": issued,
    }
    if course == "waiting":
        return fields | {"policy_status": None, "issued_at": None, "updated_at": offer["updated_at"]}
    if course != "cancelled":
        return fields
    cancelled = issued + 86_400 * SECOND
    return fields | {
        "policy_status": "cancelled",
        "cancellation_reason": "Company closed",
        "cancelled_by": product.insurer_id,
        "cancelled_at": records.format_with_offset(cancelled),
        "updated_at": cancelled,
        "version": 2,
    }


def _dataset(randomness: Randomness, nth: int) -> dict[str, Any]:
    name, _ = DATASETS[(nth - 1) % len(DATASETS)]
    round_ = (nth - 1) // len(DATASETS)
    return {
        "id": f"dat_{randomness.text('seed-dataset', nth, 28, HEX)}",
        "name": f"{name} {round_ + 1}" if round_ else name,
        "languages": ["en", "de"],
        "fields": list(PUBLIC_FIELDS),
        "locked": nth % 2 == 0,
    }


def _item(randomness: Randomness, nth: int, datasets: list[dict[str, Any]]) -> dict[str, Any]:
    dataset_index = (nth - 1) % len(datasets)
    round_, rng = (nth - 1) // len(datasets), randomness.stream("seed:items", nth)
    words = DATASETS[dataset_index % len(DATASETS)][1]
    word, repetition = words[round_ % len(words)], round_ // len(words)
    category, price = rng.randrange(3), rng.randint(10, 400) * 50
    with_number: Callable[[str], str] = lambda name: f"{name} {repetition + 1}" if repetition else name  # noqa: E731
    return {
        "id": f"dai_{randomness.text('seed-item', nth, 28, HEX)}",
        "dataset_id": datasets[dataset_index]["id"],
        "values": {
            "en": {
                "name": with_number(word),
                "category": ("low", "medium", "high")[category],
                "price": price,
                "margin": 7,
            },
            "de": {
                "name": with_number(GERMAN_NAMES[word]),
                "category": ("gering", "mittel", "hoch")[category],
                "price": price,
                "margin": 7,
            },
        },
    }
