"""Many texts as sets of numbered shingles, made for all of them at once: the same sets as ``shingles`` makes.

A shingle of up to three characters is one 64-bit number, so no two are ever confused. Shingles are then numbered from
rare to common, ties by the shingle itself: the numbers do not depend on the order of the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foundry_engine.features.ngrams import BEGIN, END
from foundry_engine.features.unicode_tables import CLASS, SPACELESS

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

BATCH = 1 << 20
"""Code points cut into shingles at a time."""
_CLASS = np.frombuffer(CLASS, dtype=np.uint8)
_BITS = 21
"""Enough for a code point + 1; a longer shingle has a larger number than any shorter one."""


@dataclass(frozen=True, slots=True)
class ShingleTable:
    """Distinct sets by ascending size, in the layout of a sparse matrix.

    ``tokens[starts[s] : starts[s + 1]]`` are the ascending shingle numbers of set ``s``, ``sizes[s]`` of them;
    ``set_of`` has the set of each text; ``hashes`` a well-mixed 64-bit number of each shingle number.
    """

    starts: Ints
    tokens: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    set_of: Ints
    hashes: Words

    @classmethod
    def of(cls, cores: Sequence[str], length: int) -> ShingleTable:
        """The table of texts without outer punctuation, in shingles of two or three characters.

        >>> table = ShingleTable.of(["天气好", "天气很好", "天气好"], 2)
        >>> table.sizes.tolist(), table.set_of.tolist()
        ([4, 5], [0, 1, 0])
        """
        counts: list[npt.NDArray[np.int32]] = [np.empty(0, dtype=np.int32)]
        keys: list[Words] = [np.empty(0, dtype=np.uint64)]
        for some in batches(cores):
            windows, shingle = _cut(some, length)
            counts.append(windows)
            keys.append(shingle)
        tokens, hashes = _numbered(keys)
        starts, tokens = _as_sets(np.concatenate(counts), tokens)
        return _distinct(starts, tokens, hashes)

    def __len__(self) -> int:
        return len(self.sizes)

    def members(self, sets: Ints) -> Ints:
        """Positions in ``tokens`` of all shingles of these sets, one set after the other."""
        return spread(self.starts[sets], self.sizes[sets])


def shingle_lengths(cores: Sequence[str]) -> Ints:
    """2 where most letters are of a script without spaces, else 3, as ``shingles`` chooses.

    >>> shingle_lengths(["天气好", "fine", ""]).tolist()
    [2, 3, 2]
    """
    lengths = [np.empty(0, dtype=np.int64)]
    for some in batches(cores):
        points, starts, sizes = code_points(some)
        spaceless = np.add.reduceat((_CLASS[points] == SPACELESS).astype(np.int64), starts)
        letters = sizes - 2 - np.add.reduceat((points == ord(" ")).astype(np.int64), starts)
        lengths.append(np.where(2 * spaceless >= letters, 2, 3))
    return np.concatenate(lengths)


def spread(starts: npt.NDArray[np.integer], counts: npt.NDArray[np.integer]) -> Ints:
    """The numbers ``start … start + count - 1`` of each pair, one run after the other.

    >>> spread(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist()
    [5, 6, 9, 10, 11]
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    runs: Ints = np.arange(total, dtype=np.int64) + np.repeat(starts - ends + counts, counts)
    return runs


def mixed(numbers: Words) -> Words:
    """Each number well mixed (the finalizer of splitmix64, which is one to one)."""
    x: Words = numbers ^ (numbers >> np.uint64(30))
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def batches(cores: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of texts of about ``BATCH`` code points together, at least one text each."""
    ends = np.cumsum(np.fromiter(map(len, cores), dtype=np.int64, count=len(cores)))
    start = 0
    while start < len(cores):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BATCH, "right")))
        yield cores[start:stop]
        start = stop


def code_points(cores: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Ints, Ints]:
    """The code points of all texts between end marks, where each starts and how many each has."""
    joined = BEGIN + (END + BEGIN).join(cores) + END
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    sizes = np.fromiter(map(len, cores), dtype=np.int64, count=len(cores)) + 2
    return points, np.cumsum(sizes) - sizes, sizes


def _cut(cores: Sequence[str], length: int) -> tuple[npt.NDArray[np.int32], Words]:
    """How many windows each text has, and the windows as numbers."""
    points, starts, sizes = code_points(cores)
    codes = points.astype(np.uint64) + np.uint64(1)
    width = np.minimum(length, sizes)
    windows = sizes - width + 1
    at = spread(starts, windows)
    keys = codes[at] << np.uint64(_BITS) | codes[at + 1]
    if length == 3:
        third = codes[np.minimum(at + 2, len(codes) - 1)]
        keys = np.where(np.repeat(width == 3, windows), keys << np.uint64(_BITS) | third, keys)
    return windows.astype(np.int32), keys


def _numbered(keys: list[Words]) -> tuple[npt.NDArray[np.int32], Words]:
    """Shingles by number, from rare to common, and the hash of each number. Empties the list: it is large."""
    encoded = pa.chunked_array([pa.array(part) for part in keys], pa.uint64()).combine_chunks().dictionary_encode()
    keys.clear()
    ids = encoded.indices.to_numpy(zero_copy_only=False)
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False)
    order = np.lexsort((distinct, np.bincount(ids, minlength=len(distinct))))
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[ids], mixed(distinct[order])


def _as_sets(counts: npt.NDArray[np.int32], tokens: npt.NDArray[np.int32]) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Each text's shingles ascending and once each, a batch of texts at a time."""
    ends = np.cumsum(counts, dtype=np.int64)
    sizes = np.zeros(len(counts), dtype=np.int64)
    kept = [np.empty(0, dtype=np.int32)]
    start = 0
    while start < len(counts):
        first = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, first + BATCH, "right")))
        rows = np.repeat(np.arange(stop - start, dtype=np.uint64), counts[start:stop])
        packed = rows << np.uint64(32) | tokens[first : ends[stop - 1]].astype(np.uint64)
        packed.sort()
        packed = packed[np.concatenate(([True], packed[1:] != packed[:-1]))]
        sizes[start:stop] = np.bincount((packed >> np.uint64(32)).astype(np.int64), minlength=stop - start)
        kept.append((packed & np.uint64(0xFFFFFFFF)).astype(np.int32))
        start = stop
    return np.concatenate(([0], np.cumsum(sizes))), np.concatenate(kept)


def _distinct(starts: Ints, tokens: npt.NDArray[np.int32], hashes: Words) -> ShingleTable:
    """Equal sets as one, by ascending size."""
    sizes = np.diff(starts)
    same = _first_equal(starts, tokens, sizes, hashes)
    first = np.flatnonzero(same == np.arange(len(same)))
    first = first[np.argsort(sizes[first], kind="stable")]
    number = np.zeros(len(same), dtype=np.int64)
    number[first] = np.arange(len(first))
    own = sizes[first]
    return ShingleTable(
        starts=np.concatenate(([0], np.cumsum(own))),
        tokens=tokens[spread(starts[first], own)],
        sizes=own.astype(np.int32),
        set_of=number[same],
        hashes=hashes,
    )


def _first_equal(starts: Ints, tokens: npt.NDArray[np.int32], sizes: Ints, hashes: Words) -> Ints:
    """For each set the first set equal to it: proposed by the sum of its hashes, decided shingle by shingle."""
    if not len(sizes):
        return np.empty(0, dtype=np.int64)
    sums = np.add.reduceat(hashes[tokens], starts[:-1])
    _, first, group = np.unique(sums, return_index=True, return_inverse=True)
    proposed = first[group].astype(np.int64)
    rows = np.flatnonzero((proposed != np.arange(len(sizes))) & (sizes == sizes[proposed]))
    same = np.arange(len(sizes))
    for some in np.array_split(rows, 1 + int(sizes[rows].sum()) // BATCH):
        if len(some):
            mine, theirs = spread(starts[some], sizes[some]), spread(starts[proposed[some]], sizes[some])
            edges = np.cumsum(sizes[some]) - sizes[some]
            equal = np.logical_and.reduceat(tokens[mine] == tokens[theirs], edges)
            same[some[equal]] = proposed[some[equal]]
    return same
