"""Measures the store: microseconds per get, find, page of 20 and insert, at three sizes.

The ratio compares the largest with the smallest size. Run it with ``python -m benchmarks.store [directory]``; the
directory selects the disk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mockserver.storage.base import Collection
from mockserver.storage.tinydb.store import TinyStore

SIZES = (100, 10_000, 100_000)
PEOPLE = Collection("people", ("email", "status"))


def person(i: int) -> dict[str, object]:
    return {
        "id": f"emp_{i:08d}",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": f"ada{i}@example.test",
        "status": ("active", "left", "new")[i % 3],
        "salary": {"amount": 4200000 + i, "currency": "EUR"},
    }


def make_filled_store(directory: Path | None, size: int) -> TinyStore:
    store = TinyStore(directory)
    store.open("bench")
    store.declare("bench", (PEOPLE,))
    store.load("bench", {"people": [person(i) for i in range(size)]})
    return store


def measure_per_call(operation: Callable[[int], None], times: int) -> float:
    best = float("inf")
    for round_ in range(3):
        begin = time.perf_counter()
        for i in range(times):
            operation(round_ * times + i)
        best = min(best, time.perf_counter() - begin)
    return best / times * 1e6


def measure(store: TinyStore, size: int) -> dict[str, float]:
    def get(i: int) -> None:
        with store.transaction("bench") as space:
            space.get("people", f"emp_{i % size:08d}")

    def find(i: int) -> None:
        with store.transaction("bench") as space:
            next(space.find("people", "email", f"ada{i % size}@example.test"))

    def scan(i: int) -> None:
        with store.transaction("bench") as space:
            walk = space.scan("people", field="status", equals="active", after=("active", (i * 37) % (size // 2) + 1))
            for _, _record in zip(range(20), walk, strict=False):
                pass

    def insert(i: int, durable: bool, base: int) -> None:
        with store.transaction("bench", durable=durable) as space:
            space.put("people", person(base + i))

    return {
        "get": measure_per_call(get, 5_000),
        "find": measure_per_call(find, 5_000),
        "scan-20": measure_per_call(scan, 1_000),
        "insert": measure_per_call(lambda i: insert(i, False, 1_000_000), 2_000),
        "insert+fsync": measure_per_call(lambda i: insert(i, True, 2_000_000), 200),
    }


def report(title: str, directory_of: Callable[[int], Path | None]) -> None:
    columns = []
    for size in SIZES:
        store = make_filled_store(directory_of(size), size)
        columns.append(measure(store, size))
        store.close()
    print(f"\n{title:16}" + "".join(f"{size:>12,}" for size in SIZES) + "       ratio")
    for operation in columns[0]:
        costs = [column[operation] for column in columns]
        print(f"{operation:16}" + "".join(f"{cost:>12.1f}" for cost in costs) + f"{costs[-1] / costs[0]:>12.2f}")


def measure_bare_fsync(directory: Path) -> float:
    with (directory / "bare").open("ab") as file:

        def once(_: int) -> None:
            file.write(b"x" * 250)
            file.flush()
            os.fsync(file.fileno())

        return measure_per_call(once, 200)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        directory = Path(name)
        report("memory, us", lambda _: None)
        report("disk, us", lambda size: directory / str(size))
        print(f"\nappend and fsync alone: {measure_bare_fsync(directory):.0f} us")


if __name__ == "__main__":
    main()
