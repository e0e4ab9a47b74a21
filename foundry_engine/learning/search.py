"""A small search by family-wise cross-validation: no family is on both sides of a fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from foundry_engine.learning.dataset import Rows
from foundry_engine.learning.matrices import Candidate, Mask, Matrices

Number = TypeVar("Number", bound=np.generic)


def fit_classifier(
    matrix: sp.csr_matrix,
    y: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    C: float,
    seed: int,
) -> LogisticRegression:
    """scikit-learn's ``LogisticRegression``: liblinear for two labels, lbfgs softmax for more.

    Liblinear's dual coordinate descent reaches the answers of its primal solver in a quarter of the time on sparse
    text. Its random numbers are global to the process: never run two fits at once.
    """
    two = len(np.unique(y)) == 2
    solver = "liblinear" if two else "lbfgs"
    classifier = LogisticRegression(C=C, solver=solver, dual=two, max_iter=2_000, random_state=seed)
    return classifier.fit(matrix, y, sample_weight=weight)


def folds(rows: Rows, count: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Row numbers of each fold; families stay whole, labels and languages are spread evenly.

    Families in random order, large ones first, each go to the fold that has least of their language and label.
    """
    names, members = np.unique(rows.family, return_inverse=True)
    strata, stratum = np.unique(
        [f"{language}:{label}" for language, label in zip(rows.language, rows.y, strict=True)], return_inverse=True
    )
    sizes = np.zeros((len(names), len(strata)), dtype=np.int64)
    np.add.at(sizes, (members, stratum), 1)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order].sum(axis=1), kind="stable")]
    filled = np.zeros((count, len(strata)), dtype=np.int64)
    fold_of = np.empty(len(names), dtype=np.int64)
    for family in order:
        main = int(np.argmax(sizes[family]))
        fold_of[family] = int(np.lexsort((filled.sum(axis=1), filled[:, main]))[0])
        filled[fold_of[family]] += sizes[family]
    return [np.flatnonzero(fold_of[members] == fold) for fold in range(count)]


def accuracy_by_language(rows: Rows, correct: Mask) -> dict[str, float]:
    """Share of correct answers on real and written rows (all rows when there are only generated ones)."""
    real = rows.origin != "generated"
    used = real if real.any() else np.ones(len(rows), dtype=bool)
    return {str(name): float(correct[used & (rows.language == name)].mean()) for name in np.unique(rows.language[used])}


def search(
    candidates: Sequence[Candidate],
    matrices: Matrices,
    rows: Rows,
    copies: npt.NDArray[np.int64],
    count: int,
    seed: int,
    advance: Callable[[], None],
) -> tuple[Candidate, list[dict[str, object]]]:
    """The candidate of best mean accuracy over languages, and every candidate's figures. Ties: the earlier one.

    ``rows`` are the training rows; row ``len(rows) + k`` of the matrices is a copy of row ``copies[k]``.
    """
    parts = folds(rows, count, seed)
    y, weight = with_copies(rows.y, copies), with_copies(rows.weight, copies)

    def correct_on(job: tuple[Candidate, int]) -> npt.NDArray[np.bool_]:
        candidate, fold = job
        held = np.zeros(len(rows), dtype=bool)
        held[parts[fold]] = True
        training = padded(~held, matrices)
        vectors = matrices.vectors(candidate, training)
        used = np.concatenate([~held, ~held[copies]])
        classifier = fit_classifier(vectors.matrix[: len(used)][used], y[used], weight[used], candidate.C, seed)
        advance()
        return np.asarray(classifier.predict(vectors.matrix[parts[fold]]) == rows.y[parts[fold]])

    jobs = [(candidate, fold) for candidate in candidates for fold in range(count)]
    results = {job: correct_on(job) for job in jobs}
    table: list[dict[str, object]] = []
    means: list[float] = []
    for candidate in candidates:
        correct = np.zeros(len(rows), dtype=bool)
        for fold in range(count):
            correct[parts[fold]] = results[candidate, fold]
        by_language = accuracy_by_language(rows, correct)
        means.append(float(np.mean(list(by_language.values()))))
        table.append({**candidate.__dict__, "accuracy": {k: round(v, 4) for k, v in by_language.items()}})
    return candidates[int(np.argmax(np.round(means, 5)))], table


def with_copies(column: npt.NDArray[Number], copies: npt.NDArray[np.int64]) -> npt.NDArray[Number]:
    """A column of the training rows, followed by the copies' values."""
    return np.concatenate([column, column[copies]])


def padded(rows: Mask, matrices: Matrices) -> Mask:
    """A mask of the training rows as a mask of all rows of the matrices."""
    mask = np.zeros(matrices.counts.shape[0], dtype=bool)
    mask[: len(rows)] = rows
    return mask
