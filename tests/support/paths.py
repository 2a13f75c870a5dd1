"""Where the files are that tests read."""

from json import loads
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
OPENAPI_DOCUMENTS = TESTS / "openapi" / "documents"
"""OpenAPI documents by others, with their licences."""


def load_contract(provider: str) -> Any:
    """The facts of a vendor's documents, distilled."""
    return loads((TESTS / "providers" / "contracts" / f"{provider}.json").read_text(encoding="utf-8"))
