"""Chance that depends on nothing but its names: the same seed and request always give the same."""

from __future__ import annotations

from hashlib import blake2b
from random import Random


def number(*names: object) -> int:
    """64 bits from the names.

    >>> number(1, "fault", "ab") == number(1, "fault", "ab") != number(2, "fault", "ab")
    True
    """
    return int.from_bytes(blake2b("\x1f".join(map(str, names)).encode("utf-8", "replace"), digest_size=8).digest())


def share(*names: object) -> float:
    """A number in [0, 1) from the names."""
    return number(*names) / 2**64


def random(*names: object) -> Random:
    """A generator seeded by the names."""
    return Random(number(*names))
