"""What a plain model says of every row's label when it has seen none of the row's relatives."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Mask = npt.NDArray[np.bool_]
EPOCHS, ALPHA = 5, 1e-4
"""Averaged stochastic gradient descent: as good here as a solver run to its end, in a third of the time."""
DIGITS = 6
"""Probabilities are rounded, so that the last bits of a processor's exp decide nothing."""


@dataclass(frozen=True)
class LabelFolds:
    """Rows with features, labels (numbers) and folds; families are never parted by a fold."""

    matrix: sp.csr_matrix
    y: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    max_rows: int
    _last: list[tuple[bytes, tuple[npt.NDArray[np.int64], Any]]] = field(default_factory=list)
    """The model fitted last: two folds are judged by one."""

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return int(self.y.max()) + 1

    def probabilities(self) -> npt.NDArray[np.float64]:
        """``[rows, labels]``: each fold by the model of all others."""
        found = np.zeros((len(self.y), self.labels))
        for fold in range(self.folds):
            found[self.fold == fold] = self.judged(fold, self.fold != fold)
        return found

    def judged(self, fold: int, training: Mask) -> npt.NDArray[np.float64]:
        """``[rows of the fold, labels]``: what the model fitted on the training rows says of them."""
        held = np.flatnonzero(self.fold == fold)
        found = np.zeros((len(held), self.labels))
        present, model = self._fitted(training)
        if model is None:
            found[:, present] = 1.0
        else:
            found[:, present] = model.predict_proba(self.matrix[held])
        return np.round(found, DIGITS)

    def _fitted(self, training: Mask) -> tuple[npt.NDArray[np.int64], Any]:
        """The labels among the training rows, and a model of them unless there is but one."""
        key = training.tobytes()
        if self._last and self._last[0][0] == key:
            return self._last[0][1]
        from sklearn.linear_model import SGDClassifier
        from threadpoolctl import threadpool_limits

        rows = np.flatnonzero(training)
        if len(rows) > self.max_rows:
            rows = rows[np.linspace(0, len(rows) - 1, self.max_rows).astype(np.int64)]
        present = np.unique(self.y[rows])
        model = None
        if len(present) > 1:
            # labels count alike, as training weighs them
            even = {"class_weight": "balanced", "random_state": 0, "n_jobs": 2}
            model = SGDClassifier(loss="log_loss", alpha=ALPHA, max_iter=EPOCHS, tol=None, average=True, **even)
            with threadpool_limits(1):
                model.fit(self.matrix[rows], self.y[rows])
        self._last[:] = [(key, (present, model))]
        return present, model

    def macro_f1(self, answer: npt.NDArray[np.int64]) -> float:
        """Mean F1 over the labels, against the labels as given."""
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
