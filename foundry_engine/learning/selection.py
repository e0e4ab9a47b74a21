"""Keeping the terms that matter until the artifact fits its size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt


def importance(coef: npt.NDArray[np.float64], frequency: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much each of the first ``len(frequency)`` features moves answers: spread of its weights times sqrt(df)."""
    terms = coef[:, : len(frequency)]
    spread = np.abs(terms[0]) if len(terms) == 1 else terms.max(axis=0) - terms.min(axis=0)
    return np.asarray(spread * np.sqrt(frequency))


def most_important(
    scores: npt.NDArray[np.float64], size_of: Callable[[npt.NDArray[np.int64]], int], max_bytes: int
) -> npt.NDArray[np.int64]:
    """Ascending places of as many best-scored terms as fit; ``size_of`` gives the artifact's bytes for some places.

    Ties are broken by place. Gives an empty array when not even one term fits.
    """
    order = np.lexsort((np.arange(len(scores)), -scores))
    if size_of(np.sort(order)) <= max_bytes:
        return np.sort(order)
    low, high = 0, len(order)
    while high - low > max(1, len(order) // 1000):
        middle = (low + high) // 2
        if size_of(np.sort(order[:middle])) <= max_bytes:
            low = middle
        else:
            high = middle
    return np.sort(order[:low])
