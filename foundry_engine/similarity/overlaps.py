"""The exact similarity of proposed pairs of sets: nothing counts as similar that was not counted here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from foundry_engine.similarity.shingle_table import Ints, ShingleTable

Floats = npt.NDArray[np.float64]

MEMBERS = 1 << 19
"""Shingles counted at a time."""
CELLS = 1 << 24
"""Most cells of the table that says which of a chunk's shingles each of its sets has."""


def verified(table: ShingleTable, i: Ints, j: Ints, threshold: float) -> tuple[Ints, Ints, Floats]:
    """The pairs with Jaccard similarity >= ``threshold``, with it; pairs come ascending by ``i``."""
    kept = [(i[:0], j[:0], np.empty(0, dtype=np.float64))]
    ends, start = np.cumsum(table.sizes[j], dtype=np.int64), 0
    while start < len(i):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + MEMBERS, "right")))
        a, b = i[start:stop], j[start:stop]
        shared = _shared(table, a, b)
        similarity = shared / (table.sizes[a] + table.sizes[b] - shared)
        good = similarity >= threshold
        kept.append((a[good], b[good], similarity[good]))
        start = stop
    a, b, similarity = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return a, b, similarity


def overlap_needed(mine: Ints, theirs: Ints, threshold: float) -> Ints:
    """The least number of common shingles that makes sets of these sizes similar enough."""
    needed: Ints = np.ceil(threshold / (1 + threshold) * (mine + theirs) - 1e-9).astype(np.int64)
    return needed


def _shared(table: ShingleTable, i: Ints, j: Ints) -> Ints:
    """How many shingles the sets of each pair share; a table of the sets on the left is asked for each on the right."""
    lefts, left = np.unique(i, return_inverse=True)
    members = table.members(lefts)
    vocabulary, column = np.unique(table.tokens[members], return_inverse=True)
    if len(lefts) * len(vocabulary) > CELLS and len(lefts) > 1:
        half = int(np.searchsorted(i, lefts[len(lefts) // 2]))
        return np.concatenate((_shared(table, i[:half], j[:half]), _shared(table, i[half:], j[half:])))
    has = np.zeros((len(lefts), len(vocabulary) + 1), dtype=bool)
    has[np.repeat(np.arange(len(lefts)), table.sizes[lefts]), column] = True
    asked = table.tokens[table.members(j)]
    place = np.searchsorted(vocabulary, asked)
    place[vocabulary[np.minimum(place, len(vocabulary) - 1)] != asked] = len(vocabulary)
    found = has[np.repeat(left, table.sizes[j]), place]
    sizes = table.sizes[j].astype(np.int64)
    return np.add.reduceat(found, np.cumsum(sizes) - sizes, dtype=np.int64)
