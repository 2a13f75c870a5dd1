"""The files a document is made of: read once each, from the disk only, and what a reference in them points to."""

from __future__ import annotations

from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mockserver.openapi.document.errors import BadDocument

MAX_FILE_BYTES = 20 * 1024 * 1024
"""Bytes that one file may have."""
Location = tuple[Path, str]
"""A file, and a JSON pointer into it."""


class DocumentFiles:
    """Every file of one document, by its path."""

    def __init__(self, main: Path) -> None:
        self.main = main.resolve()
        self.folder = self.main.parent
        self._read: dict[Path, Any] = {}

    def load(self, file: Path) -> Any:
        """A whole file; BadDocument says why it cannot be read."""
        if file not in self._read:
            self._read[file] = _load(file, self.name(file))
        return self._read[file]

    def name(self, file: Path) -> str:
        """How a file is called in messages: as seen from the main one's folder."""
        return str(file.relative_to(self.folder)) if file.is_relative_to(self.folder) else str(file)

    def resolve(self, reference: str, file: Path, pointer: str) -> Location:
        """Where a reference that stands in a file leads; only to files on this disk."""
        parts = urlsplit(reference)
        if parts.scheme or parts.netloc:
            raise BadDocument(self.name(file), pointer, f"$ref {reference!r} is not local: nothing is fetched")
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        return target, unquote(parts.fragment)

    def value_at(self, place: Location, file: Path, pointer: str) -> Any:
        """What stands at a place; BadDocument names the reference that led there in vain."""
        target, inner = place
        value = self.load(target)
        for part in filter(None, inner.split("/")) if inner.strip("/") else ():
            step = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, ValueError, TypeError):
                where = f"{self.name(target)}#{inner}"
                raise BadDocument(self.name(file), pointer, f"$ref leads to {where}, where nothing is") from None
        return value


def _load(file: Path, name: str) -> Any:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BadDocument(name, "", f"the file has {size} bytes; at most {MAX_FILE_BYTES} are read")
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadDocument(name, "", f"the file cannot be read: {error}") from None
    return (
        _parse_json(text, name)
        if text.lstrip()[:1] in ("{", "[") and file.suffix != ".yaml"
        else _parse_yaml(text, name)
    )


def _parse_json(text: str, name: str) -> Any:
    try:
        return loads(text)
    except (JSONDecodeError, RecursionError) as error:
        raise BadDocument(name, "", f"the file is not JSON: {error}") from None


def _parse_yaml(text: str, name: str) -> Any:
    # Only who serves a document of their own waits for the YAML library.
    import yaml  # type: ignore[import-untyped]

    from mockserver.openapi.document.yaml_loader import loader

    try:
        return yaml.load(text, Loader=loader())  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadDocument(name, "", f"the file is not YAML: {' '.join(str(error).split())}") from None
