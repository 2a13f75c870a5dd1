"""What is wrong with a document: which file, where in it, and which rule it breaks."""

from __future__ import annotations

from mockserver.engine import Refusal


class BadDocument(Refusal):
    """An OpenAPI document that no provider can be made of."""

    def __init__(self, file: str, pointer: str, rule: str) -> None:
        super().__init__(f"{file}#{pointer}: {rule}")
