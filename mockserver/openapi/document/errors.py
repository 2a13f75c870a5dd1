"""The error for an invalid OpenAPI document."""

from __future__ import annotations

from mockserver.engine import Refusal


class BadDocument(Refusal):
    """An error in an OpenAPI document, with file, JSON pointer and the rule that is violated."""

    def __init__(self, file: str, pointer: str, rule: str) -> None:
        super().__init__(f"{file}#{pointer}: {rule}")
