"""Random values of a sandbox. Seed, purpose and number determine each value, on any machine and in any order."""

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
    """The random values of one event, by name. The same name always gives the same value."""

    __slots__ = ("_nth", "_purpose", "_randomness")

    def __init__(self, randomness: Randomness, purpose: str, nth: int) -> None:
        self._randomness, self._purpose, self._nth = randomness, purpose, nth

    def uniform(self, name: str) -> float:
        """Returns a number in [0, 1)."""
        return self._randomness.uniform(f"{self._purpose}:{name}", self._nth)

    def bytes(self, name: str, length: int) -> bytes:
        return self._randomness.stream(f"{self._purpose}:{name}", self._nth).randbytes(length)


class Randomness:
    """Random values from a seed; no value depends on other values."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._keyed = blake2b(key=blake2b(seed.encode(), digest_size=32).digest())

    def digest(self, purpose: str, nth: int | str) -> bytes:
        """Returns the 64 bytes from which the nth value of a purpose is made."""
        draw = self._keyed.copy()
        draw.update(f"{purpose}\0{nth}".encode())
        return draw.digest()

    def uniform(self, purpose: str, nth: int | str) -> float:
        """Returns a number in [0, 1)."""
        first: int = _unpack_first(self.digest(purpose, nth))[0]
        return (first >> 11) / (1 << 53)

    def text(self, purpose: str, nth: int | str, length: int, alphabet: str = LOWER) -> str:
        """Returns ``length`` (at most 32) letters of an alphabet of at most 256.

        The letters are nearly equally likely: a 16-bit number is taken modulo the size of the alphabet.
        """
        size = len(alphabet)
        return "".join([alphabet[number % size] for number in _unpack_numbers(self.digest(purpose, nth))[:length]])

    def token(self, purpose: str, nth: int | str, length: int) -> str:
        """Returns ``length`` letters of the URL-safe base64 alphabet."""
        blocks = range((length + 31) // 32)
        return "".join(self.text(purpose, f"{nth}/{block}", 32, URLSAFE) for block in blocks)[:length]

    def uuid(self, purpose: str, nth: int | str) -> str:
        """Returns a version 4 UUID."""
        text = self.digest(purpose, nth)[:16].hex()
        # The version replaces one digit, the variant two bits.
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"

    def stream(self, purpose: str, nth: int | str) -> Random:
        """Returns a generator, for values that need more than one random number."""
        return Random(int.from_bytes(self.digest(purpose, nth)))
