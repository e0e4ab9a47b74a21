"""Terms are kept by what they do to answers, as many as fit."""

from __future__ import annotations

import numpy as np
import pytest

from foundry_engine.learning.selection import importance, most_important


@pytest.mark.parametrize(
    ("coef", "frequency", "expected"),
    [
        ([[1.0, -2.0, 0.5]], [1, 4, 9], [1.0, 4.0, 1.5]),
        ([[1.0, -2.0, 100.0]], [1, 4], [1.0, 4.0]),
        ([[1.0, 0.0], [3.0, 0.0], [-1.0, 0.0]], [4, 4], [8.0, 0.0]),
        ([[0.0, 0.0]], [5, 0], [0.0, 0.0]),
    ],
)
def test_importance(coef: list, frequency: list, expected: list) -> None:
    assert importance(np.array(coef), np.array(frequency, dtype=float)).tolist() == expected


@pytest.mark.parametrize(
    ("scores", "room", "expected"),
    [
        ([3.0, 1.0, 2.0], 3, [0, 1, 2]),
        ([3.0, 1.0, 2.0], 2, [0, 2]),
        ([3.0, 1.0, 2.0], 1, [0]),
        ([3.0, 1.0, 2.0], 0, []),
        ([1.0, 1.0, 1.0], 2, [0, 1]),
        ([0.0, 5.0, 0.0, 5.0], 3, [0, 1, 3]),
        ([], 0, []),
    ],
)
def test_the_best_that_fit(scores: list[float], room: int, expected: list[int]) -> None:
    assert most_important(np.array(scores), len, room).tolist() == expected


@pytest.mark.parametrize("room", [1, 999, 5_000, 19_999, 123_456])
def test_many_terms_fill_the_room_to_a_thousandth(room: int) -> None:
    random = np.random.default_rng(1)
    scores, sizes = random.random(4_000), random.integers(1, 60, 4_000)

    def size_of(places: np.ndarray) -> int:
        assert (np.diff(places) > 0).all(), "places ascend"
        return int(sizes[places].sum())

    kept = most_important(scores, size_of, room)
    order = np.argsort(-scores, kind="stable")
    assert set(kept.tolist()) == set(order[: len(kept)].tolist())
    assert size_of(kept) <= room
    if len(kept) < 4_000:
        assert size_of(np.sort(order[: len(kept) + 5])) > room
