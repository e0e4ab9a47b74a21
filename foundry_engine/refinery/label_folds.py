"""What a plain model says of every row's label when it has seen none of the row's relatives."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

DIGITS = 6
"""Probabilities are rounded, so that the last bits of a processor's exp decide nothing."""


@dataclass(frozen=True)
class LabelFolds:
    """Rows with features, labels (numbers) and folds; families are never parted by a fold."""

    matrix: sp.csr_matrix
    y: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    max_rows: int

    def probabilities(self, use: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """``[rows, labels]``: each row by the model of the other folds, fitted on the rows in ``use`` alone."""
        found = np.zeros((len(self.y), int(self.y.max()) + 1))
        for number in range(int(self.fold.max()) + 1):
            held = self.fold == number
            training = np.flatnonzero(~held & use)
            if len(training) > self.max_rows:
                training = training[np.linspace(0, len(training) - 1, self.max_rows).astype(np.int64)]
            found[held] = self._fitted(training, np.flatnonzero(held), found.shape[1])
        return np.round(found, DIGITS)

    def _fitted(
        self, training: npt.NDArray[np.int64], held: npt.NDArray[np.int64], labels: int
    ) -> npt.NDArray[np.float64]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        found = np.zeros((len(held), labels))
        present = np.unique(self.y[training])
        if len(present) == 1:
            found[:, present[0]] = 1.0
            return found
        model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=100, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.matrix[training], self.y[training])
        found[:, present] = model.predict_proba(self.matrix[held])
        return found

    def macro_f1(self, probabilities: npt.NDArray[np.float64]) -> float:
        """Mean F1 over the labels, against the labels as given."""
        answer = probabilities.argmax(axis=1)
        scores = []
        for label in np.unique(self.y):
            hit = int(((answer == label) & (self.y == label)).sum())
            scores.append(2 * hit / max(1, int((answer == label).sum()) + int((self.y == label).sum())))
        return float(np.mean(scores))


def family_folds(families: Sequence[str], labels: Sequence[str], folds: int) -> npt.NDArray[np.int64]:
    """A fold for every row: families whole, each label about evenly spread, the same whatever the order of rows."""
    members: dict[str, list[int]] = defaultdict(list)
    for row, family in enumerate(families):
        members[family].append(row)
    ordered = sorted(members, key=lambda f: (-len(members[f]), hashlib.blake2b(f.encode()).digest()))
    held: dict[str, list[int]] = defaultdict(lambda: [0] * folds)
    total = [0] * folds
    fold = np.zeros(len(families), dtype=np.int64)
    for family in ordered:
        counts = Counter(labels[row] for row in members[family])
        label = max(counts, key=lambda name: (counts[name], name))
        best = min(range(folds), key=lambda n: (held[label][n], total[n], n))
        held[label][best] += len(members[family])
        total[best] += len(members[family])
        fold[members[family]] = best
    return fold
