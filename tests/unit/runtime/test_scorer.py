"""Logits and softmax in plain Python."""

from __future__ import annotations

import math
from array import array

import pytest

from foundry_engine.artifact.graph_reader import Weights
from foundry_engine.runtime.scorer import Scorer, softmax

SCORER = Scorer(Weights(array("f", [1, 2, 3, 4, 5, 6]), (0.5, -0.5)))


@pytest.mark.parametrize(
    ("indices", "values", "logits"),
    [([], [], [0.5, -0.5]), ([0], [1.0], [1.5, 1.5]), ([0, 2], [0.5, 2.0], [11.0, 12.5]), ([1], [-1.0], [-2.5, -4.5])],
)
def test_logits(indices: list[int], values: list[float], logits: list[float]) -> None:
    assert SCORER.logits(indices, values) == logits
    assert SCORER.probabilities(indices, values) == softmax(logits)


def test_weights_are_read_by_feature_and_label() -> None:
    assert [[SCORER.weight(i, j) for j in range(2)] for i in range(3)] == [[1, 2], [3, 4], [5, 6]]


def test_indices_and_values_of_another_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        SCORER.logits([0, 1], [1.0])


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([0.0, 0.0], [0.5, 0.5]),
        ([0.0, math.log(3)], [0.25, 0.75]),
        ([1e300, 0.0], [1.0, 0.0]),
        ([-1e300, -1e300], [0.5, 0.5]),
        ([-800.0, 800.0], [0.0, 1.0]),
        ([3.0], [1.0]),
        ([1.0, 2.0, 3.0], [0.09003057317038046, 0.24472847105479767, 0.6652409557748219]),
    ],
)
def test_softmax(logits: list[float], expected: list[float]) -> None:
    assert softmax(logits) == pytest.approx(expected, abs=1e-15)
