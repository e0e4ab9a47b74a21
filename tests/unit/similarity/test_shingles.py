"""Sets of shingles and their similarity."""

from __future__ import annotations

import pytest

from foundry_engine.features.ngrams import BEGIN, END
from foundry_engine.similarity.shingles import jaccard, shingles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好的", {"^好", "好的", "的$"}),
        ("好的?!", {"^好", "好的", "的$"}),
        ("yes", {"^ye", "yes", "es$"}),
        ("'yes'", {"^ye", "yes", "es$"}),
        ("a", {"^a$"}),
        ("打开wifi", {"^打开", "打开w", "开wi", "wif", "ifi", "fi$"}),
        ("打开 tv吗", {"^打", "打开", "开 ", " t", "tv", "v吗", "吗$"}),
        ("?!", {"^?!", "?!$"}),
        ("", {"^$"}),
    ],
)
def test_shingles(text: str, expected: set[str]) -> None:
    assert {s.replace(BEGIN, "^").replace(END, "$") for s in shingles(text)} == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [("", "", 1.0), ("a", "", 0.0), ("abc", "abc", 1.0), ("abc", "bcd", 0.5), ("ab", "cd", 0.0), ("abcd", "ab", 0.5)],
)
def test_jaccard(a: str, b: str, expected: float) -> None:
    assert jaccard(frozenset(a), frozenset(b)) == expected == jaccard(frozenset(b), frozenset(a))
