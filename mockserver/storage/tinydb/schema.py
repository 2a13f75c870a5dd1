"""The form of what is kept, by number, and how a sandbox comes from an older one into today's.

The number stands in every checkpoint and in every line of a log. A release that changes what tables look like adds one
to ``SCHEMA`` and puts the step from the number before into ``MIGRATIONS``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreTooNew

Rows = dict[str, dict[str, Any]]
"""One table as TinyDB has it: doc_id, as a string, to document."""
Tables = dict[str, Rows]

SCHEMA = 2
"""2 is as 1, and the lines of a log say when they were written."""
MIGRATIONS: dict[int, Callable[[Tables], Tables]] = {1: dict}
"""From each older number to the next: all tables as they were, to all tables as they are to be."""


def migrate(tables: Tables, schema: int) -> Tables:
    """The tables, kept in an older schema, in today's."""
    for step in range(schema, SCHEMA):
        tables = MIGRATIONS[step](tables)
    return tables


def refuse_newer(schema: int, where: Path | str) -> None:
    """StoreNewer when a file is of a schema that this server does not know."""
    if schema > SCHEMA:
        raise StoreTooNew(f"{where}: written in schema {schema} by a newer server; this one knows {SCHEMA}")
