"""The tag ``neighbours`` read back: which rows have the same shingles, and which of those sets are similar.

Rows with the very same shingles are a star in the tag: its centre is a neighbour, at 1.0, of each of the others, and it
alone has the similar rows. So a million copies are a million pairs, not half a million millions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TOGETHER = 1 << 20
"""Pairs of sets whose rows are compared at a time."""
MOST_ALIKE = 1_000
"""Of rows with the very same shingles only so many, the best, are compared with one another and with others."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """``star`` numbers the set of shingles of each row; sets ``a < b`` are similar, each pair once."""

    star: Ints
    a: Ints
    b: Ints
    similarity: Floats

    @classmethod
    def of(cls, table: pa.Table) -> Neighbours:
        """From a table with the tag."""
        lists = table["neighbours"].combine_chunks()
        lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
        mine = np.repeat(np.arange(table.num_rows), np.diff(lists.offsets.to_numpy()))
        flat = lists.flatten()
        other, similarity = flat.field("row").to_numpy(), flat.field("similarity").to_numpy()
        same, once = similarity == 1.0, mine < other
        star = components(table.num_rows, mine[same & once], other[same & once])
        apart = once & ~same
        ends = np.sort(np.stack((star[mine[apart]], star[other[apart]])), axis=0)
        return cls(star, ends[0], ends[1], similarity[apart])

    def rows_near(self, rows: Bools, least: float) -> Bools:
        """For each row whether one of ``rows`` has its shingles, or shingles at least that similar."""
        sets = int(self.star.max(initial=-1)) + 1
        has = np.zeros(sets, dtype=bool)
        has[self.star[rows]] = True
        close = self.similarity >= least
        a, b = self.a[close], self.b[close]
        near = has.copy()
        near[a[has[b]]] = True
        near[b[has[a]]] = True
        return near[self.star]

    def row_pairs(self, by_rank: Ints) -> Iterator[tuple[Ints, Ints]]:
        """All pairs of these rows, the best first, of equal or similar shingles, a bounded number at a time."""
        from foundry_engine.similarity.shingle_table import spread

        rows = by_rank[np.argsort(self.star[by_rank], kind="stable")]
        all_rows = np.bincount(self.star[rows], minlength=len(self.star))
        first, count = np.cumsum(all_rows) - all_rows, np.minimum(all_rows, MOST_ALIKE)
        several = np.flatnonzero(count > 1)
        a, b = np.concatenate((self.a, several)), np.concatenate((self.b, several))
        pairs = count[a] * count[b]
        ends, start = np.cumsum(pairs), 0
        while start < len(a):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + TOGETHER, "right")))
            some, n = slice(start, stop), pairs[start:stop]
            number, width = spread(np.zeros_like(n), n), np.repeat(count[b[some]], n)
            left = np.repeat(first[a[some]], n) + number // width
            right = np.repeat(first[b[some]], n) + number % width
            once = (left < right) | np.repeat(a[some] != b[some], n)
            yield rows[left[once]], rows[right[once]]
            start = stop


def components(count: int, i: Ints, j: Ints) -> Ints:
    """The connected component of each of ``count`` nodes, numbered by the smallest node.

    >>> components(4, np.array([2]), np.array([3])).tolist()
    [0, 1, 2, 2]
    """
    import scipy.sparse as sp  # slow to import, and this module is read at every start
    from scipy.sparse.csgraph import connected_components

    graph = sp.coo_matrix((np.ones(len(i), dtype=np.int8), (i, j)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)
