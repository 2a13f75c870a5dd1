"""Holds the text of the project to plain English: phrases that paraphrase a term instead of using it are banned.

docs/glossary.md has the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

BANNED = {
    "whoever|whomever|whosoever|whom": "the caller, the client, who",
    "be it( that)?": "whether, if",
    "so many": "at most N, the number of",
    "(is|are|was|were|be|been) told": "receives, is notified",
    "tells? (it|them|him|others|another|of)": "notifies, returns",
    "comes? to be": "becomes",
    "may be had": "is available",
    "asks? nobody|asked of": "reads no state; requested from",
    "anew": "again",
    "beside": "next to, in addition to",
    "lest|thereby|hence|thus|likewise|nought|whence|whither|herein|ere": "so that, so, also, nothing, from where",
    "for ever": "without end",
    "as it were": "leave it out",
    "lets? go( of)?|letting go": "releases",
    "in (someone|somebody|nobody|anyone)('s)? hands?|takes? in hand": "leased, claimed, acquires",
    "off stage|curtain": "outside the API, start",
    "dice|a die": "rng, random values",
    "becomes? of|has become of": "the result of",
    "in good order": "with a FIN, normally",
    "said to be": "is",
    "at hand": "available",
    "makes? nothing of": "ignores",
    "sees? to|looks? after": "handles, runs, manages",
    "speaks? of": "describes, names",
    "one'?s own": "your own",
}
"""Banned phrases as regular expressions, and what to write instead."""
SUFFIXES = {".py", ".md", ".html", ".toml", ".js", ".css", ".yml", ".yaml", ".json", ".mjs", ""}
FOLDERS = ("mockserver", "tests", "docs", "benchmarks", "fixtures/scenarios", ".ci", ".github")
FILES = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("Makefile", "Dockerfile", "compose.yaml", "pyproject.toml"),
)
FIXED_TEXTS = re.compile(r"# Beside its peers|beside it, nothing else")
"""The title of the benchmark's report, which other tools look for, and a refusal that clients of Kota receive."""
LEFT_OUT = re.compile(
    r"/vendor/|/__pycache__/|tests/upgrading/v|/results/|/contracts/|tests/project/test_words\.py$|/images/"
)
_PHRASES = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the project, by its path."""
    files = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        files += (each for each in sorted((ROOT / folder).rglob("*")) if each.is_file() and each.suffix in SUFFIXES)
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        if not LEFT_OUT.search(f"/{path}"):
            yield path, file.read_text("utf-8")


def banned_phrases(text: str) -> Iterator[tuple[str, str]]:
    """Yields each banned phrase with the advice, also if it is broken over two lines."""
    joined = re.sub(r"\n[ \t]*(?:#|//|\*|>)?[ \t]*", " ", text)
    for found in _PHRASES.finditer(joined):
        advice = next(each for phrase, each in BANNED.items() if re.fullmatch(phrase, found[0], re.IGNORECASE))
        yield found[0], advice


def test_no_text_uses_a_banned_phrase() -> None:
    found = [
        f"{path}: {phrase!r}: write {advice}"
        for path, text in texts()
        for phrase, advice in banned_phrases(FIXED_TEXTS.sub("", text))
    ]
    assert found == []


@pytest.mark.parametrize("text", ["Whoever asks", "so\n    many", "# is\n    # told", "let go", "Beside it"])
def test_a_banned_phrase_is_found(text: str) -> None:
    assert [phrase for phrase, _ in banned_phrases(text)]


@pytest.mark.parametrize("text", ["besides", "the whole", "sees today", "asked", "then"])
def test_an_ordinary_word_is_not_a_banned_phrase(text: str) -> None:
    assert not [phrase for phrase, _ in banned_phrases(text)]
