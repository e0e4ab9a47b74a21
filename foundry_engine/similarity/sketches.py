"""Short bit vectors of sets that bound from below how many elements two sets do not share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foundry_engine.similarity.shingle_table import ShingleTable, Words

WORDS = 4
"""64-bit words of a sketch."""


def sketches(table: ShingleTable) -> Words:
    """Parities of 256 bits a set, ``[sets, WORDS]``.

    Every shingle flips one bit, so a shingle that two sets share flips the same bit in both: the sketches of two sets
    differ in at most as many bits as the sets in shingles. Unlike a bitmap of what occurs it does not fill up.
    """
    bit = table.hashes >> np.uint64(56)
    found = np.zeros((len(table), WORDS), dtype=np.uint64)
    for word in range(WORDS):
        flips = np.where(bit >> np.uint64(6) == word, np.uint64(1) << (bit & np.uint64(63)), np.uint64(0))
        if len(table):
            found[:, word] = np.bitwise_xor.reduceat(flips.take(table.tokens), table.starts[:-1])
    return found


def differing(a: Words, b: Words) -> npt.NDArray[np.uint32]:
    """In how many bits rows of sketches differ: never more than the sets differ in shingles.

    The counts of the four words are added as bytes of one number; all 256 bits different count as 0.
    """
    counts: npt.NDArray[np.uint32] = np.bitwise_count(a ^ b).view(np.uint32).ravel()
    counts *= np.uint32(0x01010101)
    counts >>= np.uint32(24)
    return counts
