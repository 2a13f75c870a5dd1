"""Applies log records to the tables of a checkpoint."""

from __future__ import annotations

from mockserver.storage.base import State
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.log_format import Ops
from mockserver.storage.tinydb.schema import Rows, Tables


def replay(state: Checkpoint, ops: Ops) -> None:
    """Applies the writes of one log record to the tables in place."""
    for op, *rest in ops:
        if op == "load":
            state.tables, state.next_ids = number_records(rest[0])
        elif op == "write":
            state.tables, state.next_ids = replace_tables(rest[0], state.next_ids)
        elif op == "put":
            name, n, record = rest
            state.tables.setdefault(name, {})[str(n)] = record
            state.next_ids[name] = max(state.next_ids.get(name, 1), n + 1)
        else:
            name, n = rest
            # A put that waited in memory for the disk is not logged if the record is dropped before that.
            state.tables.setdefault(name, {}).pop(str(n), None)


def number_records(state: State) -> tuple[Tables, dict[str, int]]:
    """Converts a state to tables with doc_ids from 1; also returns the next doc_id of each table.

    Raises ValueError when two records of a collection have the same id.
    """
    tables: Tables = {}
    for name, records in state.items():
        ids = [record["id"] for record in records if "id" in record]
        if len(set(ids)) < len(ids):
            raise ValueError(f"collection {name!r} of the state has two records with the same id; ids must be unique")
        tables[name] = {str(n): record for n, record in enumerate(records, 1)}
    return tables, {name: len(rows) + 1 for name, rows in tables.items()}


def replace_tables(tables: dict[str, Rows], next_ids: dict[str, int]) -> tuple[Tables, dict[str, int]]:
    """Returns a copy of the tables, and the next doc_id of each, which is greater than every doc_id used before."""
    increased = {name: max(next_ids.get(name, 1), 1 + max(map(int, rows), default=0)) for name, rows in tables.items()}
    return {name: dict(rows) for name, rows in tables.items()}, next_ids | increased
