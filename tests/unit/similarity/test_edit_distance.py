"""Bounded edit distance against the plain table of all prefixes."""

from __future__ import annotations

from random import Random

import pytest

from foundry_engine.similarity.edit_distance import within


def distance(a: str, b: str) -> int:
    """Wagner and Fischer's table, row by row."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        above, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("我确认", "我不确认", 1),
        ("ab", "ba", 2), ("abcdef", "bcdefg", 2), ("aaaa", "aaaaaaaa", 4), ("𠀀", "a", 1), ("flaw", "lawn", 2),
    ],
)  # fmt: skip
def test_known_distances(a: str, b: str, expected: int) -> None:
    assert distance(a, b) == expected
    assert [within(a, b, limit) for limit in range(expected + 2)] == [False] * expected + [True, True]


def test_random_texts_near_and_far() -> None:
    random = Random(11)
    yes = no = 0
    for _ in range(4_000):
        a = "".join(random.choices("ab不", k=random.randint(0, 12)))
        if random.random() < 0.5:
            b = list(a)
            for _ in range(random.randint(0, 4)):
                at = random.randint(0, len(b))
                b[at : at + random.randint(0, 1)] = random.choice(("", "a", "b", "c"))
            b = "".join(b)
        else:
            b = "".join(random.choices("ab不", k=random.randint(0, 12)))
        limit = random.randint(0, 5)
        expected = distance(a, b) <= limit
        assert within(a, b, limit) is expected is within(b, a, limit), (a, b, limit)
        yes, no = yes + expected, no + (not expected)
    assert min(yes, no) > 1_000
