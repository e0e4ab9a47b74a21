"""Counts of known terms to values: term weight, idf and L2 norm, bit for bit as scikit-learn computes them.

Specified in ``proto/README.md``, section "Values". Sums run in ascending order of the indices, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

TF_WEIGHTS = tuple(1.0 + math.log(tf) for tf in range(1, 256))
"""1 + ln(tf) for tf = 1 … 255; artifacts carry the numbers, so no runtime computes a logarithm."""


def term_values(
    indices: Sequence[int], counts: Sequence[int], idf: Sequence[float] = (), tf_weights: Sequence[float] = ()
) -> list[float]:
    """Values of the terms with these ascending indices and counts; their squares add up to 1.

    Without ``tf_weights`` a term weighs 1 however often it occurs, and ``counts`` are not looked at; without ``idf``
    every idf is 1.

    >>> term_values([3, 7], [1, 2], idf=(1, 1, 1, 3.0, 1, 1, 1, 4.0))
    [0.6, 0.8]
    """
    if not tf_weights and not idf:  # a sum of ones is exact
        return [1.0 / math.sqrt(len(indices))] * len(indices) if indices else []
    if tf_weights:
        last = len(tf_weights)
        raw = [tf_weights[min(count, last) - 1] for count in counts]
        if idf:
            raw = [value * idf[index] for value, index in zip(raw, indices, strict=True)]
    else:
        raw = [idf[index] for index in indices]
    total = 0.0
    for value in raw:
        total += value * value
    norm = math.sqrt(total)
    return [value / norm for value in raw]
