"""Compressed answers: when, and with which of the two codings there are."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import partial
from gzip import compress

from mockserver.engine import Call, Reply
from mockserver.providers.kotauth.assumptions import is_documented

CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": partial(compress, mtime=0), "deflate": zlib.compress}
"""Those liked equally are taken in this order; deflate is in the zlib format, as HTTP has it."""
_MIN_BYTES = 1024
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)\s*", re.IGNORECASE | re.ASCII)


def compress_reply(call: Call, reply: Reply) -> None:
    """Compress a long answer for a client that takes it so."""
    if len(reply.body) < _MIN_BYTES or is_documented(call, "compression"):
        return
    coding = choose_coding(call.headers.get("accept-encoding", ""))
    if coding is not None:
        reply.body = CODINGS[coding](reply.body)
        reply.headers += [("Content-Encoding", coding), ("Vary", "Accept-Encoding")]


def choose_coding(accepted: str) -> str | None:
    """The coding an Accept-Encoding header likes best; None where it would rather have none of them."""
    likes = {
        name.strip().lower(): _parse_quality(rest) for name, _, rest in (e.partition(";") for e in accepted.split(","))
    }
    best = max(CODINGS, key=lambda coding: likes.get(coding, likes.get("*", 0.0)))
    liked = likes.get(best, likes.get("*", 0.0))
    return best if liked > 0 and liked >= likes.get("identity", 0.0) else None


def _parse_quality(parameters: str) -> float:
    """How much is liked what has these parameters; what cannot be read counts as not said."""
    said = next(filter(None, map(_QUALITY.fullmatch, parameters.split(";"))), None)
    return float(said[1]) if said else 1.0
