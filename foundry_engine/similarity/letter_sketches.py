"""64 bits of a text's characters that bound its edit distance to others from below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foundry_engine.similarity.shingle_table import Words, batches, code_points, mixed


def letter_sketches(texts: Sequence[str]) -> Words:
    """Parities of the characters: one edit flips at most two bits, so texts that differ in more than 2n are n apart.

    >>> a, b, c = letter_sketches(["salt", "slat", "salty"]).tolist()
    >>> (a ^ b).bit_count(), (a ^ c).bit_count()
    (0, 1)
    """
    found = [np.empty(0, dtype=np.uint64)]
    for some in batches(texts):
        points, starts, _ = code_points(some)
        flips = np.uint64(1) << (mixed(points.astype(np.uint64)) >> np.uint64(58))
        found.append(np.bitwise_xor.reduceat(flips, starts))
    return np.concatenate(found)
