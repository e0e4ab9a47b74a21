"""Pairs of sets that probably have a given Jaccard similarity, for more sets than an exact join compares in good time.

MinHash bands (Broder, "On the Resemblance and Containment of Documents", 1997) propose, the bitmap bound throws out
most, and ``overlaps`` counts the rest: a shared band alone is never a near duplicate. Signatures follow from the
shingles alone, so the same texts give the same pairs on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log

import numpy as np
import numpy.typing as npt

from foundry_engine.similarity.overlaps import overlap_needed
from foundry_engine.similarity.shingle_table import Ints, ShingleTable, Words, mixed, spread
from foundry_engine.similarity.sketches import differing, sketches

MISSED = 0.001
"""Share of pairs exactly at the threshold that share no band; of more similar pairs hardly any is missed."""
CHUNK = 1 << 12
"""Sets signed at a time."""
PAIRS = 1 << 18
"""Pairs looked at together."""
_SET = np.uint64(24)


def candidates(table: ShingleTable, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """Sets ``i < j`` that share a band and are near by their sketches, each pair once, ascending by ``i``."""
    if len(table) < 2:
        return
    bands, rows = layout(threshold)
    signatures, sketch, sizes = _band_hashes(table, bands, rows), sketches(table), table.sizes.astype(np.int64)
    found = [np.empty(0, dtype=np.int64)]
    for hashes in signatures:
        packed = np.sort(hashes >> _SET << _SET | np.arange(len(table), dtype=np.uint64))
        for i, j in _within_groups(packed, sizes, threshold):
            most = sizes[i] + sizes[j] - 2 * overlap_needed(sizes[i], sizes[j], threshold)
            near = differing(sketch.take(i, axis=0), sketch.take(j, axis=0)) <= most
            found.append(i[near] << 32 | j[near])
    pairs = np.unique(np.concatenate(found))
    for start in range(0, len(pairs), PAIRS):
        some = pairs[start : start + PAIRS]
        yield some >> 32, some & 0xFFFFFFFF


def layout(threshold: float) -> tuple[int, int]:
    """Bands and rows a band: as many rows as 200 permutations allow if ``MISSED`` is to hold.

    >>> layout(0.85), layout(0.6)
    ((22, 8), (50, 4))
    """
    best = (1, 1)
    for rows in range(1, 9):
        bands = ceil(log(MISSED) / log(1 - threshold**rows)) if threshold < 1 else 1
        if bands * rows <= 200:
            best = (bands, rows)
    return best


def _band_hashes(table: ShingleTable, bands: int, rows: int) -> Words:
    """One 64-bit number a band and set, ``[bands, sets]``."""
    minima = _permuted(table, bands * rows)
    hashes = np.empty((bands, len(table)), dtype=np.uint64)
    for start in range(0, len(table), CHUNK):
        signature = _signatures(table, minima, start, min(start + CHUNK, len(table)))
        for band in range(bands):
            own = np.full(len(signature), band, dtype=np.uint64)
            for value in signature[:, band * rows : (band + 1) * rows].T:
                own = mixed(own * np.uint64(65_599) + value)
            hashes[band, start : start + CHUNK] = own
    return hashes


def _permuted(table: ShingleTable, permutations: int) -> npt.NDArray[np.uint16]:
    """16 bits of each shingle under each permutation, ``[shingles, permutations]``."""
    seeds = mixed(np.arange(1, permutations // 4 + 2, dtype=np.uint64))
    permuted = np.stack([mixed(table.hashes ^ seed) for seed in seeds], axis=1)
    return permuted.view(np.uint16)[:, :permutations]


def _signatures(table: ShingleTable, minima: npt.NDArray[np.uint16], start: int, stop: int) -> npt.NDArray[np.uint16]:
    """The least number of each set under each permutation; sets come by ascending size."""
    first, sizes = table.starts[start:stop], table.sizes[start:stop]
    signature = minima[table.tokens[first]]
    for place in range(1, int(sizes[-1])):
        longer = int(np.searchsorted(sizes, place, "right"))
        np.minimum(signature[longer:], minima[table.tokens[first[longer:] + place]], out=signature[longer:])
    return signature


def _within_groups(packed: Words, sizes: Ints, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """All pairs of one band whose sizes allow the similarity, a bounded number at a time."""
    sets = (packed & np.uint64((1 << 24) - 1)).astype(np.int64)
    key = packed >> _SET
    group = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    ends = np.repeat(np.concatenate((group[1:], [len(key)])), np.diff(np.concatenate((group, [len(key)]))))
    opens = np.flatnonzero(ends > np.arange(len(key)) + 1)
    largest = np.searchsorted(sizes, np.floor(sizes[sets[opens]] / threshold + 1e-9), "right").astype(np.uint64)
    bound = np.searchsorted(packed, (packed[opens] >> _SET << _SET) + largest)
    counts = np.minimum(bound, ends[opens]) - opens - 1
    opens, counts = opens[counts > 0], counts[counts > 0]
    total, start = np.cumsum(counts), 0
    while start < len(opens):
        before = int(total[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + PAIRS, "right")))
        left = np.repeat(opens[start:stop], counts[start:stop])
        yield sets[left], sets[spread(opens[start:stop] + 1, counts[start:stop])]
        start = stop
