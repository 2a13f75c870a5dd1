"""The seed data of every provider: reproducible, equal to its file, and fake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from json import loads
from typing import Any

import pytest

from mockserver.app import fixtures_folder, known_providers
from mockserver.engine import Settings, as_json
from tests.support.datasets import STORED_SIZES, cached_dataset, format_dataset, generate_dataset
from tests.support.harness import NOON, make_harness

PROVIDERS = sorted(known_providers())
DIGESTS = {
    "kasko": {"small": "38b7749039865cc2", "medium": "118837792e53f3b1"},
    "kota": {"small": "7c2bf9d0326ec9e5", "medium": "bfe186f80e51bcfa"},
    "kotauth": {"small": "8d1a33f0a87ba8a9", "medium": "e6e07cbd94f83831"},
    "smartepi": {"small": "2f4373720a76b425", "medium": "2bed0960e8f07871"},
}
"""Digests of the reviewed data sets: another digest means that all users get other data."""

providers = pytest.mark.parametrize("provider", PROVIDERS)
sizes = pytest.mark.parametrize("size", STORED_SIZES)


@providers
@sizes
def test_the_same_seed_gives_the_same_bytes(provider: str, size: str) -> None:
    assert as_json(generate_dataset(provider, size)) == as_json(cached_dataset(provider, size))


@providers
@sizes
def test_the_data_set_file_equals_the_generated_data(provider: str, size: str) -> None:
    text = (fixtures_folder() / "datasets" / f"{provider}-{size}.json").read_text(encoding="utf-8")
    assert text == format_dataset(cached_dataset(provider, size))


@providers
@sizes
def test_the_data_does_not_depend_on_the_machine_or_on_library_versions(provider: str, size: str) -> None:
    assert sha256(as_json(cached_dataset(provider, size))).hexdigest()[:16] == DIGESTS[provider][size]


@providers
@sizes
def test_record_ids_are_unique_within_a_collection(provider: str, size: str) -> None:
    for collection, records in cached_dataset(provider, size).items():
        assert len({record["id"] for record in records}) == len(records), collection


@providers
def test_another_seed_gives_other_data(provider: str) -> None:
    assert as_json(cached_dataset(provider, "small", "2")) != as_json(cached_dataset(provider, "small"))


@providers
@sizes
@pytest.mark.parametrize("seed", ["1", "another"])
def test_a_new_sandbox_has_the_data_of_its_seed_and_size(provider: str, size: str, seed: str) -> None:
    harness, age = make_harness(known_providers()[provider]), known_providers()[provider].age_seed_data
    harness.engine.create(provider, "mine", Settings(seed=seed, size=size), at=NOON)
    stored = harness.engine.export("mine")["collections"]
    expected = cached_dataset(provider, size, seed)
    expected = age(expected, NOON) if age else expected
    counters = expected.get("_counters", ())
    assert [record for record in stored["_counters"] if record["id"] != "keys"] == list(counters)
    records_by_name = {name: stored[name] for name in expected if name != "_counters"}
    assert records_by_name == {
        name: records for name, records in loads(as_json(expected)).items() if name != "_counters"
    }


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


@providers
@sizes
def test_seeded_mail_addresses_use_reserved_domains(provider: str, size: str) -> None:
    mails = [text for text in texts(cached_dataset(provider, size)) if re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", text)]
    assert mails
    assert [mail for mail in mails if not mail.endswith((".test", ".example"))] == []
