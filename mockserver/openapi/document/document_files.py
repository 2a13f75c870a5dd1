"""Reads the files of one document, each once and only from disk, and finds the targets of references in them."""

from __future__ import annotations

from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mockserver.openapi.document.errors import BadDocument

MAX_FILE_BYTES = 20 * 1024 * 1024
"""Maximum size of one file, in bytes."""
Location = tuple[Path, str]
"""A file and a JSON pointer into it."""


class DocumentFiles:
    """A cache of the parsed files of one document, by path."""

    def __init__(self, main: Path) -> None:
        self.main = main.resolve()
        self.folder = self.main.parent
        self._read: dict[Path, Any] = {}

    def load(self, file: Path) -> Any:
        """Returns a parsed file; raises BadDocument if it cannot be read or parsed."""
        if file not in self._read:
            self._read[file] = _load(file, self.name(file))
        return self._read[file]

    def name(self, file: Path) -> str:
        """Returns the name of a file in messages: its path relative to the main file's folder."""
        return str(file.relative_to(self.folder)) if file.is_relative_to(self.folder) else str(file)

    def resolve(self, reference: str, file: Path, pointer: str) -> Location:
        """Resolves a reference at ``pointer`` in ``file``; raises BadDocument if it is not a local path."""
        parts = urlsplit(reference)
        if parts.scheme or parts.netloc:
            raise BadDocument(self.name(file), pointer, f"$ref {reference!r} is not a local file; nothing is fetched")
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        return target, unquote(parts.fragment)

    def value_at(self, location: Location, file: Path, pointer: str) -> Any:
        """Returns the value at a location; if there is none, raises BadDocument at ``pointer`` in ``file``."""
        target, inner = location
        value = self.load(target)
        for part in filter(None, inner.split("/")):
            step = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(step)] if isinstance(value, list) else value[step]
            except (KeyError, IndexError, ValueError, TypeError):
                where = f"{self.name(target)}#{inner}"
                raise BadDocument(self.name(file), pointer, f"$ref points to {where}, which does not exist") from None
        return value


def _load(file: Path, name: str) -> Any:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BadDocument(name, "", f"the file has {size} bytes; the maximum is {MAX_FILE_BYTES}")
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadDocument(name, "", f"cannot read the file: {error}") from None
    # YAML can also begin with a bracket.
    return (
        _parse_json(text, name)
        if text.lstrip()[:1] in ("{", "[") and file.suffix != ".yaml"
        else _parse_yaml(text, name)
    )


def _parse_json(text: str, name: str) -> Any:
    try:
        return loads(text)
    except (JSONDecodeError, RecursionError) as error:
        raise BadDocument(name, "", f"the file is not valid JSON: {error}") from None


def _parse_yaml(text: str, name: str) -> Any:
    # Imported only when needed, because the YAML library is slow to import.
    import yaml  # type: ignore[import-untyped]

    from mockserver.openapi.document.yaml_loader import loader

    try:
        return yaml.load(text, Loader=loader())  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadDocument(name, "", f"the file is not valid YAML: {' '.join(str(error).split())}") from None
