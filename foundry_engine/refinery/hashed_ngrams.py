"""Texts as sparse rows of hashed character n-grams, a whole corpus at a time, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

BUCKETS = 2**18
LONGEST = 1_000
"""Code points of a text that are looked at: more tell no more about its label."""
BORDER = 0x110000
"""Stands before and after every text; it is no code point."""


def hashed_ngrams(texts: Sequence[str], shortest: int = 1, longest: int = 4) -> sp.csr_matrix:
    """``[texts, buckets]``: 1 for every n-gram that occurs, times its rarity (idf), rows of length 1.

    Buckets in which fewer than two texts fall are left out.
    """
    cut = [text[:LONGEST] for text in texts]
    codes = np.concatenate([_codes(text) for text in cut]) if cut else np.zeros(0, dtype=np.uint64)
    rows = np.repeat(np.arange(len(cut)), [len(text) + 2 for text in cut])
    found = []
    for n in range(shortest, longest + 1):
        buckets = _hashes(codes, n)
        inside = rows[: len(buckets)] == rows[n - 1 :][: len(buckets)]
        found.append(rows[: len(buckets)][inside] * BUCKETS + buckets[inside])
    cells = np.sort(np.concatenate(found))  # np.unique hashes first, which is slower here
    cells = cells[np.diff(cells, prepend=-1) != 0]
    row, column = cells // BUCKETS, cells % BUCKETS
    frequency = np.bincount(column, minlength=BUCKETS)
    kept = np.flatnonzero(frequency >= min(2, len(cut)))
    place = np.full(BUCKETS, -1)
    place[kept] = np.arange(len(kept))
    good = place[column] >= 0
    row, column = row[good], place[column[good]]
    values = np.log((1 + len(cut)) / (1 + frequency[kept]))[column] + 1
    norms = np.sqrt(np.bincount(row, weights=values**2, minlength=len(cut)))
    return sp.csr_matrix((values / norms[row], (row, column)), shape=(len(cut), len(kept)))


def _codes(text: str) -> npt.NDArray[np.uint64]:
    inner = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    border = np.array([BORDER], dtype=np.uint64)
    return np.concatenate([border, inner, border])


def _hashes(codes: npt.NDArray[np.uint64], n: int) -> npt.NDArray[np.int64]:
    """The bucket of the n-gram that starts at each place; multiplication mod 2^64, so the same on any machine."""
    count = max(0, len(codes) - n + 1)
    mixed = np.full(count, n, dtype=np.uint64)
    for offset in range(n):
        mixed = (mixed ^ codes[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(64 - 18)).astype(np.int64)
