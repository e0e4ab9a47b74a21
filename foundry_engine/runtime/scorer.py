"""Scoring without ONNX Runtime: the graph's arithmetic in plain Python, float64 in ascending order of the indices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from foundry_engine.artifact.graph_reader import Weights


class Scorer:
    """Logits and probabilities from the features that occur."""

    def __init__(self, weights: Weights) -> None:
        self._bias = weights.bias
        self._columns = [weights.rows[label :: weights.labels].tolist() for label in range(weights.labels)]

    def logits(self, indices: Sequence[int], values: Sequence[float]) -> list[float]:
        """One logit a label: the sum of value times weight, then the bias."""
        logits = []
        for column, bias in zip(self._columns, self._bias, strict=True):
            total = 0.0
            for index, value in zip(indices, values, strict=True):
                total += value * column[index]
            logits.append(total + bias)
        return logits

    def weight(self, index: int, label: int) -> float:
        """The weight of a feature for a label."""
        return self._columns[label][index]

    def probabilities(self, indices: Sequence[int], values: Sequence[float]) -> list[float]:
        """Softmax of the logits, one probability a label."""
        return softmax(self.logits(indices, values))


def softmax(logits: Sequence[float]) -> list[float]:
    """Exponentials of the distances to the largest logit, over their sum.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    top = max(logits)
    exponentials = [math.exp(logit - top) for logit in logits]
    total = 0.0
    for exponential in exponentials:
        total += exponential
    return [exponential / total for exponential in exponentials]
