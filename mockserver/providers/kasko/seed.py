"""The fake account a sandbox begins with: offers, payments and policies at every status, in TEST and in LIVE mode."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mockserver.engine import SECOND, TIMERS, Progress, Randomness, State, timer_record
from mockserver.providers.kasko.products import pricing, rules
from mockserver.providers.kasko.products.catalog import Product, built_in
from mockserver.providers.kasko.sale import offers, payments, records
from mockserver.providers.kasko.wire.auth import HEX

FIRST_CREATED_AT = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z, when the first seeded offer was made; each later one a minute after."""
SIZES = {"small": (24, 2, 8), "medium": (480, 10, 190), "large": (4_800, 20, 1_980)}
"""(offers, datasets, items of datasets) by size; payments come of the offers: two for three."""
PRODUCT_ITEM_ID = "ins_7d1f0c5a9b3e48620c1d5e7f9a2b"
OFFER_COURSES = ("invoice", "ready", "card", "cancelled", "pending", "invoice", "rejected", "distributor", "failed", "approved",
         "invoice", "invoice")  # fmt: skip
"""What has become of each twelfth offer; the next twelve are of the other mode."""
UNISSUED_OFFERS = (12, 24)
"""The offers, one of each mode, that are paid and still wait for their policies."""
UNISSUED_DUE_AT = 4_102_444_800 * SECOND
"""2100-01-01T00:00:00Z, when those policies come: a written data set knows no today that a delay could begin at."""
PAYMENT_METHODS = {"invoice": ("invoice", "invoice"), "card": ("creditcard", "stripe"), "cancelled": ("invoice", "invoice"),
        "waiting": ("invoice", "invoice"), "distributor": ("distributor", "distributor"),
        "failed": ("creditcard", "stripe")}  # fmt: skip
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


def generate(randomness: Randomness, size: str, progress: Progress) -> State:
    """The records of a small (about 50), medium (about 1,000) or large (about 10,000) account."""
    many, sets, items = SIZES[size]
    state: State = {"policies": [], "payments": [], "datasets": [], "dataset_items": [], TIMERS: []}
    product, total = built_in()[PRODUCT_ITEM_ID], many + many * 2 // 3 + sets + items
    for nth in range(1, many + 1):
        _offer(randomness, product, nth, state)
        if nth % 100 == 0:
            progress(sum(map(len, state.values())), total)
    state["datasets"] = [_dataset(randomness, nth) for nth in range(1, sets + 1)]
    state["dataset_items"] = [_item(randomness, nth, state["datasets"]) for nth in range(1, items + 1)]
    progress(total, total)
    return state


def _offer(randomness: Randomness, product: Product, nth: int, state: State) -> None:
    fate, live = "waiting" if nth in UNISSUED_OFFERS else OFFER_COURSES[(nth - 1) % 12], (nth - 1) // 12 % 2 == 1
    made, dice = FIRST_CREATED_AT + nth * 60 * SECOND, randomness.stream("seed:offers", nth)
    flow = "manual_underwriting" if fate in ("pending", "rejected", "approved") else "default"
    ids = records.new_policy_ids(randomness, "seed-offer", nth, live, product)
    quote = _quote(product, _quote_answers(dice, product, made, large=flow != "default"), made - 30 * SECOND, flow)
    offer = offers.new_offer(ids, quote, made, None, live) | _person(dice.getrandbits(64), nth)
    offer["quote_digest"] = randomness.text("seed-quote", nth, 32, HEX)
    if fate not in ("pending", "rejected"):
        offer |= {"payment_token": offers.new_payment_token(randomness, ids["id"]), "offer_status": "ready"}
    if fate == "rejected":
        offer["offer_status"] = "rejected"
    if fate in PAYMENT_METHODS:
        state["payments"].append(_payment(randomness, nth, offer, fate))
        offer |= {} if fate == "failed" else _issued_fields(offer, fate, product)
    if fate == "waiting":
        offer["timer"] = f"timer_{ids['id']}"
        state[TIMERS].append(timer_record(offer["timer"], UNISSUED_DUE_AT, "issue_policy", {"policy_id": ids["id"]}))
    state["policies"].append(offer)


def _quote(product: Product, answers: dict[str, Any], at: int, flow: str) -> dict[str, Any]:
    assert product.price is not None
    assert product.price != "building"
    read = rules.validate_data(product.quote, answers, product.today(at))
    return {
        "item": product.item_id,
        "plan": product.plans[0].id,
        "integration": product.integrations[0],
        "product_version": product.product_versions.published,
        "integration_version": product.integration_versions.published,
        "input": answers,
        "premium": pricing.premium(product.price, read),
        "term": pricing.term(product, read),
        "flow": flow,
        "at": at,
    }


def _quote_answers(dice: Any, product: Product, made: int, *, large: bool) -> dict[str, Any]:
    start = product.today(made) + timedelta(days=dice.randint(5, 60))
    return {
        "employee_number": dice.randint(1, 250),
        "yearly_turnover": dice.randint(100, 20_000) * 100_000,
        "company_backup": dice.choice(("weekly", "monthly", "quarterly", "yearly")),
        "encryption": dice.random() < 0.7,
        "deductible": dice.choice((100_000, 500_000, 1_000_000)),
        "insured_sum": 100_000_000 if large else dice.choice((10_000_000, 30_000_000, 50_000_000)),
        "online_revenue_percentage": dice.choice(("0_25", "26_50", "above_50")),
        "policy_start_date": start.isoformat(),
        "third_party_coverage": dice.random() < 0.4,
    }


_fakers: list[Any] = []


def _faker(seed: int) -> Any:
    # Faker takes as long to import as Flask does, and most sandboxes begin with a data set that is written already.
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


def _payment(randomness: Randomness, nth: int, offer: dict[str, Any], fate: str) -> dict[str, Any]:
    method, provider = PAYMENT_METHODS[fate]
    id = ("l" if offer["live"] else "t") + randomness.text("seed-payment", nth, 32, HEX)
    payment = payments.new_payment(id, offer, method, provider)
    if provider == "stripe":
        charge = f"ch_{randomness.text('seed-charge', nth, 24)}"
        payment |= {"charge_id": charge, "processed_at": records.format_with_offset(offer["created_at"] + 20 * SECOND)}
    if fate == "failed":
        payment |= {"status": "failed", "error_code": "card_declined", "reason": "generic_decline"}
    return payment


def _issued_fields(offer: dict[str, Any], fate: str, product: Product) -> dict[str, Any]:
    issued = offer["created_at"] + 22 * SECOND
    fields: dict[str, Any] = {
        "offer_status": "accepted",
        "accepted_at": issued - 2 * SECOND,
        "policy_status": "paid",
        "issued_at": issued,
        "updated_at": issued,
    }
    if fate == "waiting":
        return fields | {"policy_status": None, "issued_at": None, "updated_at": offer["updated_at"]}
    if fate != "cancelled":
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
    place = (nth - 1) % len(datasets)
    round_, dice = (nth - 1) // len(datasets), randomness.stream("seed:items", nth)
    words = DATASETS[place % len(DATASETS)][1]
    word, again = words[round_ % len(words)], round_ // len(words)
    category, price = dice.randrange(3), dice.randint(10, 400) * 50
    write: Callable[[str], str] = lambda name: f"{name} {again + 1}" if again else name  # noqa: E731
    return {
        "id": f"dai_{randomness.text('seed-item', nth, 28, HEX)}",
        "dataset_id": datasets[place]["id"],
        "values": {
            "en": {"name": write(word), "category": ("low", "medium", "high")[category], "price": price, "margin": 7},
            "de": {"name": write(GERMAN_NAMES[word]), "category": ("gering", "mittel", "hoch")[category], "price": price,
                   "margin": 7},
        },
    }  # fmt: skip
