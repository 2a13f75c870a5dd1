"""Generates the seed data of a SmartEPI organization; every reference names an existing record."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from mockserver.engine import SECOND, Progress, Randomness, State

FIRST_CREATED_AT = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z, when the first record is created; each record follows one minute after the previous one."""
SIZES: dict[str, dict[str, int]] = {
    "small": {
        "sectors": 4,
        "cost_centers": 3,
        "job_roles": 5,
        "products": 6,
        "groups": 3,
        "employees": 15,
        "access_groups": 2,
        "withdrawals": 9,
        "returns": 3,
        "exchanges": 2,
    },
}
SIZES["medium"] = {name: number * 20 for name, number in SIZES["small"].items()}
SIZES["large"] = {name: number * 200 for name, number in SIZES["small"].items()}
SECTORS = ("Pintura", "Montagem", "Soldagem", "Usinagem", "Expedição", "Almoxarifado", "Manutenção", "Qualidade")
ROLES = ("Soldador", "Pintor", "Operador", "Montador", "Eletricista", "Mecânico", "Almoxarife", "Supervisor")
PRODUCTS = ("Luva nitrílica", "Capacete", "Óculos de proteção", "Protetor auricular", "Bota de segurança", "Avental")
_PREFIXES = {
    "sectors": "sec_",
    "cost_centers": "cc_",
    "job_roles": "job_",
    "products": "prd_",
    "groups": "grp_",
    "employees": "emp_",
    "access_groups": "ag_",
    "withdrawals": "w-",
    "returns": "r-",
    "exchanges": "x-",
}

_READ_ONLY_COLLECTIONS = ("access_groups", "withdrawals", "returns", "exchanges")


def generate(randomness: Randomness, size: str, progress: Progress) -> State:
    """Returns the records of a small (about 50), medium (about 1,000) or large (about 10,000) organization."""
    counts = SIZES[size]
    total, minutes = sum(counts.values()), count()
    state: State = {}
    for collection, number in counts.items():
        build_record = _RECORD_BUILDERS.get(collection, _transaction(collection))
        records = state[collection] = []
        for nth in range(1, number + 1):
            id = _new_id(randomness, collection, nth)
            fields = build_record(_SeedContext(randomness, collection, nth, state))
            created = FIRST_CREATED_AT + next(minutes) * 60 * SECOND
            records.append({"id": id, **fields, **_version_and_times(collection, created)})
        progress(sum(map(len, state.values())), total)
    state["rules"] = list(_build_rules(state["groups"]))
    return state


def _version_and_times(collection: str, created: int) -> dict[str, int]:
    if collection in _READ_ONLY_COLLECTIONS:
        return {"_created": created}
    return {"_version": 1, "_created": created, "_updated": created}


class _SeedContext:
    """The input of a record builder: the number of the record, an rng for it, and the records generated before it."""

    def __init__(self, randomness: Randomness, collection: str, nth: int, state: State) -> None:
        self.nth = nth
        self.rng = randomness.stream(f"seed:{collection}", nth)
        self.state = state

    def random_id(self, collection: str) -> str:
        return str(self.rng.choice(self.state[collection])["id"])

    def cycle_word(self, words: tuple[str, ...]) -> str:
        """Returns the words in turn; from the second cycle on, a number makes them unique: `Pintor 2`."""
        word, cycle = words[(self.nth - 1) % len(words)], (self.nth - 1) // len(words)
        return f"{word} {cycle + 1}" if cycle else word

    def person_name(self) -> str:
        return str(_faker(self.rng.getrandbits(64)).name())


_fakers: list[Any] = []


def _faker(seed: int) -> Any:
    # Faker takes as long to import as Flask, and prewritten data needs none, so it is imported only when needed.
    if not _fakers:
        from faker import Faker

        _fakers.append(Faker("pt_BR", use_weighting=False))
    _fakers[0].seed_instance(seed)
    return _fakers[0]


def _sector(context: _SeedContext) -> dict[str, Any]:
    return {"name": context.cycle_word(SECTORS)}


def _cost_center(context: _SeedContext) -> dict[str, Any]:
    return {"name": f"Centro de custo {context.nth}", "code": f"CC-{1000 + context.nth}"}


def _job_role(context: _SeedContext) -> dict[str, Any]:
    return {"name": context.cycle_word(ROLES)}


def _product(context: _SeedContext) -> dict[str, Any]:
    sizes = [{"id": f"siz_{context.nth}{name.lower()}", "name": name} for name in ("P", "M", "G")]
    certificates = [{"id": f"cer_{context.nth}", "number": f"CA {10_000 + context.rng.randrange(40_000)}"}]
    return {"name": context.cycle_word(PRODUCTS), "sizes": sizes, "certificates": certificates}


def _group(context: _SeedContext) -> dict[str, Any]:
    chosen = dict.fromkeys(context.random_id("products") for _ in range(3))
    return {"name": f"Grupo {context.nth}", "rules": [{"productId": id} for id in chosen]}


def _employee(context: _SeedContext) -> dict[str, Any]:
    name = context.person_name()
    return {
        "name": name,
        "identification": str(100_000 + context.nth),
        "email": f"{_ascii(name)}.{context.nth}@epi.test",
        "costCenterId": context.random_id("cost_centers"),
        "jobRoleId": context.random_id("job_roles"),
        "sectorId": context.random_id("sectors"),
        "groupId": context.random_id("groups"),
    }


def _access_group(context: _SeedContext) -> dict[str, Any]:
    return {"name": f"Acesso {context.nth}"}


def _transaction(collection: str) -> Callable[[_SeedContext], dict[str, Any]]:
    def build(context: _SeedContext) -> dict[str, Any]:
        return {
            f"{collection.removesuffix('s')}Status": "SUCCESS",
            "employeeId": context.random_id("employees"),
            "productId": context.random_id("products"),
            "quantity": context.rng.randint(1, 3),
        }

    return build


_RECORD_BUILDERS: dict[str, Callable[[_SeedContext], dict[str, Any]]] = {
    "sectors": _sector,
    "cost_centers": _cost_center,
    "job_roles": _job_role,
    "products": _product,
    "groups": _group,
    "employees": _employee,
    "access_groups": _access_group,
}


def _new_id(randomness: Randomness, collection: str, nth: int) -> str:
    has_numeric_id = collection in ("withdrawals", "returns", "exchanges")
    return _PREFIXES[collection] + (str(nth) if has_numeric_id else randomness.text(f"seed-id:{collection}", nth, 16))


def _build_rules(groups: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the records of the collection ``rules``, which ``index_rules`` writes for groups created by calls."""
    for group in groups:
        for nth, rule in enumerate(group["rules"]):
            yield {"id": f"{group['id']}/{nth}", "groupId": group["id"], "productId": rule["productId"]}


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(letter for letter in word if letter.isalpha()) for word in plain.split())
