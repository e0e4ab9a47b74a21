"""Pairs of sets that may have at least a given Jaccard similarity: none that has is missing.

A prefix-filtered set join (Bayardo, Ma and Srikant, "Scaling Up All Pairs Similarity Search", WWW 2007; Xiao et al.,
"Efficient Similarity Joins for Near Duplicate Detection", WWW 2008). With the shingles of every set ordered from rare
to common, two sets of similarity t share one among the first ``size - ceil(2t/(1+t) * size) + 1`` of the smaller and
the first ``size - ceil(t * size) + 1`` of the larger. What the sizes, the shingle's places and the sketches (the
bitmap bound) leave over is for ``overlaps`` to count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from foundry_engine.similarity.overlaps import overlap_needed
from foundry_engine.similarity.shingle_table import Ints, ShingleTable, Words, spread
from foundry_engine.similarity.sketches import differing, sketches

Bools = npt.NDArray[np.bool_]

PROBES = 1 << 17
"""Pairs of postings looked at together: they and what is computed of them stay in the processor's cache."""
ONE_WORD = 14
"""Up to so many allowed differences 64 bits of a sketch tell most sets apart."""
MOST_SETS = 1 << 24
"""A posting is one 64-bit number: 32 bits of shingle, 24 of set, 8 of place."""
_SET, _TOKEN = np.uint64(8), np.uint64(32)
_PLACE = 255


def candidates(table: ShingleTable, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """Sets ``i < j``, each pair once, ascending by ``i``, then ``j``, over all that is yielded."""
    if len(table) > 1:
        postings = _Postings(table, threshold)
        yield from (postings.survivors(start, stop) for start, stop in postings.chunks())


class _Postings:
    """The prefixes of all sets by shingle and set, and for each posting of a smaller set the run of others it meets."""

    def __init__(self, table: ShingleTable, threshold: float) -> None:
        self._threshold, self._sizes, self._sketches = threshold, table.sizes.astype(np.int64), sketches(table)
        key = self._sorted_keys(table)
        self._sets = (key >> _SET).astype(np.int64) & (MOST_SETS - 1)
        self._places = (key & np.uint64(_PLACE)).astype(np.int64)
        self._beside = self._sketches.take(self._sets, axis=0)
        self._first = self._beside[:, 0].copy()
        self._share = ((1 - threshold) / (1 + threshold) * self._sizes + 1e-3).astype(np.float32).take(self._sets)
        self._opens, self._counts = self._runs(key)

    def _sorted_keys(self, table: ShingleTable) -> Words:
        counts = self._sizes - np.ceil(self._threshold * self._sizes - 1e-9).astype(np.int64) + 1
        at = spread(table.starts[:-1], counts)
        sets = np.repeat(np.arange(len(counts)), counts)
        place = np.minimum(at - table.starts[sets], _PLACE)
        key: Words = table.tokens[at].astype(np.uint64) << _TOKEN | (sets << 8 | place).astype(np.uint64)
        key.sort()
        return key

    def _runs(self, key: Words) -> tuple[Ints, Ints]:
        """Positions of the postings of smaller sets, by set, and how many larger sets follow with the same shingle."""
        t, sizes = self._threshold, self._sizes
        last = sizes - np.ceil(2 * t / (1 + t) * sizes - 1e-9).astype(np.int64)
        opens = np.flatnonzero(self._places <= last[self._sets])
        largest = np.searchsorted(sizes, np.floor(sizes / t + 1e-9), "right")
        bound = (key[opens] >> _TOKEN << _TOKEN) + (largest[self._sets[opens]] << 8).astype(np.uint64)
        counts = np.searchsorted(key, bound) - opens - 1
        opens = opens[counts > 0]
        by_set = np.sort(self._sets[opens].astype(np.uint64) << _TOKEN | opens.astype(np.uint64))
        counts_of = np.zeros(len(key), dtype=np.int32)
        counts_of[opens] = counts[counts > 0]
        opens = (by_set & np.uint64(0xFFFFFFFF)).astype(np.int64)
        return opens, counts_of[opens].astype(np.int64)

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Runs of ``opens`` with about ``PROBES`` probes together; a set's postings are never parted."""
        ends, start = np.cumsum(self._counts), 0
        owners = self._sets[self._opens]
        while start < len(ends):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + PROBES, "right")))
            stop = int(np.searchsorted(owners, owners[stop - 1], "right"))
            yield start, stop
            start = stop

    def survivors(self, start: int, stop: int) -> tuple[Ints, Ints]:
        """What no bound excludes among the pairs that these postings meet."""
        opens, counts = self._opens[start:stop], self._counts[start:stop]
        met = spread(opens + 1, counts)
        near = np.flatnonzero(self._sketches_allow(opens, counts, met))
        if not len(near):
            return near, near
        a, b = opens[np.searchsorted(np.cumsum(counts), near, "right")], met[near]
        i, j = self._sets[a], self._sets[b]
        mine, theirs = self._sizes[i], self._sizes[j]
        room = np.minimum(mine - self._places[a], theirs - self._places[b])
        needed = overlap_needed(mine, theirs, self._threshold)
        different = differing(self._beside.take(a, axis=0), self._beside.take(b, axis=0))
        good = (room >= needed) & (different <= mine + theirs - 2 * needed)
        pairs = np.unique(i[good] << 32 | j[good])
        return pairs >> 32, pairs & 0xFFFFFFFF

    def _sketches_allow(self, opens: Ints, counts: Ints, met: Ints) -> Bools:
        """Where the first word of the sketches, or all of them if it says too little, leaves the pair possible."""
        t, smaller = self._threshold, self._sizes[self._sets[opens]]
        most = (1 - t) / t * smaller + 1e-9  # differences to the largest set that may be similar
        if most[-1] <= ONE_WORD:
            different = np.bitwise_count(np.repeat(self._first.take(opens), counts) ^ self._first.take(met))
            return np.asarray(different <= np.repeat(most.astype(np.uint8), counts))
        own = np.repeat(self._beside.take(opens, axis=0), counts, axis=0)
        share = np.repeat(self._share.take(opens), counts) + self._share.take(met)
        return np.asarray(differing(own, self._beside.take(met, axis=0)) <= share)
