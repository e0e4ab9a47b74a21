"""Certificates: exact binomial bounds, honest thresholds, and the promise kept over many draws."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from foundry_engine.artifact.preprocessor import Certificate
from foundry_engine.learning.certificate import certify, upper_bound


@pytest.mark.parametrize("delta", [0.01, 0.05, 0.1, 0.5])
@pytest.mark.parametrize(("errors", "n"), [(0, 1), (0, 59), (0, 299), (1, 10), (3, 40), (12, 1_000), (9, 10)])
def test_the_bound_is_clopper_and_pearsons(errors: int, n: int, delta: float) -> None:
    bound = float(upper_bound(errors, n, delta))
    interval = binomtest(errors, n, alternative="less").proportion_ci(1 - delta, method="exact")
    assert bound == pytest.approx(interval.high, abs=1e-9)
    tail = sum(comb(n, k) * bound**k * (1 - bound) ** (n - k) for k in range(errors + 1))
    assert tail == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize(("errors", "n"), [(0, 0), (1, 1), (5, 5), (7, 5)])
def test_nothing_is_known_when_everything_is_wrong(errors: int, n: int) -> None:
    assert float(upper_bound(errors, n, 0.05)) == 1.0


def ranked(correct: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows from sure to unsure; ``x`` is an error."""
    marks = np.array([mark != "x" for mark in correct], dtype=bool)
    return np.linspace(0.99, 0.5, len(marks)) if len(marks) else np.empty(0), marks


@pytest.mark.parametrize(
    ("correct", "max_error", "level", "accepted", "errors"),
    [
        ("", 0.05, 0.95, None, 0),
        ("." * 3, 0.05, 0.95, None, 0),
        ("x" * 200, 0.05, 0.95, None, 200),
        ("." * 500, 0.01, 0.95, 500, 0),
        ("." * 200, 0.01, 0.95, None, 0),
        ("x" + "." * 100, 0.05, 0.95, None, 1),
        ("." * 200 + "x" * 50, 0.05, 0.9, 204, 4),
    ],
)
def test_thresholds(correct: str, max_error: float, level: float, accepted: int | None, errors: int) -> None:
    confidence, marks = ranked(correct)
    threshold = certify(confidence, marks, max_error, level)
    if accepted is None:
        assert threshold.value is None
        assert threshold.certificate == Certificate(len(correct), errors, max_error, level)
    else:
        assert threshold.value is not None
        assert int((confidence >= threshold.value).sum()) == accepted
        assert threshold.certificate == Certificate(accepted, errors, max_error, level)


def read_slowly(confidence: np.ndarray, correct: np.ndarray, max_error: float, level: float) -> Certificate | None:
    """Fixed-sequence testing as the module's text says it, a threshold and a sequence at a time."""
    best = None
    for sequence, allowed in enumerate((0, 1, 2, 4, 8, 16, 32)):
        delta = (1 - level) / 2 ** (sequence + 1)
        begun = False
        for value in sorted(set(confidence.tolist()), reverse=True):
            accepted = confidence >= value
            n, errors = int(accepted.sum()), int((~correct[accepted]).sum())
            begun = begun or float(upper_bound(allowed, n, delta)) <= max_error
            if begun:
                if float(upper_bound(errors, n, delta)) > max_error:
                    break
                if best is None or n > best.n:
                    best = Certificate(n, errors, max_error, level)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_threshold_is_the_lowest_that_fixed_sequences_reach(seed: int) -> None:
    random = np.random.default_rng(seed)
    confidence = np.round(random.beta(5, 2, 700), 2)
    correct = random.random(700) < confidence ** random.choice([0.1, 0.3])
    for max_error in (0.03, 0.1, 0.25):
        threshold = certify(confidence, correct, max_error, 0.9)
        expected = read_slowly(confidence, correct, max_error, 0.9)
        assert (threshold.value is None) == (expected is None)
        assert expected is None or threshold.certificate == expected


def test_order_of_rows_makes_no_difference() -> None:
    random = np.random.default_rng(0)
    confidence = random.choice([0.6, 0.7, 0.8, 0.9, 0.95, 0.99], size=900)
    correct = random.random(900) < 0.5 + confidence / 2
    shuffled = random.permutation(900)
    assert certify(confidence, correct, 0.1, 0.9) == certify(confidence[shuffled], correct[shuffled], 0.1, 0.9)


@pytest.mark.parametrize("seed", range(30))
def test_what_a_certificate_says_is_what_the_threshold_accepts(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(50, 2_000))
    confidence = np.round(random.beta(6, 2, size), int(random.integers(1, 8)))
    correct = random.random(size) < confidence ** random.choice([0.05, 0.3, 1.0])
    for max_error, level in ((0.02, 0.95), (0.05, 0.9), (0.2, 0.95)):
        threshold = certify(confidence, correct, max_error, level)
        c = threshold.certificate
        accepted = confidence >= (threshold.value if threshold.value is not None else 0)
        assert (c.n, c.errors) == (int(accepted.sum()), int((~correct[accepted]).sum()))
        if threshold.value is not None:
            assert 0 <= threshold.value <= 1
            assert float(upper_bound(c.errors, c.n, 1 - level)) <= max_error


def test_neighbouring_floats_are_told_apart() -> None:
    high = np.float64(0.9)
    for _ in range(50):
        low = np.nextafter(high, 0)
        confidence = np.concatenate([np.full(300, high), np.full(300, low)])
        correct = np.concatenate([np.ones(300, dtype=bool), np.zeros(300, dtype=bool)])
        threshold = certify(confidence, correct, 0.02, 0.9)
        assert int((confidence >= threshold.value).sum()) == threshold.certificate.n == 300
        high = low


def test_a_stricter_demand_never_accepts_more() -> None:
    random = np.random.default_rng(2)
    confidence = random.random(3_000)
    correct = random.random(3_000) < 0.6 + 0.4 * confidence
    accepted = [certify(confidence, correct, e, 0.9).certificate.n for e in (0.3, 0.2, 0.15, 0.12)]
    assert all(loose >= strict for loose, strict in pairwise(accepted)) and accepted[0] > accepted[-1]


def test_the_promise_is_kept() -> None:
    """Over many calibration sets the true error above the threshold exceeds the bound in at most 1 - level of them."""
    level, max_error = 0.9, 0.1
    grid = np.linspace(0, 1, 201)
    risk = 0.35 * (1 - grid)  # the true chance of an error at each confidence
    broken = certified = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        rows = random.integers(0, len(grid), 600)
        threshold = certify(grid[rows], random.random(600) >= risk[rows], max_error, level)
        if threshold.value is not None:
            certified += 1
            broken += float(risk[grid >= threshold.value].mean()) > max_error
    assert certified > 270
    assert broken / 300 <= 1 - level
