"""The table of all texts holds the very sets that ``shingles`` makes of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import core_span
from foundry_engine.similarity.letter_sketches import letter_sketches
from foundry_engine.similarity.shingle_table import ShingleTable, mixed, shingle_lengths, spread
from foundry_engine.similarity.shingles import jaccard, shingles
from foundry_engine.similarity.sketches import differing, sketches

any_texts = st.lists(st.text("ab 不好吗?!\0", max_size=9) | st.text(max_size=6), max_size=12)


def cores_of(texts: list[str]) -> list[str]:
    found = []
    for text in map(normalize, texts):
        first, last = core_span(text)
        found.append(text[first:last] or text)
    return found


@given(any_texts, st.sampled_from([2, 3]))
def test_sets_have_the_sizes_and_the_overlaps_of_pythons_sets(texts: list[str], length: int) -> None:
    cores = cores_of(texts)
    table = ShingleTable.of(cores, length)
    sets = [shingles(core, length) for core in cores]
    rows = [set(table.tokens[table.starts[s] : table.starts[s + 1]].tolist()) for s in table.set_of.tolist()]
    assert [len(row) for row in rows] == table.sizes[table.set_of].tolist() == [len(s) for s in sets]
    for a, one in enumerate(sets):
        for b, other in enumerate(sets):
            assert len(rows[a] & rows[b]) == len(one & other)
            assert (table.set_of[a] == table.set_of[b]) == (one == other)
    assert table.sizes.tolist() == sorted(table.sizes.tolist()) and len(table) == len(set(sets))


@given(any_texts)
def test_lengths_are_those_that_shingles_chooses(texts: list[str]) -> None:
    cores = cores_of(texts)
    for core, length in zip(cores, shingle_lengths(cores).tolist(), strict=True):
        assert shingles(core) == shingles(core, length)


def test_shingles_of_two_and_three_characters_never_share() -> None:
    assert jaccard(shingles("好的", 2), shingles("好的", 3)) == 0


@given(any_texts)
def test_sketches_never_claim_more_differences_than_there_are(texts: list[str]) -> None:
    cores = cores_of(texts)
    table, sets = ShingleTable.of(cores, 3), [shingles(core, 3) for core in cores]
    bits = sketches(table)[table.set_of]
    for a, one in zip(bits, sets, strict=True):
        for b, other in zip(bits, sets, strict=True):
            assert differing(a[None, :], b[None, :])[0] <= len(one ^ other)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5), st.text(max_size=2), st.integers(0, 8))
def test_one_edit_flips_at_most_two_bits_of_letters(texts: list[str], typed: str, at: int) -> None:
    for text in texts:
        a, b = letter_sketches([text, text[:at] + typed[:1] + text[at + 1 :]]).tolist()
        assert (a ^ b).bit_count() <= 2


def test_an_empty_table() -> None:
    table = ShingleTable.of([], 3)
    assert len(table) == 0 and sketches(table).shape == (0, 4) and letter_sketches([]).tolist() == []


@pytest.mark.parametrize("counts", [[], [0], [3], [0, 2, 0, 1, 0]])
def test_spread_runs(counts: list[int]) -> None:
    starts = np.arange(len(counts)) * 100
    expected = [100 * n + k for n, count in enumerate(counts) for k in range(count)]
    assert spread(starts, np.array(counts, dtype=np.int64)).tolist() == expected


def test_mixing_is_one_to_one_and_the_same_everywhere() -> None:
    assert mixed(np.array([0, 1, 2**64 - 1], dtype=np.uint64)).tolist() == [0, 0x5692161D100B05E5, 0xB4D055FCF2CBBD7B]
    assert len(set(mixed(np.arange(10_000, dtype=np.uint64)).tolist())) == 10_000
