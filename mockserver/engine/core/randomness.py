"""Every die of a sandbox: the same (seed, purpose, nth) gives the same answer on any machine, in any order."""

from __future__ import annotations

from hashlib import blake2b
from random import Random  # noqa: TID251
from struct import Struct

LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
URLSAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEX = "0123456789abcdef"
_unpack_numbers, _unpack_first = Struct(">32H").unpack, Struct(">Q").unpack_from
_VARIANT = dict(zip(HEX, "89ab" * 4, strict=True))


class Rng:
    """The dice of one event: every question has an answer of its own, and the same one whenever it is asked."""

    __slots__ = ("_nth", "_purpose", "_randomness")

    def __init__(self, randomness: Randomness, purpose: str, nth: int) -> None:
        self._randomness, self._purpose, self._nth = randomness, purpose, nth

    def uniform(self, question: str) -> float:
        """A number in [0, 1)."""
        return self._randomness.uniform(f"{self._purpose}:{question}", self._nth)

    def bytes(self, question: str, length: int) -> bytes:
        """So many bytes."""
        return self._randomness.stream(f"{self._purpose}:{question}", self._nth).randbytes(length)


class Randomness:
    """Chance that can be asked for again: no draw depends on any other draw."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._keyed = blake2b(key=blake2b(seed.encode(), digest_size=32).digest())

    def digest(self, purpose: str, nth: int | str) -> bytes:
        """64 bytes for the nth draw of a purpose."""
        draw = self._keyed.copy()
        draw.update(f"{purpose}\0{nth}".encode())
        return draw.digest()

    def uniform(self, purpose: str, nth: int | str) -> float:
        """A number in [0, 1)."""
        first: int = _unpack_first(self.digest(purpose, nth))[0]
        return (first >> 11) / (1 << 53)

    def text(self, purpose: str, nth: int | str, length: int, alphabet: str = LOWER) -> str:
        """``length`` (at most 32) letters of an alphabet of at most 256, near enough equally likely."""
        size = len(alphabet)
        return "".join([alphabet[number % size] for number in _unpack_numbers(self.digest(purpose, nth))[:length]])

    def token(self, purpose: str, nth: int | str, length: int) -> str:
        """``length`` letters of the alphabet of URL-safe base64."""
        pages = range((length + 31) // 32)
        return "".join(self.text(purpose, f"{nth}/{page}", 32, URLSAFE) for page in pages)[:length]

    def uuid(self, purpose: str, nth: int | str) -> str:
        """A version 4 UUID."""
        text = self.digest(purpose, nth)[:16].hex()
        # The version takes the place of one digit, the variant that of two bits.
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"

    def stream(self, purpose: str, nth: int | str) -> Random:
        """A generator of its own, for draws that need more than one number."""
        return Random(int.from_bytes(self.digest(purpose, nth)))
