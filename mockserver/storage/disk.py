"""What all sandboxes of one store share on the disk, and how JSON is written there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreError
from mockserver.storage.files import Files

_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
_escaped = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))


def to_json(value: Any) -> bytes:
    """The value as compact JSON in UTF-8, keys in the order they have; ValueError or TypeError if it is no JSON."""
    try:
        return _plain.encode(value).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which a client may well send as \\ud800
        return _escaped.encode(value).encode()


@dataclass(slots=True)
class Disk:
    """The file layer, the way to fsync, when to checkpoint, and whether the disk has let the store down."""

    files: Files
    fsync: Callable[[int], None]
    checkpoint_bytes: int
    failure: str | None = None

    def refuse_if_failed(self) -> None:
        """StoreError when a write may no longer be promised to last."""
        if self.failure is not None:
            raise StoreError(self.failure)

    def fail(self, path: Path, deed: str, error: OSError) -> StoreError:
        """Fail the store for writes from now on: the kernel may have dropped what it could not write."""
        self.failure = f"{path}: {deed} failed ({error}); the store takes no more writes until the server is restarted"
        return StoreError(self.failure)


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of one sandbox."""

    directory: Path
    sandbox: str

    @property
    def checkpoint(self) -> Path:
        """The tables as TinyDB JSON."""
        return self.directory / f"{self.sandbox}.json"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last, for a person to turn to; never read by the store."""
        return self.directory / f"{self.sandbox}.json.prev"

    @property
    def temporary(self) -> Path:
        """A checkpoint that is being written."""
        return self.directory / f"{self.sandbox}.json.tmp"

    @property
    def log(self) -> Path:
        """What was written since the checkpoint."""
        return self.directory / f"{self.sandbox}.log"

    @property
    def deleted(self) -> Path:
        """While this is there the sandbox is gone, whatever else is still lying about."""
        return self.directory / f"{self.sandbox}.deleted"
