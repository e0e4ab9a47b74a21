"""The joins against counting every pair."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from foundry_engine.features.patterns import core_span
from foundry_engine.similarity import band_join, exact_join, overlaps, shingle_table
from foundry_engine.similarity.shingle_table import ShingleTable
from foundry_engine.similarity.shingles import jaccard, shingles

Found = dict[tuple[int, int], float]


def joined(texts: list[str], threshold: float, length: int = 3, join: object = exact_join) -> Found:
    """Similarities of pairs of texts, from those of pairs of sets."""
    table = ShingleTable.of(texts, length)
    found: Found = {(s, s): 1.0 for s in range(len(table))}
    for i, j in join.candidates(table, threshold):  # type: ignore[attr-defined]
        assert (i < j).all(), "each pair once"
        for a, b, similarity in zip(*(p.tolist() for p in overlaps.verified(table, i, j, threshold)), strict=True):
            assert (a, b) not in found
            found[a, b] = similarity
    sets = table.set_of.tolist()
    pairs = ((i, j, *sorted((sets[i], sets[j]))) for i, j in combinations(range(len(texts)), 2))
    return {(i, j): found[a, b] for i, j, a, b in pairs if (a, b) in found}


def brute_force(texts: list[str], threshold: float, length: int = 3) -> Found:
    sets = [shingles(text, length) for text in texts]
    every = ((i, j, jaccard(sets[i], sets[j])) for i, j in combinations(range(len(sets)), 2))
    return {(i, j): similarity for i, j, similarity in every if similarity >= threshold}


def random_texts(random: Random, rows: int, letters: str, longest: int) -> list[str]:
    """Texts of few letters, half of them variants of an earlier one."""
    texts: list[str] = []
    for _ in range(rows):
        text = "".join(random.choices(letters, k=random.randint(0, longest)))
        if texts and random.random() < 0.5:
            text = random.choice(texts)
            for _ in range(random.randint(0, 3)):
                at = random.randint(0, len(text))
                text = text[:at] + random.choice([*letters, ""]) + text[at + random.randint(0, 1) :]
        texts.append(text)
    return [text[slice(*core_span(text))] or text for text in texts]


LETTERS = {
    "few": "ab",
    "some": "abcdefgh不好",
    "many": "".join(map(chr, range(0x4E00, 0x4F00))),
    "odd": "\0\ud800\U0010ffffa ",
}


@pytest.mark.parametrize("threshold", [0.2, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 0.8, 0.85, 0.9, 1.0])
@pytest.mark.parametrize("letters", list(LETTERS))
@pytest.mark.parametrize("length", [2, 3])
def test_no_pair_is_missing_and_none_is_extra(threshold: float, letters: str, length: int) -> None:
    texts = random_texts(Random(f"{threshold}:{letters}"), 90, LETTERS[letters], 25)
    expected = brute_force(texts, threshold, length)
    assert joined(texts, threshold, length) == expected
    assert expected


def test_long_texts_have_prefixes_longer_than_a_place_counts() -> None:
    random = Random(2)
    base = "".join(random.choices(LETTERS["many"], k=4_000))
    texts = [base, base[300:], base[:2_600] + "".join(random.choices("abc", k=900)), base[1_000:], "x" + base]
    assert joined(texts, 0.6) == brute_force(texts, 0.6)
    assert len(joined(texts, 0.6)) > 3


@pytest.mark.parametrize("join", [exact_join, band_join])
def test_batches_blocks_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch, join: object) -> None:
    texts = random_texts(Random(3), 150, "abcd", 15)
    whole = joined(texts, 0.5, 3, join)
    for module, name, size in (
        (shingle_table, "BATCH", 7),
        (exact_join, "PROBES", 5),
        (overlaps, "MEMBERS", 11),
        (overlaps, "CELLS", 30),
        (band_join, "CHUNK", 9),
        (band_join, "PAIRS", 3),
    ):
        monkeypatch.setattr(module, name, size)
    assert joined(texts, 0.5, 3, join) == whole


@pytest.mark.parametrize("threshold", [0.6, 0.85, 1.0])
def test_bands_give_only_true_pairs_and_miss_few(threshold: float) -> None:
    texts = random_texts(Random(5), 700, LETTERS["some"], 40)
    true = brute_force(texts, threshold)
    found = joined(texts, threshold, 3, band_join)
    assert found.items() <= true.items()
    assert len(true) > 20 and len(found) >= 0.99 * len(true)


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.6, 0.85, 0.99, 1.0])
def test_bands_are_laid_out_to_miss_one_in_a_thousand(threshold: float) -> None:
    bands, rows = band_join.layout(threshold)
    assert (1 <= rows <= 8 and bands * rows <= 200) or rows == 1
    assert (1 - threshold**rows) ** bands <= band_join.MISSED or (bands, rows) == (1, 1)


def test_sets_and_pairs_do_not_depend_on_the_order_of_texts() -> None:
    texts = random_texts(Random(9), 120, LETTERS["some"], 30)
    order = np.random.default_rng(1).permutation(len(texts)).tolist()
    for join in (exact_join, band_join):
        here = joined(texts, 0.6, 3, join)
        there = joined([texts[n] for n in order], 0.6, 3, join)
        assert {tuple(sorted((order[i], order[j]))): s for (i, j), s in there.items()} == here
