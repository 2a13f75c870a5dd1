"""Compresses responses with gzip or deflate."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from gzip import compress

from mockserver.engine import Call, Reply
from mockserver.providers.kotauth.assumptions import is_documented

CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": partial(compress, mtime=0), "deflate": zlib.compress}
"""Name of a coding -> function; at equal quality the first is preferred. In HTTP, deflate means the zlib format."""
_MIN_BYTES = 1024
"""Shorter bodies are not compressed."""
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)\s*", re.IGNORECASE | re.ASCII)


def compress_reply(call: Call, reply: Reply) -> None:
    """Compresses bodies of 1024 bytes and more if the client accepts a coding and the sandbox follows the source."""
    if len(reply.body) < _MIN_BYTES or is_documented(call, "compression"):
        return
    coding = choose_coding(call.headers.get("accept-encoding", ""))
    if coding is not None:
        reply.body = CODINGS[coding](reply.body)
        reply.headers += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]


def choose_coding(header: str) -> str | None:
    """Returns the coding that an Accept-Encoding header prefers, or None if it prefers or accepts no compression."""
    qualities = {
        name.strip().lower(): _parse_quality(rest) for name, _, rest in (e.partition(";") for e in header.split(","))
    }
    best = max(CODINGS, key=lambda coding: qualities.get(coding, qualities.get("*", 0.0)))
    quality = qualities.get(best, qualities.get("*", 0.0))
    return best if quality > 0 and quality >= qualities.get("identity", 0.0) else None


def _parse_quality(parameters: str) -> float:
    """Returns the quality value in the parameters of a coding; 1.0 if it is missing or unreadable."""
    match = next(filter(None, map(_QUALITY.fullmatch, parameters.split(";"))), None)
    return float(match[1]) if match else 1.0
