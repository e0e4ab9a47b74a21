"""Counts to values, bit for bit as scikit-learn's TfidfTransformer computes them."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from foundry_engine.features.tfidf import TF_WEIGHTS, term_values


def test_weights_are_one_plus_ln() -> None:
    assert len(TF_WEIGHTS) == 255 and TF_WEIGHTS[0] == 1.0
    assert list(TF_WEIGHTS) == pytest.approx([1 + math.log(n) for n in range(1, 256)], rel=1e-15)


@pytest.mark.parametrize(
    ("indices", "counts", "idf", "weights", "expected"),
    [
        ([], [], (), (), []),
        ([4], [9], (), (), [1.0]),
        ([0, 1, 2, 3], [1, 5, 1, 1], (), (), [0.5] * 4),
        ([0, 1], [1, 1], (3.0, 4.0), (), [0.6, 0.8]),
        ([0, 1], [1, 2], (), (3.0, 4.0), [0.6, 0.8]),
        ([0, 1], [1, 99], (), (3.0, 4.0), [0.6, 0.8]),
        ([0, 1], [1, 2], (1.0, 0.5), (3.0, 8.0), [0.6, 0.8]),
    ],
)
def test_values(indices: list[int], counts: list[int], idf: tuple, weights: tuple, expected: list[float]) -> None:
    assert term_values(indices, counts, idf, weights) == expected


@pytest.mark.parametrize("with_idf", [False, True])
@pytest.mark.parametrize("log_tf", [False, True])
def test_values_are_scikit_learns_bits(with_idf: bool, log_tf: bool) -> None:
    random = Random(3)
    size = 400
    idf = [1 + 5 * random.random() for _ in range(size)]
    for _ in range(200):
        indices = sorted(random.sample(range(size), random.randint(1, 120)))
        counts = [random.choice((1, 1, 1, 2, 3, 17, 255, 256, 100_000)) for _ in indices]
        weighted = [TF_WEIGHTS[min(c, 255) - 1] if log_tf else 1.0 for c in counts]
        transformer = TfidfTransformer(norm="l2", use_idf=with_idf)
        transformer.n_features_in_ = size
        if with_idf:
            transformer.idf_ = np.array(idf)
        row = transformer.transform(sp.csr_matrix((weighted, indices, [0, len(indices)]), shape=(1, size)))
        got = term_values(indices, counts, idf if with_idf else (), TF_WEIGHTS if log_tf else ())
        assert got == row.data.tolist()
