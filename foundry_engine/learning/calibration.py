"""One temperature that makes probabilities honest (Guo et al., "On Calibration of Modern Neural Networks", 2017)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp


def temperature(logits: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """The divisor of ``logits`` ``[rows, labels]`` that minimizes the negative log-likelihood of ``y``; 0.1 to 10."""

    def loss(log_divisor: float) -> float:
        scaled = logits / np.exp(log_divisor)
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[np.arange(len(y)), y]))

    if len(y) == 0:
        return 1.0
    bound = np.log(10.0)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))
