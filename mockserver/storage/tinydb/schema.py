"""The schema version of stored files, and the migrations from older versions.

Every checkpoint and every line of a log contains the version. A release that changes the tables increases
``SCHEMA`` by one and adds the step from the version before it to ``MIGRATIONS``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreTooNew

Rows = dict[str, dict[str, Any]]
"""The documents of one table by doc_id, which is a string, as TinyDB stores them."""
Tables = dict[str, Rows]

SCHEMA = 2
"""Version 2 adds to version 1 the time at which each line of a log was written."""
MIGRATIONS: dict[int, Callable[[Tables], Tables]] = {1: dict}
"""The function that converts all tables of a version to the next version, by the older version."""


def migrate(tables: Tables, schema: int) -> Tables:
    """Converts tables of an older schema version to the current one."""
    for step in range(schema, SCHEMA):
        tables = MIGRATIONS[step](tables)
    return tables


def refuse_newer(schema: int, where: Path | str) -> None:
    """Raises StoreTooNew when a file has a newer schema version than this server."""
    if schema > SCHEMA:
        raise StoreTooNew(f"{where}: written in schema {schema} by a newer server; this one knows {SCHEMA}")
