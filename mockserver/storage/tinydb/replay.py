"""What the records of a log do to the tables of a checkpoint."""

from __future__ import annotations

from mockserver.storage.base import State
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.log_format import Ops
from mockserver.storage.tinydb.schema import Rows, Tables


def replay(state: Checkpoint, ops: Ops) -> None:
    """Do to the tables, in place, what one record says."""
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
            # What was put while the disk took nothing may be dropped before the log ever heard of it.
            state.tables.setdefault(name, {}).pop(str(n), None)


def number_records(state: State) -> tuple[Tables, dict[str, int]]:
    """A state as tables, its records numbered anew from 1, and the numbers that come next."""
    tables: Tables = {}
    for name, records in state.items():
        ids = [record["id"] for record in records if "id" in record]
        if len(set(ids)) < len(ids):
            raise ValueError(f"the state's collection {name!r} has two records of one id")
        tables[name] = {str(n): record for n, record in enumerate(records, 1)}
    return tables, {name: len(rows) + 1 for name, rows in tables.items()}


def replace_tables(tables: dict[str, Rows], next_ids: dict[str, int]) -> tuple[Tables, dict[str, int]]:
    """These tables in place of all there were; a number that was in use is never given again."""
    ahead = {name: max(next_ids.get(name, 1), 1 + max(map(int, rows), default=0)) for name, rows in tables.items()}
    return {name: dict(rows) for name, rows in tables.items()}, next_ids | ahead
