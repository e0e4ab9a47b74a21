"""Thresholds with a certificate: selective risk bounded with stated confidence.

Fixed-sequence testing of thresholds from strict to lenient with exact binomial (Clopper-Pearson) bounds, as in "Learn
then Test" (Angelopoulos et al., 2021): given the confidences, a sequence starts where it can first pass with so many
errors and goes on while the bound holds. Sequence k spends ``delta / 2**(k + 1)``, so all together spend at most
``delta``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from foundry_engine.artifact.preprocessor import Certificate, Threshold

STARTS = (0, 1, 2, 4, 8, 16, 32)
"""Errors a sequence allows at its start."""


def upper_bound(
    errors: npt.NDArray[np.int64] | int, n: npt.NDArray[np.int64] | int, delta: float
) -> npt.NDArray[np.float64]:
    """Clopper-Pearson: the error rate is at most this with probability 1 - ``delta``; elementwise.

    >>> round(float(upper_bound(0, 299, 0.05)), 4)
    0.01
    """
    errors, n = np.asarray(errors), np.asarray(n)
    return np.asarray(np.where(errors >= n, 1.0, beta.ppf(1 - delta, errors + 1, np.maximum(n - errors, 1))))


def certify(
    confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], max_error: float, level: float
) -> Threshold:
    """The lowest threshold certified for ``max_error`` at confidence ``level``, from the rows answered with one label.

    Its value is ``None`` when there is no valid threshold; the certificate then tells how many rows there were.
    """
    total = len(confidence)
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    errors_until = np.cumsum(~correct[order], dtype=np.int64)
    ends = np.flatnonzero(np.r_[ordered[1:] < ordered[:-1], True]) if total else np.array([], dtype=np.int64)
    n, errors = ends + 1, errors_until[ends]
    best = -1
    for sequence, allowed in enumerate(STARTS):
        delta = (1 - level) / 2 ** (sequence + 1)
        begun = np.flatnonzero(upper_bound(np.full_like(n, allowed), n, delta) <= max_error)
        if not len(begun):
            continue  # too few rows to pass even with so few errors
        holds = upper_bound(errors, n, delta)[begun[0] :] <= max_error
        passed = len(holds) if holds.all() else int(np.argmin(holds))
        if passed:
            best = max(best, int(ends[begun[0] + passed - 1]))
    if best < 0:
        return Threshold(None, Certificate(total, int(errors_until[-1]) if total else 0, max_error, level))
    below = ordered[best + 1] if best + 1 < total else ordered[best] - 1e-6
    middle = float(ordered[best] + below) / 2
    value = middle if middle > below else float(ordered[best])  # neighbouring floats have no middle
    return Threshold(max(0.0, value), Certificate(best + 1, int(errors_until[best]), max_error, level))
