"""The exact join against counting every pair."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from foundry_engine.features.normalizer import normalize
from foundry_engine.similarity import exact_join
from foundry_engine.similarity.exact_join import similar_pairs
from foundry_engine.similarity.shingles import jaccard, shingles

Found = list[tuple[int, int, float]]


def joined(sets: list[frozenset[str]], threshold: float) -> Found:
    return list(zip(*(part.tolist() for part in similar_pairs(sets, threshold)), strict=True))


def brute_force(sets: list[frozenset[str]], threshold: float) -> Found:
    """Every pair counted; empty sets are like nothing."""
    found = []
    for (i, a), (j, b) in combinations(enumerate(sets), 2):
        if a and b and jaccard(a, b) >= threshold:
            found.append((i, j, jaccard(a, b)))
    return found


@pytest.mark.parametrize(
    ("sets", "threshold", "expected"),
    [
        ([], 0.5, []),
        ([""], 0.5, []),
        (["", ""], 0.5, []),
        (["", "a", ""], 0.5, []),
        (["a"], 0.5, []),
        (["a", "a"], 1.0, [(0, 1, 1.0)]),
        (["a", "b"], 0.1, []),
        (["ab", "bc"], 1 / 3, [(0, 1, 1 / 3)]),
        (["ab", "bc"], 0.34, []),
        (["abc", "abcd", "abcde"], 0.6, [(0, 1, 0.75), (0, 2, 0.6), (1, 2, 0.8)]),
        (["abcde", "x", "abc"], 0.6, [(0, 2, 0.6)]),
        (["abcdefghij", "abcdefghijklm"], 10 / 13, [(0, 1, 10 / 13)]),
        (["abc"] * 4, 1.0, [(i, j, 1.0) for i, j in combinations(range(4), 2)]),
    ],
)
def test_small_joins(sets: list[str], threshold: float, expected: Found) -> None:
    assert joined([frozenset(s) for s in sets], threshold) == expected


def random_sets(random: Random, rows: int, tokens: int, longest: int) -> list[frozenset[str]]:
    """Sets of few tokens, half of them variants of an earlier one."""
    alphabet = [f"t{i}" for i in range(tokens)]
    sets: list[frozenset[str]] = []
    for _ in range(rows):
        if sets and random.random() < 0.5:
            base = set(random.choice(sets))
            for _ in range(random.randint(0, 2)):
                base ^= {random.choice(alphabet)}
            sets.append(frozenset(base))
        else:
            sets.append(frozenset(random.choices(alphabet, k=random.randint(0, longest))))
    return sets


@pytest.mark.parametrize("threshold", [0.2, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 0.8, 0.85, 0.9, 1.0])
@pytest.mark.parametrize(("tokens", "longest"), [(8, 6), (60, 25), (2_000, 40)])
def test_no_pair_is_missing_and_none_is_extra(threshold: float, tokens: int, longest: int) -> None:
    sets = random_sets(Random(f"{threshold}:{tokens}"), 120, tokens, longest)
    expected = brute_force(sets, threshold)
    assert joined(sets, threshold) == expected
    assert expected


def test_blocks_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = random_sets(Random(3), 150, 40, 15)
    whole = joined(sets, 0.5)
    monkeypatch.setattr(exact_join, "BLOCK", 7)
    monkeypatch.setattr(exact_join, "CHUNK", 5)
    assert joined(sets, 0.5) == whole == brute_force(sets, 0.5)


def test_sentences_of_both_languages() -> None:
    sentences = [
        "今天天气怎么样", "今天天气怎么样？", "今天的天气怎么样", "明天天气怎么样", "turn on the light",
        "turn on the lights", "Turn on the light!", "turn off the light", "?", "？", "", "ok", "OK!",
    ]  # fmt: skip
    sets = [shingles(normalize(sentence)) for sentence in sentences]
    assert joined(sets, 0.6) == brute_force(sets, 0.6)
    assert {(0, 1), (4, 6), (8, 9), (11, 12)} <= {(i, j) for i, j, s in joined(sets, 1.0)}
