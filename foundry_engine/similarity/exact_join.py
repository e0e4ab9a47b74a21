"""All pairs of texts with at least a given Jaccard similarity: exact, none missing, none extra.

A prefix-filtered set join (Bayardo, Ma and Srikant, "Scaling Up All Pairs Similarity Search", WWW 2007): with the
tokens of every set ordered from rare to common, two sets of similarity t share a token among their first
``size - ceil(t * size) + 1``. Candidates whose bitmaps differ in too many bits cannot be similar (the bitmap bound);
the rest are counted exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

BLOCK = 4_096
"""Rows joined with all others at a time, and ``CHUNK`` candidate pairs counted at a time: they bound the memory."""
CHUNK = 1_000_000
WORDS = 4
"""64-bit words of a row's bitmap."""


def similar_pairs(
    sets: Sequence[frozenset[str]], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Positions ``i < j`` of all pairs with Jaccard similarity >= ``threshold``, sorted, and their similarities.

    >>> i, j, s = similar_pairs([frozenset("abc"), frozenset("xyz"), frozenset("abcd")], 0.7)
    >>> list(zip(i.tolist(), j.tolist(), s.tolist()))
    [(0, 2, 0.75)]
    """
    matrix = _token_matrix(sets)
    sizes = np.diff(matrix.indptr)
    kept: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
    for left, right in _candidates(matrix, sizes, threshold):
        for start in range(0, len(left), CHUNK):
            i, j = left[start : start + CHUNK], right[start : start + CHUNK]
            shared = np.asarray(matrix[i].multiply(matrix[j]).sum(axis=1)).ravel()
            similarity = shared / (sizes[i] + sizes[j] - shared)
            good = similarity >= threshold
            kept.append((i[good], j[good], similarity[good]))
    if not kept:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty.copy(), np.empty(0, dtype=np.float64)
    i, j, s = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    order = np.lexsort((j, i))
    return i[order], j[order], s[order]


def _token_matrix(sets: Sequence[frozenset[str]]) -> sp.csr_matrix:
    """Rows are sets, columns tokens from rare to common; ties by the token, so the order is the same everywhere."""
    counts: dict[str, int] = {}
    for tokens in sets:
        for token in tokens:
            counts[token] = counts.get(token, 0) + 1
    rank = {token: i for i, token in enumerate(sorted(counts, key=lambda t: (counts[t], t)))}
    indptr = np.zeros(len(sets) + 1, dtype=np.int64)
    np.cumsum([len(tokens) for tokens in sets], out=indptr[1:])
    indices = np.fromiter((rank[t] for tokens in sets for t in tokens), dtype=np.int64, count=int(indptr[-1]))
    matrix = sp.csr_matrix((np.ones(len(indices), dtype=np.int32), indices, indptr), shape=(len(sets), len(rank)))
    matrix.sort_indices()
    return matrix


def _candidates(
    matrix: sp.csr_matrix, sizes: npt.NDArray[np.int64], threshold: float
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Pairs that share a prefix token and whose sizes allow the similarity, a block of rows at a time."""
    prefix = np.where(sizes > 0, sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + 1, 0)
    rows = np.repeat(np.arange(len(sizes)), prefix)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    tokens = matrix.indices[matrix.indptr[rows] + offset]
    prefixes = sp.csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, tokens)), shape=matrix.shape)
    transposed = prefixes.T.tocsr()
    bitmaps = _bitmaps(matrix)
    for start in range(0, len(sizes), BLOCK):
        shared = (prefixes[start : start + BLOCK] @ transposed).tocoo()
        i, j = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        ordered = i < j
        i, j = i[ordered], j[ordered]
        both = sizes[i] + sizes[j]
        needed = np.ceil(threshold / (1 + threshold) * both - 1e-9)
        different = np.bitwise_count(bitmaps[i] ^ bitmaps[j]).sum(axis=1, dtype=np.int64)
        wanted = (np.minimum(sizes[i], sizes[j]) >= needed) & ((both - different) // 2 >= needed)
        yield i[wanted], j[wanted]


def _bitmaps(matrix: sp.csr_matrix) -> npt.NDArray[np.uint64]:
    """Each row's tokens as bits, ``[rows, WORDS]``: rows differ in at least as many tokens as in bits."""
    bit = (matrix.indices.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - 8)
    bitmaps = np.zeros((matrix.shape[0], WORDS), dtype=np.uint64)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    np.bitwise_or.at(bitmaps, (rows, (bit >> np.uint64(6)).astype(np.int64)), np.uint64(1) << (bit & np.uint64(63)))
    return bitmaps
