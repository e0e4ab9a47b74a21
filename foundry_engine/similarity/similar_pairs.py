"""All pairs of texts with at least a given Jaccard similarity of their shingles, among a few or among a million.

Texts are joined in blocks: those cut into bigrams with one another and those cut into trigrams, which share no shingle
with the former. In a block of up to ``EXACT_SETS`` distinct sets the join is exact (none missing, none extra); in a
larger one MinHash bands propose, which misses about one in a thousand at the threshold and fewer above it. Either way
every pair that is given was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from foundry_engine.errors import InvalidSetting
from foundry_engine.similarity import band_join, exact_join
from foundry_engine.similarity.overlaps import verified
from foundry_engine.similarity.pair_store import PairStore
from foundry_engine.similarity.shingle_table import Ints, ShingleTable, shingle_lengths

Join = Literal["auto", "exact", "bands", "datasketch"]

EXACT_SETS = 400_000
"""The probes of an exact join grow with the square of the sets; from about here on bands are faster."""
MEMORY = 4 << 30
"""Bytes."""
BYTES_A_CHARACTER, BYTES_A_TEXT = 56, 512
"""What a join takes at its peak, pairs aside; measured by ``scripts/bench_refinery.py``."""
MOST_TEXTS = exact_join.MOST_SETS


def similar_pairs(
    cores: Sequence[str],
    threshold: float,
    *,
    length: int | None = None,
    join: Join = "auto",
    memory: int = MEMORY,
    names: Sequence[str] | None = None,
) -> PairStore:
    """Pairs of positions in ``cores``, texts without outer punctuation, with their similarity.

    Texts with the very same shingles are a star: the first of them by ``names`` (else by position) is paired with each
    of the others, and it alone with everything that is similar. ``length`` is as in ``shingles``. Raises
    ``InvalidSetting`` when the join would take more than ``memory`` bytes.

    >>> starts, others, similarity = similar_pairs(["天气好", "天气很好", "好的", "天气好"], 0.5).lists(4)
    >>> others.tolist(), similarity.tolist()
    ([1, 3, 0, 0], [0.5, 1.0, 0.5, 1.0])
    """
    found = PairStore(memory // 4)
    texts = np.array(cores, dtype=object)
    for width, rows in _blocks(cores, length):
        _refuse_too_much(rows, sum(map(len, texts[rows])), memory)
        table = ShingleTable.of(texts[rows].tolist(), width)
        centre = _stars(table.set_of, rows, names, found)
        for i, j in _candidates(table, threshold, join):
            i, j, similarity = verified(table, i, j, threshold)
            found.add(centre[i], centre[j], similarity)
    return found


def _blocks(cores: Sequence[str], length: int | None) -> Iterator[tuple[int, Ints]]:
    """Length of shingles and rows of each block that has rows."""
    lengths = np.full(len(cores), length) if length is not None else shingle_lengths(cores)
    for width in np.unique(lengths).tolist():
        yield width, np.flatnonzero(lengths == width)


def _stars(set_of: Ints, rows: Ints, names: Sequence[str] | None, found: PairStore) -> Ints:
    """The centre of each set; the rest of the set is paired with it."""
    by_name = (
        np.arange(len(rows))
        if names is None
        else np.argsort(np.array([names[row] for row in rows.tolist()]), kind="stable")
    )
    _, first = np.unique(set_of[by_name], return_index=True)
    centre = rows[by_name[first]]
    copies = np.flatnonzero(centre[set_of] != rows) if len(rows) else rows
    found.add(centre[set_of[copies]], rows[copies], 1.0)
    return centre


def _candidates(table: ShingleTable, threshold: float, join: Join) -> Iterator[tuple[Ints, Ints]]:
    if join == "auto":
        join = "exact" if len(table) <= EXACT_SETS else "bands"
    if join == "datasketch":
        from foundry_engine.similarity import datasketch_join  # slow to import, and for comparison only

        return datasketch_join.candidates(table, threshold)
    ways = {"exact": exact_join.candidates, "bands": band_join.candidates}
    return ways[join](table, threshold)


def _refuse_too_much(rows: Ints, characters: int, memory: int) -> None:
    needed = characters * BYTES_A_CHARACTER + len(rows) * BYTES_A_TEXT
    if needed > memory or len(rows) > MOST_TEXTS:
        raise InvalidSetting(
            f"near duplicates: {len(rows):,} texts of {characters:,} characters together need about "
            f"{needed / 2**30:.1f} GiB; allowed are {memory / 2**30:.1f} GiB and {MOST_TEXTS:,} texts. Leave very long "
            "texts out, refine in parts, or raise refine.settings.near_duplicates.memory_mib if the machine has more."
        )
