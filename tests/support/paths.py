"""Paths of the files that tests read."""

from json import loads
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
OPENAPI_DOCUMENTS = TESTS / "openapi" / "documents"
"""OpenAPI documents: the published ones have their licences next to them."""


def load_contract(provider: str) -> Any:
    """Returns the contract of a provider: the facts extracted from the vendor's documentation."""
    return loads((TESTS / "providers" / "contracts" / f"{provider}.json").read_text(encoding="utf-8"))
