"""One temperature, against a search over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from foundry_engine.learning.calibration import temperature


def drawn(divisor: float, labels: int, rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``divisor`` times too large, and labels drawn from the honest ones."""
    random = np.random.default_rng(labels)
    honest = random.normal(scale=2, size=(rows, labels))
    shares = np.exp(log_softmax(honest, axis=1))
    y = np.array([random.choice(labels, p=row) for row in shares])
    return honest * divisor, y


@pytest.mark.parametrize("labels", [2, 5])
@pytest.mark.parametrize("divisor", [0.3, 1.0, 4.0])
def test_the_divisor_that_was_multiplied_in_is_found(divisor: float, labels: int) -> None:
    logits, y = drawn(divisor, labels)
    assert temperature(logits, y) == pytest.approx(divisor, rel=0.1)


def test_no_other_divisor_is_likelier() -> None:
    logits, y = drawn(2.5, 3, rows=300)

    def loss(divisor: float) -> float:
        return float(-np.mean(log_softmax(logits / divisor, axis=1)[np.arange(len(y)), y]))

    found = temperature(logits, y)
    assert loss(found) <= min(map(loss, np.geomspace(0.1, 10, 500))) + 1e-6


@pytest.mark.parametrize(
    ("logits", "y", "expected"),
    [
        (np.empty((0, 2)), np.empty(0, dtype=np.int64), 1.0),
        (np.array([[-0.5, 0.5]] * 9), np.ones(9, dtype=np.int64), 0.1),
        (np.array([[-0.5, 0.5]] * 9), np.zeros(9, dtype=np.int64), 10.0),
    ],
)
def test_the_divisor_stays_between_a_tenth_and_ten(logits: np.ndarray, y: np.ndarray, expected: float) -> None:
    assert temperature(logits, y) == pytest.approx(expected, rel=1e-3)
