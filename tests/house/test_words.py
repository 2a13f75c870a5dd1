"""Holds the text of the project to plain English: phrases that paraphrase a term instead of using it are banned.

docs/glossary.md has the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

BANNED = {
    "whoever": "the caller, the client",
    "whomever": "the caller, the client",
    "whom": "who, the client, or another sentence",
    "whosoever": "the caller, the client",
    "be it that": "because, if",
    "be it": "whether, or",
    "so many": "at most N, the number of",
    "(is|are|was|were|be|been) told": "receives, is notified, gets",
    "tells? (it|them|him|others|another|of)": "notifies, returns, says which",
    "comes? to be": "becomes, happens",
    "may be had": "is available",
    "asks? nobody": "reads no state, calls nothing",
    "asked of": "called with, requested from",
    "anew": "again",
    "beside": "next to, in addition to, with",
    "lest": "so that ... not",
    "thereby": "by this, so",
    "hence": "so, therefore",
    "likewise": "also, in the same way",
    "nought": "nothing, zero",
    "for ever": "forever, without end",
    "as it were": "leave it out",
    "lets? go( of)?": "releases",
    "letting go": "releasing",
    "in (someone|somebody|nobody|anyone)('s)? hands?": "leased, claimed",
    "off stage": "outside the API",
    "curtain": "start",
    "(a |one )?(roll of the )?dice": "rng, random values",
    "a die": "a random value",
    "becomes? of": "the result of",
    "has become of": "the state of",
    "in good order": "normally, with a FIN",
    "said to be": "is",
    "at hand": "available",
    "the while": "during this",
    "ere": "before",
    "thus": "so",
    "herein": "here",
    "whither": "where",
    "whence": "from where",
    "twain": "two",
    "aught": "anything",
    "oft": "often",
    "nigh": "near",
    "of old": "older",
    "is gone without": "is deleted without",
    "neither .{1,40} nor .{1,40} is told": "say what happens",
    "stands? (in for|for itself)": "replaces, is",
    "goes? by the": "uses the",
    "makes? nothing of": "ignores",
    "takes? in hand": "acquires, handles",
    "sees? to": "handles, runs",
    "looks? after": "manages",
    "gives? back": "returns",
    "speaks? of": "describes, names",
    "a room of its own": "a folder",
    "one'?s own": "your own",
}
"""Banned phrases as regular expressions, and what to write instead."""
SUFFIXES = {".py", ".md", ".html", ".toml", ".js", ".css", ".yml", ".yaml", ".json", ".mjs", ""}
FOLDERS = ("mockserver", "tests", "docs", "benchmarks", "fixtures/scenarios", ".ci", ".github")
FILES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "Makefile",
    "Dockerfile",
    "compose.yaml",
    "pyproject.toml",
)
LEFT_OUT = re.compile(
    r"/vendor/|/__pycache__/|tests/upgrading/v|/results/|/contracts/|tests/house/test_words\.py$|/images/"
)
_PHRASES = re.compile("|".join(rf"(?P<p{nth}>\b(?:{phrase})\b)" for nth, phrase in enumerate(BANNED)), re.IGNORECASE)


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the project, by its path."""
    files = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        files += (each for each in sorted((ROOT / folder).rglob("*")) if each.is_file() and each.suffix in SUFFIXES)
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        if not LEFT_OUT.search(f"/{path}"):
            yield path, file.read_text("utf-8")


def banned_phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, phrase and advice for every banned phrase, also for one that is broken over two lines."""
    flat = re.sub(r"\n[ \t]*(?:#|//|\*|>)?[ \t]*", lambda found: "\n" + " " * (len(found[0]) - 1), text)
    joined = flat.replace("\n", " ")
    for found in _PHRASES.finditer(
        re.sub(r" {2,}", lambda gap: " " + "\0" * (len(gap[0]) - 1), joined).replace("\0", "")
    ):
        yield 0, found[0], list(BANNED.values())[int((found.lastgroup or "p0")[1:])]


def test_no_text_uses_a_banned_phrase() -> None:
    found = [
        f"{path}: {phrase!r}: write {advice}" for path, text in texts() for _, phrase, advice in banned_phrases(text)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["Whoever asks", "so\n    many", "# is\n    # told", "let go", "Beside it"])
def test_a_banned_phrase_is_found(text: str) -> None:
    assert [phrase for _, phrase, _ in banned_phrases(text)]


@pytest.mark.parametrize("text", ["besides", "the whole", "sees today", "whomsoeverness", "asked"])
def test_an_ordinary_word_is_not_a_banned_phrase(text: str) -> None:
    assert not [phrase for _, phrase, _ in banned_phrases(text)]
